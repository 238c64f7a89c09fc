"""3 × 3 symmetric matrices by the million, six planes each, on a device: `refine.symmetric` in PyTorch.

Law: pure arithmetic on tensors whose first axis is the six (or three) components; float32.
"""

from __future__ import annotations

from typing import TypeAlias

from layerlift.refine.torches.device import Tensor, torch

Factors: TypeAlias = "tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]"
_LEAST = 1e-6
"""Smallest pivot, as in `refine.symmetric`."""


def outer(d: Tensor) -> Tensor:
    """d dᵀ of (3, …) vectors."""
    return torch.stack([d[i] * d[j] for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))])


def factor(s: Tensor, noise: Tensor | float) -> Factors:
    """L D Lᵀ of S + noise · identity: d1, l21, l31, d2, l32, d3."""
    a, b, c, d, e, f = s
    d1 = (a + noise).clamp_min(_LEAST)
    l21, l31 = b / d1, c / d1
    d2 = (d + noise - l21 * b).clamp_min(_LEAST)
    cross = e - l21 * c
    l32 = cross / d2
    return d1, l21, l31, d2, l32, (f + noise - l31 * c - l32 * cross).clamp_min(_LEAST)


def solve(factors: Factors, v: Tensor) -> Tensor:
    """S⁻¹ v, (3, …)."""
    d1, l21, l31, d2, l32, d3 = factors
    y = v[1] - l21 * v[0]
    third = (v[2] - l31 * v[0] - l32 * y) / d3
    second = y / d2 - l32 * third
    return torch.stack([v[0] / d1 - l21 * second - l31 * third, second, third])


def inverse(s: Tensor, noise: Tensor | float) -> Tensor:
    """(S + noise · identity)⁻¹, by the adjugate."""
    a, b, c, d, e, f = s
    a, d, f = a + noise, d + noise, f + noise
    adjugate = torch.stack([d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b])
    return adjugate / (a * adjugate[0] + b * adjugate[1] + c * adjugate[2])


def surprise(factors: Factors, v: Tensor) -> Tensor:
    """Mahalanobis distance vᵀ S⁻¹ v plus log determinant."""
    d1, l21, l31, d2, l32, d3 = factors
    y = v[1] - l21 * v[0]
    z = v[2] - l31 * v[0] - l32 * y
    return v[0] ** 2 / d1 + y**2 / d2 + z**2 / d3 + torch.log(d1 * d2 * d3)


def times(s: Tensor, v: Tensor) -> Tensor:
    """Matrix times vector, (3, …)."""
    a, b, c, d, e, f = s
    x, y, z = v
    return torch.stack([a * x + b * y + c * z, b * x + d * y + e * z, c * x + e * y + f * z])


def variance(spread: Tensor) -> Tensor:
    """Mean variance of a channel."""
    return (spread[0] + spread[3] + spread[5]) * (1 / 3) + 1e-4
