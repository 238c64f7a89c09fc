"""What is read off the document's pixels: the picture made small, moments, and the E-step, against NumPy."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the GPU path needs PyTorch, which is not installed here")


from core.refine.test_quality import flattened, rough, scene
from core.refine.test_refine import random_document
from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Document
from layerlift.imaging.resample import Grid
from layerlift.progress import Progress
from layerlift.refine.processor import Numpy
from layerlift.refine.rough import grid_for, read
from layerlift.refine.torches.device import Device
from layerlift.refine.torches.learn import expect
from layerlift.refine.torches.moments import moments
from layerlift.refine.torches.picture import Picture
from layerlift.refine.understand import understand

NUMPY = Numpy()
ROOMS = [1 << 28, 1 << 18]
"""Room for the whole document, and for a few rows of it."""


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("translucent", [False, True])
@pytest.mark.parametrize("size", [(211, 157), (192, 120), (64, 300), (48, 30), (47, 300), (24, 15)])
def test_a_reduced_picture_and_its_moments_are_those_of_numpy(room, dtype, translucent, size):
    document = random_document(np.random.default_rng(3), Extent(*size), dtype, translucent)
    picture, grid = Picture(Device("cpu", room), document), Grid(document.extent, Extent(min(48, size[0]), 15))
    level = np.abs(picture.reduced(grid.cells).astype(np.int64) - NUMPY.reduce(document, grid.cells)).max()
    assert level <= (1 if dtype == np.uint8 else 2)
    ours, theirs = NUMPY.moments(document, grid), moments(picture, grid)
    assert np.abs(ours.mean - theirs.mean).max() < 1.01 / 255
    assert np.abs(ours.inner - theirs.inner).max() < 1e-6
    assert np.abs(ours.grain - theirs.grain).max() < 1e-6


class Asked(Numpy):
    """NumPy, that writes down what it was asked and what it said."""

    def __init__(self):
        self.lessons = []

    def expect(self, *asked):
        said = super().expect(*asked)
        self.lessons.append((asked, said))
        return said


@pytest.mark.parametrize("room", ROOMS)
def test_the_lesson_is_that_of_numpy(room):
    layers = scene()
    document = flattened(layers)
    stack, asked = rough(layers, shift=1), Asked()
    grid = grid_for(document, stack)
    understand(document, grid, read(stack, grid, None)[0], False, "krita", Progress(), asked)
    assert len(asked.lessons) == 2
    picture = Picture(Device("cpu", room), document)
    for (_, *given), said in asked.lessons:
        told = expect(picture, *given)
        for one, other in zip(said, told, strict=True):
            assert one.alpha.max() > 0.9
            assert np.abs(one.alpha - other.alpha).max() < 1e-4
            assert np.abs(one.sums - other.sums).max() < 1e-4
            assert np.abs(one.hints - other.hints).max() <= 1e-3 * np.abs(one.hints).max()
        assert any(one.hints.any() for one in said)


def test_a_picture_is_read_from_an_array_that_cannot_be_written():
    pixels = np.full((8, 8, 4), 255, np.uint8)
    pixels.flags.writeable = False
    assert Picture(Device("cpu"), Document(pixels)).opaque
