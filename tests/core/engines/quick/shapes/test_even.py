"""Exactly even stretches: a painted surface is told from a natural one of nearly its colour."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.engines.quick.shapes import drawn
from layerlift.engines.quick.shapes import even, graphics, surface
from layerlift.progress import Progress

SIZE = (240, 320)
KNOWN = np.ones(SIZE, bool)


def blinded(seed: int = 3) -> np.ndarray:
    """A photograph whose upper half burns out to nearly white: bright, never quite the same from pixel to pixel."""
    rng = np.random.default_rng(seed)
    rows = np.clip(1.6 - np.linspace(0, 2.6, SIZE[0]), 0, 1)[:, None, None].astype(np.float32)
    sky = 252 + 1.2 * cv2.GaussianBlur(rng.normal(0, 3, (*SIZE, 3)).astype(np.float32), (0, 0), 3)
    picture = drawn.photograph(SIZE, seed) * 150 * (1 - rows) + sky * rows
    return (np.rint(np.clip(picture, 0, 255)) / 255).astype(np.float32)


def stretches(picture: np.ndarray) -> np.ndarray:
    return even.stretches(np.rint(picture * 255).astype(np.float32), KNOWN)


def test_a_painted_card_is_one_stretch_and_noise_is_none() -> None:
    card = drawn.rect(SIZE, 80, 60, 140, 120)
    found = stretches(drawn.over(drawn.photograph(SIZE), card, (250, 250, 248)))
    assert set(np.unique(found)) == {even.NONE, 0}
    assert drawn.agreement((found == 0).astype(np.float32), card) > 0.98
    noise = np.random.default_rng(1).normal(0.5, 0.01, (*SIZE, 3)).astype(np.float32)
    assert (stretches(noise) == even.NONE).all()


def test_what_is_not_known_is_no_stretch() -> None:
    known = KNOWN.copy()
    known[:, 100:] = False
    found = even.stretches(drawn.flat(SIZE, (9, 9, 9)) * 255, known)
    assert (found[:, :100] == 0).all()
    assert (found[:, 100:] == even.NONE).all()


@pytest.mark.parametrize("colour", [(250, 250, 248), (247, 247, 247), (255, 254, 250)])
def test_a_card_of_nearly_the_colour_of_the_sky_behind_it_is_cut_off_from_it(colour: tuple[int, int, int]) -> None:
    card = drawn.rect(SIZE, 90, 50, 130, 150)
    found = graphics.find(drawn.over(blinded(), card, colour), ~KNOWN, Progress())
    assert drawn.best(found, card) > 0.97
    assert sum(float(element.alpha.sum()) for element in found) < 1.1 * float(card.sum())


def test_a_photograph_that_burns_out_gives_no_shape() -> None:
    assert graphics.find(blinded(), ~KNOWN, Progress()) == []


@pytest.mark.parametrize("last", [(250, 250, 250), (90, 120, 240), (24, 40, 30)])
def test_the_bands_of_a_slow_blend_stay_one_surface(last: tuple[int, int, int]) -> None:
    """They are exactly even, each of them wide; but they only drift."""
    picture = drawn.ramp(SIZE, (20, 40, 20), last)
    surfaces = surface.segment(picture)
    assert surfaces.count == 1


def test_two_even_surfaces_are_two_however_little_they_differ() -> None:
    inner = drawn.rect(SIZE, 60, 60, 160, 100)
    picture = drawn.over(drawn.flat(SIZE, (255, 255, 255)), inner, (252, 252, 253))
    (panel,) = graphics.find(picture, ~KNOWN, Progress())
    assert drawn.agreement(drawn.alpha(panel, SIZE), inner) > 0.97
