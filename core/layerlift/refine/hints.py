"""What pixels say of a layer's colour where it is not alone: thin strokes and veils have no pixel of their own.

Law: findings in, numbers out; each point alone, given the models. Whatever its alpha, a pixel lies on the line from
what is below the layer (μ) to the layer's colour m. With α left open, the least of rᵀ S⁻¹ r over α, where
r = I − α m − (1 − α) μ, knows everything about m across that line and nothing along it:

    Λ = α² Π,  Π = S⁻¹ − S⁻¹ d dᵀ S⁻¹ / dᵀ S⁻¹ d,  d = m − μ,  and the pull  Λ δ = α Π r

Lines from different grounds meet in the colour (triangulation: Smith & Blinn, "Blue Screen Matting", SIGGRAPH 1996;
here one step of Gauss and Newton). The engine's colour is the prior: along the lines it stands.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Plane
from layerlift.refine.cells import SOLID
from layerlift.refine.symmetric import add_to_diagonal, dot, inverse, outer, times
from layerlift.refine.unmix import Belief, Finding

SEEN, LEAST, EDGED = 0.9, 0.1, 0.3
"""A pixel hints if so much of the layer is seen, so dense, with so much of an edge; evener ones are veils."""
NOISE = 1e-4
"""Variance of a pixel, besides those of the colours."""
ALIKE = 100.0
"""So many cells say no more than one would alone: what is wrong below one stroke is wrong all around it. Lines that
differ but little, by chance, must not be made to meet."""
DRIFT = 0.04
"""Standard deviation of the error that all colours of a layer of an engine share."""
BESIDE = 4
"""Cells of a row whose hints are kept as one."""


def hint(found: Finding, chosen: NDArray[np.intp]) -> Plane:
    """Precision (6) and pull (3) of the points that hint, of `chosen` ones of the finding; zero for others, (9, k)."""
    out = np.zeros((9, chosen.size), np.float32)
    alpha = found.share.alpha[chosen]
    use = np.flatnonzero((found.seen[chosen] > SEEN) & (alpha > LEAST) & (found.belief.edge[chosen] > EDGED))
    if use.size:
        at, alpha = chosen[use], alpha[use]
        belief = found.belief.some(at)
        inverted, rest = _left(belief, alpha, found.colour[:, at])
        pulled = times(inverted, belief.mean - belief.below)
        along = np.maximum(dot(pulled, belief.mean - belief.below), np.float32(1e-6))
        inverted -= outer(pulled) / along
        out[6:, use] = times(inverted, rest) * alpha
        out[:6, use] = inverted * (alpha * alpha)
    return out


def unveiled(found: Finding, own: NDArray[np.intp], colour: Plane) -> Plane:
    """`colour` (3, k) of points that the layer has nearly to itself, without what an even veil lets through there:
    the posterior mean of the layer's colour, m + α V S⁻¹ r."""
    alpha = found.share.alpha[own]
    veil = np.flatnonzero((alpha < SOLID) & (found.belief.edge[own] < EDGED))
    if veil.size:
        belief, alpha = found.belief.some(own[veil]), alpha[veil]
        inverted, rest = _left(belief, alpha, found.colour[:, own[veil]])
        colour[:, veil] = np.clip(belief.mean + alpha * times(belief.spread, times(inverted, rest)), 0, 1)
    return colour


def _left(belief: Belief, alpha: Plane, colour: Plane) -> tuple[Plane, Plane]:
    """S⁻¹ and r."""
    spread = alpha * alpha * belief.spread + (1 - alpha) ** 2 * belief.below_spread
    rest = colour - belief.below - alpha * (belief.mean - belief.below)
    return inverse(add_to_diagonal(spread, np.float32(NOISE))), rest


def heeded(colour: Plane, mean: Plane, alpha: Plane, hints: Plane) -> tuple[Plane, float]:
    """An engine's colours (h, w, 3), all moved alike: posterior mean of their common error, given hints about the
    colours `mean` (h, w, 3), and how much of the layer each cell holds. And what is left of the error's variance, 0–1.
    """
    if not hints.any():
        return colour, 1.0
    weight = _beside(alpha[..., None]) + np.float32(1e-6)
    off = (_beside((mean - colour) * alpha[..., None]) / weight).transpose(2, 0, 1)
    pull = (hints[6:] + times(hints[:6], off)).sum((1, 2), dtype=np.float64) / ALIKE
    a, b, c, d, e, f = hints[:6].sum((1, 2), dtype=np.float64) / ALIKE
    precision = np.array([[a, b, c], [b, d, e], [c, e, f]]) + np.eye(3) / DRIFT**2
    left = np.linalg.inv(precision)
    moved: Plane = np.clip(colour + (left @ pull).astype(np.float32), 0, 1)
    return moved, float(np.trace(left)) / (3 * DRIFT**2)


def _beside(plane: Plane) -> Plane:
    """(h, w, c) → (h, ⌈w / BESIDE⌉, c), sums."""
    out: Plane = np.add.reduceat(plane, np.arange(0, plane.shape[1], BESIDE), axis=1)
    return out


def beside(columns: int) -> int:
    """How many columns of hints so many columns of cells have."""
    return -(-columns // BESIDE)
