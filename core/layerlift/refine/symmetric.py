"""3 × 3 symmetric matrices by the million, as six planes in the order rr, rg, rb, gg, gb, bb.

Law: pure arithmetic on arrays whose first axis is the six (or three) components; float32.
"""

from __future__ import annotations

import numpy as np

from layerlift.imaging.layer import Plane

DIAGONAL = (0, 3, 5)


def outer(d: Plane) -> Plane:
    """d dᵀ of (3, …) vectors."""
    out = np.empty((6, *d.shape[1:]), np.float32)
    for k, (i, j) in enumerate(((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))):
        np.multiply(d[i], d[j], out=out[k])
    return out


def inverse(s: Plane) -> tuple[Plane, Plane]:
    """Inverse by the adjugate, and the determinant."""
    a, b, c, d, e, f = s
    out = np.empty_like(s)
    out[0] = d * f - e * e
    out[1] = c * e - b * f
    out[2] = b * e - c * d
    out[3] = a * f - c * c
    out[4] = b * c - a * e
    out[5] = a * d - b * b
    determinant = np.maximum(a * out[0] + b * out[1] + c * out[2], np.float32(1e-30))
    out /= determinant
    return out, determinant


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


def add_to_diagonal(s: Plane, value: Plane | float) -> Plane:
    """s + value · identity, in place."""
    for k in DIAGONAL:
        s[k] += value
    return s
