"""A selection given as a polygon, as a mask.

Law: knows numbers and arrays. A pixel is selected when its middle lies inside (even–odd rule), so that a rectangle
from 0,0 to 10,10 selects exactly a hundred pixels; soft edges are the operation's business.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def polygon(corners: Sequence[tuple[int, int]], width: int, height: int) -> NDArray[np.uint8]:
    """(height, width) uint8: 255 inside the polygon, 0 outside. Corners may lie beyond the picture."""
    mask = np.zeros((height, width), np.uint8)
    ends = np.array(corners, np.float64)
    starts = np.roll(ends, 1, axis=0)
    first = max(0, int(ends[:, 1].min()))
    for row in range(first, min(height, int(ends[:, 1].max()))):
        crossings = _crossings(starts, ends, row + 0.5)
        for left, right in zip(crossings[::2], crossings[1::2], strict=True):
            mask[row, left:right] = 255
    return mask


def _crossings(starts: NDArray[np.float64], ends: NDArray[np.float64], y: float) -> list[int]:
    """Where the outline crosses the line at `y`, left → right, as the first pixel whose middle lies beyond."""
    across = (starts[:, 1] <= y) != (ends[:, 1] <= y)
    (x0, y0), (x1, y1) = starts[across].T, ends[across].T
    found: list[int] = np.ceil(np.sort(x0 + (y - y0) * (x1 - x0) / (y1 - y0)) - 0.5).astype(int).tolist()
    return found
