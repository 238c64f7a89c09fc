import numpy as np

from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.resample import Grid
from layerlift.refine.cells import Cells
from layerlift.refine.spans import Lattice, runs
from layerlift.refine.strips import ALONE, CHUNK, _together


def test_pixels_in_which_the_same_layers_meet_come_together_where_they_are_many():
    rng = np.random.default_rng(0)
    grid = Grid(Extent(900, 700), Extent(60, 50))
    base = np.zeros((50, 60), np.uint8)
    base[:, 40:] = 1
    mixed = np.full((50, 60), 0b10, np.uint64)
    mixed[:, 40:] = 0b100
    mixed[rng.random((50, 60)) < 0.1] = 0
    rare = rng.permutation(3000)[:30]
    mixed.reshape(-1)[rare] = rng.integers(1, 20, 30).astype(np.uint64) << np.uint64(3)
    cells, lattice = Cells(base, mixed), Lattice.of(grid)
    found = runs(lattice, Bounds.of(grid.document), base, mixed)
    seen, gathered = np.zeros((700, 900), int), 0
    for row, column in _together(cells, found.some(mixed[found.row, found.column] != 0)):
        assert 0 < row.size <= CHUNK
        seen[row, column] += 1
        cell = lattice.cell[1][row], lattice.cell[0][column]
        if len(set(zip(base[cell].tolist(), mixed[cell].tolist(), strict=True))) > 1:
            gathered += row.size
    assert (seen == (mixed != 0)[lattice.cell[1]][:, lattice.cell[0]]).all()
    assert ALONE < gathered < seen.sum() / 20


def test_nothing_mixed_is_nothing_to_do():
    cells = Cells(np.zeros((3, 3), np.uint8), np.zeros((3, 3), np.uint64))
    found = runs(Lattice.of(Grid(Extent(9, 9), Extent(3, 3))), Bounds(0, 0, 9, 9), cells.base, cells.mixed)
    assert list(_together(cells, found.some(np.zeros(found.row.size, bool)))) == []
