from __future__ import annotations

import numpy as np
import pytest

from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document, Layer, LayerStack, Role, Text, TextLine, full_scale


def layer(pixels: np.ndarray, x: int = 0, y: int = 0) -> Layer:
    return Layer("Dot", Role.GRAPHIC, Bounds(x, y, pixels.shape[1], pixels.shape[0]), pixels)


def test_cropped_keeps_every_visible_pixel_and_nothing_else() -> None:
    pixels = np.zeros((9, 8, 4), np.uint8)
    pixels[2:5, 3:7] = (10, 20, 30, 1)
    small = layer(pixels, x=100, y=-4).cropped()
    assert small.bounds == Bounds(103, -2, 4, 3)
    assert (small.pixels == (10, 20, 30, 1)).all()


def test_an_empty_layer_crops_to_one_transparent_pixel() -> None:
    pixels = np.full((4, 4, 4), 9, np.uint16)
    pixels[..., 3] = 0
    small = layer(pixels, 2, 3).cropped()
    assert small.bounds == Bounds(2, 3, 1, 1)
    assert not small.pixels.any()


def test_on_places_and_cuts_off() -> None:
    pixels = np.full((2, 2, 4), 7, np.uint8)
    canvas = layer(pixels, -1, 1).on(Extent(3, 2))
    assert canvas.shape == (2, 3, 4)
    assert canvas[1, 0, 0] == 7
    assert canvas.sum() == 7 * 4


def test_values_refuse_what_they_cannot_be() -> None:
    with pytest.raises(TypeError, match="float64"):
        full_scale(np.zeros((1, 1, 4)))
    with pytest.raises(ValueError, match=r"\(height, width, 4\)"):
        Document(np.zeros((3, 3, 3), np.uint8))
    with pytest.raises(ValueError, match="do not cover"):
        Layer("x", Role.TEXT, Bounds(0, 0, 2, 2), np.zeros((3, 2, 4), np.uint8))
    eight, sixteen = np.zeros((1, 1, 4), np.uint8), np.zeros((1, 1, 4), np.uint16)
    with pytest.raises(ValueError, match="one depth"):
        LayerStack(Extent(1, 1), (layer(eight), layer(sixteen)))


def test_depth_and_extent() -> None:
    document = Document(np.zeros((3, 5, 4), np.uint16))
    assert document.extent == (5, 3)
    assert document.depth == 16
    assert LayerStack(Extent(1, 1), ()).depth == 8
    assert LayerStack(Extent(1, 1), (layer(np.zeros((1, 1, 4), np.uint16)),)).depth == 16


def test_text_knows_its_size_angle_and_words() -> None:
    line = TextLine("Hi", ((0, 0), (10, 10), (8, 12), (-3, 4)), 0.9)
    assert line.height == pytest.approx(5)
    assert line.angle == pytest.approx(45)
    assert Text((line, line)).content == "Hi\nHi"


def test_a_layer_prints_for_logs_without_its_pixels() -> None:
    assert str(layer(np.zeros((2, 3, 4), np.uint8), 4, 5)) == "graphic 'Dot' 3×2+4+5"
