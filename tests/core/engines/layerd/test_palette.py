"""Flat colours: found where a picture is made of them, and only there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerlift.engines.layerd.palette import flatten_ground, palette

Plane = NDArray[np.float32]
CREAM, NAVY = (0.95, 0.9, 0.8), (0.1, 0.15, 0.4)


def noisy(image: Plane, levels: float) -> Plane:
    noise = np.random.default_rng(0).uniform(-levels, levels, image.shape) / 255
    return np.rint((image + noise).clip(0, 1) * 255).astype(np.float32) / 255


def sheet(colour: tuple[float, float, float], size: tuple[int, int] = (120, 160)) -> Plane:
    return np.broadcast_to(np.array(colour, np.float32), (*size, 3)).copy()


def disc(radius: int = 30, size: tuple[int, int] = (120, 160)) -> Plane:
    """(h, w) coverage of a disc, smooth at its edge."""
    big = np.zeros((size[0] * 8, size[1] * 8), np.uint8)
    cv2.circle(big, (size[1] * 4, size[0] * 4), radius * 8, 255, -1)
    return cv2.resize(big, (size[1], size[0]), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


@pytest.mark.parametrize("levels", [0.0, 1.0])
def test_the_colours_of_a_flat_picture_most_frequent_first(levels: float) -> None:
    image = sheet(CREAM)
    image[:, :50] = NAVY
    found = palette(noisy(image, levels), np.ones(image.shape[:2], np.bool_), 10)
    assert found is not None
    assert np.abs(found - np.array([CREAM, NAVY])).max() < 2 / 255


def test_a_photograph_has_none() -> None:
    y, x = np.mgrid[:120, :160].astype(np.float32)
    image = np.dstack([0.5 + 0.4 * np.sin(x / 7), 0.5 + 0.4 * np.cos(y / 9), x / 160]).astype(np.float32)
    assert palette(image, np.ones((120, 160), np.bool_), 10) is None
    hole = disc() > 0
    assert (flatten_ground(image, hole) == image).all()


def test_more_colours_than_asked_for_are_no_palette() -> None:
    image = sheet(CREAM)
    for index in range(5):
        image[:, index * 20 : index * 20 + 20] = (index / 5, 0.2, 1 - index / 5)
    everywhere = np.ones((120, 160), np.bool_)
    assert palette(image, everywhere, 2) is None
    assert palette(image, everywhere, 10) is not None


def test_a_clumsy_filling_becomes_the_ground_it_continues() -> None:
    """A filling 20 levels off with blotches, on two flat colours: each pixel takes the nearer one, exactly."""
    truth = sheet(CREAM)
    truth[:, 80:] = NAVY
    hole = disc() > 0
    clumsy = truth.copy()
    clumsy[hole] += np.random.default_rng(0).uniform(-20, 20, (int(hole.sum()), 3)).astype(np.float32) / 255
    fixed = flatten_ground(clumsy.clip(0, 1), hole)
    assert np.abs(fixed - truth)[hole].max() < 1 / 255
    assert (fixed[~hole] == clumsy.clip(0, 1)[~hole]).all()
