from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from layerlift.imaging.alpha import over, premultiply, to_float, to_integer, unpremultiply

straight8 = hnp.arrays(np.uint8, (3, 4, 4))


@given(straight8)
def test_integers_survive_float(pixels: np.ndarray) -> None:
    assert (to_integer(to_float(pixels), pixels) == pixels).all()


@given(hnp.arrays(np.uint16, (3, 4, 4)))
def test_sixteen_bit_survives_float(pixels: np.ndarray) -> None:
    assert (to_integer(to_float(pixels), pixels) == pixels).all()


@given(straight8)
def test_premultiplying_loses_only_invisible_colour(pixels: np.ndarray) -> None:
    back = to_integer(unpremultiply(premultiply(to_float(pixels))), pixels)
    seen = pixels[..., 3] > 0
    assert (back[seen] == pixels[seen]).all()
    assert not back[~seen].any()


@given(straight8, straight8, straight8)
def test_over_is_associative(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    x, y, z = (premultiply(to_float(p)) for p in (a, b, c))
    np.testing.assert_allclose(over(over(x, y), z), over(x, over(y, z)), atol=1e-6)


@given(straight8, st.integers(0, 255))
def test_opaque_hides_and_transparent_shows(bottom: np.ndarray, value: int) -> None:
    below = premultiply(to_float(bottom))
    opaque = np.full((3, 4, 4), value / 255, np.float32)
    opaque[..., 3] = 1
    assert (over(opaque, below) == opaque).all()
    assert over(np.zeros_like(below), below) == pytest.approx(below)
