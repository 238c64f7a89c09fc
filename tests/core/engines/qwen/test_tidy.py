"""Blank, repeated and doubtful layers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from layerlift.engines.qwen import tidy
from layerlift.engines.qwen.tidy import DOUBTFUL
from layerlift.errors import EngineError

SIDE = 64


def plain(*colour: int) -> NDArray[np.uint8]:
    return np.full((SIDE, SIDE, 4), colour, np.uint8)


def patch(x: int, y: int, side: int, *colour: int) -> NDArray[np.uint8]:
    out = np.zeros((SIDE, SIDE, 4), np.uint8)
    out[y : y + side, x : x + side] = colour
    return out


GROUND = plain(200, 210, 220, 255)
RED, BLUE = patch(8, 8, 16, 255, 0, 0, 255), patch(32, 32, 16, 0, 0, 255, 255)


def test_good_layers_stay_as_they_are() -> None:
    kept, notes = tidy.tidy([GROUND, RED, BLUE], GROUND)
    assert [layer.place for layer in kept] == [0, 1, 2]
    assert [layer.confidence for layer in kept] == [1, 1, 1]
    assert all(np.array_equal(a.pixels, b) for a, b in zip(kept, [GROUND, RED, BLUE], strict=True))
    assert notes == ()


def test_blank_layers_and_haze_go() -> None:
    haze = plain(90, 90, 90, tidy.HAZE)
    kept, notes = tidy.tidy([GROUND, haze, RED, patch(0, 0, 1, 9, 9, 9, 200)], GROUND)
    assert [layer.place for layer in kept] == [0, 2]
    assert notes == ("2 of 4 layers came back blank and were left out.",)


def test_haze_is_taken_off_what_stays() -> None:
    hazy = RED.copy()
    hazy[hazy[..., 3] == 0] = (7, 7, 7, 5)
    kept, _ = tidy.tidy([GROUND, hazy], GROUND)
    assert np.array_equal(kept[1].pixels, RED)


def test_a_repetition_goes_and_the_upper_one_stays() -> None:
    again = RED.copy()
    again[..., :3] = np.where(again[..., 3:] > 0, again[..., :3] - np.uint8(4) * (again[..., :3] > 4), 0)
    kept, notes = tidy.tidy([GROUND, RED, BLUE, again], GROUND)
    assert [layer.place for layer in kept] == [0, 2, 3]
    assert notes == ("1 of 4 layers repeated another one and was left out.",)


def test_what_repeats_the_background_goes_and_the_background_stays() -> None:
    kept, notes = tidy.tidy([GROUND, GROUND.copy(), GROUND.copy()], GROUND)
    assert [layer.place for layer in kept] == [0]
    assert "took nothing out" in notes[-1]


def test_all_blank_is_explained() -> None:
    with pytest.raises(EngineError, match="All 3 layers came back blank") as caught:
        tidy.tidy([plain(0, 0, 0, 0)] * 3, GROUND)
    assert "another seed" in caught.value.remedy


def test_the_bottom_layer_is_completed_from_the_picture() -> None:
    holed = plain(10, 20, 30, 255)
    holed[:8] = (99, 99, 99, 0)
    kept, _ = tidy.tidy([holed, RED], GROUND)
    assert (kept[0].pixels[..., 3] == 255).all()
    assert (kept[0].pixels[:8, :, :3] == GROUND[:8, :, :3]).all()
    assert (kept[0].pixels[8:, :, :3] == (10, 20, 30)).all()


def test_what_was_left_behind_as_well_is_doubted() -> None:
    still_there = GROUND.copy()
    still_there[8:24, 8:24, :3] = (255, 0, 0)
    kept, _ = tidy.tidy([still_there, RED, BLUE], GROUND)
    assert [layer.confidence for layer in kept] == [1, DOUBTFUL, 1]


@pytest.mark.parametrize(("move", "alike"), [(0, True), (1, False), (8, False)])
def test_sameness_is_about_alpha(move: int, alike: bool) -> None:
    assert tidy.same(RED, patch(8 + move, 8, 16, 255, 0, 0, 255)) is alike


def test_nearly_the_same_is_the_same() -> None:
    soft = RED.copy()
    soft[8, 8:24, 3] = 200
    assert tidy.same(RED, soft)
    assert tidy.same(soft, RED)
    assert tidy.same(patch(0, 0, 0, 0, 0, 0, 0), patch(0, 0, 0, 0, 0, 0, 0))


def test_sameness_is_about_colour() -> None:
    assert not tidy.same(RED, patch(8, 8, 16, 255, 90, 0, 255))
