"""Integer steps at the points that a host would still show differently: the second half of `project`.

Law: whole numbers in, whole numbers out. The points that are still off are picked out after every turn: they are few,
and what is tried on them is dear.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.arithmetic import Arithmetic, blend, finish
from layerlift.imaging.layer import Mask, Plane
from layerlift.refine.parts import Part, put_back, shares, subset, visible

_TURNS = (True, True, True, False, False, True)
"""Whose turn it is: the heaviest layer's (True) or the topmost one's, whose steps are the finest."""
_COVER_TURNS = 12
"""Steps of one level that an alpha may take: quotients of rounded alphas are off by few."""
HOSTS: tuple[Arithmetic, ...] = ("float", "krita", "gimp", "photoshop")


def cover_exactly(parts: Sequence[Part], target: Plane, cover: Plane, host: Arithmetic, scale: int) -> None:
    """Alphas of the lowest part stepped until the host's alpha is `cover`: what is above lets through less than all of
    a step, so none is left out, if what is above covers no more already; else the topmost one gives way."""
    lowest, topmost = _ends(parts, cover.size)
    for turn in range(_COVER_TURNS):
        error = cover - flattened(parts, cover.size, host, scale)[-1]
        if not error.any():
            return
        for place, part in enumerate(parts):
            mine = np.flatnonzero((lowest[part.at] == place) & (error[part.at] != 0))
            part.alpha[mine] = np.clip(part.alpha[mine] + np.sign(error[part.at[mine]]), 0, scale)
            if turn % 2:
                over = np.flatnonzero((topmost[part.at] == place) & (error[part.at] < 0) & (lowest[part.at] != place))
                part.alpha[over] = np.maximum(part.alpha[over] - 1, 0)
    off = flattened(parts, cover.size, host, scale)[-1] != cover
    heaviest, _ = leaders(parts, visible(parts, cover.size, scale), cover.size)
    _surrender(parts, heaviest, target, off, scale, cover)


def _ends(parts: Sequence[Part], count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Per point the lowest and the topmost part with any alpha."""
    lowest, topmost = np.full(count, len(parts), np.intp), np.zeros(count, np.intp)
    for place, part in enumerate(parts):
        at = part.at[part.alpha > 0]
        lowest[at] = np.minimum(lowest[at], place)
        topmost[at] = place
    return lowest, topmost


def shown(parts: Sequence[Part], count: int, host: Arithmetic, scale: int) -> Plane:
    """What `host` shows at the points, (3, n) whole numbers."""
    return flattened(parts, count, host, scale)[:-1]


def flattened(parts: Sequence[Part], count: int, host: Arithmetic, scale: int) -> Plane:
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


def settle(parts: Sequence[Part], target: Plane, host: Arithmetic, scale: int, turn: int, cover: Plane | None) -> None:
    """Integer steps at the points that are still off: on the heaviest layer, on the topmost one, then by trial.

    Calls itself with what is left, which is soon little.
    """
    error = target - shown(parts, target.shape[1], host, scale)
    wrong = np.flatnonzero(error.any(0))
    if wrong.size == 0:
        return
    few, chosen = subset(parts, wrong)
    left = None if cover is None else cover[wrong]
    goal, weights = np.take(target, wrong, axis=1), shares(few, wrong.size, scale, left)
    heaviest, topmost = leaders(few, weights, wrong.size)
    if turn < len(_TURNS):
        _step(few, weights, heaviest if _TURNS[turn] else topmost, error[:, wrong], scale)
        settle(few, goal, host, scale, turn + 1, left)
    else:
        for place in reversed(range(len(few))):
            _try_steps(few, place, goal, host, scale)
        _surrender(few, heaviest, goal, (shown(few, wrong.size, host, scale) != goal).any(0), scale, left)
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
        off = shown(parts, target.shape[1], host, scale) != target
        if not off.any():
            return
        before = part.colour
        part.colour = np.clip(before + np.float32(step) * off[:, part.at], 0, scale)
        mended = shown(parts, target.shape[1], host, scale) == target
        part.colour = np.where(off[:, part.at] & ~mended[:, part.at], before, part.colour)


def _surrender(
    parts: Sequence[Part],
    leader: NDArray[np.intp],
    target: Plane,
    off: Mask,
    scale: int,
    cover: Plane | None = None,
) -> None:
    """Where nothing helps, the heaviest layer takes the pixel alone: it has the document's colour and alpha."""
    if not off.any():
        return
    for place, part in enumerate(parts):
        here = off[part.at]
        others = leader[part.at] != place if cover is not None else leader[part.at] < place
        part.alpha = np.where(here & others, np.float32(0), part.alpha)
        mine = here & (leader[part.at] == place)
        part.alpha = np.where(mine, np.float32(scale) if cover is None else cover[part.at], part.alpha)
        part.colour = np.where(mine, target[:, part.at], part.colour)


def reconcile(parts: Sequence[Part], target: Plane, host: Arithmetic, cover: Plane | None) -> None:
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
            off |= _apart(flattened(few, deep.size, other, 255), goal, alpha)
    heaviest, _ = leaders(few, visible(few, deep.size, 255), deep.size)
    _surrender(few, heaviest, goal, off, 255, alpha)
    put_back(parts, few, chosen)


def _apart(shown: Plane, goal: Plane, cover: Plane | None) -> Mask:
    """Where straight (4, n) differ by more than a level: colours, or premultiplied ones and alpha."""
    if cover is None:
        return cast(Mask, (np.abs(shown[:-1] - goal) > 1).any(0))
    colour = np.abs(shown[:-1] * shown[-1] - goal * cover) > 255
    return cast(Mask, colour.any(0) | (np.abs(shown[-1] - cover) > 1))


def leaders(parts: Sequence[Part], weights: Sequence[Plane], count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Per point the place (in `parts`) of the heaviest part and of the topmost one that one sees."""
    heaviest, topmost = np.zeros(count, np.intp), np.zeros(count, np.intp)
    best = np.full(count, -1, np.float32)
    for place, (part, weight) in enumerate(zip(parts, weights, strict=True)):
        wins = weight > best[part.at]
        heaviest[part.at[wins]] = place
        best[part.at[wins]] = weight[wins]
        topmost[part.at[weight > 0]] = place
    return heaviest, topmost
