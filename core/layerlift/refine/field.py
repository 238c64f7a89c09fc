"""Smooth fields over blocks and numbers for whole layers, and the linear equations that every block contributes.

Law: pure arithmetic; knows neither alphas nor colours, only columns and residuals. `normal` solves the equations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Plane

FIELDS, NUMBERS = 4, 7
"""Unknowns of a layer in every block, and over the whole picture: one that all channels share, then one per channel,
of the latter a second one per channel."""
COLUMNS = 5
"""Columns of a layer in one channel: the shared field, the channel's own; the shared number, the channel's own two."""


@dataclass(eq=False)
class Samples:
    """Equations of b blocks of s samples about the m layers one sees most in each.

    `who` (b, m): which layers, `count` where there are fewer; `columns` (b, 3, s, COLUMNS, m): what a unit of each
    unknown changes in red, green and blue; `rest` (b, 3, s) residuals; `weight` (b, s) 0–1.
    """

    blocks: tuple[int, int]
    side: int
    count: int
    who: NDArray[np.intp]
    columns: Plane
    rest: Plane
    weight: Plane

    @classmethod
    def empty(cls, blocks: tuple[int, int], side: int, deep: int, count: int) -> Samples:
        """Room for the equations of `count` layers, at most `deep` of them in one block of `side`² samples."""
        b, s = blocks[0] * blocks[1], side * side
        who = np.full((b, deep), count, np.intp)
        planes = (np.zeros(shape, np.float32) for shape in ((b, 3, s, COLUMNS, deep), (b, 3, s), (b, s)))
        return cls(blocks, side, count, who, *planes)

    def observe(self, rest: Plane, weight: Plane) -> None:
        """Take residuals (h, w, 3) and weights (h, w)."""
        self.rest = np.ascontiguousarray(self._cut(rest).transpose(0, 2, 1))
        self.weight = self._cut(weight[..., None])[..., 0]

    def choose(self, shares: Plane, least: float) -> None:
        """Ask about the layers of largest `shares` (count, *blocks) in every block, above `least`."""
        flat = shares.reshape(self.count, -1)
        best = np.argsort(-flat, axis=0, kind="stable")[: self.who.shape[1]]
        if len(best) == self.count:  # room for all: each in its own place, which is faster to solve
            best = np.arange(self.count)[:, None]
        self.who = np.where(np.take_along_axis(flat, best, 0) > least, best, self.count).T

    @property
    def ordered(self) -> bool:
        """Whether every layer has its own place in every block where it is asked about."""
        deep = self.who.shape[1]
        return deep == self.count and bool(((self.who == np.arange(deep)) | (self.who == self.count)).all())

    def put(self, layer: int, box: Bounds, design: Plane) -> None:
        """Take the columns (h, w, 3 · COLUMNS), channel by channel, of a layer over a box of blocks."""
        index = np.arange(self.blocks[0] * self.blocks[1]).reshape(self.blocks)[box.slices].ravel()
        asked = self.who[index] == layer
        here = np.flatnonzero(asked.any(1))
        if here.size:
            cut = self._cut(design)[here]
            cut = cut.reshape(*cut.shape[:2], 3, COLUMNS).transpose(0, 2, 1, 3)
            self.columns[index[here], :, :, :, asked[here].argmax(1)] = cut

    def _cut(self, plane: Plane) -> Plane:
        """(h, w, c) → (blocks, samples, c)."""
        height, width, channels = plane.shape
        tiles = plane.reshape(height // self.side, self.side, width // self.side, self.side, channels)
        return np.ascontiguousarray(tiles.transpose(0, 2, 1, 3, 4)).reshape(-1, self.side**2, channels)


@dataclass(eq=False)
class Unknowns:
    """`fields` (count + 1, FIELDS, b) and `numbers` (count + 1, NUMBERS); the last layer is nobody."""

    fields: Plane
    numbers: Plane

    @classmethod
    def none(cls, count: int, blocks: int) -> Unknowns:
        """All zero."""
        return cls(np.zeros((count + 1, FIELDS, blocks), np.float32), np.zeros((count + 1, NUMBERS), np.float32))

    def dot(self, other: Unknowns) -> float:
        """Inner product."""
        return float(np.vdot(self.fields, other.fields) + np.vdot(self.numbers, other.numbers))

    def add(self, other: Unknowns, factor: float) -> None:
        """Add a multiple in place."""
        self.fields += np.float32(factor) * other.fields
        self.numbers += np.float32(factor) * other.numbers


def left_over(samples: Samples, x: Unknowns) -> Plane:
    """Residuals (b, 3, s) that `x` does not explain."""
    places = Places(samples.who, len(samples.who))
    told = places.fields_of(x), places.numbers_of(x)
    out: Plane = samples.rest.copy()
    for c in range(3):
        out[:, c] -= _explained(samples.columns[:, c], told, c)
    return out


class Places:
    """Where the unknowns of every block's layers lie: `fields` (b, FIELDS, m) and `numbers` (b, NUMBERS, m), indices
    into those of `Unknowns`, flattened."""

    def __init__(self, who: NDArray[np.intp], blocks: int):
        kinds = np.arange(FIELDS)[:, None]
        self.fields = (who[:, None] * FIELDS + kinds) * blocks + np.arange(blocks)[:, None, None]
        self.numbers = who[:, None] * NUMBERS + np.arange(NUMBERS)[:, None]

    def fields_of(self, x: Unknowns) -> Plane:
        """Every block's own fields (b, FIELDS, m)."""
        out: Plane = np.take(x.fields.reshape(-1), self.fields)
        return out

    def numbers_of(self, x: Unknowns) -> Plane:
        """The numbers of every block's layers (b, NUMBERS, m)."""
        out: Plane = np.take(x.numbers.reshape(-1), self.numbers)
        return out


def _explained(columns: Plane, told: tuple[Plane, Plane], channel: int) -> Plane:
    """(b, s) what the unknowns change in one channel."""
    fields, numbers = told
    own = [numbers[:, k] for k in (0, 1 + channel, 4 + channel)]
    each = np.stack([fields[:, 0], fields[:, 1 + channel], *own], 1)
    blocks, count = columns.shape[:2]
    out: Plane = (columns.reshape(blocks, count, -1) @ each.reshape(blocks, -1, 1))[..., 0]
    return out
