"""Integer steps at the pixels that a host would still show differently: the second half of `refine.project`.

Law: whole numbers in, whole numbers out. The pixels that are still off are picked out after every turn: they are few,
and what is tried on them is dear.
"""

from __future__ import annotations

from dataclasses import dataclass

from layerlift.imaging.arithmetic import Arithmetic
from layerlift.refine.project import HOSTS
from layerlift.refine.torches.arithmetic import leaders, shown, visible
from layerlift.refine.torches.device import Tensor, pick, torch, where_true

_TURNS = (True, True, True, False, False, True)
"""Whose turn it is: the heaviest layer's (True) or the topmost one's, whose steps are the finest."""


@dataclass(eq=False)
class Parts:
    """The slots of some pixels, the solid one first: `alpha` (slots, n) whole numbers 0…scale, `colour` (slots, 3, n)
    0…scale, `spread` (slots, n) the layer's colour variance there (who varies takes the residual)."""

    alpha: Tensor
    colour: Tensor
    spread: Tensor

    def some(self, at: Tensor) -> Parts:
        """Copies of some pixels."""
        return Parts(pick(self.alpha, at), pick(self.colour, at), pick(self.spread, at))

    def put_back(self, few: Parts, at: Tensor) -> None:
        """Write what was done to some pixels (each named once) back to where they came from."""
        self.alpha.index_copy_(1, at, few.alpha)
        self.colour.index_copy_(2, at, few.colour)


def settle(parts: Parts, target: Tensor, host: Arithmetic, scale: int, turn: int = 0) -> None:
    """Integer steps on the heaviest layer, on the topmost one, then by trial, in place.

    Calls itself with what is left, which is soon little.
    """
    error = target - shown(parts.colour, parts.alpha, host, scale)
    wrong = where_true((error != 0).any(0))
    if wrong.numel() == 0:
        return
    few, goal, rest = parts.some(wrong), pick(target, wrong), pick(error, wrong)
    weights = visible(few.alpha, scale)
    heaviest, topmost = leaders(weights)
    if turn < len(_TURNS):
        _step(few, weights, heaviest if _TURNS[turn] else topmost, rest, scale)
        settle(few, goal, host, scale, turn + 1)
    else:
        for slot in reversed(range(len(few.alpha))):
            _try_steps(few, slot, goal, host, scale)
        _surrender(few, heaviest, goal, (shown(few.colour, few.alpha, host, scale) != goal).any(0), scale)
    parts.put_back(few, wrong)


def reconcile(parts: Parts, target: Tensor, host: Arithmetic) -> None:
    """Roundings of several translucent layers add up differently in other hosts: simplify where one is off by two."""
    if len(parts.alpha) < 3:
        return
    deep = where_true(((parts.alpha > 0) & (parts.alpha < 255)).sum(0) > 1)
    if deep.numel() == 0:
        return
    few, goal = parts.some(deep), pick(target, deep)
    off = torch.zeros_like(goal[0], dtype=torch.bool)
    for other in HOSTS:
        if other != host:
            off |= ((shown(few.colour, few.alpha, other, 255) - goal).abs() > 1).any(0)
    heaviest, _ = leaders(visible(few.alpha, 255))
    _surrender(few, heaviest, goal, off, 255)
    parts.put_back(few, deep)


def _step(parts: Parts, weights: Tensor, leader: Tensor, error: Tensor, scale: int) -> None:
    """Let one layer per pixel make up for the error, by at least one level."""
    for slot, weight in enumerate(weights):
        step = torch.round(error / weight.clamp_min(1e-6))
        step = torch.where(step == 0, torch.sign(error), step) * (leader == slot)
        parts.colour[slot] = (parts.colour[slot] + step).clamp(0, scale)


def _try_steps(parts: Parts, slot: int, target: Tensor, host: Arithmetic, scale: int) -> None:
    for step in (1, -1, 2, -2, 4, -4):
        off = shown(parts.colour, parts.alpha, host, scale) != target
        before = parts.colour[slot].clone()
        parts.colour[slot] = (before + step * off).clamp(0, scale)
        mended = shown(parts.colour, parts.alpha, host, scale) == target
        parts.colour[slot] = torch.where(off & ~mended, before, parts.colour[slot])


def _surrender(parts: Parts, leader: Tensor, target: Tensor, off: Tensor, scale: int) -> None:
    """Where nothing helps, the heaviest layer takes the pixel alone: it is the document's, and solid."""
    for slot in range(len(parts.alpha)):
        mine = off & (leader == slot)
        alpha = torch.where(off & (leader < slot), 0.0, parts.alpha[slot])
        parts.alpha[slot] = torch.where(mine, float(scale), alpha)
        parts.colour[slot] = torch.where(mine, target, parts.colour[slot])
