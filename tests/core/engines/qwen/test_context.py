"""Layers as pictures: on a ground, and off it again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layerlift.engines.qwen import context


def disc(side: int = 64) -> NDArray[np.uint8]:
    """A green disc with a red square in it, on nothing."""
    y, x = np.mgrid[:side, :side]
    out = np.zeros((side, side, 4), np.uint8)
    out[(x - side / 2) ** 2 + (y - side / 2) ** 2 < (side / 3) ** 2] = (20, 220, 30, 255)
    out[side // 2 - 6 : side // 2 + 6, side // 2 - 6 : side // 2 + 6] = (230, 20, 20, 255)
    return out


def painted(image: NDArray[np.uint8], colour: tuple[int, int, int], where: NDArray[np.bool_]) -> NDArray[np.uint8]:
    out = np.zeros_like(image)
    out[where] = (*colour, 255)
    return out


def test_an_opaque_picture_is_shown_as_it_is() -> None:
    image = np.full((8, 8, 4), 255, np.uint8)
    laid = context.laid(image)
    assert laid.whole
    assert np.array_equal(laid.shown, image[..., :3])
    layers = [image, image]
    assert laid.lifted(layers) is layers


def test_a_layer_is_laid_on_a_colour_that_is_not_its_own() -> None:
    image = disc()
    laid = context.laid(image)
    assert not laid.whole
    ground = laid.shown[0, 0].astype(int)
    assert (laid.shown[image[..., 3] == 0] == ground).all()
    assert (laid.shown[image[..., 3] == 255] == image[image[..., 3] == 255][:, :3]).all()
    for own in ((20, 220, 30), (230, 20, 20)):
        assert np.abs(ground - own).sum() > 200


def test_a_bottom_layer_that_is_only_ground_goes() -> None:
    image = disc()
    laid = context.laid(image)
    square = (image[..., 0] == 230) & (image[..., 3] > 0)
    everything = np.ones(image.shape[:2], np.bool_)
    ground = painted(image, tuple(laid.shown[0, 0]), everything)
    green = painted(image, (20, 220, 30), image[..., 3] > 0)
    red = painted(image, (230, 20, 20), square)
    bottom, upper = laid.lifted([ground, green, red])
    assert (bottom[..., 3] == 255).all()
    assert (bottom[image[..., 3] > 0][:, :3] == (20, 220, 30)).all()
    assert np.array_equal(upper, red)


def test_a_bottom_layer_that_shows_part_of_it_stays() -> None:
    image = disc()
    laid = context.laid(image)
    square = (image[..., 0] == 230) & (image[..., 3] > 0)
    bottom = np.full_like(image, 255)
    bottom[..., :3] = laid.shown
    layers = laid.lifted([bottom, painted(image, (230, 20, 20), square)])
    assert len(layers) == 2


def test_nothing_is_left_outside_of_the_layer() -> None:
    image = disc()
    everywhere = np.full_like(image, 255)
    for layer in context.laid(image).lifted([everywhere, everywhere])[1:]:
        assert not layer[image[..., 3] == 0].any()
