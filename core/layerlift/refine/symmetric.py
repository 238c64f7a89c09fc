"""3 × 3 symmetric matrices by the million, as six planes in the order rr, rg, rb, gg, gb, bb.

Law: pure arithmetic on arrays whose first axis is the six (or three) components; float32.
"""

from __future__ import annotations

import numpy as np

from layerlift.imaging.layer import Plane

DIAGONAL = (0, 3, 5)
_PAIRS = (0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)
_LEAST = np.float32(1e-6)
"""Smallest pivot: below the variance of 8-bit rounding, 1/(12·255²), in every direction."""


def outer(d: Plane, out: Plane | None = None) -> Plane:
    """d dᵀ of (3, …) vectors, written to `out` if that is given."""
    if out is None:
        out = np.empty((6, *d.shape[1:]), np.float32)
    for k, (i, j) in enumerate(_PAIRS):
        np.multiply(d[i], d[j], out=out[k])
    return out


def about(first: Plane, count: Plane, centre: Plane) -> Plane:
    """What Σ q x xᵀ has too much to be Σ q (x − c)(x − c)ᵀ, (6, …): f cᵀ + c fᵀ − (Σ q) c cᵀ, with f = Σ q x `first`,
    Σ q `count`, and c `centre`."""
    rest = first - count * centre
    out = np.empty((6, *count.shape), np.float32)
    more = np.empty_like(count)
    for k, (i, j) in enumerate(_PAIRS):
        np.multiply(rest[i], centre[j], out=out[k])
        np.multiply(first[j], centre[i], out=more)
        out[k] += more
    return out


def factor(s: Plane) -> Plane:
    """L D Lᵀ of positive definite matrices: pivots D and the three entries of L below its unit diagonal, (6, …), in
    the order d1, l21, l31, d2, l32, d3.

    Stable where the adjugate is not: the colours of a grey picture have a covariance of nearly rank one.
    """
    a, b, c, d, e, f = s
    out = np.empty_like(s)
    np.maximum(a, _LEAST, out=out[0])
    np.divide(b, out[0], out=out[1])
    np.divide(c, out[0], out=out[2])
    np.maximum(d - out[1] * b, _LEAST, out=out[3])
    cross = e - out[1] * c
    np.divide(cross, out[3], out=out[4])
    np.maximum(f - out[2] * c - out[4] * cross, _LEAST, out=out[5])
    return out


def determinant(factors: Plane) -> Plane:
    """Product of the pivots."""
    out: Plane = factors[0] * factors[3] * factors[5]
    return out


def quadratic(factors: Plane, v: Plane) -> Plane:
    """vᵀ S⁻¹ v."""
    d1, l21, l31, d2, l32, d3 = factors
    y = v[1] - l21 * v[0]
    z = v[2] - l31 * v[0] - l32 * y
    out: Plane = v[0] ** 2 / d1 + y**2 / d2 + z**2 / d3
    return out


def solve(factors: Plane, v: Plane) -> Plane:
    """S⁻¹ v, (3, …)."""
    d1, l21, l31, d2, l32, d3 = factors
    out = np.empty((3, *np.broadcast_shapes(d1.shape, v[0].shape)), np.float32)
    y = v[1] - l21 * v[0]
    np.divide(v[2] - l31 * v[0] - l32 * y, d3, out=out[2])
    np.subtract(y / d2, l32 * out[2], out=out[1])
    np.subtract(v[0] / d1, l21 * out[1] + l31 * out[2], out=out[0])
    return out


def times(s: Plane, v: Plane) -> Plane:
    """Matrix times vector, (3, …)."""
    a, b, c, d, e, f = s
    x, y, z = v
    out = np.empty((3, *np.broadcast_shapes(a.shape, x.shape)), np.float32)
    out[0] = a * x + b * y + c * z
    out[1] = b * x + d * y + e * z
    out[2] = c * x + e * y + f * z
    return out


def dot(u: Plane, v: Plane) -> Plane:
    """uᵀv of (3, …) vectors."""
    out: Plane = u[0] * v[0] + u[1] * v[1] + u[2] * v[2]
    return out


def inverse(s: Plane) -> Plane:
    """S⁻¹, six planes, by the adjugate: for matrices that are far from singular."""
    a, b, c, d, e, f = s
    out = np.empty_like(s)
    for k, (p, q, r, t) in enumerate(
        ((d, f, e, e), (c, e, b, f), (b, e, c, d), (a, f, c, c), (b, c, a, e), (a, d, b, b))
    ):
        np.subtract(p * q, r * t, out=out[k])
    out /= a * out[0] + b * out[1] + c * out[2]
    return out


def add_to_diagonal(s: Plane, value: Plane | float) -> Plane:
    """s + value · identity, in place."""
    for k in DIAGONAL:
        s[k] += value
    return s
