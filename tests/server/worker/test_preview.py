from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role
from layerlift_server.worker import preview


def plain(box: Bounds, rgba: tuple[int, int, int, int], opacity: float = 1.0) -> Layer:
    pixels = np.empty((box.height, box.width, 4), np.uint8)
    pixels[:] = rgba
    return Layer("A", Role.GRAPHIC, box, pixels, opacity)


def shown(stack: LayerStack) -> np.ndarray:
    seen = preview.rough_preview(stack)
    assert seen is not None
    width, height, png = seen
    assert len(png) <= preview.MOST_BYTES
    picture = np.asarray(Image.open(io.BytesIO(png)))
    assert picture.shape == (height, width, 4)
    return picture[..., :3].astype(int)


def coloured(pixels: np.ndarray) -> np.ndarray:
    return np.ptp(pixels, axis=-1) > 20


def test_each_layer_has_its_colour_where_it_lies_and_the_background_stays_grey() -> None:
    extent = Extent(1000, 600)
    ground = plain(Bounds.of(extent), (180, 40, 40, 255))
    one = plain(Bounds(100, 100, 200, 200), (200, 200, 200, 255))
    two = plain(Bounds(900, 500, 300, 300), (200, 200, 200, 255))
    three = plain(Bounds(-50, -50, 100, 100), (200, 200, 200, 255))
    picture = shown(LayerStack(extent, (ground, one, two, three)))
    assert picture.shape == (300, 500, 3)
    expected = np.zeros((300, 500), bool)
    for box in (np.s_[50:150, 50:150], np.s_[250:, 450:], np.s_[:25, :25]):
        expected[box] = True
    np.testing.assert_array_equal(coloured(picture), expected)
    assert len({tuple(picture[y, x]) for y, x in ((100, 100), (280, 480), (5, 5))}) == 3


def test_what_is_transparent_does_not_show() -> None:
    extent = Extent(40, 40)
    layers = (plain(Bounds.of(extent), (90, 90, 90, 255)), plain(Bounds.of(extent), (9, 9, 9, 255), opacity=0.0))
    assert not coloured(shown(LayerStack(extent, layers))).any()


def test_a_layer_too_thin_to_be_picked_is_no_trouble() -> None:
    extent = Extent(4000, 30)
    layers = (plain(Bounds.of(extent), (90, 90, 90, 255)), plain(Bounds(1, 1, 1, 1), (9, 9, 9, 255)))
    assert shown(LayerStack(extent, layers)).shape == (4, 500, 3)


def test_what_packs_badly_becomes_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (500, 500, 4), np.uint8)
    noise[..., 3] = 255
    stack = LayerStack(Extent(500, 500), (Layer("A", Role.BACKGROUND, Bounds(0, 0, 500, 500), noise),))
    large = shown(stack).shape[0]
    monkeypatch.setattr(preview, "MOST_BYTES", 20_000)
    assert shown(stack).shape[0] < large
    monkeypatch.setattr(preview, "MOST_BYTES", 100)
    assert preview.rough_preview(stack) is None
