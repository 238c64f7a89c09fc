"""Another colour: flat paint becomes just that, shaded things keep their shading, alpha keeps its bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageCms

from layerlift.operations import oklab
from layerlift.operations.recolouring import recolour

RED = (255, 0, 0)
COLOURS = st.tuples(*[st.integers(0, 255)] * 3)


def flat(colour, dtype=np.uint8):
    pixels = np.empty((20, 30, 4), dtype)
    pixels[..., :3] = np.array(colour, np.uint32) * (np.iinfo(dtype).max // 255)
    pixels[..., 3] = np.linspace(0, np.iinfo(dtype).max, 30).astype(dtype)
    return pixels


@given(COLOURS, COLOURS, st.sampled_from([np.uint8, np.uint16]))
def test_flat_paint_becomes_the_colour_itself(paint, wanted, dtype):
    pixels = flat(paint, dtype)
    new = recolour(pixels, None, wanted)
    seen = pixels[..., 3] > 0
    assert (new[..., 3] == pixels[..., 3]).all()
    assert (new[~seen] == pixels[~seen]).all()
    scale = np.iinfo(dtype).max // 255
    assert np.abs(new[seen][:, :3].astype(int) - np.array(wanted) * scale).max() <= scale


def test_shaded_things_keep_their_lightness_and_their_greys():
    ramp = np.linspace(0.15, 0.95, 200)
    blue = np.stack([ramp * 0.3, ramp * 0.5, ramp], axis=1)
    greys = np.repeat(ramp[:, None], 3, axis=1)
    pixels = np.full((2, 200, 4), 255, np.uint8)
    pixels[0, :, :3], pixels[1, :, :3] = np.rint(blue * 255), np.rint(greys * 255)
    new = recolour(pixels, None, RED)
    before, after = (oklab.from_srgb(p[..., :3] / 255) for p in (pixels, new))
    assert np.abs(before[0, :, 0] - after[0, :, 0]).max() < 0.02
    hue = np.rad2deg(np.arctan2(after[0, 40:, 2], after[0, 40:, 1]))
    assert np.abs(hue - np.rad2deg(np.arctan2(*oklab.from_srgb(np.array([1.0, 0, 0]))[:0:-1]))).max() < 6
    assert np.abs(new[1].astype(int) - pixels[1]).max() <= 2


def test_a_layer_of_greys_takes_the_colour_on():
    ramp = np.linspace(40, 220, 100).astype(np.uint8)
    pixels = np.full((10, 100, 4), 255, np.uint8)
    pixels[..., :3] = ramp[None, :, None]
    new = recolour(pixels, None, RED)
    before, after = (oklab.from_srgb(p[..., :3] / 255) for p in (pixels, new))
    assert np.abs(before[..., 0] - after[..., 0]).max() < 0.02
    assert np.hypot(after[..., 1], after[..., 2])[:, 30:70].min() > 0.1


def test_in_another_profile_the_result_looks_the_same():
    wide = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = flat((30, 90, 200), np.uint16)
    pixels[..., :3] += 37  # bits that an 8-bit way would lose
    plain, profiled = recolour(pixels, None, RED), recolour(pixels, wide, RED)
    assert np.abs(plain.astype(int) - profiled).max() <= 2 * 257
    assert (profiled[..., 3] == pixels[..., 3]).all()


def test_an_empty_layer_stays_empty():
    nothing = np.zeros((4, 4, 4), np.uint8)
    assert (recolour(nothing, None, RED) == nothing).all()


@given(st.lists(COLOURS, min_size=1, max_size=50))
def test_oklab_there_and_back(colours):
    srgb = np.array(colours) / 255
    assert np.abs(oklab.to_srgb(oklab.from_srgb(srgb)) - srgb).max() < 1e-3


def test_oklab_is_ottosson_s():
    """His own examples (XYZ (0.950, 1, 1.089) is white: L = 1), and sRGB red as CSS Color 4 lists it."""
    assert oklab.from_srgb(np.ones(3)) == pytest.approx([1, 0, 0], abs=1e-3)
    assert oklab.from_srgb(np.array([1.0, 0, 0])) == pytest.approx([0.62796, 0.22486, 0.12585], abs=1e-4)


@given(st.floats(0.05, 0.97), st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
def test_colours_outside_the_gamut_lose_chroma_only(lightness, a, b):
    lab = np.array([[lightness, a, b]])
    back = oklab.from_srgb(oklab.to_srgb(lab))[0]
    assert back[0] == pytest.approx(lightness, abs=0.002)
    assert abs(back[1] * b - back[2] * a) < 2e-3
