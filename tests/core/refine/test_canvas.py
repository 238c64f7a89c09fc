import numpy as np
import pytest

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Layer, Role
from layerlift.refine.canvas import Canvas, opaque, packed, shown, solid, words

DEPTHS = [np.uint8, np.uint16]


def blank(bounds, dtype):
    return Canvas.blank(bounds, np.zeros((1, 1, 4), dtype))


@pytest.mark.parametrize("dtype", DEPTHS)
@pytest.mark.parametrize("box", [(0, 0, 40, 30), (1, 0, 38, 30), (3, 5, 30, 24), (20, 20, 2, 1), (39, 29, 1, 1)])
def test_a_canvas_is_cut_as_layers_are(dtype, box):
    rng = np.random.default_rng(0)
    x, y, w, h = box
    pixels = np.zeros((30, 40, 4), dtype)
    pixels[y : y + h, x : x + w] = rng.integers(1, 250, (h, w, 4))
    pixels[y : y + h, x : x + w][rng.random((h, w)) < 0.3] = 0
    pixels[y, x], pixels[y + h - 1, x + w - 1] = 9, 9
    wanted = Layer("a", Role.TEXT, Bounds(7, 8, 40, 30), pixels).cropped()
    canvas = blank(Bounds(7, 8, 40, 30), dtype)
    canvas.pixels[:] = pixels
    bounds, got = canvas.cut()
    assert bounds == wanted.bounds
    assert got.flags.c_contiguous
    assert got.dtype == dtype
    assert (got == wanted.pixels).all()


@pytest.mark.parametrize("dtype", DEPTHS)
def test_a_large_cut_needs_no_second_copy_and_a_small_one_keeps_no_canvas(dtype):
    for side, shared in ((90, True), (50, False)):
        canvas = blank(Bounds(0, 0, 100, 100), dtype)
        canvas.pixels[5 : 5 + side, 4 : 4 + side] = 77
        _, got = canvas.cut()
        assert np.shares_memory(got, canvas.pixels) == shared
        assert (got == 77).all()


def test_an_empty_canvas_becomes_one_transparent_pixel():
    bounds, got = blank(Bounds(3, 4, 70, 200), np.uint8).cut()
    assert bounds == Bounds(3, 4, 1, 1)
    assert got.tolist() == [[[0, 0, 0, 0]]]


@pytest.mark.parametrize("dtype", DEPTHS)
def test_words_know_whether_a_pixel_is_solid_or_shown(dtype):
    top = np.iinfo(dtype).max
    pixels = np.full((2, 3, 4), top, dtype)
    assert opaque(words(pixels))
    pixels[0, :, 3] = (0, 1, top - 1)
    assert not opaque(words(pixels))
    assert (solid(words(pixels)) == (pixels[..., 3] == top)).all()
    assert (shown(words(pixels)) == (pixels[..., 3] > 0)).all()
    assert opaque(words(pixels[:0]))


@pytest.mark.parametrize("dtype", DEPTHS)
def test_packed_pixels_arrive_where_they_are_put(dtype):
    rng = np.random.default_rng(2)
    values = rng.integers(0, np.iinfo(dtype).max + 1, (4, 50)).astype(np.float32)
    canvas = blank(Bounds(10, 20, 30, 40), dtype)
    place = rng.permutation(30 * 40)[:50]
    row, column = place // 30 + 20, place % 30 + 10
    canvas.put(packed(values[:3], values[3], canvas.pixels.dtype), row, column)
    assert (canvas.pixels[row - 20, column - 10] == values.T).all()
    assert np.count_nonzero(canvas.words) <= 50
    canvas.put(packed(values[:3, :0], values[3, :0], canvas.pixels.dtype), row[:0], column[:0])
