"""What a host shows of a pixel's slots, bit for bit as `imaging.arithmetic` computes it.

Law: every operation here is one rounding, in the order of the NumPy side, so the two agree to the last bit on any
device that keeps IEEE 754 (CUDA does: PyTorch builds without fast mathematics, and one operation is one kernel, so
nothing is contracted). Divisions are by tensors: by a number, PyTorch may multiply with its reciprocal instead.
Photoshop's 15 bits are counted in int32, which holds them. The lowest slot is solid.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layerlift.imaging.arithmetic import Arithmetic
from layerlift.refine.torches.device import Tensor, torch

_HALF, _ONE = 1 << 14, 1 << 15
_SQUARED = {scale: float(np.float32(scale) * np.float32(scale) * np.float32(1 / scale)) for scale in (255, 65535)}
"""What float32 makes of a solid alpha over nothing."""


def shown(colour: Tensor, alpha: Tensor, host: Arithmetic, scale: int) -> Tensor:
    """(3, n) whole numbers that `host` shows of `colour` (slots, 3, n) and `alpha` (slots, n), whole numbers."""
    if host == "photoshop":
        return _photoshop(colour, alpha, scale)
    if host == "float":
        return _premultiplied(colour, alpha, scale)
    if host == "gimp" and _SQUARED[scale] != scale:
        return _straight(colour, alpha, scale)
    state = colour[0]
    for top, share in zip(colour[1:], alpha[1:], strict=True):
        state = (top - state) * (share * (1 / scale)) + state
        if host == "krita":
            state = torch.round(state)
    return torch.round(state).clamp(0, scale)


def _premultiplied(colour: Tensor, alpha: Tensor, scale: int) -> Tensor:
    state, total = colour[0], alpha[0]
    for top, share in zip(colour[1:], alpha[1:], strict=True):
        part = share * (1 / scale)
        state = state * (1 - part) + top * part
        total = total * (1 - part) + share
    return torch.round(state * scale / total).clamp(0, scale)


def _straight(colour: Tensor, alpha: Tensor, scale: int) -> Tensor:
    """As `imaging.arithmetic` has it where float32 makes more than 255 of the first layer: 255² · (1/255)."""
    total = torch.full_like(alpha[0], _SQUARED[scale])
    state = colour[0] * (alpha[0] / total)
    for top, share in zip(colour[1:], alpha[1:], strict=True):
        total = total + (scale - total) * share * (1 / scale)
        state = (top - state) * (share / total) + state
    return torch.round(state).clamp(0, scale)


def _photoshop(colour: Tensor, alpha: Tensor, scale: int) -> Tensor:
    state: Tensor | None = None
    for top, share in zip(_fifteen(colour, scale), _fifteen(alpha, scale), strict=True):
        if state is None:
            state = top
            continue
        state = state + (((top - state) * share + _HALF) >> 15)  # over what is solid the ratio is the share itself
    return _from_fifteen(state, scale).to(torch.float32).clamp(0, scale)


def _fifteen(levels: Tensor, scale: int) -> Tensor:
    """Whole numbers 0…scale as 0…32768, rounded to nearest; no ties, for scale is odd."""
    return torch.div(levels.to(torch.int32) * _ONE + scale // 2, scale, rounding_mode="floor")


def _from_fifteen(state: Tensor, scale: int) -> Tensor:
    """0…32768 as whole numbers 0…scale, rounded half to even (scale being odd, the only tie is 16384, and goes up)."""
    return (state * scale + _HALF) >> 15


def visible(alpha: Tensor, scale: int) -> Tensor:
    """w_i = α_i Π_{j>i}(1 − α_j) of every slot, (slots, n), from whole numbers 0…scale."""
    through = torch.ones_like(alpha[0])
    weights: list[Tensor] = []
    for share in alpha.flip(0):
        part = share * (1 / scale)
        weights.append(through * part)
        through = through * (1 - part)
    return torch.stack(weights[::-1])


def leaders(weights: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Per point the slot (int64) of the heaviest layer, the lowest of equals, and of the topmost one that one sees."""
    heaviest = torch.zeros_like(weights[0], dtype=torch.int64)
    topmost, best = heaviest, torch.full_like(weights[0], -1.0)
    for slot, weight in enumerate(weights):
        wins = weight > best
        heaviest = torch.where(wins, slot, heaviest)
        best = torch.where(wins, weight, best)
        topmost = torch.where(weight > 0, slot, topmost)
    return heaviest, topmost
