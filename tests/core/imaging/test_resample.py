import cv2
import numpy as np
import pytest

from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.resample import Grid, reduce, sample


def test_reducing_to_its_own_size_is_the_picture_itself():
    pixels = np.zeros((3, 5, 4), np.uint8)
    assert reduce(pixels, Extent(5, 3)) is pixels


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_opaque_pictures_are_averaged_over_areas(dtype):
    scale = np.iinfo(dtype).max
    pixels = np.random.default_rng(0).integers(0, scale, (12, 20, 4)).astype(dtype)
    pixels[..., 3] = scale
    out = reduce(pixels, Extent(5, 3))
    expected = pixels.reshape(3, 4, 5, 4, 4).astype(np.float64).mean((1, 3))
    assert out.dtype == dtype
    assert np.abs(out - expected).max() <= 0.51


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_transparent_colour_does_not_bleed(dtype):
    scale = np.iinfo(dtype).max
    pixels = np.zeros((4, 4, 4), dtype)
    pixels[:, :2] = (scale, 0, 0, scale)
    pixels[:, 2:] = (0, scale, 0, 0)
    out = reduce(pixels, Extent(1, 1))[0, 0]
    assert out[0] == scale
    assert out[1] == 0
    assert abs(int(out[3]) - scale // 2) <= 1


def test_nothing_seen_stays_nothing():
    assert (reduce(np.zeros((8, 8, 4), np.uint8), Extent(2, 2)) == 0).all()


def test_grid_and_sample_agree_with_opencv_resize():
    rng = np.random.default_rng(1)
    plane = rng.random((7, 9)).astype(np.float32)
    grid = Grid(Extent(36, 21), Extent(9, 7))
    ys, xs = np.divmod(np.arange(36 * 21, dtype=np.int32), np.int32(36))
    ours = sample(plane, grid.columns(xs), grid.rows(ys)).reshape(21, 36)
    theirs = cv2.resize(plane, (36, 21), interpolation=cv2.INTER_LINEAR)
    assert np.abs(ours - theirs).max() < 0.04  # remap keeps 5 bits of the fraction


def test_sampling_does_not_depend_on_the_neighbours_in_the_list():
    rng = np.random.default_rng(2)
    plane = rng.random((40, 50, 3)).astype(np.float32)
    x, y = (rng.random(700) * 48).astype(np.float32), (rng.random(700) * 38).astype(np.float32)
    whole = sample(plane, x, y)
    assert whole.shape == (3, 700)
    pieces = [sample(plane, x[i : i + 77], y[i : i + 77]) for i in range(0, 700, 77)]
    assert (np.concatenate(pieces, 1) == whole).all()


def test_long_lists_are_read_in_blocks():
    plane = np.arange(12, dtype=np.float32).reshape(3, 4)
    count = 256 * 16384 + 5
    x = np.zeros(count, np.float32)
    x[-1] = 3
    assert sample(plane, x, np.full(count, 2, np.float32))[-2:].tolist() == [8, 11]


def test_bicubic_goes_through_the_cells():
    plane = np.random.default_rng(3).random((5, 6)).astype(np.float32)
    x, y = np.array([1, 4], np.float32), np.array([3, 2], np.float32)
    assert np.abs(sample(plane, x, y, cubic=True) - plane[[3, 2], [1, 4]]).max() < 1e-6


def test_pixels_over_cells():
    grid = Grid(Extent(100, 50), Extent(30, 20))
    assert grid.pixels(Bounds(0, 0, 30, 20)) == Bounds(0, 0, 100, 50)
    assert grid.pixels(Bounds(3, 4, 6, 1)) == Bounds(10, 10, 20, 3)
    assert grid.scale == pytest.approx(100 / 30)
