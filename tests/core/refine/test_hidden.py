import numpy as np
import pytest

from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, Role
from layerlift.imaging.resample import Grid, sample
from layerlift.refine.canvas import Canvas
from layerlift.refine.grain import grain
from layerlift.refine.hidden import SNAP, hidden_cells, hide, levels
from layerlift.refine.models import LayerModel
from layerlift.refine.spans import Lattice
from layerlift.refine.unmix import expected

CELLS, DOCUMENT, BOX = Extent(24, 18), Extent(101, 77), Bounds(5, 3, 14, 11)
SOURCE = Layer("x", Role.GRAPHIC, Bounds(0, 0, 1, 1), np.zeros((1, 1, 4), np.uint8))


def model(rng, *, noisy):
    alpha = rng.random((BOX.height, BOX.width)).astype(np.float32)
    alpha[alpha < 0.6] = 0
    lead = np.dstack([rng.random((BOX.height, BOX.width, 3)).astype(np.float32), alpha])
    nature = rng.random((BOX.height, BOX.width, 2)).astype(np.float32)
    spread = np.full((3, 4, 3), 1e-3, np.float32)
    fill = rng.random((3, BOX.height, BOX.width)).astype(np.float32)
    fine = np.full((3, 4), 0.02, np.float32) if noisy else None
    return LayerModel(SOURCE, BOX, alpha, np.ascontiguousarray(lead), nature, (spread, spread), fill, fine)


def pixel_by_pixel(one, place, row, column, grid, scale):
    """The same, as its docstring has it."""
    x, y = grid.columns(column.astype(np.int32)), grid.rows(row.astype(np.int32))
    alpha = levels(expected(one, x, y), scale, snap=True) if place else np.full(x.shape, scale)
    colour = np.stack([sample(plane, x - BOX.x, y - BOX.y, cubic=True) for plane in one.fill]) * np.float32(scale)
    colour = np.clip(colour, 0, scale)
    if one.grain is not None:
        colour += np.float32(0.02) * grain(row, column, place) * np.float32(scale)
    out = np.vstack([np.clip(np.rint(colour), 0, scale), alpha[None]]).T
    return out * (alpha > 0)[:, None]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("noisy", [True, False])
@pytest.mark.parametrize("place", [0, 1])
def test_hidden_pixels_are_the_engines_and_no_others_are_written(dtype, noisy, place):
    rng = np.random.default_rng(3)
    grid = Grid(DOCUMENT, CELLS)
    lattice, one = Lattice.of(grid), model(rng, noisy=noisy)
    base = (rng.random((CELLS.height, CELLS.width)) < 0.6).astype(np.uint8) * 2
    whole = rng.random((DOCUMENT.height, DOCUMENT.width)) < 0.8
    cells = hidden_cells(one, place, base, SNAP)
    canvas = Canvas.blank(grid.pixels(BOX), np.zeros((1, 1, 4), dtype))
    for top, bottom in ((0, 30), (30, DOCUMENT.height)):
        hide(one, place, canvas, cells, lattice, Bounds(0, top, 101, bottom - top), whole[top:bottom], snap=True)
    area = canvas.bounds
    row, column = (part.ravel() for part in np.mgrid[area.y : area.bottom, area.x : area.right])
    hidden = (base[lattice.cell[1][row], lattice.cell[0][column]] > place) & whole[row, column]
    wanted = pixel_by_pixel(one, place, row, column, grid, np.iinfo(dtype).max) * hidden[:, None]
    got = canvas.pixels.reshape(-1, 4)
    assert hidden.any()
    assert (got[:, 3] > 0).any()
    off = np.abs(got.astype(np.float64) - wanted)
    # the grain plane is read between cells here, and is a constant there: up to a rounding of its product
    assert off.max() <= (1 if noisy else 0)
    assert (off > 0).mean() < 0.02


def test_no_pixel_is_missed_for_its_faintness():
    rng = np.random.default_rng(4)
    grid = Grid(DOCUMENT, CELLS)
    lattice, one = Lattice.of(grid), model(rng, noisy=False)
    base = np.ones((CELLS.height, CELLS.width), np.uint8) * 2
    cells = hidden_cells(one, 1, base, SNAP)
    row, column = (part.ravel() for part in np.mgrid[0 : DOCUMENT.height, 0 : DOCUMENT.width])
    area = grid.pixels(BOX)
    inside = (row >= area.y) & (row < area.bottom) & (column >= area.x) & (column < area.right)
    alpha = expected(one, grid.columns(column.astype(np.int32)), grid.rows(row.astype(np.int32)))
    asked = cells[lattice.cell[1][row], lattice.cell[0][column]]
    assert not (inside & (alpha >= SNAP) & ~asked).any()
    assert (inside & ~asked).any()
