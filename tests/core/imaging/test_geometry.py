from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerlift.imaging.geometry import Bounds, Extent

bounds = st.builds(Bounds, st.integers(-50, 50), st.integers(-50, 50), st.integers(0, 60), st.integers(0, 60))


def pixels(b: Bounds) -> set[tuple[int, int]]:
    return {(x, y) for x in range(b.x, b.right) for y in range(b.y, b.bottom)}


@given(bounds, bounds)
def test_intersect_holds_exactly_the_common_pixels(a: Bounds, b: Bounds) -> None:
    assert pixels(a.intersect(b)) == pixels(a) & pixels(b)


@given(bounds, bounds)
def test_union_is_the_smallest_box_around_both(a: Bounds, b: Bounds) -> None:
    union = a.union(b)
    both = pixels(a) | pixels(b)
    assert both <= pixels(union)
    if both:
        xs, ys = [x for x, _ in both], [y for _, y in both]
        assert union == Bounds(min(xs), min(ys), max(xs) - min(xs) + 1, max(ys) - min(ys) + 1)


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 2_000_000))
def test_fit_never_enlarges_and_keeps_near_the_wanted_area(width: int, height: int, area: int) -> None:
    extent = Extent(width, height)
    fitted = extent.fit(area)
    assert 1 <= fitted.width <= width
    assert 1 <= fitted.height <= height
    if extent.area <= area:
        assert fitted == extent


def test_fit_keeps_multiples() -> None:
    fitted = Extent(3000, 500).fit(640 * 640, multiple=32)
    assert fitted.width % 32 == 0
    assert fitted.height % 32 == 0


def test_shift_grow_and_slices() -> None:
    b = Bounds(2, 3, 4, 5)
    assert b.shift(-2, 1) == Bounds(0, 4, 4, 5)
    assert b.grow(1) == Bounds(1, 2, 6, 7)
    assert b.slices == (slice(3, 8), slice(2, 6))
    assert b.extent == (4, 5)
    assert not b.empty
    with pytest.raises(ValueError, match="negative"):
        Bounds(0, 0, -1, 1)
