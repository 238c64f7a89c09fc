"""Exactness: colours moved as little as possible until the host shows the document, to the last bit.

Law: points in, points out; alphas are given and stay (but for the last resort), only colours move. Weighted
minimum-norm projection onto Σ w_i c_i = I (the classical least-squares update c_i += w_i σ_i² r / Σ w_k² σ_k²,
w_i = α_i Π_{j>i}(1 − α_j)), clipped and redistributed, then integer steps against the host's own arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.arithmetic import Arithmetic, blend, finish
from layerlift.imaging.layer import Mask, Plane

ROUNDS = 4
"""Clip and redistribute at least so often, and once more than there are layers: every round saturates one or ends."""
_TURNS = (True, True, True, False, False, True)
"""Whose turn it is: the heaviest layer's (True) or the topmost one's, whose steps are the finest."""
_CLOSE = np.float32(0.02)
HOSTS: tuple[Arithmetic, ...] = ("float", "krita", "gimp", "photoshop")


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


def project(parts: Sequence[Part], target: Plane, host: Arithmetic, scale: int) -> None:
    """Change the parts' colours in place so that `host` shows exactly `target` (3, n), whole numbers 0…scale.

    `parts` run bottom → top; at every point one of them must be solid. 8-bit results are within one level in every
    other host's arithmetic too, if they are RGB. Other numbers than RGB's are any number of channels, (c, n).
    """
    weights = visible(parts, target.shape[1], scale)
    _minimum_norm(parts, weights, target, scale, max(ROUNDS, len(parts) + 1))
    for part in parts:
        np.rint(part.colour, out=part.colour)
    _settle(parts, target, host, scale, 0)
    if scale == 255 and len(target) == 3:
        _reconcile(parts, target, host)


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


def _minimum_norm(parts: Sequence[Part], weights: Sequence[Plane], target: Plane, scale: int, rounds: int) -> None:
    """Calls itself with the points that are still off: each is done when it fits, whatever becomes of the others."""
    places = [(slice(None), part.where(target.shape[1])) for part in parts]
    residual, total = _residual(parts, weights, target), np.zeros_like(target)
    gains = []
    for part, weight, place in zip(parts, weights, places, strict=True):
        room = np.where(residual[place] > 0, part.colour < scale, part.colour > 0)
        gains.append(room * (weight * part.spread))
        total[place] += weight * gains[-1]
    np.divide(residual, total, out=residual, where=total > 0)
    for part, gain, place in zip(parts, gains, places, strict=True):
        gain *= residual[place]
        part.colour += gain
        np.clip(part.colour, 0, scale, out=part.colour)
    off = np.flatnonzero((np.abs(_residual(parts, weights, target)) > _CLOSE).any(0))
    if off.size and rounds > 1:
        few, chosen = subset(parts, off)
        some = [weight[own] for weight, own in zip(weights, chosen, strict=True)]
        _minimum_norm(few, some, np.take(target, off, axis=1), scale, rounds - 1)
        put_back(parts, few, chosen)


def _residual(parts: Sequence[Part], weights: Sequence[Plane], target: Plane) -> Plane:
    out = target.copy()
    for part, weight in zip(parts, weights, strict=True):
        out[:, part.where(target.shape[1])] -= weight * part.colour
    return out


def _shown(parts: Sequence[Part], count: int, host: Arithmetic, scale: int) -> Plane:
    """What `host` shows at the points, (3, n) whole numbers."""
    state: Plane | None = None
    channels = len(parts[0].colour) + 1
    for part in parts:
        top = np.concatenate([part.colour, part.alpha[None]])
        whole = part.at.size == count
        if state is None and whole and host == "krita" and (part.alpha == scale).all():
            state = top  # over nothing: Krita rounds to the very numbers
            continue
        state = np.zeros((channels, count), np.float32) if state is None else state
        if whole:
            state = blend(host, state, top, scale)
        else:
            state[:, part.at] = blend(host, state[:, part.at], top, scale)
    return finish(host, np.zeros((channels, count), np.float32) if state is None else state, scale)[:-1]


def _settle(parts: Sequence[Part], target: Plane, host: Arithmetic, scale: int, turn: int) -> None:
    """Integer steps at the points that are still off: on the heaviest layer, on the topmost one, then by trial.

    Calls itself with what is left, which is soon little.
    """
    error = target - _shown(parts, target.shape[1], host, scale)
    wrong = np.flatnonzero(error.any(0))
    if wrong.size == 0:
        return
    few, chosen = subset(parts, wrong)
    goal, weights = np.take(target, wrong, axis=1), visible(few, wrong.size, scale)
    heaviest, topmost = _leaders(few, weights, wrong.size)
    if turn < len(_TURNS):
        _step(few, weights, heaviest if _TURNS[turn] else topmost, error[:, wrong], scale)
        _settle(few, goal, host, scale, turn + 1)
    else:
        for place in reversed(range(len(few))):
            _try_steps(few, place, goal, host, scale)
        _surrender(few, heaviest, goal, (_shown(few, wrong.size, host, scale) != goal).any(0), scale)
    put_back(parts, few, chosen)


def _step(parts: Sequence[Part], weights: Sequence[Plane], leader: NDArray[np.intp], error: Plane, scale: int) -> None:
    """Let one layer per point make up for the error, by at least one level."""
    for place, (part, weight) in enumerate(zip(parts, weights, strict=True)):
        mine = np.flatnonzero(leader[part.at] == place)
        if mine.size:
            step = np.take(error, part.at[mine], axis=1) / np.maximum(weight[mine], np.float32(1e-6))
            step = np.where(np.rint(step) == 0, np.sign(step), np.rint(step))
            part.paint(mine, np.clip(np.take(part.colour, mine, axis=1) + step, 0, scale))


def _try_steps(parts: Sequence[Part], place: int, target: Plane, host: Arithmetic, scale: int) -> None:
    part = parts[place]
    for step in (1, -1, 2, -2, 4, -4):
        off = _shown(parts, target.shape[1], host, scale) != target
        if not off.any():
            return
        before = part.colour
        part.colour = np.clip(before + np.float32(step) * off[:, part.at], 0, scale)
        mended = _shown(parts, target.shape[1], host, scale) == target
        part.colour = np.where(off[:, part.at] & ~mended[:, part.at], before, part.colour)


def _surrender(parts: Sequence[Part], leader: NDArray[np.intp], target: Plane, off: Mask, scale: int) -> None:
    """Where nothing helps, the heaviest layer takes the pixel alone: it is the document's, and solid."""
    if not off.any():
        return
    for place, part in enumerate(parts):
        here = off[part.at]
        part.alpha = np.where(here & (leader[part.at] < place), np.float32(0), part.alpha)
        mine = here & (leader[part.at] == place)
        part.alpha = np.where(mine, np.float32(scale), part.alpha)
        part.colour = np.where(mine, target[:, part.at], part.colour)


def _reconcile(parts: Sequence[Part], target: Plane, host: Arithmetic) -> None:
    """Roundings of several translucent layers add up differently in other hosts: simplify where one is off by two."""
    depth = np.zeros(target.shape[1], np.uint8)
    for part in parts:
        depth[part.at] += (part.alpha > 0) & (part.alpha < 255)
    deep = np.flatnonzero(depth > 1)
    if deep.size == 0:
        return
    few, chosen = subset(parts, deep)
    goal = np.take(target, deep, axis=1)
    off = np.zeros(deep.size, np.bool_)
    for other in HOSTS:
        if other != host:
            off |= (np.abs(_shown(few, deep.size, other, 255) - goal) > 1).any(0)
    heaviest, _ = _leaders(few, visible(few, deep.size, 255), deep.size)
    _surrender(few, heaviest, goal, off, 255)
    put_back(parts, few, chosen)


def _leaders(parts: Sequence[Part], weights: Sequence[Plane], count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Per point the place (in `parts`) of the heaviest part and of the topmost one that one sees."""
    heaviest, topmost = np.zeros(count, np.intp), np.zeros(count, np.intp)
    best = np.full(count, -1, np.float32)
    for place, (part, weight) in enumerate(zip(parts, weights, strict=True)):
        wins = weight > best[part.at]
        heaviest[part.at[wins]] = place
        best[part.at[wins]] = weight[wins]
        topmost[part.at[weight > 0]] = place
    return heaviest, topmost


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
