"""Which layers matter where: for every cell the topmost solid layer, and the fractional ones above it.

Law: knows alphas over the grid, nothing of colours. What is decided here decides where refinement costs anything:
a pixel between solid cells of one layer is a copy of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Mask, Plane

CLEAR, SOLID = 0.004, 0.996
"""Below and above: nothing and everything (one 8-bit level)."""
HALF_LEVEL = 0.5 / 255
"""The same where alphas are taken exactly as they are."""


@dataclass(frozen=True, eq=False)
class Cells:
    """`base` (h, w) uint8: topmost layer that is solid over the stencil of the cell; `mixed` (h, w) uint64: bit i says
    that layer i is fractional there, above the base. The stencil of a cell is itself and its right, lower and lower
    right neighbours: all that bilinear interpolation reads."""

    base: NDArray[np.uint8]
    mixed: NDArray[np.uint64]


def places(mask: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of what is true in a (h, w) mask, row by row: `np.nonzero`, several times faster."""
    rows, columns = np.divmod(np.flatnonzero(mask), max(1, mask.shape[1]))
    return rows, columns


def classify(extent: Extent, layers: Sequence[tuple[Bounds, Plane]], *, stencil: bool) -> Cells:
    """Classify all cells. `layers`: box and alpha of each, bottom first; the bottom one counts as solid.

    Without `stencil` each cell stands for itself (cells are pixels).
    """
    base = np.zeros((extent.height, extent.width), np.uint8)
    mixed = np.zeros((extent.height, extent.width), np.uint64)
    for place, (box, alpha) in enumerate(layers):
        if place == 0:
            continue
        low = over_stencil(alpha, np.minimum) if stencil else alpha
        high = over_stencil(alpha, np.maximum) if stencil else alpha
        if stencil:
            _close(low, box, extent)
            _close(high, box, extent)
        solid = low >= (SOLID if stencil else 1 - HALF_LEVEL)
        bits = mixed[box.slices]
        bits[solid] = 0
        bits[(high > (CLEAR if stencil else HALF_LEVEL)) & ~solid] |= np.uint64(1 << place)
        base[box.slices][solid] = place
    return Cells(base, mixed)


def _close(plane: Plane, box: Bounds, extent: Extent) -> None:
    """Nothing in the last column and row of a box, unless the picture ends there: their stencils reach outside."""
    if box.right < extent.width:
        plane[:, -1] = 0
    if box.bottom < extent.height:
        plane[-1] = 0


def over_stencil(plane: Plane, pick: Callable[[Plane, Plane], Plane]) -> Plane:
    """The least or largest (`pick`) of every cell, its right, lower and lower right neighbours; the border repeats."""
    right = pick(plane, np.concatenate([plane[:, 1:], plane[:, -1:]], 1))
    return pick(right, np.concatenate([right[1:], right[-1:]], 0))
