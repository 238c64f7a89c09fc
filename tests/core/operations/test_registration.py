"""A drawing that slipped is laid back; one that did not is left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from layerlift.operations.registration import aligned


def photograph(height: int = 240, width: int = 360) -> np.ndarray:
    random = np.random.default_rng(1)
    planes = [cv2.GaussianBlur(random.normal(0, 1, (height, width)), (0, 0), s) * s for s in (2, 5, 15)]
    grey = 0.5 + 0.25 * sum(planes)
    return np.dstack([grey, grey * 0.9, 1 - grey]).clip(0, 1).astype(np.float32)


def slipped(picture: np.ndarray, zoom: float, dx: float, dy: float) -> np.ndarray:
    height, width = picture.shape[:2]
    warp = np.array([[zoom, 0, dx + (1 - zoom) * width / 2], [0, zoom, dy + (1 - zoom) * height / 2]], np.float32)
    return cv2.warpAffine(picture, warp, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize(("height", "width"), [(240, 360), (900, 700)])
@pytest.mark.parametrize("slip", [(1.0, 2.3, -1.4), (1.012, 0, 0), (0.99, -1.5, 2.0)])
def test_a_slip_is_found_beside_a_change(slip, height, width):
    before = photograph(height, width)
    after = before.copy()
    after[40:100, 50:120] = (0.9, 0.1, 0.1)
    after = slipped(after, *slip) + np.random.default_rng(0).normal(0, 0.01, before.shape).astype(np.float32)
    back = aligned(before, after)
    inside = (slice(12, -12), slice(140, -12))
    first, last = (np.abs(before - picture)[inside].mean() for picture in (after, back))
    assert last < 0.5 * first
    assert last < 0.02


def test_what_lies_well_or_was_meant_is_left_alone():
    before = photograph()
    noisy = before + np.random.default_rng(0).normal(0, 0.02, before.shape).astype(np.float32)
    assert aligned(before, noisy) is noisy
    zoomed = slipped(before, 1.3, 0, 0)
    assert aligned(before, zoomed) is zoomed
    other = photograph()[::-1, ::-1].copy()
    assert aligned(before, other) is other
    plain = np.full((60, 60, 3), 0.5, np.float32)
    assert aligned(plain, plain * 0.9).mean() == pytest.approx(0.45)
