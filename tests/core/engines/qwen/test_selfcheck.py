"""The model's own copy against the picture, and its layers against that copy."""

from __future__ import annotations

import numpy as np
import pytest

from layerlift.engines.qwen import selfcheck

PICTURE = np.random.default_rng(1).integers(60, 200, (40, 50, 3)).astype(np.uint8)


def frame(shift: int = 0, alpha: int = 255) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    out = np.full((40, 50, 4), alpha, np.uint8)
    out[..., :3] = PICTURE + np.uint8(shift)
    return out


def test_a_perfect_answer_is_off_by_nothing() -> None:
    checked = selfcheck.check(PICTURE, frame(), [frame()])
    assert (checked.drift.mean, checked.drift.p99, checked.apart) == (0, 0, 0)
    assert checked.notes == ("Self-check: the model's own copy of the picture is off by 0.0% on average.",)


def test_drift_is_measured_in_full_scale() -> None:
    checked = selfcheck.check(PICTURE, frame(51), [frame(51)])
    assert checked.drift.mean == pytest.approx(0.2, abs=1e-4)
    assert checked.drift.p99 == pytest.approx(0.2, abs=1e-4)
    assert checked.apart == pytest.approx(0, abs=1e-6)
    assert "do not trust" in checked.notes[0]


def test_a_little_more_than_usual_is_said_to_be_so() -> None:
    (note,) = selfcheck.check(PICTURE, frame(15), [frame(15)]).notes
    assert note.endswith("5.9% on average, more than usual.")


def test_a_transparent_frame_is_no_copy() -> None:
    assert selfcheck.check(PICTURE, frame(alpha=0), []).drift.mean == pytest.approx(
        float(PICTURE.mean()) / 255, abs=1e-4
    )


def test_layers_that_do_not_add_up_are_told_of() -> None:
    half = frame()
    half[:, 25:, 3] = 0
    checked = selfcheck.check(PICTURE, frame(), [half])
    assert checked.apart == pytest.approx(float(PICTURE[:, 25:].mean()) / 255 / 2, abs=1e-3)
    assert "do not add up" in checked.notes[1]
    rest = frame()
    rest[:, :25, 3] = 0
    assert selfcheck.check(PICTURE, frame(), [half, rest]).apart == pytest.approx(0, abs=1e-6)
