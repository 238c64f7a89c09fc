"""Profiles: what they are, what an engine sees through them, and that the way back returns."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from core.imaging import profiles
from layerlift.imaging import colour

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
WIDE = profiles.wide_rgb()


def random_pixels(height: int, width: int, dtype: type[np.uint8] | type[np.uint16], seed: int = 0):
    top = np.iinfo(dtype).max
    return np.random.default_rng(seed).integers(0, top, (height, width, 4), dtype, endpoint=True)


@pytest.mark.parametrize(
    ("icc", "space", "text"),
    [
        (None, "RGB", "sRGB"),
        (SRGB, "RGB", "sRGB built-in"),
        (WIDE, "RGB", "Wide test RGB"),
        (profiles.grey(2.2), "GRAY", "Grey 2.2"),
        (profiles.cmyk(), "CMYK", "Test press"),
        (b"", None, "broken profile"),
        (b"not a profile at all", None, "broken profile"),
        (SRGB[:200], None, "broken profile"),
    ],
)
def test_what_a_profile_is(icc, space, text):
    assert colour.space(icc) == space
    assert colour.is_rgb(icc) == (space == "RGB")
    assert colour.describe(icc) == text


def test_a_profile_of_a_space_that_no_picture_has_is_none():
    xyz = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    assert colour.space(xyz) is None
    assert "XYZ" in colour.describe(xyz)


def test_a_sound_header_over_missing_tags_is_broken():
    hollow = bytearray(profiles.cmyk())
    at = hollow.index(b"A2B0")
    hollow[at : at + 4] = b"xxxx"
    assert colour.space(bytes(hollow)) is None


def test_without_profile_the_numbers_stay_and_the_array_is_new():
    pixels = random_pixels(9, 7, np.uint8)
    seen = colour.to_srgb8(pixels, None)
    assert np.array_equal(seen, pixels)
    seen[:] = 0
    assert pixels.any()


@given(st.integers(0, 65535))
def test_sixteen_bits_are_rounded_to_the_nearest_level(value):
    pixels = np.full((1, 1, 4), value, np.uint16)
    assert colour.to_srgb8(pixels, None)[0, 0, 0] == round(value / 257)


def test_wide_colours_are_seen_as_littlecms_sees_them():
    pixels = random_pixels(40, 30, np.uint8)
    to_srgb = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(WIDE)),
        ImageCms.createProfile("sRGB"),
        "RGB",
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    expected = ImageCms.applyTransform(Image.fromarray(pixels[..., :3]), to_srgb)
    seen = colour.to_srgb8(pixels, WIDE)
    assert np.array_equal(seen[..., :3], np.asarray(expected))
    assert np.array_equal(seen[..., 3], pixels[..., 3])
    assert not np.array_equal(seen[..., :3], pixels[..., :3])


def test_strips_meet_without_a_seam(monkeypatch):
    pixels = random_pixels(33, 21, np.uint16)
    whole = colour.to_srgb8(pixels, WIDE)
    monkeypatch.setattr(colour, "STRIP_PIXELS", 50)
    assert np.array_equal(colour.to_srgb8(pixels, WIDE), whole)


def test_the_way_back_returns():
    pixels = random_pixels(40, 40, np.uint8, seed=3)
    pixels[..., :3] = pixels[..., :3] // 2 + 60  # inside both gamuts
    wide = colour.srgb_to_profile8(pixels, WIDE)
    back = colour.to_srgb8(wide, WIDE)
    assert np.abs(back.astype(int) - pixels).max() <= 2
    assert np.array_equal(wide[..., 3], pixels[..., 3])


@pytest.mark.parametrize("icc", [b"rubbish", profiles.grey(1.8), profiles.cmyk()])
def test_profiles_that_cannot_apply_are_ignored(icc):
    pixels = random_pixels(5, 5, np.uint8)
    assert np.array_equal(colour.to_srgb8(pixels, icc), pixels)
    assert np.array_equal(colour.srgb_to_profile8(pixels, icc), pixels)


def test_a_one_way_profile_is_ignored_on_the_way_back():
    """A scanner's profile: RGB to Lab by a table, and no table back."""
    scanner = profiles._profile(b"RGB ", b"Lab ", {b"A2B0": _rgb_table()}, "Scanner")
    assert colour.is_rgb(scanner)
    pixels = random_pixels(4, 4, np.uint8)
    assert not np.array_equal(colour.to_srgb8(pixels, scanner), pixels)
    assert np.array_equal(colour.srgb_to_profile8(pixels, scanner), pixels)


def _rgb_table() -> bytes:
    identity = bytes(range(256))
    nodes = b"".join(bytes([round(255 * (r + g + b) / 3), 128, 128]) for r in (0, 1) for g in (0, 1) for b in (0, 1))
    head = b"mft1\0\0\0\0" + bytes([3, 3, 2, 0]) + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    return head + identity * 3 + nodes + identity * 3


def test_the_grey_curve_of_linear_light_is_srgbs_inverse():
    curve = colour.grey_curve(profiles.grey(1.0))
    assert curve.shape == (256, 3)
    x = np.arange(256) / 255
    srgb = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)
    assert np.abs(curve - srgb[:, None]).max() < 2.5 / 255


def test_lab_becomes_srgb():
    convert = colour.transform_to_srgb("LAB", None)
    for rgb in [(0, 0, 0), (255, 255, 255), (200, 50, 30), (30, 90, 200)]:
        to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
        lab = ImageCms.applyTransform(Image.new("RGB", (1, 1), rgb), to_lab)
        assert np.abs(np.asarray(convert(lab)).ravel().astype(int) - rgb).max() <= 3
