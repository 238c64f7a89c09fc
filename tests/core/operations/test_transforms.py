"""Exact transforms: what only moves numbers is bit-exact; what resamples agrees with a plain reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.stacks import layers
from layerlift.errors import RequestError
from layerlift.imaging.alpha import premultiply, to_float
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, Role, Text, TextLine
from layerlift.operations import transforms
from layerlift.operations.commands import steps

CANVAS = Extent(9, 9)
LAYERS = layers(CANVAS)


def apply(layer: Layer, *done: steps.Step) -> Layer:
    for step in done:
        layer = transforms.apply(step, layer, CANVAS, None)
    return layer


def smooth(width: int = 80, height: int = 60, dtype: type = np.uint8) -> Layer:
    """A soft blob of changing colour: band-limited, so that resampling is comparable to the formula."""
    return Layer("Blob", Role.SUBJECT, Bounds(10, 20, width, height), blob(width, height, np.eye(2), dtype))


def blob(width: int, height: int, inverse: np.ndarray, dtype: type) -> np.ndarray:
    """The blob under a linear map about its centre, evaluated at the pixel centres of a (height, width) raster."""
    y, x = np.mgrid[0:height, 0:width] + 0.5
    u, v = np.tensordot(inverse, np.stack([x - width / 2, y - height / 2]), axes=1)
    alpha = np.exp(-((u / 16) ** 2 + (v / 12) ** 2))
    colour = [0.5 + 0.4 * np.sin(u / 11), 0.5 + 0.4 * np.cos(v / 9), 0.5 + 0 * u]
    top = np.iinfo(dtype).max
    return np.rint(np.dstack([*colour, alpha]) * top).astype(dtype)


@given(LAYERS, st.integers(-50, 50), st.integers(-50, 50))
def test_a_move_moves_the_bounds_and_nothing_else(layer, dx, dy):
    moved = apply(layer, steps.Move(dx, dy))
    assert moved.pixels is layer.pixels
    assert moved.bounds == layer.bounds.shift(dx, dy)
    assert apply(layer, steps.Move(100 / 9, 0, "%")).bounds == layer.bounds.shift(1, 0)


@given(LAYERS, st.sampled_from(["horizontal", "vertical"]))
def test_a_flip_mirrors_the_pixels_and_twice_is_nothing(layer, axis):
    flipped = apply(layer, steps.Flip(axis))
    mirrored = layer.pixels[:, ::-1] if axis == "horizontal" else layer.pixels[::-1]
    assert (flipped.pixels == mirrored).all()
    assert flipped.bounds == layer.bounds
    assert (apply(flipped, steps.Flip(axis)).pixels == layer.pixels).all()


@given(LAYERS, st.integers(-8, 8))
def test_quarter_turns_are_exact(layer, quarters):
    turned = apply(layer, steps.Rotate(90.0 * quarters))
    assert (turned.pixels == np.rot90(layer.pixels, -quarters)).all()
    back = apply(turned, steps.Rotate(-90.0 * quarters))
    assert (back.pixels == layer.pixels).all()
    assert abs(back.bounds.x - layer.bounds.x) <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("degrees", [10.0, -37.5, 200.0])
def test_a_rotation_is_the_formula_s(degrees, dtype):
    layer = smooth(dtype=dtype)
    turned = apply(layer, steps.Rotate(degrees))
    angle = np.deg2rad(degrees)
    inverse = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    wide = blob(160, 160, inverse, dtype)  # about the same centre, with room on every side
    whole = replace(turned, bounds=turned.bounds.shift(80 - 50, 80 - 50)).on(Extent(160, 160))
    ours, theirs = (premultiply(to_float(pixels)) for pixels in (whole, wide))
    inside = whole[..., 3] > 0
    assert np.abs(ours - theirs)[inside].max() < 0.02
    assert np.abs(ours - theirs)[inside].mean() < 0.003


@pytest.mark.parametrize("factors", [(2.0, 2.0), (0.5, 0.5), (1.5, 0.75), (0.85, 0.85)])
def test_a_scale_is_the_formula_s(factors):
    layer = smooth()
    scaled = apply(layer, steps.Scale(*factors))
    width, height = round(80 * factors[0]), round(60 * factors[1])
    true = blob(width, height, np.diag([80 / width, 60 / height]), np.uint8)
    x, y = (int(np.floor(50 - side / 2 + 0.5)) for side in (width, height))
    whole = replace(scaled, bounds=scaled.bounds.shift(-x, -y)).on(Extent(width, height))
    ours, theirs = (premultiply(to_float(pixels)) for pixels in (whole, true))
    assert np.abs(ours - theirs).max() < 0.03
    assert np.abs(ours - theirs).mean() < 0.004


def test_resampling_makes_no_dark_fringe():
    """Transparent pixels are often black: their colour must not bleed."""
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[10:30, 10:30] = (250, 240, 230, 255)
    layer = Layer("Card", Role.GRAPHIC, Bounds(0, 0, 40, 40), pixels)
    for step in (steps.Rotate(17), steps.Scale(0.6, 0.6), steps.Scale(2.3, 2.3)):
        seen = apply(layer, step).pixels
        soft = seen[..., 3] > 40
        assert np.abs(seen[soft][:, :3].astype(int) - (250, 240, 230)).max() <= 4, step


def test_a_solid_card_stays_solid_inside_and_its_centre_stays():
    card = Layer("Card", Role.GRAPHIC, Bounds(5, 7, 30, 20), np.full((20, 30, 4), 255, np.uint8))
    turned = apply(card, steps.Rotate(30))
    b = turned.bounds
    assert abs(b.x + b.width / 2 - 20) <= 1
    assert abs(b.y + b.height / 2 - 17) <= 1
    covered = turned.pixels[..., 3].astype(float).sum() / 255
    assert covered == pytest.approx(600, rel=0.02)
    shrunk = apply(card, steps.Scale(0.5, 0.5))
    assert (shrunk.bounds, (shrunk.pixels == 255).all()) == (Bounds(13, 12, 15, 10), True)


def test_sizes_centre_and_opacity():
    layer = Layer("x", Role.GRAPHIC, Bounds(0, 0, 4, 2), np.full((2, 4, 4), 200, np.uint8))
    assert apply(layer, steps.Resize(8, None)).bounds.extent == (8, 4)
    assert apply(layer, steps.Resize(None, 1)).bounds.extent == (2, 1)
    assert apply(layer, steps.Resize(3, 3)).bounds.extent == (3, 3)
    assert apply(layer, steps.Centre()).bounds == Bounds(2, 3, 4, 2)
    assert apply(layer, steps.Centre("horizontal")).bounds == Bounds(2, 0, 4, 2)
    assert apply(layer, steps.Opacity(0.25)).opacity == 0.25
    with pytest.raises(RequestError, match="too large"):
        apply(layer, steps.Scale(50_000, 50_000))


def test_text_travels_with_its_pixels():
    line = TextLine("Hi", ((10, 20), (50, 20), (50, 40), (10, 40)), 0.9)
    layer = Layer("Hi", Role.TEXT, Bounds(10, 20, 40, 20), np.full((20, 40, 4), 255, np.uint8), text=Text((line,)))

    def quad(step: steps.Step) -> list[tuple[int, ...]]:
        text = apply(layer, step).text
        assert text is not None
        return [tuple(round(v) for v in corner) for corner in text.lines[0].quad]

    assert quad(steps.Move(5, -5)) == [(15, 15), (55, 15), (55, 35), (15, 35)]
    assert quad(steps.Scale(2, 2)) == [(-10, 10), (70, 10), (70, 50), (-10, 50)]
    assert quad(steps.Rotate(90)) == [(40, 10), (40, 50), (20, 50), (20, 10)]
    assert quad(steps.Rotate(180)) == [(50, 40), (10, 40), (10, 20), (50, 20)]
    assert quad(steps.Flip("horizontal")) == [(50, 20), (10, 20), (10, 40), (50, 40)]
