"""The document seen through the grid: mean colour of every cell and the colour covariance inside it.

Law: reads the document once, in bands of whole cells, never holding more than a band of floats.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Document, Pixels, Plane, full_scale
from layerlift.imaging.resample import Grid, reduce
from layerlift.refine.grain import LIMIT, roughness
from layerlift.refine.symmetric import outer

Job = TypeVar("Job")
Result = TypeVar("Result")

THREADS = max(2, min(4, os.cpu_count() or 1))
"""Layers are worked on by so many threads; more of them wait for memory, not for the processor."""
_BAND_PIXELS = 1 << 17
"""Pixels of a band: its ten planes then stay near the cache."""
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


def moments(document: Document, grid: Grid, small: Pixels | None = None) -> Moments:
    """Mean and inner covariance of every cell (zero covariance where cells are pixels). `small`: the document reduced
    to the cells, where somebody did that already."""
    if small is None:
        small = reduce(document.pixels, grid.cells)
    mean = small[..., :3].astype(np.float32) * np.float32(1 / full_scale(small))
    inner = np.zeros((6, grid.cells.height, grid.cells.width), np.float32)
    fine = np.zeros((grid.cells.height, grid.cells.width), np.float32)
    if grid.cells == grid.document:
        return Moments(mean, inner, fine)
    stride = stride_for(grid, 2.5)
    columns = owners(grid.document.width, grid.cells.width, stride)
    rows = owners(grid.document.height, grid.cells.height, stride)
    lefts = np.searchsorted(columns, np.arange(grid.cells.width))
    unit = np.float32(1 / full_scale(document.pixels))

    def band(job: tuple[slice, slice]) -> None:
        cells, lines = job
        mine = rows[lines.start // stride : (lines.stop - 1) // stride + 1]
        planes = np.empty((10, mine.size, columns.size), np.float32)
        np.multiply(document.pixels[lines, ::stride, :3].transpose(2, 0, 1), unit, out=planes[:3])
        outer(planes[:3], planes[3:9])
        planes[9] = roughness(document.pixels[lines, :, 1].astype(np.float32) * unit)[:, ::stride]
        means = _cell_means(planes, np.searchsorted(mine, np.arange(cells.start, cells.stop)), lefts)
        inner[:, cells] = means[3:9] - outer(means[:3])
        fine[cells] = means[9]

    in_parallel(band, bands(grid, stride))
    for k in (0, 3, 5):
        np.maximum(inner[k], 0, out=inner[k])
    return Moments(mean, inner, np.minimum(fine, np.float32(LIMIT)))


def _cell_means(planes: Plane, tops: NDArray[np.intp], lefts: NDArray[np.intp]) -> Plane:
    """Means of a band (c, rows, columns) over its cells, given the first row and column of each."""
    sums = _sums(_sums(planes, tops, 1), lefts, 2)
    tall = np.diff(np.append(tops, planes.shape[1]))
    wide = np.diff(np.append(lefts, planes.shape[2]))
    sums /= (tall[:, None] * wide).astype(np.float32)
    return sums


def _sums(planes: Plane, starts: NDArray[np.intp], axis: int) -> Plane:
    """Sums from each start up to the next one along an axis: `np.add.reduceat`, in the same order of additions (the
    first, and the sum of all others), but several times as fast for the few samples that a cell has."""
    length = np.diff(np.append(starts, planes.shape[axis]))
    if not 1 <= length.min() <= length.max() <= _FEW:
        return cast(Plane, np.add.reduceat(planes, starts, axis=axis))
    out: Plane = np.take(planes, starts, axis=axis)
    if length.max() == 1:
        return out
    rest = _further(planes, starts, length, axis, 1)
    for k in range(2, int(length.max())):
        rest += _further(planes, starts, length, axis, k)
    out += rest
    return out


def _further(planes: Plane, starts: NDArray[np.intp], length: NDArray[np.intp], axis: int, k: int) -> Plane:
    """The k-th sample from each start, 0 where there are no more than k."""
    out: Plane = np.take(planes, np.minimum(starts + k, planes.shape[axis] - 1), axis=axis)
    if length.min() <= k:
        there = (length > k).astype(np.float32)
        out *= there[:, None] if axis == 1 else there
    return out


def quarter(plane: Plane) -> Plane:
    """(h, w[, c]) averaged over 4 × 4 cells: covariances vary slowly."""
    height, width = plane.shape[:2]
    size = (-(-width // 4), -(-height // 4))
    return cast(Plane, cv2.resize(plane, size, interpolation=cv2.INTER_AREA))
