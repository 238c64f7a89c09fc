"""Pixels a band at a time, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerlift_krita.host.bands import Fingerprint, bands, cut_out, rows_per_band, swap


@pytest.mark.parametrize("depth", [8, 16])
def test_swap_is_bgra_to_rgba_and_back(depth: int) -> None:
    kind = np.uint8 if depth == 8 else np.uint16
    pixels = np.random.default_rng(1).integers(0, 2**depth, (7, 5, 4)).astype(kind)
    swapped = swap(bytearray(pixels.tobytes()), depth)
    assert bytes(swapped) == pixels[..., [2, 1, 0, 3]].tobytes()
    assert bytes(swap(swapped, depth)) == pixels.tobytes()


@given(st.integers(1, 200), st.integers(0, 3), st.sampled_from([8, 16]), st.integers(0, 2**32))
def test_cutting_out_multiplies_alpha_exactly(count: int, kind: int, depth: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    dtype = np.uint8 if depth == 8 else np.uint16
    pixels = rng.integers(0, 2**depth, (count, 4)).astype(dtype)
    mask = (rng.integers(0, 256, count) if kind else rng.integers(0, 2, count) * 255).astype(np.uint8)
    ours = np.frombuffer(cut_out(bytearray(pixels.tobytes()), mask.tobytes(), depth), dtype).reshape(count, 4)
    wanted = pixels.astype(np.int64)
    wanted[:, 3] = (wanted[:, 3] * mask + 127) // 255
    assert (ours == wanted).all()


@given(st.integers(1, 5000), st.integers(1, 70_000), st.integers(1, 16))
def test_bands_cover_every_row_once(height: int, width: int, pixel: int) -> None:
    rows = rows_per_band(width, pixel)
    covered = [row for top, count in bands(height, rows) for row in range(top, top + count)]
    assert covered == list(range(height))


def test_a_fingerprint_is_whole_or_empty_and_does_not_mind_the_order() -> None:
    one, two = Fingerprint(2), Fingerprint(2)
    one.add(0, b"a")
    assert str(one) == ""
    one.add(1, b"b")
    two.add(1, b"b")
    two.add(0, b"x")
    assert str(one) != str(two)
    two.add(0, b"a")
    assert str(one) == str(two) != ""
