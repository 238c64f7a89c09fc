"""Sizes: what the model can do is what it gets, and everything comes back where it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerlift.engines.qwen.family import canvas
from layerlift.errors import InputError
from layerlift.imaging.geometry import Extent

SIDES = st.integers(1, 2000)


@given(SIDES, SIDES, st.sampled_from([None, 640, 1024]), st.sampled_from([16, 32]))
def test_working_sizes_can_be_drawn_and_keep_the_shape(
    width: int, height: int, resolution: int | None, multiple: int
) -> None:
    extent = Extent(width, height)
    if max(extent) > canvas.SLIMMEST * min(extent):
        with pytest.raises(InputError, match="as long as it is wide"):
            canvas.working(extent, resolution, multiple)
        return
    size = canvas.working(extent, resolution, multiple)
    most = (resolution or 1024) ** 2
    assert all(side % multiple == 0 and side >= multiple for side in size)
    slack = (1 + multiple / min(size)) ** 2 * 1.1
    assert size.area <= most * slack
    assert size.area >= min(canvas.LEAST_PIXELS, most) / slack
    error = multiple / min(size)
    assert size.width / size.height == pytest.approx(width / height, rel=2 * error + 1e-6)


@pytest.mark.parametrize("extent", [Extent(1024, 1024), Extent(1184, 896), Extent(640, 640), Extent(800, 704)])
def test_what_the_model_can_do_is_left_as_it_is(extent: Extent) -> None:
    assert canvas.working(extent, None, 32) == extent


@given(st.integers(641, 1000), st.integers(641, 1000))
def test_padding_moves_no_pixel(width: int, height: int) -> None:
    pixels = np.random.default_rng(width).integers(0, 255, (height, width, 3), dtype=np.uint8)
    size = canvas.working(Extent(width, height), None)
    placed = canvas.placed(pixels, size)
    assert canvas.extent_of(placed) == size
    assert (canvas.back(placed, Extent(width, height)) == pixels).all()


@pytest.mark.parametrize("extent", [Extent(90, 60), Extent(2000, 1500)])
def test_what_is_scaled_comes_back_at_its_size(extent: Extent) -> None:
    ramp = np.linspace(0, 255, extent.width)[None, :, None]
    pixels = np.broadcast_to(ramp, (extent.height, extent.width, 3)).astype(np.uint8)
    placed = canvas.placed(pixels, canvas.working(extent, None))
    again = canvas.back(placed, extent)
    assert again.shape == pixels.shape
    assert np.abs(again.astype(int) - pixels).max() <= 4


def test_over_a_plain_ground_by_the_matting_equation() -> None:
    pixels = np.array([[(200, 100, 0, 255), (200, 100, 0, 0), (200, 100, 0, 51)]], np.uint8)
    assert canvas.over_plain(pixels, (0, 0, 250)).tolist() == [[[200, 100, 0], [0, 0, 250], [40, 20, 200]]]
    assert canvas.on_white(pixels)[0, 1].tolist() == [255, 255, 255]
