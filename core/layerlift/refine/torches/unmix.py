"""Which layers does a pixel show, and how much of each: `refine.unmix`, equation by equation, in slots.

Law: pixels of one depth in, alphas out; each pixel alone. Agrees with `refine.unmix` up to the order of float32
operations; the tolerance is stated and held in tests/core/refine/torches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from layerlift.refine.cells import CLEAR, SOLID
from layerlift.refine.torches.atlas import CEILING, EDGE, Atlas
from layerlift.refine.torches.device import Tensor, torch
from layerlift.refine.torches.symmetric import factor, outer, solve, surprise, times, variance
from layerlift.refine.unmix import FARTHEST, MIXED, NOISE, PULL, TINY, UNSEEN

Belief: TypeAlias = "tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]"
"""mean (3, k), covariance (6, k), alpha, edge, ceiling (k,), and of what lies below, mean and covariance."""
BYTES = 350, 150
"""Working memory of one pixel and, on top, of each of its slots (counted from the tensors alive at the peak)."""


@dataclass(frozen=True, eq=False)
class Points:
    """Some pixels of one depth: `colour` (3, n) 0–1; int32 `row` and `column` (n,) in the atlas, and `layers`
    (slots, n), the base in slot 0."""

    colour: Tensor
    row: Tensor
    column: Tensor
    layers: Tensor


Tell: TypeAlias = "Callable[[int, Belief, Tensor, Tensor, Tensor], None]"
"""Hears of a slot: what is believed there, how much of it is seen, the colour (3, n) it is asked about, its alpha."""


def unmix(points: Points, atlas: Atlas, tell: Tell | None = None) -> tuple[Tensor, Tensor]:
    """Alpha (slots, n) of each slot, 1 in slot 0, and the variance of its layer's colours there (slots, n)."""
    beliefs, spreads = _ascend(points, atlas)
    through, colour = torch.ones_like(points.colour[0]), points.colour
    alphas: list[Tensor] = []
    for slot in range(len(beliefs), 0, -1):
        belief = beliefs[slot - 1]
        alpha = torch.where(through > UNSEEN, _alpha(belief, colour, through), sharpened(belief[2], belief[3]))
        if tell is not None:
            tell(slot, belief, through, colour, alpha)
        if slot > 1:
            asked = (through > UNSEEN) & (alpha > CLEAR) & (alpha < SOLID)
            colour = torch.where(asked, _below(belief, colour, alpha), colour)
            through = through * (1 - alpha)
        alphas.append(alpha)
    return torch.stack([torch.ones_like(through), *reversed(alphas)]), spreads


def given(points: Points, atlas: Atlas) -> tuple[Tensor, Tensor]:
    """The same as the models have it, without asking the pixels."""
    alphas, spreads = [], []
    for slot, layer in enumerate(points.layers):
        lead, spread = atlas.read(layer, points.row, points.column)
        alphas.append(lead[3] if slot else torch.ones_like(lead[3]))
        spreads.append(variance(spread))
    return torch.stack(alphas), torch.stack(spreads)


def sharpened(alpha: Tensor, edge: Tensor) -> Tensor:
    """A blurred alpha with twice the slope, where it has an edge."""
    return alpha + edge * ((2 * alpha - 0.5).clamp(0, 1) - alpha)


def _ascend(points: Points, atlas: Atlas) -> tuple[list[Belief], Tensor]:
    """Read the models and believe, slot by slot, what lies below each fractional layer."""
    lead, spread = atlas.read(points.layers[0], points.row, points.column)
    mean, spreads = lead[:3], [variance(spread)]
    beliefs: list[Belief] = []
    for layer in points.layers[1:]:
        fine, own = atlas.read(layer, points.row, points.column)
        belief: Belief = (fine[:3], own, fine[3], fine[EDGE], fine[CEILING], mean, spread)
        beliefs.append(belief)
        spreads.append(variance(own))
        if len(beliefs) + 1 < len(points.layers):  # only where another layer asks
            mean, spread = _mixture(belief)
    return beliefs, torch.stack(spreads)


def _mixture(belief: Belief) -> tuple[Tensor, Tensor]:
    """Mean and covariance of the layer over what lies below it, alpha being uncertain at edges."""
    own, spread, alpha, edge, _, below, below_spread = belief
    doubt = alpha * (1 - alpha) * edge
    apart = own - below
    both = ((doubt + alpha**2) * spread).addcmul_(doubt + (1 - alpha) ** 2, below_spread)
    return torch.addcmul(below, alpha, apart), both.addcmul_(doubt, outer(apart))


def _covariance(belief: Belief, alpha: Tensor) -> Tensor:
    """α² V + (1 − α)² P, (6, k), or (6, hypotheses, k) for `alpha` (hypotheses, k)."""
    own, below = (belief[k][:, None] if alpha.ndim > 1 else belief[k] for k in (1, 6))
    return (alpha * alpha * own).addcmul_((1 - alpha) ** 2, below)


def _alpha(belief: Belief, colour: Tensor, through: Tensor) -> Tensor:
    """Posterior mean of α, as in `refine.unmix`."""
    own, _, prior, edge, ceiling, below, _ = belief
    noise = NOISE * (1 + 1 / through.clamp_min(UNSEEN) ** 2)
    apart, away, top = own - below, colour - below, torch.maximum(ceiling, prior)
    mix = torch.full_like(top, 0.5)
    for _ in range(2):
        last = factor(_covariance(belief, mix), noise)
        pulled = solve(last, apart)
        curvature = (apart * pulled).sum(0).clamp_min(0) + PULL
        mix = torch.minimum((((pulled * away).sum(0) + PULL * prior) / curvature).clamp_min(0), top)
    fixed = torch.stack([top, torch.zeros_like(top), prior])
    wholes = -0.5 * surprise(factor(_covariance(belief, fixed), noise), away[:, None] - fixed * apart[:, None])
    mixed = -0.5 * (surprise(last, away - mix * apart) - torch.log((6.2832 / curvature).clamp_max(1)))
    scores = torch.cat([wholes, mixed[None]])
    wide = edge * (1 - MIXED)
    priors = torch.stack([prior * wide, (1 - prior) * wide, 1 - edge, 4 * MIXED * edge * prior * (1 - prior)])
    weight = torch.exp(scores - scores.amax(0)) * (priors + TINY)
    out = (weight[0] * top + weight[2] * prior + weight[3] * mix) / weight.sum(0)
    return torch.where(prior < SOLID, out, prior)


def _below(belief: Belief, colour: Tensor, alpha: Tensor) -> Tensor:
    """Posterior mean of the colour below the layer."""
    own, below, spread = belief[0], belief[5], belief[6]
    factors = factor(_covariance(belief, alpha), NOISE)
    out = below + (1 - alpha) * times(spread, solve(factors, colour - below - alpha * (own - below)))
    return out.clamp(-FARTHEST, FARTHEST)
