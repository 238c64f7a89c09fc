"""Which layer does a pixel belong to, and by how much.

Law: points in, alphas out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Plane
from layerlift.imaging.resample import sample
from layerlift.refine.models import LayerModel


@dataclass(frozen=True, eq=False)
class Points:
    """Some document pixels: `colour` (3, n) 0–1, `x`, `y` (n,) where they lie among the cells, `base` (n,) the topmost
    solid layer there and `mixed` (n,) the bits of the fractional ones above it (see `cells`)."""

    colour: Plane
    x: Plane
    y: Plane
    base: NDArray[np.uint8]
    mixed: NDArray[np.uint64]

    @property
    def count(self) -> int:
        """How many."""
        return int(self.x.size)


def unmix(points: Points, models: Sequence[LayerModel]) -> list[tuple[int, NDArray[np.intp], Plane]]:
    """(layer, which points, alpha 0–1) of every fractional layer, bottom → top."""
    found = []
    for place in range(1, len(models)):
        at = np.flatnonzero(points.mixed & np.uint64(1 << place))
        if at.size:
            found.append((place, at, expected(models[place], points.x[at], points.y[at])))
    return found


def expected(model: LayerModel, x: Plane, y: Plane) -> Plane:
    """The model's own alpha at the points, sharpened where it has an edge: all one can say of what is hidden."""
    alpha = sample(model.alpha, x - model.box.x, y - model.box.y)
    edge = sample(model.edge, x - model.box.x, y - model.box.y)
    sharp = np.clip(2 * alpha - np.float32(0.5), 0, 1)
    out: Plane = alpha + edge * (sharp - alpha)
    return out
