"""From the working size to the document's, a strip at a time.

Law: pure functions on arrays; never holds a full-size float picture. Grain is measured where the document is known and
added where it was drawn: what an enlargement lacks.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Mask, Plane
from layerlift.refine.grain import LIMIT, grain, roughness

STRIP_PIXELS = 1 << 20
_LEAST_SAMPLES = 200
"""Pixels from which grain can be measured."""
_MEDIAN_TO_SIGMA = 1.183
"""The median of |x| is 0.6745 σ, its mean (which `roughness` makes σ) 0.7979 σ."""
_ONE_TO_ONE = 1.05
"""Scale up to which nothing has been lost."""


class Enlarged:
    """A plane (h, w[, c]) float32 read at `size`: bicubic where it grows, averaged where it shrinks.

    Columns are enlarged at once (a plane of `size.width` × h), rows when a strip is asked for (Keys' cubic, a = −0.75,
    as OpenCV's; pixel centres at +0.5).
    """

    def __init__(self, plane: Plane, size: Extent, *, smooth: bool = False) -> None:
        height, width = plane.shape[:2]
        self.size = size
        self._linear = smooth
        grows = size.width >= width and size.height >= height
        way = (cv2.INTER_LINEAR if smooth else cv2.INTER_CUBIC) if grows else cv2.INTER_AREA
        across = (size.width, height) if grows else tuple(size)
        self._wide = plane
        if (width, height) != tuple(across):
            wide = cv2.resize(plane, across, interpolation=way)
            self._wide = wide.reshape(across[1], across[0], *plane.shape[2:]).astype(np.float32, copy=False)

    def rows(self, top: int, bottom: int) -> Plane:
        """Rows `top` … `bottom` − 1 of the enlarged plane."""
        height = self._wide.shape[0]
        if height == self.size.height:
            return self._wide[top:bottom].copy()
        place = (np.arange(top, bottom) + 0.5) * (height / self.size.height) - 0.5
        first = np.floor(place).astype(np.intp)
        out = np.zeros((bottom - top, *self._wide.shape[1:]), np.float32)
        for step, weight in _taps(place - first, self._linear):
            row = np.clip(first + step, 0, height - 1)
            out += self._wide[row] * weight.astype(np.float32).reshape(-1, *(1,) * (self._wide.ndim - 1))
        return out


def strips(size: Extent) -> Iterator[tuple[int, int]]:
    """Row ranges of about STRIP_PIXELS pixels."""
    rows = max(1, STRIP_PIXELS // max(1, size.width))
    for top in range(0, size.height, rows):
        yield top, min(size.height, top + rows)


def missing_grain(full: Plane, small: Plane, known: Mask) -> float:
    """How much noise (standard deviation, 0–1) an enlargement of `small` (h, w, 3) lacks against `full` (H, W, 3),
    judged at the pixels `known` (H, W)."""
    size = Extent(full.shape[1], full.shape[0])
    if size.width / small.shape[1] < _ONE_TO_ONE or known.sum() < _LEAST_SAMPLES:
        return 0.0
    have, want = [], []
    grown = Enlarged(small.mean(axis=2), size)
    for top, bottom in strips(size):
        chosen = known[top:bottom]
        want.append(roughness(full[top:bottom].mean(axis=2))[chosen])
        have.append(roughness(grown.rows(top, bottom))[chosen])
    # the median: grain lies everywhere, structure here and there
    wanted, there = (_MEDIAN_TO_SIGMA * float(np.median(np.concatenate(each))) for each in (want, have))
    return float(min(LIMIT, max(0.0, wanted**2 - there**2) ** 0.5))


def add_grain(values: Plane, strength: float, top: int, left: int) -> None:
    """Put grain on a strip (n, W, 3) whose first pixel is the document's (`top`, `left`), in place. The same place
    gets the same grain, however the picture is cut."""
    if strength <= 0:
        return
    rows, columns = np.mgrid[top : top + values.shape[0], left : left + values.shape[1]]
    values += (np.float32(strength) * grain(rows, columns, 0))[..., None]


def _taps(fraction: NDArray[np.float64], linear: bool) -> list[tuple[int, NDArray[np.float64]]]:
    """Offsets and weights of the interpolation kernel at `fraction` (0–1) behind a sample."""
    t = fraction
    if linear:
        return [(0, 1 - t), (1, t)]
    a = -0.75

    def near(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return [(-1, far(1 + t)), (0, near(t)), (1, near(1 - t)), (2, far(2 - t))]
