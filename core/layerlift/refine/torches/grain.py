"""Grain for what nobody sees, on a device: the same noise at the same place as `refine.grain`, bit for bit.

Law: pure functions; a hash of the pixel's place. PyTorch counts in signed integers; they wrap around too.
"""

from __future__ import annotations

import numpy as np

from layerlift.refine.torches.device import Tensor, torch

_TO_UNIT = float(np.float32(np.sqrt(6) / 65536))


def grain(row: Tensor, column: Tensor, layer: int) -> Tensor:
    """Noise of unit variance and triangular distribution at document pixels (integers), as `refine.grain.grain`."""
    word = row.to(torch.int32) * _signed(0x9E3779B1) + column.to(torch.int32) * _signed(0x85EBCA77)
    word += _signed(layer * 0xC2B2AE3D)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        word ^= _shifted(word, shift)
        word *= _signed(factor)
    word ^= _shifted(word, 16)
    halves = (word & 0xFFFF).to(torch.float32) + _shifted(word, 16).to(torch.float32)
    return (halves - 65535) * _TO_UNIT


def _signed(number: int) -> int:
    """The same 32 bits as a signed number."""
    number &= 0xFFFFFFFF
    return number - (1 << 32) if number >> 31 else number


def _shifted(word: Tensor, bits: int) -> Tensor:
    """To the right, filled with zeros."""
    return (word >> bits) & ((1 << (32 - bits)) - 1)
