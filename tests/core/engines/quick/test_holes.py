"""Holes: which reconstruction has to be made again once more is known."""

from __future__ import annotations

import numpy as np

from layerlift.engines.quick.holes import reaching


def test_parts_that_touch_are_taken_whole_and_no_others() -> None:
    seed, others = np.zeros((40, 60), bool), np.zeros((40, 60), bool)
    seed[10:20, 10:20] = True
    others[15:30, 18:40] = True
    others[2:6, 50:58] = True
    found = reaching(seed, others)
    assert found[15:30, 18:40].all()
    assert found[10:20, 10:20].all()
    assert not found[2:6, 50:58].any()
    assert (reaching(seed, np.zeros_like(seed)) == seed).all()
    assert not reaching(np.zeros_like(seed), others).any()
