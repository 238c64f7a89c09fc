"""The document seen through the grid: mean colour of every cell and the colour covariance inside it.

Law: reads the document once, in bands of whole cells, never holding more than a band of floats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Document, Plane, full_scale
from layerlift.imaging.resample import Grid, reduce
from layerlift.refine.grain import LIMIT, roughness
from layerlift.refine.symmetric import outer

Job = TypeVar("Job")
Result = TypeVar("Result")

THREADS = 2
"""More threads than this wait for memory, not for the processor."""
_BAND_PIXELS = 1 << 19
_FEW = 8
"""NumPy adds up to so many numbers one after the other, and more of them in pairs of halves."""


@dataclass(frozen=True, eq=False)
class Moments:
    """`mean` (h, w, 3) colour 0–1 of each cell; `inner` (6, h, w) covariance of the colours inside it; `grain` (h, w)
    standard deviation of the finest detail in it."""

    mean: Plane
    inner: Plane
    grain: Plane

    @cached_property
    def planes(self) -> Plane:
        """`mean` as (3, h, w)."""
        return np.ascontiguousarray(self.mean.transpose(2, 0, 1))

    @cached_property
    def second(self) -> Plane:
        """Mean products of the colours in each cell, (6, h, w)."""
        return self.inner + outer(self.planes)


def stride_for(grid: Grid, samples: float) -> int:
    """Every how many-th pixel to read so that a cell is sampled about `samples` times along its shorter side."""
    side = min(grid.document.width / grid.cells.width, grid.document.height / grid.cells.height)
    return max(1, int(side / samples))


def owners(pixels: int, cells: int, stride: int) -> NDArray[np.intp]:
    """The cell that each sampled pixel of one axis lies in."""
    return ((np.arange(0, pixels, stride) + 0.5) * (cells / pixels)).astype(np.intp).clip(0, cells - 1)


def bands(grid: Grid, stride: int) -> list[tuple[slice, slice]]:
    """(cell rows, sampled document rows) of bands of whole cells, for work that must not depend on their size."""
    rows = owners(grid.document.height, grid.cells.height, stride)
    each = max(1, round(_BAND_PIXELS / grid.document.area * stride * stride * grid.cells.height))
    out = []
    for top in range(0, grid.cells.height, each):
        bottom = min(top + each, grid.cells.height)
        first, last = np.searchsorted(rows, [top, bottom])
        out.append((slice(top, bottom), slice(int(first) * stride, int(last - 1) * stride + 1, stride)))
    return out


def in_parallel(work: Callable[[Job], Result], jobs: Iterable[Job]) -> list[Result]:
    """`work` of every job, in order, on a few threads; the first failure is raised."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, jobs))


def moments(document: Document, grid: Grid) -> Moments:
    """Mean and inner covariance of every cell (zero covariance where cells are pixels)."""
    small = reduce(document.pixels, grid.cells)
    mean = small[..., :3].astype(np.float32) * np.float32(1 / full_scale(small))
    inner = np.zeros((6, grid.cells.height, grid.cells.width), np.float32)
    fine = np.zeros((grid.cells.height, grid.cells.width), np.float32)
    if grid.cells == grid.document:
        return Moments(mean, inner, fine)
    stride = stride_for(grid, 2.5)
    columns = owners(grid.document.width, grid.cells.width, stride)
    rows = owners(grid.document.height, grid.cells.height, stride)
    unit = np.float32(1 / full_scale(document.pixels))

    def band(job: tuple[slice, slice]) -> None:
        cells, lines = job
        colour = np.ascontiguousarray(document.pixels[lines, ::stride, :3].transpose(2, 0, 1)).astype(np.float32) * unit
        starts = np.searchsorted(
            rows[lines.start // stride : (lines.stop - 1) // stride + 1], np.arange(cells.start, cells.stop)
        )
        sums = [_cell_means(plane, starts, columns, grid.cells.width) for plane in colour]
        square = [_cell_means(plane, starts, columns, grid.cells.width) for plane in outer(colour)]
        inner[:, cells] = np.stack(square) - outer(np.stack(sums))
        rough = roughness(document.pixels[lines, :, 1].astype(np.float32) * unit)
        fine[cells] = _cell_means(np.ascontiguousarray(rough[:, ::stride]), starts, columns, grid.cells.width)

    in_parallel(band, bands(grid, stride))
    for k in (0, 3, 5):
        np.maximum(inner[k], 0, out=inner[k])
    return Moments(mean, inner, np.minimum(fine, np.float32(LIMIT)))


def _cell_means(plane: Plane, starts: NDArray[np.intp], columns: NDArray[np.intp], width: int) -> Plane:
    """Mean of a band over its cells."""
    lefts = np.searchsorted(columns, np.arange(width))
    sums = _sums(_sums(plane, starts, 0), lefts, 1)
    tall = np.diff(np.append(starts, plane.shape[0]))
    wide = np.diff(np.append(lefts, columns.size))
    return cast(Plane, (sums / (tall[:, None] * wide[None])).astype(np.float32))


def _sums(plane: Plane, starts: NDArray[np.intp], axis: int) -> Plane:
    """Sums from each start up to the next one along an axis: `np.add.reduceat`, in the same order of additions (the
    first, and the sum of all others), but several times as fast for the few samples that a cell has."""
    length = np.diff(np.append(starts, plane.shape[axis]))
    if not 1 <= length.min() <= length.max() <= _FEW:
        return cast(Plane, np.add.reduceat(plane, starts, axis=axis))
    out = np.take(plane, starts, axis=axis)
    rest = np.zeros_like(out)
    for k in range(1, int(length.max())):
        more = np.take(plane, np.minimum(starts + k, plane.shape[axis] - 1), axis=axis)
        if length.min() <= k:
            more *= np.expand_dims(length > k, 1 - axis)
        rest += more
    out += rest
    return out


def quarter(plane: Plane) -> Plane:
    """(h, w[, c]) averaged over 4 × 4 cells: covariances vary slowly."""
    height, width = plane.shape[:2]
    size = (-(-width // 4), -(-height // 4))
    return cast(Plane, cv2.resize(plane, size, interpolation=cv2.INTER_AREA))
