"""Smooth fields over blocks, from linear equations that every block contributes: a Gaussian posterior mean.

Law: pure arithmetic; knows neither alphas nor colours, only columns and residuals. Source: Hestenes & Stiefel, "Methods
of Conjugate Gradients for Solving Linear Systems", 1952, with the blocks' own inverses as preconditioner (Saad,
"Iterative Methods for Sparse Linear Systems", 2003, §9.2 and §10.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Plane

DENSITY, TINT = 0.2, 0.005
"""Standard deviation of a field (density; tint) when STIFF and REST are one."""
STIFF, REST = 1.0, 0.1
"""Weight of differences between neighbouring blocks, and of the fields themselves: on average engines are right."""
_STEPS, _ENOUGH = 40, 1e-3
"""Conjugate gradients end after so many steps, or when the residual is so much smaller."""


@dataclass(eq=False)
class Samples:
    """Equations of b blocks of s samples about the m layers one sees most in each.

    `who` (b, m): which layers, `count` where there are fewer; `columns` (b, s, 4, m): what a unit of tint changes, and
    a unit of density in red, green and blue; `rest` (b, s, 3) residuals; `weight` (b, s) 0–1.
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
        """Room for the equations of `count` layers, at most `deep` of them in one block."""
        b, s = blocks[0] * blocks[1], side * side
        who = np.full((b, deep), count, np.intp)
        planes = (np.zeros(shape, np.float32) for shape in ((b, s, 4, deep), (b, s, 3), (b, s)))
        return cls(blocks, side, count, who, *planes)

    def observe(self, rest: Plane, weight: Plane) -> None:
        """Take residuals (h, w, 3) and weights (h, w)."""
        self.rest = self._cut(rest)
        self.weight = self._cut(weight[..., None])[..., 0]

    def choose(self, shares: Plane, least: float) -> None:
        """Ask about the layers of largest `shares` (count, *blocks) in every block, above `least`."""
        flat = shares.reshape(self.count, -1)
        best = np.argsort(-flat, axis=0, kind="stable")[: self.who.shape[1]]
        self.who = np.where(np.take_along_axis(flat, best, 0) > least, best, self.count).T

    def put(self, layer: int, box: Bounds, design: Plane) -> None:
        """Take the columns (h, w, 4) of a layer over a box of blocks."""
        index = np.arange(self.blocks[0] * self.blocks[1]).reshape(self.blocks)[box.slices].ravel()
        asked = self.who[index] == layer
        here = np.flatnonzero(asked.any(1))
        if here.size:
            self.columns[index[here], :, :, asked[here].argmax(1)] = self._cut(design)[here]

    def _cut(self, plane: Plane) -> Plane:
        """(h, w, c) → (blocks, samples, c)."""
        height, width, channels = plane.shape
        tiles = plane.reshape(height // self.side, self.side, width // self.side, self.side, channels)
        return np.ascontiguousarray(tiles.transpose(0, 2, 1, 3, 4)).reshape(-1, self.side**2, channels)


def solve(samples: Samples, noise: Plane) -> Plane:
    """Posterior mean of the fields (count, 4, *blocks): density, then tint of red, green, blue. `noise` (b,) is the
    variance of one sample of every block."""
    left, right = _normal(samples, noise)
    who, deep, count = samples.who, samples.who.shape[1], samples.count
    prior = np.array([DENSITY, TINT, TINT, TINT], np.float32)[:, None] ** -2
    held = prior * np.float32(REST + 4 * STIFF)
    pivots = np.repeat(held[:, 0], deep) * np.eye(4 * deep, dtype=np.float32)
    inverse = np.linalg.inv(left + pivots)
    own = np.arange(len(left))[:, None]

    def asked(matrices: Plane, x: Plane, out: Plane) -> None:
        """Every block's matrix times its unknowns, into `out` (count + 1, 4, b); the last layer is nobody."""
        told = matrices @ x[who, :, own].transpose(0, 2, 1).reshape(len(left), -1, 1)
        out[who, :, own] = told.reshape(len(left), 4, deep).transpose(0, 2, 1)
        out[count] = 0

    def times(x: Plane) -> Plane:
        out = np.zeros_like(x)
        asked(left, x, out)
        out += prior * (np.float32(REST) * x + np.float32(STIFF) * _differences(x, samples.blocks))
        return out

    def eased(x: Plane) -> Plane:
        out: Plane = x / held
        asked(inverse, x, out)
        return out

    goal = np.zeros((count + 1, 4, len(left)), np.float32)
    goal[who, :, own] = right.reshape(len(left), 4, deep).transpose(0, 2, 1)
    goal[count] = 0
    return _conjugate(times, eased, goal)[:count].reshape(count, 4, *samples.blocks)


def left_over(samples: Samples, fields: Plane) -> Plane:
    """Mean square (b,) of the residuals that the fields do not explain, over a block's weight."""
    flat = np.concatenate([fields.reshape(samples.count, 4, -1), np.zeros((1, 4, samples.who.shape[0]), np.float32)])
    x = flat[samples.who, :, np.arange(len(samples.who))[:, None]]
    rest = samples.rest - np.einsum("bscm,bm->bsc", samples.columns[:, :, 1:], x[..., 0])
    rest -= np.einsum("bsm,bmc->bsc", samples.columns[:, :, 0], x[..., 1:])
    squares = ((rest * rest).mean(-1) * samples.weight).sum(-1)
    out: Plane = squares / np.maximum(samples.weight.sum(-1), np.float32(1e-3))
    return out


def _normal(samples: Samples, noise: Plane) -> tuple[Plane, Plane]:
    """Normal equations: `left` (b, 4m, 4m) and `right` (b, 4m), density of all m layers first, then tints."""
    blocks, count, _, deep = samples.columns.shape
    wide = samples.columns.reshape(blocks, count, 4 * deep)
    weighted = wide * (samples.weight / noise[:, None])[..., None]
    products = (weighted.transpose(0, 2, 1) @ wide).reshape(blocks, 4, deep, 4, deep)
    sums = (weighted.transpose(0, 2, 1) @ samples.rest).reshape(blocks, 4, deep, 3)
    left = np.zeros((blocks, 4, deep, 4, deep), np.float32)
    right = np.empty((blocks, 4, deep), np.float32)
    for c in (1, 2, 3):
        left[:, 0, :, 0] += products[:, c, :, c]
        left[:, 0, :, c] = products[:, c, :, 0]
        left[:, c, :, 0] = products[:, 0, :, c]
        left[:, c, :, c] = products[:, 0, :, 0]
        right[:, c] = sums[:, 0, :, c - 1]
    right[:, 0] = sums[:, 1, :, 0] + sums[:, 2, :, 1] + sums[:, 3, :, 2]
    return left.reshape(blocks, 4 * deep, 4 * deep), right.reshape(blocks, 4 * deep)


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


def _conjugate(times: Callable[[Plane], Plane], eased: Callable[[Plane], Plane], goal: Plane) -> Plane:
    """Preconditioned conjugate gradients from zero."""
    x, rest = np.zeros_like(goal), goal.copy()
    way = eased(rest)
    gain = first = float(np.vdot(rest, way))
    for _ in range(_STEPS):
        if gain <= first * _ENOUGH**2 or gain <= 0:
            break
        moved = times(way)
        step = np.float32(gain / float(np.vdot(way, moved)))
        x += step * way
        rest -= step * moved
        eased_rest = eased(rest)
        before, gain = gain, float(np.vdot(rest, eased_rest))
        way = eased_rest + np.float32(gain / before) * way
    return x
