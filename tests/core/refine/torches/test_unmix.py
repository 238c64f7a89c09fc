"""The alphas of the device and of NumPy: TYPICAL and WORST are what docs/refine.md states."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the GPU path needs PyTorch, which is not installed here")
# ruff: noqa: E402 (what follows loads PyTorch)

from core.refine.torches.test_atlas import models
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.resample import Grid
from layerlift.refine import unmix as numpy_unmix
from layerlift.refine.cells import Cells
from layerlift.refine.torches.atlas import Atlas, Models
from layerlift.refine.torches.cells import Slots
from layerlift.refine.torches.device import Device
from layerlift.refine.torches.raster import Places, split
from layerlift.refine.torches.unmix import given, unmix

TYPICAL, WORST = 1e-5, 1e-3
"""Mean and largest difference of alpha, given the same models (measured: 7e-8 and 2.5e-4)."""


def scene():
    """A grid of 24 × 16 cells of 5 × 5 pixels, five layers, every combination of three fractional ones above a base."""
    rng = np.random.default_rng(4)
    grid, whole = Grid(Extent(120, 80), Extent(24, 16)), Bounds(0, 0, 24, 16)
    base = (rng.random((16, 24)) < 0.2).astype(np.uint8)
    cells = Cells(base, (rng.integers(0, 8, (16, 24)) << 2).astype(np.uint64))
    return rng, grid, models(rng, [whole] * 5), cells


@pytest.mark.parametrize(("ours", "theirs"), [(numpy_unmix.unmix, unmix), (numpy_unmix.given, given)])
def test_alphas_agree_with_numpy(ours, theirs):
    rng, grid, stack, cells = scene()
    xs, ys = grid.columns(np.arange(120, dtype=np.int32)), grid.rows(np.arange(80, dtype=np.int32))
    device = Device("cpu")
    slots, atlas = Slots.of(device, cells, 5), Atlas(Models(device, stack), xs, ys)
    corner = [np.floor(one).clip(0).astype(np.int64) for one in (ys, xs)]
    places = Places(device.put(corner[0]), device.put(corner[1]), slots)
    depth = places.over(slots.depth).reshape(-1)
    seen, differences = 0, []
    for deep in range(4):
        at = torch.nonzero(depth == deep)[:, 0]
        row, column = (one.numpy() for one in split(at, 120))
        colour = rng.random((3, at.numel())).astype(np.float32)
        cell = corner[0][row], corner[1][column]
        points = numpy_unmix.Points(colour, xs[column], ys[row], cells.base[cell], cells.mixed[cell])
        found = {share.layer: (share.at, share.alpha, share.spread) for share in _merged(ours(points, stack))}
        slotted = places.points(at, device.put(colour), deep)
        for layer, alpha, spread in zip(slotted.layers, *theirs(slotted, atlas), strict=True):
            for place in range(5):
                mine = np.flatnonzero(layer.numpy() == place)
                where, expected, wide = found.get(place, (np.empty(0, np.int64),) * 3)
                chosen = np.searchsorted(where, mine)
                differences.append(alpha.numpy()[mine] - expected[chosen])
                assert np.allclose(spread.numpy()[mine], wide[chosen], rtol=1e-3)
                seen += mine.size
    assert seen == 120 * 80 + int(depth.sum())
    difference = np.abs(np.concatenate(differences))
    assert difference.mean() < TYPICAL
    assert difference.max() < WORST


def _merged(shares):
    """One share per layer: a layer may be the base of some points and fractional at others."""
    for layer in {share.layer for share in shares}:
        mine = [share for share in shares if share.layer == layer]
        at = np.concatenate([share.at for share in mine])
        order = np.argsort(at)
        planes = (np.concatenate([getattr(share, name) for share in mine])[order] for name in ("alpha", "spread"))
        yield numpy_unmix.Share(layer, at[order], *planes)
