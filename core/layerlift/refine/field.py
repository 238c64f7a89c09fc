"""Smooth fields over blocks and numbers for whole layers, from linear equations that every block contributes: a
Gaussian posterior mean.

Law: pure arithmetic; knows neither alphas nor colours, only columns, residuals and priors of unit scale. Source:
Hestenes & Stiefel, "Methods of Conjugate Gradients for Solving Linear Systems", 1952, with the blocks' own inverses as
preconditioner (Saad, "Iterative Methods for Sparse Linear Systems", 2003, §9.2 and §10.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Plane

STIFF, REST = 1.0, 0.1
"""Weight of differences between neighbouring blocks, and of the fields themselves: on average engines are right."""
FIELDS, NUMBERS = 4, 4
"""Unknowns of a layer in every block, and over the whole picture: one that all channels share, then one per channel."""
COLUMNS = 4
"""Columns of a layer in one channel: the shared field, the channel's own; the shared number, the channel's own."""
_STEPS, _ENOUGH = 120, 1e-3
"""Conjugate gradients end after so many steps, or when the residual is so much smaller."""


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
        self.who = np.where(np.take_along_axis(flat, best, 0) > least, best, self.count).T

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


def solve(samples: Samples, noise: Plane, held: Unknowns) -> Unknowns:
    """Posterior mean of what is to be added to `held`, which the samples' residuals already contain; the prior is
    about the sum: fields with differences of unit variance between blocks, numbers of unit variance. `noise` (b,) is
    the variance of one sample of every block."""
    system = _System(samples, noise)
    goal = system.goal
    goal.add(system.prior(held), -1)
    goal.fields[-1], goal.numbers[-1] = 0, 0
    return _conjugate(system.times, system.eased, goal)


def left_over(samples: Samples, x: Unknowns) -> Plane:
    """Residuals (b, 3, s) that `x` does not explain."""
    places = _Places(samples.who, x)
    told = places.fields_of(x), places.numbers_of(x)
    out: Plane = samples.rest.copy()
    for c in range(3):
        out[:, c] -= _explained(samples.columns[:, c], told, c)
    return out


class _Places:
    """Where the unknowns of every block's layers lie: `fields` and `numbers` (b, 4, m), indices into those of
    `Unknowns`, flattened."""

    def __init__(self, who: NDArray[np.intp], like: Unknowns):
        _, each, blocks = like.fields.shape
        kinds = np.arange(each)[:, None]
        self.fields = (who[:, None] * each + kinds) * blocks + np.arange(blocks)[:, None, None]
        self.numbers = who[:, None] * NUMBERS + kinds

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
    each = np.stack([fields[:, 0], fields[:, 1 + channel], numbers[:, 0], numbers[:, 1 + channel]], 1)
    blocks, count = columns.shape[:2]
    out: Plane = (columns.reshape(blocks, count, -1) @ each.reshape(blocks, -1, 1))[..., 0]
    return out


class _System:
    """The normal equations: every block's own, those of the numbers, and what couples them."""

    def __init__(self, samples: Samples, noise: Plane):
        self._who, self._blocks = samples.who, samples.blocks
        blocks, deep = samples.who.shape
        self._size = blocks, deep, samples.count
        self._asks = (samples.who.reshape(-1, 1) == np.arange(samples.count + 1)).astype(np.float32)
        within = np.zeros((blocks, FIELDS, deep, FIELDS, deep), np.float32)
        across = np.zeros((blocks, FIELDS, deep, NUMBERS, deep), np.float32)
        whole = np.zeros((blocks, NUMBERS, deep, NUMBERS, deep), np.float32)
        right, sums = np.zeros((blocks, FIELDS, deep), np.float32), np.zeros((blocks, NUMBERS, deep), np.float32)
        strength = (samples.weight / noise[:, None])[..., None]
        for c in range(3):
            wide = samples.columns[:, c].reshape(blocks, -1, COLUMNS * deep)
            turned = (wide * strength).transpose(0, 2, 1)
            products = (turned @ wide).reshape(blocks, COLUMNS, deep, COLUMNS, deep)
            told = (turned @ samples.rest[:, c, :, None]).reshape(blocks, COLUMNS, deep)
            fields, numbers = ((0, 0), (1, 1 + c)), ((2, 0), (3, 1 + c))
            for k, i in fields:
                right[:, i] += told[:, k]
                for j, o in fields:
                    within[:, i, :, o] += products[:, k, :, j]
                for j, o in numbers:
                    across[:, i, :, o] += products[:, k, :, j]
            for k, i in numbers:
                sums[:, i] += told[:, k]
                for j, o in numbers:
                    whole[:, i, :, o] += products[:, k, :, j]
        self._within = within.reshape(blocks, FIELDS * deep, FIELDS * deep)
        self._across = across.reshape(blocks, FIELDS * deep, NUMBERS * deep)
        self._inverse = np.linalg.inv(
            self._within + np.float32(REST + 4 * STIFF) * np.eye(FIELDS * deep, dtype=np.float32)
        )
        self.goal = Unknowns.none(samples.count, blocks)
        self._places = _Places(samples.who, self.goal)
        self._scatter(right.reshape(blocks, -1), sums.reshape(blocks, -1), self.goal)
        self._numbers = self._dense(whole)
        self._numbers_inverse = np.linalg.inv(self._numbers + np.eye(len(self._numbers)))

    def _dense(self, whole: Plane) -> NDArray[np.float64]:
        """The numbers' own matrix over all layers, (count + 1) · NUMBERS each way."""
        each = self._size[2] + 1
        pairs = (self._who[:, :, None] * each + self._who[:, None]).ravel()
        out = np.empty((NUMBERS, NUMBERS, each * each))
        for k in range(NUMBERS):
            for j in range(NUMBERS):
                out[k, j] = np.bincount(pairs, whole[:, k, :, j].ravel(), each * each)
        square = out.reshape(NUMBERS, NUMBERS, each, each).transpose(2, 0, 3, 1)
        return np.ascontiguousarray(square).reshape(each * NUMBERS, each * NUMBERS)

    def _scatter(self, fields: Plane, numbers: Plane, out: Unknowns) -> None:
        """Write every block's fields, and add its numbers, to the layers that it asks about."""
        blocks, deep, _ = self._size
        out.fields.reshape(-1)[self._places.fields.reshape(-1)] = fields.reshape(-1)
        out.numbers = self._asks.T @ numbers.reshape(blocks, NUMBERS, deep).transpose(0, 2, 1).reshape(-1, NUMBERS)
        out.fields[-1], out.numbers[-1] = 0, 0

    def prior(self, x: Unknowns) -> Unknowns:
        """The prior's precision times x."""
        return Unknowns(
            np.float32(REST) * x.fields + np.float32(STIFF) * _differences(x.fields, self._blocks), x.numbers
        )

    def times(self, x: Unknowns) -> Unknowns:
        """The posterior's precision times x."""
        blocks = self._size[0]
        fields = self._places.fields_of(x).reshape(blocks, -1, 1)
        numbers = self._places.numbers_of(x).reshape(blocks, -1, 1)
        out = Unknowns.none(self._size[2], blocks)
        own = self._within @ fields + self._across @ numbers
        self._scatter(own[..., 0], (self._across.transpose(0, 2, 1) @ fields)[..., 0], out)
        out.numbers += (self._numbers @ x.numbers.ravel()).reshape(x.numbers.shape).astype(np.float32)
        out.add(self.prior(x), 1)
        return out

    def eased(self, x: Unknowns) -> Unknowns:
        """The preconditioner: blocks and numbers each for themselves."""
        out = Unknowns(x.fields * np.float32(1 / (REST + 4 * STIFF)), np.zeros_like(x.numbers))
        fields = self._inverse @ self._places.fields_of(x).reshape(self._size[0], -1, 1)
        out.fields.reshape(-1)[self._places.fields.reshape(-1)] = fields.reshape(-1)
        out.numbers = (self._numbers_inverse @ x.numbers.ravel()).reshape(x.numbers.shape).astype(np.float32)
        out.fields[-1], out.numbers[-1] = 0, 0
        return out


def _differences(x: Plane, blocks: tuple[int, int]) -> Plane:
    """The graph Laplacian of the blocks' four-neighbourhood."""
    grid = x.reshape(*x.shape[:2], *blocks)
    out = np.zeros_like(grid)
    down, right = grid[..., 1:, :] - grid[..., :-1, :], grid[..., 1:] - grid[..., :-1]
    out[..., 1:, :] += down
    out[..., :-1, :] -= down
    out[..., 1:] += right
    out[..., :-1] -= right
    return out.reshape(x.shape)


def _conjugate(
    times: Callable[[Unknowns], Unknowns], eased: Callable[[Unknowns], Unknowns], goal: Unknowns
) -> Unknowns:
    """Preconditioned conjugate gradients from zero."""
    x = Unknowns(np.zeros_like(goal.fields), np.zeros_like(goal.numbers))
    rest = goal
    way = eased(rest)
    gain = first = rest.dot(way)
    for _ in range(_STEPS):
        if gain <= first * _ENOUGH**2 or gain <= 0:
            break
        moved = times(way)
        step = gain / way.dot(moved)
        x.add(way, step)
        rest.add(moved, -step)
        eased_rest = eased(rest)
        before, gain = gain, rest.dot(eased_rest)
        way.fields *= np.float32(gain / before)
        way.numbers *= np.float32(gain / before)
        way.add(eased_rest, 1)
    return x
