from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pptx import Presentation
from pptx.enum.text import PP_ALIGN

from core.imaging.profiles import wide_rgb
from hosts.stacks import TEXT, distance, flat, poster, random_stack
from layerlift.formats import write
from layerlift.imaging.colour import to_srgb8
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Pixels, Role, Text, TextLine

INCH = 914_400


def opened(stack: LayerStack, folder: Path, **options: Any) -> Any:
    write(stack, folder / "a.pptx", **options)
    return Presentation(str(folder / "a.pptx"))


def leaves(shapes: Any) -> list[Any]:
    return [leaf for shape in shapes for leaf in (leaves(shape.shapes) if shape.shape_type == 6 else [shape])]


def composed(deck: Any, extent: Extent) -> Pixels:
    """What the slide shows, at the picture's own resolution: every picture where the slide puts it."""
    unit = deck.slide_width / extent.width
    layers = []
    for shape in leaves(deck.slides[0].shapes):
        encoded = cv2.imdecode(np.frombuffer(shape.image.blob, np.uint8), cv2.IMREAD_UNCHANGED)
        x, y, width, height = (v / unit for v in (shape.left, shape.top, shape.width, shape.height))
        assert max(abs(v - round(v)) for v in (x, y, width, height)) < 0.01
        assert encoded.shape[:2] == (round(height), round(width))
        amount = shape._element.find(".//{*}alphaModFix")
        opacity = 1.0 if amount is None else int(amount.get("amt")) / 100_000
        bounds = Bounds(round(x), round(y), round(width), round(height))
        layers.append(Layer("", Role.GRAPHIC, bounds, encoded[..., [2, 1, 0, 3]], opacity))
    return flat(LayerStack(extent, tuple(layers)))


@pytest.mark.parametrize("seed", range(3))
def test_the_slide_shows_the_picture(tmp_path: Path, seed: int) -> None:
    stack = random_stack(seed)
    assert distance(composed(opened(stack, tmp_path), stack.extent), flat(stack)) <= 1


def test_deep_and_wide_gamut_pictures_become_srgb(tmp_path: Path) -> None:
    stack = random_stack(1, 16, icc=wide_rgb())
    converted = [replace(layer, pixels=to_srgb8(layer.pixels, stack.icc)) for layer in stack.layers]
    wanted = flat(replace(stack, layers=tuple(converted)))
    assert distance(composed(opened(stack, tmp_path), stack.extent), wanted) <= 1


@pytest.mark.parametrize("extent", [Extent(4000, 3000), Extent(1, 1), Extent(50, 2), Extent(2, 700)])
def test_the_slide_has_the_pictures_shape_within_powerpoints_limits(tmp_path: Path, extent: Extent) -> None:
    pixels = np.full((extent.height, extent.width, 4), 255, np.uint8)
    deck = opened(LayerStack(extent, (Layer("a", Role.BACKGROUND, Bounds.of(extent), pixels),)), tmp_path)
    width, height = deck.slide_width, deck.slide_height
    assert INCH <= min(width, height) <= max(width, height) <= 56 * INCH
    if min(extent) * 13 > max(extent):
        assert abs(width / height - extent.width / extent.height) < 1e-3
    (picture,) = leaves(deck.slides[0].shapes)
    assert abs(picture.width / picture.height / (extent.width / extent.height) - 1) < 1e-3


def test_names_groups_and_alternative_text(tmp_path: Path) -> None:
    stack = random_stack(0)
    deck = opened(stack, tmp_path)
    assert deck.core_properties.title == stack.name
    found = leaves(deck.slides[0].shapes)
    assert [shape.name for shape in found] == [layer.name for layer in stack.layers]
    described = [shape._element.nvPicPr.cNvPr.get("descr") for shape in found]
    assert described == [layer.text.content if layer.text else layer.name for layer in stack.layers]
    groups = [shape for shape in deck.slides[0].shapes if shape.shape_type == 6]
    assert [group.name for group in groups] == ["Tëxt", "Other"]
    assert [shape.name for shape in groups[0].shapes if shape.shape_type == 6] == ["inner 内"]


def test_live_text_stands_where_the_picture_of_it_stood(tmp_path: Path) -> None:
    quads = (((40, 60), (140, 60), (140, 80), (40, 80)), ((40, 90), (120, 90), (120, 110), (40, 110)))
    lines = tuple(TextLine(f"Line {i} 名", quad, 1) for i, quad in enumerate(quads))
    words = np.zeros((60, 120, 4), np.uint8)
    text = Layer("Title", Role.TEXT, Bounds(35, 55, 120, 60), words, text=Text(lines, (255, 128, 0)))
    stack = replace(poster(), layers=(*poster().layers, text))
    deck = opened(stack, tmp_path, live_text=True)
    unit = deck.slide_width / stack.extent.width
    (box,) = (shape for shape in leaves(deck.slides[0].shapes) if shape.has_text_frame)
    assert box.name == "Title"
    assert box.text_frame.text == "Line 0 名\nLine 1 名"
    assert [round(v / unit) for v in (box.left, box.top, box.width, box.height)] == [40, 60, 100, 50]
    first, second = box.text_frame.paragraphs
    assert abs(first.runs[0].font.size - 20 * 0.8 * unit) < 12_700
    assert str(first.runs[0].font.color.rgb) == "FF8000"
    assert abs(first.line_spacing - 30 * unit) < 12_700
    assert second.alignment == PP_ALIGN.LEFT
    assert len(leaves(deck.slides[0].shapes)) == len(stack.layers)


def test_without_the_option_text_stays_a_picture(tmp_path: Path) -> None:
    assert not any(shape.has_text_frame for shape in leaves(opened(random_stack(), tmp_path).slides[0].shapes))
    live = opened(random_stack(), tmp_path, live_text=True)
    assert [shape.text_frame.text for shape in leaves(live.slides[0].shapes) if shape.has_text_frame] == [TEXT.content]


def test_names_that_xml_cannot_hold_and_empty_layers(tmp_path: Path) -> None:
    nothing = Layer("Nothing", Role.GRAPHIC, Bounds(0, 0, 0, 0), np.zeros((0, 0, 4), np.uint8))
    stack = replace(poster(), layers=(replace(poster().layers[0], name="\x07\udcff"), nothing), name="\x00")
    deck = opened(stack, tmp_path)
    assert [shape.name for shape in leaves(deck.slides[0].shapes)] == ["\ufffd\ufffd"]
    assert io.BytesIO(leaves(deck.slides[0].shapes)[0].image.blob).read(4) == b"\x89PNG"
