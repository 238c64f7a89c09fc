"""The matting Laplacian of a small picture, and alphas found with it.

Law: planes in, planes out; knows no layer and no document. In a window of 3 × 3 pixels whose two sides each have
colours on a line, alpha is a linear function of colour: α = a·I + b (Levin, Lischinski, Weiss, "A Closed-Form Solution
to Natural Image Matting", CVPR 2006 / PAMI 2008, eq. 2–3). What is left of alpha after the best such function, summed
over all windows, is αᵀLα with (eq. 12; X: colours less the window's mean, S = Σ X Xᵀ)

    L_ij = Σ_windows  δ_ij − 1/9 − X_iᵀ S⁻¹ X_j

Only pixels at most two apart meet in a window, so L is kept as 13 planes, one for each such offset (L is symmetric):
no sparse matrix is needed, and nothing is added up in an order that is not written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from layerlift.imaging.layer import Mask, Plane
from layerlift.refine.symmetric import factor, outer
from layerlift.refine.symmetric import solve as divided

REACH = 2
"""Pixels that meet in a window are at most so far apart."""
_WINDOW = [(y, x) for y in range(3) for x in range(3)]
_OFFSETS = [(y, x) for y in range(3) for x in range(-2, 3) if (y, x) >= (0, 0)]
_ENOUGH, _TURNS = 3e-4, 200
"""Conjugate gradients end when the error (in the norm that they minimise) is this share of the first one, or after so
many steps."""


@dataclass(frozen=True, eq=False)
class Windows:
    """All windows of a picture (h, w), at least 3 × 3: `whole` (h − 2, w − 2), 1 where a window counts; of each of its
    nine pixels the colour less the window's mean, X, and S⁻¹ X, (9, 3, h − 2, w − 2)."""

    whole: Plane
    away: Plane
    solved: Plane

    @classmethod
    def of(cls, colour: Plane, inside: Mask) -> Windows:
        """Those of `colour` (3, h, w) 0–1; windows count that lie wholly `inside` (h, w).

        The pivots of S are kept above the variance of rounding (see `symmetric`), which is Levin's ε.
        """
        whole = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8))[1:-1, 1:-1].astype(np.float32)
        away = np.stack([_part(colour, at) for at in _WINDOW])
        away -= away.mean(0)
        spread = outer(away[0])
        for one in away[1:]:
            spread += outer(one)
        factors = factor(spread)
        return cls(whole, away, np.stack([divided(factors, one) for one in away]))

    def left(self, alpha: Plane) -> Plane:
        """What the best linear function of colour leaves of `alpha` (h, w) in every window, squared, of nine pixels."""
        parts = np.stack([_part(alpha, at) for at in _WINDOW])
        parts -= parts.mean(0)
        along, slope = np.zeros_like(self.away[0]), np.zeros_like(self.away[0])
        for part, away, solved in zip(parts, self.away, self.solved, strict=True):
            along += part * away
            slope += part * solved
        return cast(Plane, np.maximum((parts * parts).sum(0) - (along * slope).sum(0), np.float32(0)))

    def laplacian(self, weight: Plane) -> Laplacian:
        """L, every window as heavy as `weight` (h − 2, w − 2) says."""
        height, width = self.whole.shape
        weight = weight * self.whole
        planes = np.zeros((len(_OFFSETS), height + 2, width + 2), np.float32)
        for i, a in enumerate(_WINDOW):
            for j, b in enumerate(_WINDOW[i:], i):
                total = np.full_like(weight, (i == j) - 1 / 9)
                for one, other in zip(self.away[i], self.solved[j], strict=True):
                    total -= one * other
                total *= weight
                _part(planes[_OFFSETS.index((b[0] - a[0], b[1] - a[1]))], a)[...] += total
        return Laplacian(planes)


@dataclass(frozen=True, eq=False)
class Laplacian:
    """L of a picture (h, w): `planes` (13, h, w), L between each pixel and the one at each of `_OFFSETS` from it."""

    planes: Plane

    @property
    def diagonal(self) -> Plane:
        """L_ii (h, w)."""
        out: Plane = self.planes[0]
        return out

    def times(self, alpha: Plane) -> Plane:
        """Lα (h, w)."""
        out = self.planes[0] * alpha
        height, width = alpha.shape
        for (down, right), plane in zip(_OFFSETS[1:], self.planes[1:], strict=True):
            here = slice(0, height - down), slice(max(0, -right), width - max(0, right))
            there = slice(down, height), slice(max(0, right), width - max(0, -right))
            cv2.accumulateProduct(plane[here], alpha[there], out[here])
            cv2.accumulateProduct(plane[here], alpha[here], out[there])
        return out


def _part(planes: Plane, at: tuple[int, int]) -> Plane:
    """One pixel of every window: the planes from `at` on, two pixels lower and narrower."""
    height, width = planes.shape[-2:]
    return planes[..., at[0] : height - 2 + at[0], at[1] : width - 2 + at[1]]


def solve(laplacian: Laplacian, precision: Plane, wanted: Plane, start: Plane, free: Plane) -> Plane:
    """The α that minimises αᵀLα + Σ precision (α − wanted)² where `free` is 1; where it is 0 `start` stands.

    All (h, w); the precision is above 0 where `free` is 1. Conjugate gradients with the diagonal as preconditioner
    (Hestenes & Stiefel 1952; Saad, "Iterative Methods for Sparse Linear Systems", 2003, alg. 9.1).
    """
    diagonal = np.maximum(laplacian.diagonal, 0) + np.maximum(precision, np.float32(1e-6))
    alpha = start.copy()
    rest = (precision * (wanted - alpha) - laplacian.times(alpha)) * free
    direction = rest / diagonal
    size = first = _dot(rest, direction)
    for _ in range(_TURNS):
        if size <= _ENOUGH**2 * first:
            break
        image = (laplacian.times(direction) + precision * direction) * free
        step = np.float32(size / _dot(direction, image))
        alpha += step * direction
        rest -= step * image
        scaled = rest / diagonal
        size, before = _dot(rest, scaled), size
        direction *= np.float32(size / before)
        direction += scaled
    return alpha


def _dot(a: Plane, b: Plane) -> float:
    return float((a * b).sum(dtype=np.float64))
