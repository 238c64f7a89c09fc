"""Blends: drawn gradients are recognised and continued, whatever stands in front of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from layerlift.engines.quick.cutouts import blend

SHAPE = (300, 400)
TOLERANCE = 1.6 / 255
Values = NDArray[np.float64]


def ramp(t: Values) -> Values:
    return np.asarray((0.9, 0.6, 0.3)) + np.asarray((-0.5, 0.2, 0.3)) * t[:, None]


def three_stops(t: Values) -> Values:
    rising, falling = np.asarray((0.1, 0.2, 0.3)) + t[:, None], np.asarray((0.9, 1.0, 1.1)) - t[:, None]
    return np.where(t[:, None] < 0.4, rising, falling)


def sample(count: int = 3000) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    rng = np.random.default_rng(0)
    return rng.integers(0, SHAPE[0], count), rng.integers(0, SHAPE[1], count)


def rounded(colours: Values) -> Values:
    return np.round(colours * 255) / 255


def test_a_cone_around_its_centre() -> None:
    y, x = sample()
    truth = rounded(ramp(np.hypot(x - 150, y - 100) / 400))
    found = blend.fit(y, x, truth, SHAPE, TOLERANCE)
    assert found.round
    assert np.hypot(found.x - 150, found.y - 100) < 6
    assert np.abs(found.colours(y, x) - truth).max(axis=1).mean() < 1 / 255


def test_a_cone_stretched_as_the_picture_is() -> None:
    y, x = sample()
    truth = rounded(ramp(np.hypot(x / SHAPE[1] - 0.5, y / SHAPE[0] - 0.55)))
    found = blend.fit(y, x, truth, SHAPE, TOLERANCE)
    assert found.round
    assert found.aspect == pytest.approx(SHAPE[1] / SHAPE[0])
    assert np.abs(found.colours(y, x) - truth).max(axis=1).mean() < 1 / 255


def test_three_stops_along_a_line() -> None:
    y, x = sample()
    truth = rounded(three_stops((0.8 * x + 0.6 * y) / 500))
    found = blend.fit(y, x, truth, SHAPE, TOLERANCE)
    assert not found.round
    assert abs(found.x * 0.6 - found.y * 0.8) < 0.03  # parallel
    assert np.abs(found.colours(y, x) - truth).max(axis=1).mean() < 1.5 / 255


def test_the_tip_goes_on_beneath_what_stands_on_it() -> None:
    """No pixel of the middle is seen, and beside it a shadow darkens the ground."""
    y, x = sample()
    away = np.hypot(x - 200, y - 150)
    truth = rounded(ramp(away / 300))
    seen = away > 50
    dark = np.where((away < 60)[:, None], truth * 0.85, truth)
    found = blend.fit(y[seen], x[seen], dark[seen], SHAPE, TOLERANCE)
    assert np.abs(found.colours(y[~seen], x[~seen]) - truth[~seen]).max() < 6 / 255
