"""Some pixels of the layers that meet there: alphas and colours, taken apart from their neighbours.

Law: storage, and what one sees of whom; decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Plane


@dataclass(eq=False)
class Part:
    """One layer at some of the points: `at` (k,) their indices, ascending; `alpha` (k,) whole numbers 0…scale;
    `colour` (3, k) 0…scale, or as many channels as the target has; `spread` (k,) the layer's colour variance there (who
    varies takes the residual)."""

    layer: int
    at: NDArray[np.intp]
    alpha: Plane
    colour: Plane
    spread: Plane

    def some(self, own: NDArray[np.intp], at: NDArray[np.intp]) -> Part:
        """The part at some of its `own` points, which are called `at` now; a copy."""
        colour = np.take(self.colour, own, axis=1)
        return Part(self.layer, at, self.alpha[own], colour, self.spread[own])

    def paint(self, own: NDArray[np.intp], colour: Plane | Sequence[Plane]) -> None:
        """New colours (3, k) at some of its own points."""
        for mine, new in zip(self.colour, colour, strict=True):
            if own.size == mine.size:
                mine[:] = new
            else:
                mine[own] = new  # three times as fast as all three at once

    def where(self, count: int) -> NDArray[np.intp] | slice:
        """Index of its points among `count`: a view, not a copy, where it has them all."""
        return slice(None) if self.at.size == count else self.at


def visible(parts: Sequence[Part], count: int, scale: int) -> list[Plane]:
    """w_i = α_i Π_{j>i}(1 − α_j) of each part at its own points."""
    through = np.ones(count, np.float32)
    weights = []
    for part in reversed(parts):
        alpha = part.alpha * np.float32(1 / scale)
        where = part.where(count)
        weights.append(through[where] * alpha)
        through[where] *= 1 - alpha
    return weights[::-1]


def shares(parts: Sequence[Part], count: int, scale: int, cover: Plane | None) -> list[Plane]:
    """What one sees of each part, as a share of all that is there."""
    weights = visible(parts, count, scale)
    if cover is None:
        return weights
    total = np.zeros(count, np.float32)
    for part, weight in zip(parts, weights, strict=True):
        total[part.at] += weight
    return [weight / total[part.at] for part, weight in zip(parts, weights, strict=True)]


def subset(parts: Sequence[Part], points: NDArray[np.intp]) -> tuple[list[Part], list[NDArray[np.intp]]]:
    """The parts at some points (ascending, at least one) only, and which of their own points those are."""
    few, chosen = [], []
    for part in parts:
        if part.at.size and part.at[-1] == part.at.size - 1 and points[-1] < part.at.size:  # it has them all
            at, own = np.arange(points.size), points
        else:
            near = np.searchsorted(points, part.at)
            own = np.flatnonzero((near < points.size) & (points[np.minimum(near, points.size - 1)] == part.at))
            at = near[own]
        chosen.append(own)
        few.append(part.some(own, at))
    return few, chosen


def put_back(parts: Sequence[Part], few: Sequence[Part], chosen: Sequence[NDArray[np.intp]]) -> None:
    """Write what was done to a subset back into the parts it was taken from."""
    for part, one, own in zip(parts, few, chosen, strict=True):
        part.alpha[own] = one.alpha
        part.paint(own, one.colour)
