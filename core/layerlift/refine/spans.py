"""Where the cells lie among the pixels: rectangles of pixels whose cells are alike.

Law: geometry and indices; knows neither colours nor layers. What is the same for all pixels of a cell is decided
cell by cell here, so that the full-resolution pass never asks a pixel what its cell knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Plane
from layerlift.imaging.resample import Grid

Index = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Lattice:
    """Both axes of a grid over its document, x then y.

    `at`: where each pixel lies among the cells; `cell`: the cell whose stencil it reads; `first` (cells + 1,): the
    first pixel of every cell (the last entry is the number of pixels).
    """

    at: tuple[Plane, Plane]
    cell: tuple[Index, Index]
    first: tuple[Index, Index]

    @classmethod
    def of(cls, grid: Grid) -> Lattice:
        """The lattice of a grid."""
        extent = grid.document
        at = (
            grid.columns(np.arange(extent.width, dtype=np.int32)),
            grid.rows(np.arange(extent.height, dtype=np.int32)),
        )
        across, down = (np.clip(np.floor(one), 0, n - 1).astype(np.intp) for one, n in zip(at, grid.cells, strict=True))
        starts = (np.searchsorted(one, np.arange(n + 1)) for one, n in zip((across, down), grid.cells, strict=True))
        return cls(at, (across, down), tuple(starts))  # type: ignore[arg-type]  # two of them


@dataclass(frozen=True, eq=False)
class Runs:
    """Rectangles of pixels, one per run of like cells in a row of cells, row by row: `top`, `bottom`, `left`, `right`
    (n,) in document pixels, `row` and `column` (n,) of the first cell."""

    top: Index
    bottom: Index
    left: Index
    right: Index
    row: Index
    column: Index

    def some(self, which: NDArray[Any]) -> Runs:
        """Some of them (a mask or indices)."""
        parts = (self.top, self.bottom, self.left, self.right, self.row, self.column)
        return Runs(*(part[which] for part in parts))

    @property
    def area(self) -> Index:
        """Pixels of each."""
        return (self.bottom - self.top) * (self.right - self.left)


def runs(lattice: Lattice, part: Bounds, *planes: NDArray[Any]) -> Runs:
    """The pixels of `part` (not empty), as runs of cells that are alike in every one of the (h, w) planes."""
    low, high = int(lattice.cell[1][part.y]), int(lattice.cell[1][part.bottom - 1]) + 1
    width = planes[0].shape[1]
    new = np.zeros((high - low, width), np.bool_)
    new[:, 0] = True
    for plane in planes:
        new[:, 1:] |= plane[low:high, 1:] != plane[low:high, :-1]
    begin = np.flatnonzero(new)
    row, column = np.divmod(begin, width)
    end = np.append(begin[1:], new.size) - row * width
    row += low
    (across, down), box = lattice.first, part
    return Runs(
        np.maximum(down[row], box.y),
        np.minimum(down[row + 1], box.bottom),
        np.clip(across[column], box.x, box.right),
        np.clip(across[end], box.x, box.right),
        row,
        column,
    )


def pixels(some: Runs) -> tuple[Index, Index]:
    """Row and column of every pixel, rectangle by rectangle."""
    tall = some.bottom - some.top
    which = np.repeat(np.arange(tall.size), tall)
    wide = (some.right - some.left)[which]
    row = np.repeat(_ranges(some.top, tall), wide)
    return row, _ranges(some.left[which], wide)


def _ranges(start: Index, count: Index) -> Index:
    """start[0], start[0] + 1, … (count[0] of them), start[1], …"""
    ends = np.cumsum(count)
    total = int(ends[-1]) if ends.size else 0
    return np.repeat(start - ends + count, count) + np.arange(total)


@dataclass(frozen=True, eq=False)
class Block:
    """Rows `top`…`bottom` of some `spans` (left, right), whose columns side by side are `columns` (w,)."""

    top: int
    bottom: int
    columns: Index
    spans: Sequence[tuple[int, int]]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.bottom - self.top, self.columns.size


def batches(some: Runs, most: int) -> Iterator[list[Block]]:
    """All pixels of the runs as lists of blocks, about `most` pixels or fewer in each."""
    batch: list[Block] = []
    room = most
    cuts = np.flatnonzero(np.diff(some.row)) + 1
    for one in np.split(np.arange(some.row.size), cuts):
        left, right = some.left[one], some.right[one]
        columns = _ranges(left, right - left)
        if columns.size == 0:
            continue
        spans = list(zip(left.tolist(), right.tolist(), strict=True))
        top, bottom = int(some.top[one[0]]), int(some.bottom[one[0]])
        while top < bottom:
            tall = min(bottom - top, max(1, room // columns.size))
            if batch and tall * columns.size > room:
                yield batch
                batch, room = [], most
                continue
            batch.append(Block(top, top + tall, columns, spans))
            room -= tall * columns.size
            top += tall
    if batch:
        yield batch
