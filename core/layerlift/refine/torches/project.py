"""Exactness on a device: colours moved as little as possible until the host shows the document. `refine.project`.

Law: slots in, slots out; alphas are given and stay (but for the last resort in `settle`), only colours move. The
equations are those of `refine.project`; integer steps against the host's own arithmetic follow in `settle`.
"""

from __future__ import annotations

from layerlift.imaging.arithmetic import Arithmetic
from layerlift.refine.torches.arithmetic import visible
from layerlift.refine.torches.device import Tensor, pick, torch, where_true
from layerlift.refine.torches.settle import Parts, reconcile, settle

_ROUNDS = 7
"""Clip and redistribute so often: every round saturates at least one layer or ends."""
_CLOSE = 0.02
"""Residuals below this (in levels) are left to the integer steps."""


def project(parts: Parts, target: Tensor, host: Arithmetic, scale: int) -> None:
    """Change the parts' colours in place so that `host` shows exactly `target` (3, n), whole numbers 0…scale.

    Slot 0 is solid. 8-bit results are within one level in every other host's arithmetic too.
    """
    weights = visible(parts.alpha, scale)
    residual = _round(parts.colour, weights, parts.spread, target, scale)
    off = where_true((residual.abs() > _CLOSE).any(0))
    if off.numel():
        few, some, goal = parts.some(off), pick(weights, off), pick(target, off)
        for _ in range(_ROUNDS):
            _round(few.colour, some, few.spread, goal, scale)
        parts.put_back(few, off)
    torch.round(parts.colour, out=parts.colour)
    settle(parts, target, host, scale)
    if scale == 255:
        reconcile(parts, target, host)


def _round(colour: Tensor, weights: Tensor, spread: Tensor, target: Tensor, scale: int) -> Tensor:
    """One round, in place. Returns what is still missing after it (3, n)."""
    residual = target - _sum(weights, colour)
    free = torch.where(residual > 0, colour < scale, colour > 0)
    gain = (weights * spread)[:, None] * free
    total = _sum(weights, gain)
    step = torch.where(total > 0, residual / torch.where(total > 0, total, 1.0), residual)
    colour += gain * step
    colour.clamp_(0, scale)
    return target - _sum(weights, colour)


def _sum(weights: Tensor, colour: Tensor) -> Tensor:
    """Σ w_i c_i, slot by slot (the order is the same on every device)."""
    out = weights[0] * colour[0]
    for weight, one in zip(weights[1:], colour[1:], strict=True):
        out = out + weight * one
    return out
