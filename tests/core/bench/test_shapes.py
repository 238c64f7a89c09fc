"""Coverage is the outline's area, wherever it lies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from bench.designs import shapes as s

RNG = np.random.default_rng(1)
FORMS = {
    "rect": s.rect(20, 30, 80, 50),
    "rounded": s.rect(20, 30, 80, 50, 16),
    "ellipse": s.ellipse(90, 80, 50, 30),
    "ring": s.ring(90, 90, 60, 40),
    "pie": s.sector(90, 90, 60, 0, 10, 120),
    "slice": s.sector(90, 90, 60, 30, 100, 300),
    "hexagon": s.regular(90, 90, 50, 6),
    "star": s.star(90, 90, 60, 5),
    "blob": s.blob(RNG, 90, 90, 50, 40),
    "wave": s.wave(180, 180, 120, 10, 2, 0.3),
    "band": s.wave(180, 180, 100, 10, 2, 0.3, 30),
    "stroke": s.stroke([(20, 20), (90, 120), (150, 40)], 8),
    "arrow": s.arrow(20, 30, 150, 120, 10),
    "bubble": s.bubble(20, 20, 100, 60, (130, 150)),
    "ribbon": s.ribbon(10, 50, 150, 40),
    "heart": s.heart(90, 90, 50),
    "crescent": s.crescent(90, 90, 50, 30),
    "cloud": s.cloud(90, 90, 120),
    "arch": s.arch(40, 20, 80, 130),
    "torn": s.torn(RNG, 10, 60, 150, 40, 5),
    "turned": s.turned(s.rect(40, 60, 90, 40), 33),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_covered_by_its_area(name: str) -> None:
    form = FORMS[name]
    plane, x, y = s.coverage(form, 180, 180)
    inside = form.intersection(box(0, 0, 180, 180))
    assert inside.is_valid
    assert plane.sum() == pytest.approx(inside.area, rel=0.02, abs=3)
    assert (x, y) == (int(inside.bounds[0]), int(inside.bounds[1]))
    assert plane.min() >= 0
    assert plane.max() == 1


@settings(max_examples=40, deadline=None)
@given(st.floats(-30, 60), st.floats(-30, 60), st.floats(3, 90), st.floats(3, 90))
def test_a_rectangle_is_cut_at_the_canvas(x: float, y: float, w: float, h: float) -> None:
    visible = s.rect(x, y, w, h).intersection(box(0, 0, 64, 64)).area
    if visible == 0:
        with pytest.raises(ValueError, match="outside the canvas"):
            s.coverage(s.rect(x, y, w, h), 64, 64)
        return
    plane, left, top = s.coverage(s.rect(x, y, w, h), 64, 64)
    assert left + plane.shape[1] <= 64
    assert top + plane.shape[0] <= 64
    # a polygon is drawn with both its edges: up to one of eight sub-pixels too much on each side
    assert plane.sum() == pytest.approx(visible, abs=0.3 * (w + h))
