"""Drawings: every layer is there, at its place, named; any shape, any number, any script."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role
from layerlift.preview import contact_sheet, exploded_view, lettering
from layerlift.preview.camera import Camera, homography, plane, transformed
from layerlift.preview.exploded import _layout, _spread
from layerlift.preview.miniature import fitting, flattened, miniature
from layerlift.preview.palette import checkerboard

RED, GREEN, BLUE = (230, 30, 40), (20, 200, 60), (40, 60, 235)


def coloured(colour: tuple[int, int, int], bounds: Bounds, name: str = "Layer", dtype: type = np.uint8, **more: object):
    factor = 1 if dtype == np.uint8 else 257
    pixels = np.empty((bounds.height, bounds.width, 4), dtype)
    pixels[:] = (*(c * factor for c in colour), np.iinfo(dtype).max)
    return Layer(name, more.pop("role", Role.GRAPHIC), bounds, pixels, **more)


def stack_of(extent: Extent, dtype: type = np.uint8) -> LayerStack:
    w, h = extent
    parts = [
        Bounds(0, 0, w, h),
        Bounds(0, 0, max(1, w // 2), h),
        Bounds(w // 2, h // 2, max(1, w // 2), max(1, h // 2)),
    ]
    layers = (coloured(c, b, f"Layer {c}", dtype) for c, b in zip((RED, GREEN, BLUE), parts, strict=True))
    return LayerStack(extent, tuple(layers), name="picture")


def share(image: Image.Image, colour: tuple[int, int, int]) -> float:
    """Share of the picture's pixels that have nearly this colour."""
    return float((np.abs(np.asarray(image, int) - colour).max(axis=2) < 12).mean())


@pytest.mark.parametrize("draw", [contact_sheet, exploded_view])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_layer_is_seen(draw, dtype):
    drawing = draw(stack_of(Extent(300, 200), dtype), width=900)
    assert (drawing.mode, drawing.width) == ("RGB", 900)
    for colour in (RED, GREEN, BLUE):
        assert share(drawing, colour) > 0.01, colour


@pytest.mark.parametrize("draw", [contact_sheet, exploded_view])
@pytest.mark.parametrize("extent", [Extent(1, 1), Extent(2000, 3), Extent(3, 2000), Extent(65000, 10), Extent(40, 40)])
def test_any_shape(draw, extent):
    drawing = draw(stack_of(extent), width=500)
    assert drawing.width == 500
    assert 100 < drawing.height < 3000


@pytest.mark.parametrize("draw", [contact_sheet, exploded_view])
@pytest.mark.parametrize("count", [0, 1, 2, 13, 64])
def test_any_number_of_layers(draw, count):
    layers = tuple(coloured(BLUE, Bounds(i, i, 20, 20), f"Layer {i}", role=list(Role)[i % 5]) for i in range(count))
    drawing = draw(LayerStack(Extent(100, 80), layers), width=800)
    assert drawing.width == 800
    assert drawing.height < 3600


@pytest.mark.parametrize("draw", [contact_sheet, exploded_view])
def test_drawing_twice_gives_the_same(draw):
    stack = stack_of(Extent(50, 70))
    assert draw(stack, width=500).tobytes() == draw(stack, width=500).tobytes()


@pytest.mark.parametrize("draw", [contact_sheet, exploded_view])
@pytest.mark.parametrize("name", ["", "狐狸和猫", "Überschrift — 12 июня", "עברית", "x" * 500, "a\nb\tc", "🦊"])
def test_names_of_any_kind(draw, name):
    stack = LayerStack(Extent(60, 60), (coloured(RED, Bounds(0, 0, 60, 60), name),), name=name)
    assert draw(stack, width=480).width == 480


def test_too_narrow_a_drawing_is_widened():
    stack = stack_of(Extent(50, 50))
    assert contact_sheet(stack, width=3).width == 320
    assert exploded_view(stack, width=3).width == 480


def test_layers_outside_the_canvas_and_faint_ones():
    extent = Extent(100, 100)
    outside = coloured(RED, Bounds(200, 0, 10, 10))
    across = coloured(GREEN, Bounds(-50, -50, 100, 100), opacity=0.5)
    stack = LayerStack(extent, (outside, across))
    assert miniature(outside, stack, Extent(50, 50)).getextrema()[3] == (0, 0)
    small = miniature(across, stack, Extent(50, 50))
    assert small.getpixel((10, 10)) in ((*GREEN, 127), (*GREEN, 128))
    assert small.getpixel((40, 40))[3] == 0


def test_miniatures_are_in_place_and_in_srgb():
    from core.imaging import profiles
    from layerlift.imaging.colour import to_srgb8

    layer = coloured((10, 200, 90), Bounds(50, 0, 50, 100))
    stack = LayerStack(Extent(100, 100), (layer,), icc=profiles.wide_rgb())
    small = miniature(layer, stack, Extent(20, 20))
    assert small.getbbox() == (10, 0, 20, 20)
    expected = tuple(to_srgb8(layer.pixels[:1, :1], stack.icc)[0, 0].tolist())
    assert np.abs(np.subtract(small.getpixel((15, 10)), expected)).max() <= 1
    assert np.abs(np.subtract(flattened(stack, Extent(20, 20)).getpixel((15, 10)), expected)).max() <= 1


def test_sizes_fit_their_box():
    assert fitting(Extent(400, 200), 100, 100) == (100, 50)
    assert fitting(Extent(2, 1), 100, 100) == (16, 8)  # not enlarged beyond recognition
    assert fitting(Extent(65000, 10), 100, 100) == (100, 1)


def test_light_layers_lie_on_dark_squares():
    white, black = (Image.new("RGBA", (40, 40), colour) for colour in ((255, 255, 255, 255), (0, 0, 0, 255)))
    for image in (white, black):
        image.paste((0, 0, 0, 0), (0, 0, 20, 40))
    assert max(checkerboard(white, 5).getpixel((1, 1))) < 90
    assert min(checkerboard(black, 5).getpixel((1, 1))) > 200
    assert checkerboard(white, 5).getpixel((1, 1)) != checkerboard(white, 5).getpixel((6, 1))


def test_straight_from_above_is_the_canvas_itself():
    corners = plane(1.0, 0.5, 0.0)
    assert np.allclose(Camera(0, 0, 9).project(corners), corners[:, :2])


def test_what_is_higher_or_nearer_looks_so():
    camera = Camera()
    low, high = camera.project(plane(1, 1, 0)), camera.project(plane(1, 1, 0.5))
    assert (high[:, 1] < low[:, 1]).all()
    assert np.ptp(high[:, 0]) > np.ptp(low[:, 0])


def test_homographies_map_corners_to_corners():
    source = np.array([(0, 0), (80, 0), (80, 60), (0, 60)], float)
    target = np.array([(10, 5), (70, 12), (66, 50), (2, 44)], float)
    assert np.allclose(transformed(target, homography(source, target)), source)
    inside = transformed(np.array([(40.0, 30.0)]), homography(target, source))
    assert (target.min(axis=0) < inside).all()
    assert (inside < target.max(axis=0)).all()


@pytest.mark.parametrize("wanted", [[90, 80, 10], [50, 50, 50], [5, 4, 3], [99, 98, 97], [95, 60, 58]])
def test_labels_keep_apart_and_on_the_paper(wanted):
    places = _spread([float(each) for each in wanted], 20, 0, 100)
    assert all(below - above >= 20 - 1e-9 for below, above in itertools.pairwise(places))
    assert 10 <= places[-1] <= places[0] <= 90


def test_panes_stay_left_of_the_labels():
    layout = _layout(stack_of(Extent(300, 500)), 1000)
    assert layout.panes[..., 0].max() < layout.label_x
    assert layout.panes.min() > 0
    assert layout.panes[..., 1].max() < layout.size.height


def test_the_default_font_is_always_there(monkeypatch):
    monkeypatch.setattr(lettering, "_CANDIDATES", ("there is no such font.ttf",))
    lettering._fonts.cache_clear()
    try:
        font = lettering.font_for("Layer 猫", 20)
        assert font.getlength("Layer") > 20
        assert contact_sheet(stack_of(Extent(30, 30)), width=400).width == 400
    finally:
        lettering._fonts.cache_clear()


def test_letters_that_a_font_lacks_are_noticed():
    default = ImageFont.load_default(24)
    assert lettering._draws(default, "a")
    assert not lettering._draws(default, "猫")


def test_long_names_are_cut_to_their_room():
    font = lettering.font_for("w" * 90, 20)
    cut = lettering.fitted("w" * 90, font, 200)
    assert cut.endswith("…")
    assert 100 < font.getlength(cut) <= 200
    assert lettering.fitted("short", font, 200) == "short"
    drawing = ImageDraw.Draw(Image.new("RGB", (300, 50)))
    assert lettering.write(drawing, (0, 25), "w" * 90, 20, (255, 255, 255), 200) <= 200
