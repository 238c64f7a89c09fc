"""The small parts that the formats are made of: PackBits, PNG, group tree, text box, profile, thumbnail."""

from __future__ import annotations

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from core.imaging.profiles import wide_rgb
from hosts.stacks import poster, random_pixels
from layerlift.errors import InputError
from layerlift.formats import packbits, pngcodec, srgb, thumbnail
from layerlift.formats.live_text import box_of
from layerlift.formats.tree import Group, grouped
from layerlift.imaging.colour import describe, is_rgb, to_srgb8
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role, Text, TextLine


def expanded(packed: bytes) -> bytes:
    """PackBits by the letter of TIFF 6.0 §9, byte by byte: the oracle."""
    found, at = bytearray(), 0
    while at < len(packed):
        n = packed[at]
        if n < 128:
            found += packed[at + 1 : at + 2 + n]
            at += 2 + n
        else:
            if n > 128:
                found += packed[at + 1 : at + 2] * (257 - n)
            at += 1 + (n > 128)
    return bytes(found)


shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=300)
planes = hnp.arrays(np.uint8, shapes, elements=st.sampled_from([0, 0, 0, 7, 255]), fill=st.just(0))


@settings(max_examples=60, deadline=None)
@given(planes)
def test_packed_rows_are_packbits_row_by_row(plane: np.ndarray) -> None:  # type: ignore[type-arg]
    counts, packed = packbits.pack(plane)
    assert len(counts) == len(plane)
    at = 0
    for row, count in zip(plane, counts, strict=True):
        assert expanded(packed[at : at + count]) == row.tobytes()
        at += int(count)
    assert at == len(packed)
    assert np.array_equal(packbits.unpack(packed, *plane.shape), plane)


def test_rows_stay_within_sixteen_bits_at_psds_limit() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 60_000), np.uint8)
    counts, _ = packbits.pack(noise)
    assert counts.max() < 1 << 16


def test_nothing_packed_is_damage() -> None:
    with pytest.raises(InputError):
        packbits.unpack(b"", 20, 20)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("icc", [None, wide_rgb()])
def test_png_keeps_pixels_and_profile(depth: int, icc: bytes | None) -> None:
    pixels = random_pixels(np.random.default_rng(0), Bounds(0, 0, 9, 5), depth)
    data = pngcodec.encode(pixels, icc)
    found, profile = pngcodec.decode(data)
    assert np.array_equal(found, pixels)
    assert profile == icc
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert image.size == (9, 5)
        embedded = image.info.get("icc_profile")
        assert embedded == (icc or (None if depth == 8 else srgb.SRGB))
        if depth == 8:
            assert np.array_equal(np.asarray(image), pixels)


def test_png_damage() -> None:
    data = pngcodec.encode(np.zeros((4, 4, 4), np.uint8), wide_rgb())
    for broken in (b"", data[:20], data[:60], data[:-30], data.replace(b"ICC profile\0\0x", b"ICC profile\0\0y")):
        with pytest.raises(InputError):
            pngcodec.decode(broken)
    huge = data[:16] + (60_000).to_bytes(4, "big") * 2 + data[24:]
    with pytest.raises(InputError, match="megapixels"):
        pngcodec.decode(huge)


def test_depths_convert_exactly_both_ways() -> None:
    every = np.arange(256, dtype=np.uint8).repeat(4).reshape(16, 16, 4)
    deep = pngcodec.at_depth(every, 16)
    assert deep.max() == 65535
    assert np.array_equal(pngcodec.at_depth(deep, 8), every)
    assert pngcodec.at_depth(deep, 16) is deep


def layer(name: str, *group: str) -> Layer:
    return Layer(name, Role.GRAPHIC, Bounds(0, 0, 1, 1), np.zeros((1, 1, 4), np.uint8), group=group)


def outline(node: Group) -> list[object]:
    return [
        [child.name, child.alone, *outline(child)] if isinstance(child, Group) else child.layer.name
        for child in node.children
    ]


def test_neighbours_share_groups_and_order_is_kept() -> None:
    layers = (layer("a"), layer("b", "G"), layer("c", "G", "H"), layer("d", "G", "H"), layer("e"), layer("f", "G"))
    assert outline(grouped(LayerStack(Extent(1, 1), layers))) == [
        "a",
        ["G", False, "b", ["H", False, "c", "d"]],
        "e",
        ["G", False, "f"],
    ]


def test_an_only_child_is_marked_at_every_depth() -> None:
    top = grouped(LayerStack(Extent(1, 1), (layer("a", "G", "H", "I"), layer("b", "G", "H"))))
    assert top.alone
    assert outline(top) == [["G", True, ["H", True, ["I", False, "a"], "b"]]]


def turned(quad: list[tuple[float, float]], degrees: float) -> tuple[tuple[float, float], ...]:
    a = np.radians(degrees)
    return tuple((x * np.cos(a) - y * np.sin(a) + 50, x * np.sin(a) + y * np.cos(a) + 60) for x, y in quad)


@pytest.mark.parametrize("degrees", [0, 30, -45, 90, 175, -120])
def test_a_box_turned_forth_again_covers_its_lines(degrees: float) -> None:
    first = [(0.0, 0.0), (100.0, 0.0), (100.0, 20.0), (0.0, 20.0)]
    second = [(20.0, 25.0), (80.0, 25.0), (80.0, 45.0), (20.0, 45.0)]
    box = box_of(Text((TextLine("a", turned(first, degrees), 1), TextLine("b", turned(second, degrees), 1))))
    assert box.angle == pytest.approx(degrees)
    assert (box.width, box.height) == pytest.approx((100, 45))
    a = np.radians(degrees)
    middle = np.array([50 * np.cos(a) - 22.5 * np.sin(a) + 50, 50 * np.sin(a) + 22.5 * np.cos(a) + 60])
    assert [box.x + box.width / 2, box.y + box.height / 2] == pytest.approx(list(middle))
    assert box.alignment == "centre"
    assert [line.size for line in box.lines] == pytest.approx([16, 16])
    assert [line.pitch for line in box.lines] == pytest.approx([25, 20])


@pytest.mark.parametrize(("edges", "alignment"), [((0, 40), "left"), ((30, 70), "right"), ((15, 55), "centre")])
def test_alignment_is_what_varies_least(edges: tuple[int, int], alignment: str) -> None:
    left, right = edges
    long = TextLine("long", ((0, 0), (70, 0), (70, 10), (0, 10)), 1)
    short = TextLine("short", ((left, 12), (right, 12), (right, 22), (left, 22)), 1)
    assert box_of(Text((long, short))).alignment == alignment


def test_lines_out_of_order_keep_a_sensible_pitch() -> None:
    line = TextLine("a", ((0, 0), (9, 0), (9, 4), (0, 4)), 1)
    assert [found.pitch for found in box_of(Text((line, line))).lines] == [4, 4]


def test_the_embedded_profile_is_srgb_to_littlecms() -> None:
    assert is_rgb(srgb.SRGB)
    assert describe(srgb.SRGB) == "sRGB"
    colours = np.random.default_rng(0).integers(0, 256, (64, 64, 4), np.uint8)
    assert np.abs(to_srgb8(colours, srgb.SRGB).astype(int) - colours).max() <= 1
    assert srgb.meant(srgb.embedded(None)) is None
    assert srgb.meant(srgb.embedded(wide_rgb())) == wide_rgb()


def test_thumbnails_keep_shape_colour_and_transparency() -> None:
    stack = poster()
    pixels = stack.layers[1].pixels.copy()
    pixels[pixels[..., 3] == 0] = (255, 0, 255, 0)  # what lies under transparency must not bleed
    small = thumbnail.of(pixels, None, 35)
    assert small.shape == (35, 35, 4)
    seen = small[small[..., 3] > 30]
    assert np.abs(seen[:, :3].astype(int) - pixels[70, 70, :3]).max() <= 2
    assert small[0, 0, 3] == 0
    deep = thumbnail.of(pixels.astype(np.uint16) * 257, None, 35)
    assert np.abs(deep.astype(int) - small).max() <= 1
    assert np.array_equal(thumbnail.of(pixels, None, 999), pixels)
    assert thumbnail.of(np.zeros((1, 5000, 4), np.uint8), None, 160).shape == (1, 160, 4)


def test_thumbnails_are_srgb() -> None:
    pixels = np.full((40, 40, 4), (200, 40, 40, 255), np.uint8)
    assert np.array_equal(thumbnail.of(pixels, wide_rgb(), 10)[0, 0], to_srgb8(pixels, wide_rgb())[0, 0])


def test_jpeg_lies_on_white() -> None:
    data = thumbnail.jpeg(np.zeros((8, 8, 4), np.uint8))
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).min() >= 254


def test_a_stack_without_layers_is_an_empty_group() -> None:
    assert grouped(replace(poster(), layers=())).children == ()
