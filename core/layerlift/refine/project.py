"""Exactness: colours moved as little as possible until the host shows the document, to the last bit.

Law: points in, points out; alphas are given and stay (but for the last resort), only colours move. Weighted
minimum-norm projection onto Σ w_i c_i = I (the classical least-squares update c_i += w_i σ_i² r / Σ w_k² σ_k²,
w_i = α_i Π_{j>i}(1 − α_j)), clipped and redistributed, then integer steps against the host's own arithmetic.

Where the document is translucent the alphas are first stepped to its own, A, in the host's arithmetic; what one sees of
each layer is then w_i / A.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layerlift.imaging.arithmetic import Arithmetic
from layerlift.imaging.layer import Plane
from layerlift.refine.parts import Part, put_back, shares, subset, visible
from layerlift.refine.settle import HOSTS, cover_exactly, reconcile, settle

__all__ = ["HOSTS", "Part", "project", "put_back", "subset", "visible"]

ROUNDS = 4
"""Clip and redistribute at least so often, and once more than there are layers: every round saturates one or ends."""
_CLOSE = np.float32(0.02)


def project(parts: Sequence[Part], target: Plane, host: Arithmetic, scale: int, cover: Plane | None = None) -> None:
    """Change the parts' colours in place so that `host` shows exactly `target` (3, n), whole numbers 0…scale.

    `parts` run bottom → top; at every point one of them must be solid. 8-bit results are within one level in every
    other host's arithmetic too, if they are RGB. Other numbers than RGB's are any number of channels, (c, n).
    `cover` (n,): the document's alpha, 0 < A < scale, which their alphas must come near to (None: it is opaque).
    """
    if cover is not None:
        cover_exactly(parts, target, cover, host, scale)
    weights = shares(parts, target.shape[1], scale, cover)
    _minimum_norm(parts, weights, target, scale, max(ROUNDS, len(parts) + 1))
    for part in parts:
        np.rint(part.colour, out=part.colour)
    settle(parts, target, host, scale, 0, cover)
    if scale == 255 and len(target) == 3:
        reconcile(parts, target, host, cover)


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
