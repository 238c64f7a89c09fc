"""Flat elements end to end: designs with known layers, and pictures that hold none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.engines.quick.shapes import drawn
from layerlift.engines.quick.shapes.graphics import find
from layerlift.errors import Cancelled
from layerlift.imaging.layer import Role
from layerlift.progress import Progress

SIZE = (240, 320)


def found(picture: drawn.F32, unknown: np.ndarray | None = None) -> list:
    hidden = np.zeros(picture.shape[:2], bool) if unknown is None else unknown
    return find(picture, hidden, Progress())


def test_finds_each_shape_on_a_flat_ground_with_its_anti_aliased_edge_and_colour() -> None:
    circle, box = drawn.disc(SIZE, 80, 110, 45.3), drawn.rect(SIZE, 180, 50, 90, 120)
    picture = drawn.over(drawn.over(drawn.flat(SIZE, (240, 235, 220)), circle, (200, 40, 40)), box, (30, 60, 160))
    elements = found(picture)
    assert len(elements) == 2
    assert all(element.role is Role.GRAPHIC for element in elements)
    assert drawn.best(elements, circle) > 0.99
    assert drawn.best(elements, box) > 0.99
    red = max(elements, key=lambda e: drawn.agreement(drawn.alpha(e, SIZE), circle))
    assert np.abs(red.colour[red.alpha > 0.5] - np.float32((200, 40, 40)) / 255).max() < 0.02


def test_completes_what_another_shape_hides_and_puts_it_below() -> None:
    circle, box = drawn.disc(SIZE, 130, 120, 60), drawn.rect(SIZE, 150, 90, 120, 100)
    picture = drawn.over(drawn.over(drawn.flat(SIZE, (250, 250, 250)), circle, (220, 120, 30)), box, (20, 110, 120))
    elements = found(picture)
    assert [e.name for e in elements] == ["Ellipse", "Rectangle"]
    assert drawn.agreement(drawn.alpha(elements[0], SIZE), circle) > 0.98
    assert drawn.agreement(drawn.alpha(elements[1], SIZE), box) > 0.98


def test_what_lies_in_a_panel_leaves_the_panel_whole() -> None:
    panel, button = drawn.rect(SIZE, 40, 30, 240, 180), drawn.rect(SIZE, 100, 120, 120, 50)
    picture = drawn.over(drawn.ramp(SIZE, (120, 40, 160), (40, 90, 190)), panel, (252, 252, 252))
    elements = found(drawn.over(picture, button, (230, 60, 90)))
    assert drawn.agreement(drawn.alpha(elements[0], SIZE), panel) > 0.98
    assert drawn.agreement(drawn.alpha(elements[1], SIZE), button) > 0.98
    middle = elements[0].colour[120 - elements[0].bounds.y, 160 - elements[0].bounds.x]
    assert np.abs(middle - 252 / 255).max() < 0.02


def test_a_film_over_a_shape_gets_its_opacity() -> None:
    lower, film = drawn.disc(SIZE, 120, 120, 60), drawn.disc(SIZE, 190, 120, 60)
    picture = drawn.over(drawn.flat(SIZE, (245, 245, 245)), lower, (30, 60, 200))
    elements = found(drawn.over(picture, film * np.float32(0.6), (240, 60, 30)))
    assert len(elements) == 2
    assert drawn.best(elements, lower) > 0.97
    assert drawn.best(elements, film * np.float32(0.6)) > 0.93


def test_jpeg_costs_little() -> None:
    circle, box = drawn.disc(SIZE, 80, 110, 45), drawn.rect(SIZE, 180, 50, 90, 120)
    picture = drawn.over(drawn.over(drawn.flat(SIZE, (240, 235, 220)), circle, (200, 40, 40)), box, (30, 60, 160))
    code = cv2.imencode(".jpg", np.rint(picture * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    elements = found(cv2.imdecode(code, cv2.IMREAD_COLOR).astype(np.float32) / np.float32(255))
    assert len(elements) == 2
    assert min(drawn.best(elements, circle), drawn.best(elements, box)) > 0.95


def test_a_shape_on_a_photograph_is_found_and_the_photograph_is_left_alone() -> None:
    circle = drawn.disc(SIZE, 160, 120, 50)
    photo = drawn.photograph(SIZE)
    assert found(photo) == []
    elements = found(drawn.over(photo, circle, (240, 200, 20)))
    assert len(elements) == 1
    assert drawn.best(elements, circle) > 0.93


def test_reconstructed_pixels_are_not_believed() -> None:
    circle = drawn.disc(SIZE, 150, 120, 70)
    picture = drawn.over(drawn.flat(SIZE, (30, 40, 60)), circle, (240, 210, 90))
    unknown = np.zeros(SIZE, bool)
    unknown[20:110, 170:260] = True
    smeared = picture.copy()
    smeared[unknown] = cv2.GaussianBlur(picture, (0, 0), 25)[unknown]
    assert drawn.best(found(smeared, unknown), circle) > 0.97


def test_the_most_elements_are_kept_when_there_are_too_many() -> None:
    picture = drawn.flat((400, 400), (255, 255, 255))
    for i in range(7):
        for j in range(7):
            colour = (30 + 30 * i, 30 + 30 * j, 200 - 25 * i)
            picture = drawn.over(picture, drawn.rect((400, 400), 15 + 55 * i, 15 + 55 * j, 30, 24 + 2 * i), colour)
    assert len(found(picture)) == 40


@pytest.mark.parametrize("size", [(1, 16), (16, 1), (15, 400), (16, 16), (17, 300)])
def test_odd_sizes_and_one_colour_hold_nothing(size: tuple[int, int]) -> None:
    assert found(drawn.flat(size, (90, 120, 200))) == []


def test_noise_holds_nothing_and_is_no_error() -> None:
    noise = np.random.default_rng(0).random((64, 64, 3), np.float32)
    assert found(noise) == []
    everything = np.ones((64, 64), bool)
    assert isinstance(found(noise, everything), list)


def test_same_picture_same_elements_and_cancelling_is_heard() -> None:
    picture = drawn.over(drawn.flat(SIZE, (250, 250, 250)), drawn.disc(SIZE, 130, 120, 60), (220, 120, 30))
    first, second = found(picture), found(picture)
    assert np.array_equal(first[0].alpha, second[0].alpha)
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        find(picture, np.zeros(SIZE, bool), progress)
