"""The equations of `field`, solved: a Gaussian posterior mean.

Law: pure arithmetic; priors of unit scale. Source: Hestenes & Stiefel, "Methods of Conjugate Gradients for Solving
Linear Systems", 1952, with the blocks' own inverses as preconditioner (Saad, "Iterative Methods for Sparse Linear
Systems", 2003, §9.2 and §10.1).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Plane
from layerlift.refine.field import COLUMNS, FIELDS, NUMBERS, Places, Samples, Unknowns

STIFF, REST = 1.0, 0.1
"""Weight of differences between neighbouring blocks, and of the fields themselves: on average engines are right."""
_STEPS, EXACT = 120, 1e-3
"""Conjugate gradients end after so many steps, or when the residual is so much smaller."""


def solve(samples: Samples, noise: Plane, held: Unknowns, enough: float = EXACT) -> Unknowns:
    """Posterior mean of what is to be added to `held`, which the samples' residuals already contain; the prior is
    about the sum: fields with differences of unit variance between blocks, numbers of unit variance. `noise` (b,) is
    the variance of one sample of every block; a share of `enough` of the residual (in the preconditioner's norm) stays.
    """
    system = (_Ordered if samples.ordered else _System)(samples, noise)
    return system.told(_conjugate(system.times, system.eased, system.goal(held), enough))


class _System:
    """The normal equations: every block's own, those of the numbers, and what couples them."""

    def __init__(self, samples: Samples, noise: Plane):
        self._who, self._blocks = samples.who, samples.blocks
        blocks, deep = samples.who.shape
        self._size = blocks, deep, samples.count
        self._places = Places(samples.who, blocks)
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
            fields, numbers = ((0, 0), (1, 1 + c)), ((2, 0), (3, 1 + c), (4, 4 + c))
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
        self._right = right, sums
        self._numbers = self._together(whole)
        self._numbers_inverse = np.linalg.inv(self._numbers + np.eye(len(self._numbers)))

    def goal(self, held: Unknowns) -> Unknowns:
        """The right-hand side, with what the prior says of `held`."""
        blocks, _, count = self._size
        out = Unknowns.none(count, blocks)
        self._scatter(*self._right, out)
        out.add(self.prior(held), -1)
        out.fields[-1], out.numbers[-1] = 0, 0
        return out

    def told(self, x: Unknowns) -> Unknowns:
        """The solution as others know it."""
        return x

    def _together(self, whole: Plane) -> NDArray[np.float64]:
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
            np.float32(REST) * x.fields + np.float32(STIFF) * _differences(x.fields, self._blocks, 2), x.numbers
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


class _Ordered(_System):
    """The same where every layer has its own place in every block: nothing is looked up. Unknowns inside are `fields`
    (b, FIELDS, count) and `numbers` (NUMBERS, count)."""

    def goal(self, held: Unknowns) -> Unknowns:
        """The right-hand side, with what the prior says of `held`."""
        right, sums = self._right
        before = Unknowns(np.ascontiguousarray(held.fields[:-1].transpose(2, 1, 0)), held.numbers[:-1].T.copy())
        out = Unknowns(right, sums.sum(0))
        out.add(self.prior(before), -1)
        return out

    def told(self, x: Unknowns) -> Unknowns:
        """The solution as others know it."""
        out = Unknowns.none(self._size[2], self._size[0])
        out.fields[:-1], out.numbers[:-1] = x.fields.transpose(2, 1, 0), x.numbers.T
        return out

    def _together(self, whole: Plane) -> NDArray[np.float64]:
        side = NUMBERS * self._size[2]
        out: NDArray[np.float64] = whole.sum(0, dtype=np.float64)
        return out.reshape(side, side)

    def prior(self, x: Unknowns) -> Unknowns:
        """The prior's precision times x."""
        rest = np.float32(REST) * x.fields
        rest += np.float32(STIFF) * _differences(x.fields, self._blocks, 0)
        return Unknowns(rest, x.numbers)

    def times(self, x: Unknowns) -> Unknowns:
        """The posterior's precision times x."""
        numbers, coupled = x.numbers.reshape(-1), self._across.reshape(-1, x.numbers.size)
        out = self.prior(x)
        out.fields += (self._within @ x.fields.reshape(len(x.fields), -1, 1)).reshape(x.fields.shape)
        out.fields += (coupled @ numbers).reshape(x.fields.shape)
        told = coupled.T @ x.fields.reshape(-1) + (self._numbers @ numbers).astype(np.float32)
        return Unknowns(out.fields, x.numbers + told.reshape(x.numbers.shape))

    def eased(self, x: Unknowns) -> Unknowns:
        """The preconditioner: blocks and numbers each for themselves."""
        fields = (self._inverse @ x.fields.reshape(len(x.fields), -1, 1)).reshape(x.fields.shape)
        numbers = (self._numbers_inverse @ x.numbers.reshape(-1)).astype(np.float32)
        return Unknowns(fields, numbers.reshape(x.numbers.shape))


def _differences(x: Plane, blocks: tuple[int, int], axis: int) -> Plane:
    """The graph Laplacian of the blocks' four-neighbourhood; the blocks are this axis of x."""
    before = (slice(None),) * axis
    grid = x.reshape(*x.shape[:axis], *blocks, *x.shape[axis + 1 :])
    out = np.zeros_like(grid)
    for along in (before, (*before, slice(None))):
        later, sooner = (*along, slice(1, None)), (*along, slice(None, -1))
        steps = grid[later] - grid[sooner]
        out[later] += steps
        out[sooner] -= steps
    return out.reshape(x.shape)


def _conjugate(
    times: Callable[[Unknowns], Unknowns], eased: Callable[[Unknowns], Unknowns], goal: Unknowns, enough: float
) -> Unknowns:
    """Preconditioned conjugate gradients from zero."""
    x = Unknowns(np.zeros_like(goal.fields), np.zeros_like(goal.numbers))
    rest = goal
    way = eased(rest)
    gain = first = rest.dot(way)
    for _ in range(_STEPS):
        if gain <= first * enough**2 or gain <= 0:
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
