"""Holes: where the ground is not seen, once all that lay on it is lifted off."""

from __future__ import annotations

import numpy as np
import pytest

from layerlift.engines.quick.holes import whole
from layerlift.imaging.layer import Mask

SIZE = (200, 300)


def box(top: int, left: int, bottom: int, right: int) -> Mask:
    mask = np.zeros(SIZE, np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def test_an_older_fill_goes_with_what_it_touches() -> None:
    panel, subject, headline = box(100, 0, 200, 300), box(40, 100, 140, 160), box(20, 200, 40, 280)
    hole = whole(panel, subject | headline)
    assert hole[panel].all()
    assert hole[subject].all(), "its upper half continued the panel"
    assert not hole[headline].any(), "it lies on the ground alone"


def test_rims_and_crumbs_between_holes_are_no_ground() -> None:
    lifted = box(50, 50, 150, 250)
    rim, crumb, window = box(50, 120, 150, 124), box(90, 200, 98, 208), box(80, 60, 120, 100)
    hole = whole(lifted & ~rim & ~crumb & ~window, np.zeros(SIZE, np.bool_))
    assert hole[rim & box(54, 0, 146, 300)].all()
    assert hole[crumb].all()
    assert not hole[box(84, 64, 116, 96)].any(), "wide enough to be ground"
    assert not hole[box(0, 0, 45, 300)].any()


def test_ground_along_the_frame_stays_however_narrow_the_picture_makes_it() -> None:
    margin = ~box(12, 12, 188, 288)
    assert not whole(~margin, np.zeros(SIZE, np.bool_))[box(0, 0, 9, 300)].any()


@pytest.mark.parametrize("left", [0, 1, 40])
def test_some_ground_is_always_left(left: int) -> None:
    """The largest piece of it, however small; where all is narrow, what was lifted and no more."""
    lifted = ~box(0, 0, 9, left)
    hole = whole(lifted, np.zeros(SIZE, np.bool_))
    assert hole[lifted].all()
    assert hole.all() == lifted.all()
    comb = np.zeros(SIZE, np.bool_)
    comb[:, ::2] = True
    assert not whole(comb, ~comb).all()


def test_where_nothing_is_lifted_every_fill_stays() -> None:
    assert not whole(np.zeros(SIZE, np.bool_), box(10, 10, 60, 60)).any()
