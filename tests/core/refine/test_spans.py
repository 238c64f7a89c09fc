import numpy as np
import pytest

from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.resample import Grid
from layerlift.refine.spans import Lattice, batches, pixels, runs

GRIDS = [((61, 47), (20, 15)), ((40, 3), (40, 3)), ((7, 90), (5, 33)), ((33, 20), (1, 1)), ((50, 50), (49, 31))]


def drawn(some, extent):
    """How often each pixel is part of one of the runs, and of which."""
    count, which = np.zeros((extent.height, extent.width), int), np.full((extent.height, extent.width), -1)
    for k, edges in enumerate(zip(some.top, some.bottom, some.left, some.right, strict=True)):
        top, bottom, left, right = edges
        count[top:bottom, left:right] += 1
        which[top:bottom, left:right] = k
    return count, which


@pytest.mark.parametrize(("document", "cells"), GRIDS)
def test_runs_cover_every_pixel_once_and_are_alike(document, cells):
    rng = np.random.default_rng(0)
    grid = Grid(Extent(*document), Extent(*cells))
    lattice = Lattice.of(grid)
    one, other = (rng.integers(0, 2, (cells[1], cells[0])).astype(dtype) for dtype in (np.uint8, np.uint64))
    for part in (Bounds.of(grid.document), Bounds(1, 1, document[0] - 2, 1), Bounds(0, document[1] - 1, 5, 1)):
        found = runs(lattice, part, one, other)
        count, which = drawn(found, grid.document)
        inside = np.zeros_like(count)
        inside[part.slices] = 1
        assert (count == inside).all()
        row, column = np.nonzero(inside)
        line, place = lattice.cell[1][row], lattice.cell[0][column]
        first = which[row, column]
        for plane in (one, other):
            assert (plane[line, place] == plane[found.row[first], found.column[first]]).all()


@pytest.mark.parametrize(("document", "cells"), GRIDS)
def test_a_pixel_reads_the_stencil_of_its_cell(document, cells):
    grid = Grid(Extent(*document), Extent(*cells))
    lattice = Lattice.of(grid)
    for axis, (size, count) in enumerate(zip(document, cells, strict=True)):
        at, cell, first = lattice.at[axis], lattice.cell[axis], lattice.first[axis]
        assert (np.clip(np.floor(at), 0, count - 1) == cell).all()
        assert first[0] == 0
        assert first[-1] == size
        assert (np.repeat(np.arange(count), np.diff(first)) == cell).all()


def test_pixels_and_blocks_are_the_runs():
    rng = np.random.default_rng(1)
    grid = Grid(Extent(90, 70), Extent(13, 11))
    mask = rng.random((11, 13)) < 0.5
    found = runs(Lattice.of(grid), Bounds(3, 2, 80, 60), mask)
    chosen = found.some(mask[found.row, found.column])
    wanted = drawn(chosen, grid.document)[0]
    row, column = pixels(chosen)
    assert row.size == chosen.area.sum() == wanted.sum()
    assert wanted[row, column].all()
    for most in (1, 40, 1 << 20):
        seen = np.zeros_like(wanted)
        for batch in batches(chosen, most):
            assert len(batch) == 1 or sum(b.shape[0] * b.shape[1] for b in batch) <= most
            for block in batch:
                assert block.columns.tolist() == [x for left, right in block.spans for x in range(left, right)]
                seen[block.top : block.bottom, block.columns] += 1
        assert (seen == wanted).all()


def test_nothing_makes_no_pixels_and_no_blocks():
    found = runs(Lattice.of(Grid(Extent(9, 9), Extent(3, 3))), Bounds(0, 0, 9, 9), np.zeros((3, 3), bool))
    nothing = found.some(np.zeros(found.row.size, bool))
    assert pixels(nothing)[0].size == 0
    assert list(batches(nothing, 10)) == []
