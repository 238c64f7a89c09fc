"""Drift is taken out inside and nowhere else; ramps stay within the selection."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from layerlift.operations.seams import continued, drift, ramp


def hole(height: int = 60, width: int = 80) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    mask[15:45, 20:60] = True
    return mask


def test_a_sloping_drift_is_undone():
    y, x = np.mgrid[0:60, 0:80].astype(np.float32)
    original = np.repeat((0.5 + 0 * x)[..., None], 3, axis=2)
    slope = (0.001 * x - 0.0005 * y)[..., None]
    drawn = original + slope
    field = drift(original, drawn.astype(np.float32), hole())
    assert np.abs(field + slope)[hole()].max() < 0.004
    assert not field[~hole()].any()


def test_another_content_at_the_border_does_not_bleed_in():
    original = np.full((60, 80, 3), 0.5, np.float32)
    drawn = original.copy()
    drawn[:, 55:66] = 1.0  # something new that reaches across the selection's border
    assert np.abs(drift(original, drawn, hole())[25:35, 25:45]).max() < 0.02


def test_nothing_around_means_nothing_to_do():
    plane = np.random.default_rng(0).random((9, 9, 3)).astype(np.float32)
    assert not drift(plane, plane + 0.1, np.ones((9, 9), bool)).any()
    assert not drift(plane, plane, hole(9, 9)).any()
    assert (continued(plane[..., 0], np.ones((9, 9), bool)) == plane[..., 0]).all()


MASKS = hnp.arrays(np.uint8, (24, 31), elements=st.sampled_from([0, 255, 255, 90]), fill=st.sampled_from([0, 255]))


@given(MASKS, st.integers(0, 12), st.booleans())
def test_a_ramp_is_never_more_than_the_selection(mask, feather, automatic):
    soft = ramp(mask, feather, automatic)
    assert (soft <= mask).all()
    if feather == 0 and not automatic:
        assert (soft == mask).all()


def test_a_ramp_rises_inwards_and_not_at_the_picture_s_edge():
    mask = np.zeros((40, 60), np.uint8)
    mask[:, 30:] = 255
    soft = ramp(mask, 10, automatic=False)[20].astype(int)
    assert (np.diff(soft) >= 0).all()
    assert soft[31] < 20
    assert soft[41:].min() == 255
    assert (ramp(mask, 10, automatic=False) == soft[None]).all()  # rows at the top and bottom are no border
    assert soft[35] == pytest.approx(128, abs=40)
