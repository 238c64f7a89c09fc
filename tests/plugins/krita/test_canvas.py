"""How a canvas grows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from layerlift_krita.action.canvas import ASPECTS, margins_for

SIDE = st.integers(1, 10_000)


@given(SIDE, SIDE, st.sampled_from(ASPECTS))
def test_the_canvas_gets_the_aspect_by_growing_one_way_only(width: int, height: int, aspect: tuple[int, int]) -> None:
    left, top, right, bottom = margins_for(width, height, aspect)
    assert min(left, top, right, bottom) >= 0
    assert (left, right) == (0, 0) or (top, bottom) == (0, 0)
    assert 0 <= right - left <= 1
    assert 0 <= bottom - top <= 1
    wide, high = width + left + right, height + top + bottom
    across, down = aspect
    # the nearest whole pixel that is not too small
    assert abs(wide * down - high * across) < max(across, down)


def test_what_has_the_aspect_stays() -> None:
    assert margins_for(1600, 900, (16, 9)) == (0, 0, 0, 0)
    assert margins_for(100, 100, (16, 9)) == (39, 0, 39, 0)
    assert margins_for(101, 100, (1, 1)) == (0, 0, 0, 1)
