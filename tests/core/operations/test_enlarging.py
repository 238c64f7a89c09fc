"""Up to full size strip by strip, the same as at once; grain where it was, and as much as there was."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerlift.imaging.geometry import Extent
from layerlift.operations.enlarging import Enlarged, add_grain, missing_grain

SIDE = st.integers(1, 30)


@given(SIDE, SIDE, st.integers(0, 40), st.integers(0, 40), st.booleans(), st.integers(1, 9))
def test_strips_are_opencv_s_resize(width, height, more_x, more_y, smooth, rows):
    plane = np.random.default_rng(0).random((height, width, 3)).astype(np.float32)
    size = Extent(width + more_x, height + more_y)
    way = cv2.INTER_LINEAR if smooth else cv2.INTER_CUBIC
    whole = cv2.resize(plane, tuple(size), interpolation=way).reshape(size.height, size.width, 3)
    large = Enlarged(plane, size, smooth=smooth)
    strips = [large.rows(top, min(size.height, top + rows)) for top in range(0, size.height, rows)]
    assert np.abs(np.concatenate(strips) - whole).max() < 2e-3


@given(SIDE, SIDE)
def test_a_plane_without_channels_and_a_smaller_size(width, height):
    plane = np.random.default_rng(0).random((height, width)).astype(np.float32)
    assert Enlarged(plane, Extent(width, height)).rows(0, height).shape == (height, width)
    small = Extent(max(1, width // 2), max(1, height // 2))
    reduced = Enlarged(plane, small).rows(0, small.height)
    assert reduced.mean() == pytest.approx(float(plane.mean()), abs=0.25 if min(width, height) % 2 else 1e-4)


def test_rows_are_the_caller_s():
    plane = np.zeros((4, 4), np.float32)
    large = Enlarged(plane, Extent(4, 4))
    large.rows(0, 4)[:] = 1
    assert not plane.any()


@pytest.mark.parametrize("sigma", [0.0, 0.01, 0.02])
def test_missing_grain_is_what_a_reduction_took(sigma):
    y, x = np.mgrid[0:300, 0:400].astype(np.float32)
    clean = np.repeat((0.3 + 0.3 * x / 400 + 0.1 * np.sin(y / 40))[..., None], 3, axis=2)
    full = clean + np.random.default_rng(0).normal(0, sigma, (300, 400, 1)).astype(np.float32)
    small = cv2.resize(full, (100, 75), interpolation=cv2.INTER_AREA)
    found = missing_grain(full.astype(np.float32), small, np.ones((300, 400), bool))
    assert found == pytest.approx(sigma, abs=0.0025)
    assert missing_grain(full.astype(np.float32), full.astype(np.float32), np.ones((300, 400), bool)) == 0


def test_grain_belongs_to_its_place():
    whole = np.zeros((20, 30, 3), np.float32)
    add_grain(whole, 0.02, 100, 50)
    part = np.zeros((5, 10, 3), np.float32)
    add_grain(part, 0.02, 110, 60)
    assert (whole[10:15, 10:20] == part).all()
    many = np.zeros((200, 200, 3), np.float32)
    add_grain(many, 0.02, 0, 0)
    assert many.std() == pytest.approx(0.02, rel=0.03)
