"""The document seen through the grid, on a device: `refine.moments` and the sums over cells that learning needs too.

Law: reads every so many-th pixel once, in bands of whole cells. A cell's samples are added one after the other, in the
same order on every device: nothing is scattered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import full_scale
from layerlift.imaging.resample import Grid
from layerlift.refine.grain import LIMIT
from layerlift.refine.moments import Moments, owners, stride_for
from layerlift.refine.torches.device import Device, Tensor, torch
from layerlift.refine.torches.picture import Picture
from layerlift.refine.torches.symmetric import outer

_SAMPLE = 200
"""Working memory of one sample in bytes."""
_TO_SIGMA = float(np.float32(np.sqrt(np.pi / 2) / np.sqrt(6)))
"""Mean absolute second difference to standard deviation, as in `refine.grain`."""


@dataclass(frozen=True, eq=False)
class Runs:
    """Which samples of an axis lie in each of n cells: `taps[k]` (int64) if `there[k]` (0 or 1); `count` (n,)."""

    taps: Tensor
    there: Tensor
    count: Tensor

    @classmethod
    def of(cls, device: Device, owner: NDArray[np.intp], first: int, last: int) -> Runs:
        """Of the cells first…last − 1, given the cell of every sample (ascending); empty cells are allowed."""
        edges = np.searchsorted(owner, np.arange(first, last + 1))
        count = np.diff(edges)
        taps = edges[:-1] + np.arange(max(1, int(count.max(initial=1))))[:, None]
        there = (taps < edges[1:]).astype(np.float32)
        inside = np.clip(taps, 0, max(0, owner.size - 1)).astype(np.int64)
        return cls(device.put(inside), device.put(there), device.put(np.maximum(count, 1).astype(np.float32)))


def means(planes: Tensor, down: Runs, across: Runs) -> Tensor:
    """Means of (c, rows, columns) samples over cells, (c, h, w)."""
    lines = sum(planes.index_select(2, at) * there for at, there in zip(across.taps, across.there, strict=True))
    cells = sum(lines.index_select(1, at) * there[:, None] for at, there in zip(down.taps, down.there, strict=True))
    return cells / (down.count[:, None] * across.count)


def cell_bands(owner: NDArray[np.intp], cells: int, row: int, room: float) -> list[tuple[slice, slice]]:
    """Bands of whole cells and their samples, of at most `room` bytes where a row of samples takes `row`."""
    each = max(1, int(room / max(1, row) * cells / max(1, owner.size)))
    out = []
    for top in range(0, cells, each):
        bottom = min(top + each, cells)
        first, last = (int(k) for k in np.searchsorted(owner, [top, bottom]))
        out.append((slice(top, bottom), slice(first, last)))
    return out


def moments(picture: Picture, grid: Grid) -> Moments:
    """Mean, inner covariance and finest detail of every cell (zero where cells are pixels)."""
    device = picture.device
    small = picture.reduced(grid.cells)
    mean = small[..., :3].astype(np.float32) * np.float32(1 / full_scale(small))
    size = (grid.cells.height, grid.cells.width)
    if grid.cells == grid.document:
        return Moments(mean, np.zeros((6, *size), np.float32), np.zeros(size, np.float32))
    stride = stride_for(grid, 2.5)
    columns = owners(grid.document.width, grid.cells.width, stride)
    rows = owners(grid.document.height, grid.cells.height, stride)
    across = Runs.of(device, columns, 0, grid.cells.width)
    found = np.empty((7, *size), np.float32)
    row = columns.size * _SAMPLE + grid.document.width * 8
    for cells, lines in cell_bands(rows, grid.cells.height, row, device.room() / 2):
        words = picture.rows(lines.start * stride, (lines.stop - 1) * stride + 1, stride)
        colour = picture.levels(words[:, ::stride]) * (1 / picture.scale)
        fine = _roughness(picture, words, stride)
        planes = torch.cat([colour, outer(colour), fine[None]])
        sums = means(planes, Runs.of(device, rows[lines], cells.start, cells.stop), across)
        found[:6, cells] = device.array(sums[3:9] - outer(sums[:3]))
        found[6, cells] = device.array(sums[9])
    for k in (0, 3, 5):
        np.maximum(found[k], 0, out=found[k])
    return Moments(mean, found[:6], np.minimum(found[6], np.float32(LIMIT)))


def _roughness(picture: Picture, words: Tensor, stride: int) -> Tensor:
    """Grain of the sampled columns of some rows, from their neighbours to the left and right; 0 at the borders."""
    width = words.shape[1]
    at = torch.arange(0, width, stride, device=words.device)
    middle, left, right = (
        picture.channel(words.index_select(1, (at + k).clamp(0, width - 1)), 1).to(torch.float32) * (1 / picture.scale)
        for k in (0, -1, 1)
    )
    inside = (at > 0) & (at < width - 1)
    return (2 * middle - left - right).abs() * _TO_SIGMA * inside
