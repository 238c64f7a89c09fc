import numpy as np
import pytest

from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Document
from layerlift.imaging.resample import Grid, reduce
from layerlift.refine.moments import _sums, moments


@pytest.mark.parametrize("longest", [1, 2, 5, 8, 20])
@pytest.mark.parametrize("axis", [0, 1])
def test_sums_are_numpys_to_the_last_bit(longest, axis):
    rng = np.random.default_rng(longest)
    plane = rng.standard_normal((61, 83)).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(rng.integers(1, longest + 1, 100))])
    starts = starts[starts < plane.shape[axis]]
    assert (_sums(plane, starts, axis) == np.add.reduceat(plane, starts, axis=axis)).all()


def test_a_reduced_document_that_is_there_already_is_taken():
    rng = np.random.default_rng(0)
    document = Document(rng.integers(0, 256, (60, 80, 4), np.uint8))
    document.pixels[..., 3] = 255
    grid = Grid(document.extent, Extent(20, 15))
    usual, given = moments(document, grid), moments(document, grid, reduce(document.pixels, grid.cells))
    assert (usual.mean == given.mean).all()
    assert (moments(document, grid, np.zeros((15, 20, 4), np.uint8)).mean == 0).all()
