"""Exactness: colours moved as little as possible until the host shows the document, to the last bit.

Law: points in, points out; alphas are given and stay (but for the last resort), only colours move. Weighted
minimum-norm projection onto Σ w_i c_i = I (the classical least-squares update c_i += w_i σ_i² r / Σ w_k² σ_k²,
w_i = α_i Π_{j>i}(1 − α_j)), clipped and redistributed, then integer steps against the host's own arithmetic.

Where the document is translucent the alphas are first stepped to its own, A, in the host's arithmetic; what one sees of
each layer is then w_i / A.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.arithmetic import Arithmetic, blend, finish
from layerlift.imaging.layer import Mask, Plane

ROUNDS = 4
"""Clip and redistribute at least so often, and once more than there are layers: every round saturates one or ends."""
_TURNS = (True, True, True, False, False, True)
"""Whose turn it is: the heaviest layer's (True) or the topmost one's, whose steps are the finest."""
_CLOSE = np.float32(0.02)
_COVER_TURNS = 12
"""Steps of one level that an alpha may take: quotients of rounded alphas are off by few."""
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


def project(parts: Sequence[Part], target: Plane, host: Arithmetic, scale: int, cover: Plane | None = None) -> None:
    """Change the parts' colours in place so that `host` shows exactly `target` (3, n), whole numbers 0…scale.

    `parts` run bottom → top; at every point one of them must be solid. 8-bit results are within one level in every
    other host's arithmetic too, if they are RGB. Other numbers than RGB's are any number of channels, (c, n).
    `cover` (n,): the document's alpha, 0 < A < scale, which their alphas must come near to (None: it is opaque).
    """
    if cover is not None:
        _cover(parts, target, cover, host, scale)
    weights = _weights(parts, target.shape[1], scale, cover)
    _minimum_norm(parts, weights, target, scale, max(ROUNDS, len(parts) + 1))
    for part in parts:
        np.rint(part.colour, out=part.colour)
    _settle(parts, target, host, scale, 0, cover)
    if scale == 255 and len(target) == 3:
        _reconcile(parts, target, host, cover)


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


def _weights(parts: Sequence[Part], count: int, scale: int, cover: Plane | None) -> list[Plane]:
    """What one sees of each part, as a share of all that is there."""
    weights = visible(parts, count, scale)
    if cover is None:
        return weights
    total = np.zeros(count, np.float32)
    for part, weight in zip(parts, weights, strict=True):
        total[part.at] += weight
    return [weight / total[part.at] for part, weight in zip(parts, weights, strict=True)]


def _cover(parts: Sequence[Part], target: Plane, cover: Plane, host: Arithmetic, scale: int) -> None:
    """Alphas of the lowest part stepped until the host's alpha is `cover`: what is above lets through less than all of
    a step, so none is left out, if what is above covers no more already; else the topmost one gives way."""
    lowest, topmost = _ends(parts, cover.size)
    for turn in range(_COVER_TURNS):
        error = cover - _flattened(parts, cover.size, host, scale)[-1]
        if not error.any():
            return
        for place, part in enumerate(parts):
            mine = np.flatnonzero((lowest[part.at] == place) & (error[part.at] != 0))
            part.alpha[mine] = np.clip(part.alpha[mine] + np.sign(error[part.at[mine]]), 0, scale)
            if turn % 2:
                over = np.flatnonzero((topmost[part.at] == place) & (error[part.at] < 0) & (lowest[part.at] != place))
                part.alpha[over] = np.maximum(part.alpha[over] - 1, 0)
    off = _flattened(parts, cover.size, host, scale)[-1] != cover
    heaviest, _ = _leaders(parts, visible(parts, cover.size, scale), cover.size)
    _surrender(parts, heaviest, target, off, scale, cover)


def _ends(parts: Sequence[Part], count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Per point the lowest and the topmost part with any alpha."""
    lowest, topmost = np.full(count, len(parts), np.intp), np.zeros(count, np.intp)
    for place, part in enumerate(parts):
        at = part.at[part.alpha > 0]
        lowest[at] = np.minimum(lowest[at], place)
        topmost[at] = place
    return lowest, topmost


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
    return _flattened(parts, count, host, scale)[:-1]


def _flattened(parts: Sequence[Part], count: int, host: Arithmetic, scale: int) -> Plane:
    """The same with the alpha that it shows, (4, n)."""
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
    return finish(host, np.zeros((channels, count), np.float32) if state is None else state, scale)


def _settle(parts: Sequence[Part], target: Plane, host: Arithmetic, scale: int, turn: int, cover: Plane | None) -> None:
    """Integer steps at the points that are still off: on the heaviest layer, on the topmost one, then by trial.

    Calls itself with what is left, which is soon little.
    """
    error = target - _shown(parts, target.shape[1], host, scale)
    wrong = np.flatnonzero(error.any(0))
    if wrong.size == 0:
        return
    few, chosen = subset(parts, wrong)
    left = None if cover is None else cover[wrong]
    goal, weights = np.take(target, wrong, axis=1), _weights(few, wrong.size, scale, left)
    heaviest, topmost = _leaders(few, weights, wrong.size)
    if turn < len(_TURNS):
        _step(few, weights, heaviest if _TURNS[turn] else topmost, error[:, wrong], scale)
        _settle(few, goal, host, scale, turn + 1, left)
    else:
        for place in reversed(range(len(few))):
            _try_steps(few, place, goal, host, scale)
        _surrender(few, heaviest, goal, (_shown(few, wrong.size, host, scale) != goal).any(0), scale, left)
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


def _surrender(
    parts: Sequence[Part],
    leader: NDArray[np.intp],
    target: Plane,
    off: Mask,
    scale: int,
    cover: Plane | None = None,
) -> None:
    """Where nothing helps, the heaviest layer takes the pixel alone: it is the document's, solid (or all that covers)."""
    if not off.any():
        return
    for place, part in enumerate(parts):
        here = off[part.at]
        others = leader[part.at] != place if cover is not None else leader[part.at] < place
        part.alpha = np.where(here & others, np.float32(0), part.alpha)
        mine = here & (leader[part.at] == place)
        part.alpha = np.where(mine, np.float32(scale) if cover is None else cover[part.at], part.alpha)
        part.colour = np.where(mine, target[:, part.at], part.colour)


def _reconcile(parts: Sequence[Part], target: Plane, host: Arithmetic, cover: Plane | None) -> None:
    """Roundings of several translucent layers add up differently in other hosts: simplify where one is off by two."""
    depth = np.zeros(target.shape[1], np.uint8)
    for part in parts:
        depth[part.at] += (part.alpha > 0) & (part.alpha < 255)
    deep = np.flatnonzero(depth > 1)
    if deep.size == 0:
        return
    few, chosen = subset(parts, deep)
    goal = np.take(target, deep, axis=1)
    alpha = None if cover is None else cover[deep]
    off = np.zeros(deep.size, np.bool_)
    for other in HOSTS:
        if other != host:
            off |= _apart(_flattened(few, deep.size, other, 255), goal, alpha)
    heaviest, _ = _leaders(few, visible(few, deep.size, 255), deep.size)
    _surrender(few, heaviest, goal, off, 255, alpha)
    put_back(parts, few, chosen)


def _apart(shown: Plane, goal: Plane, cover: Plane | None) -> Mask:
    """Where straight (4, n) differ by more than a level: colours, or premultiplied ones and alpha."""
    if cover is None:
        return cast(Mask, (np.abs(shown[:-1] - goal) > 1).any(0))
    colour = np.abs(shown[:-1] * shown[-1] - goal * cover) > 255
    return cast(Mask, colour.any(0) | (np.abs(shown[-1] - cover) > 1))


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
