"""Which layers does a pixel show, and how much of each: Bayesian matting, from the top layer down.

Law: points in, alphas out; each point alone, given the models. Equations, for layer i with colours N(m, V), expected
alpha ā, edge-ness κ, and N(μ, P) for everything below it (a mixture, matched by its first two moments):

    I | α  ~  N(α m + (1 − α) μ,  α² V + (1 − α)² P + ε)                Chuang et al., CVPR 2001, eq. (4)–(7)
    hypotheses: α = ceiling ("all of it"), 0 ("none of it"), the least-squares mix, ā (an even veil)
    priors:     ā κ (1 − e),  (1 − ā) κ (1 − e),  4 e κ ā (1 − ā),  1 − κ
    α = Σ_h p(h | I) α_h,    E[below | I, α] = μ + (1 − α) P S⁻¹ (I − α m − (1 − α) μ),   S the covariance above

The posterior mean of what lies below is the colour that the next layer down is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Plane
from layerlift.imaging.resample import Positions
from layerlift.refine.cells import CLEAR, SOLID
from layerlift.refine.models import LayerModel
from layerlift.refine.symmetric import add_to_diagonal, determinant, dot, factor, outer, quadratic, solve, times

MIXED = 0.5
"""e: how many pixels near an edge are mixtures rather than wholly one side."""
NOISE = 2e-5
"""ε: variance of the document's own noise and rounding; grows with 1/T² for layers seen through others."""
UNSEEN = 0.03
"""T below which nothing can be said about a layer: its expected alpha stands, sharpened at edges."""
PULL = 4.0
"""Weight (inverse variance) of ā in the least-squares mix."""
TINY = 1e-9
FARTHEST = 8.0
"""Colours beyond this are rounding's: covariances learnt from next to nothing are not quite positive definite."""
Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Points:
    """Some document pixels: `colour` (3, n) 0–1, `x`, `y` (n,) where they lie among the cells, `base` (n,) the topmost
    solid layer there and `mixed` (n,) the bits of the fractional ones above it (see `cells`)."""

    colour: Plane
    x: Plane
    y: Plane
    base: NDArray[np.uint8]
    mixed: NDArray[np.uint64]

    @property
    def count(self) -> int:
        """How many."""
        return int(self.x.size)


@dataclass(frozen=True, eq=False)
class Share:
    """A layer at the points `at` (k,), ascending: its `alpha` (k,) 0–1 and the variance of its colours, `spread`."""

    layer: int
    at: NDArray[np.intp]
    alpha: Plane
    spread: Plane


@dataclass(frozen=True, eq=False)
class Belief:
    """What a model says at k points, and what is believed of all that lies below the layer: means (3, k), covariances
    (6, k); `alpha`, `edge`, `ceiling` (k,)."""

    mean: Plane
    spread: Plane
    alpha: Plane
    edge: Plane
    ceiling: Plane
    below: Plane
    below_spread: Plane

    def some(self, which: NDArray[np.intp]) -> Belief:
        """The same at some of the points."""
        return Belief(
            *(_some(plane, which) for plane in (self.mean, self.spread, self.alpha, self.edge)),
            *(_some(plane, which) for plane in (self.ceiling, self.below, self.below_spread)),
        )


@dataclass(frozen=True, eq=False)
class Finding:
    """What was found of a fractional layer at its points: how much of it is `seen`, the `colour` (3, k) it was asked
    about, the `alpha` it got, and the belief that this rests upon."""

    share: Share
    seen: Plane
    colour: Plane
    belief: Belief


Decide: TypeAlias = "Callable[[int, NDArray[np.intp], Belief, Plane, Plane], Plane]"
"""Says the alpha (k,) of a layer at the points `at` (k,), given what is believed, the colour (3, k) that the layer is
asked about, and how much of it is seen (k,)."""


def alone(layer: int, at: NDArray[np.intp], belief: Belief, colour: Plane, seen: Plane) -> Plane:
    """Each point's alpha by itself: the posterior mean, or what is expected where nothing can be seen."""
    return np.where(seen > UNSEEN, _alpha(belief, colour, seen), sharpened(belief.alpha, belief.edge))


def unmix(
    points: Points,
    models: Sequence[LayerModel],
    decide: Decide = alone,
    tell: Callable[[Finding], None] | None = None,
) -> list[Share]:
    """Every layer that shows at some of the points, bottom → top; exactly one of alpha 1 per point (its base).

    `decide`: who says a layer's alpha, from the top layer down; `tell` hears of every fractional layer then. Fastest
    where all points have the same base and the same layers above it: nothing is gathered then.
    """
    shares, beliefs = _ascend(points, models)
    through = np.ones(points.count, np.float32)
    colour = points.colour
    solved: list[Share] = []
    for share, belief in zip(reversed(shares), reversed(beliefs), strict=True):
        if belief is None:
            solved.append(share)
            continue
        at = share.at
        seen, here = _some(through, at), _some(colour, at)
        alpha = decide(share.layer, at, belief, here, seen)
        left = _some(points.mixed, at) & np.uint64((1 << share.layer) - 1) != 0
        if left.any():
            more = np.flatnonzero(left & (seen > UNSEEN) & (alpha > CLEAR) & (alpha < SOLID))
            if more.size:
                colour = colour.copy() if colour is points.colour else colour
                colour[:, at[more]] = _below(belief.some(more), _some(here, more), alpha[more])
            through[at] = seen * (1 - alpha)
        solved.append(Share(share.layer, at, alpha, share.spread))
        if tell is not None:
            tell(Finding(solved[-1], seen, here, belief))
    return solved[::-1]


def given(points: Points, models: Sequence[LayerModel]) -> list[Share]:
    """The same shares as the models have them, without asking the pixels."""
    return _ascend(points, models)[0]


def expected(model: LayerModel, x: Plane, y: Plane) -> Plane:
    """The model's own alpha at the points, sharpened where it has an edge: all one can say of what is hidden."""
    return expected_at(model, Positions.at(x - model.box.x, y - model.box.y))


def expected_at(model: LayerModel, at: Positions) -> Plane:
    """The same, at positions among the model's own cells."""
    return sharpened(at.read(model.alpha), at.read(model.nature)[0])


def sharpened(alpha: Plane, edge: Plane) -> Plane:
    """A blurred alpha with twice the slope, where it has an edge."""
    out: Plane = alpha + edge * (np.clip(2 * alpha - np.float32(0.5), 0, 1) - alpha)
    return out


def _some(plane: NDArray[Number], at: NDArray[np.intp]) -> NDArray[Number]:
    """The columns `at` (ascending, each once); the very array where those are all."""
    return plane if at.size == plane.shape[-1] else np.take(plane, at, axis=-1)


def _ascend(points: Points, models: Sequence[LayerModel]) -> tuple[list[Share], list[Belief | None]]:
    """Read the models and believe, layer by layer, what lies below each fractional one."""
    mean, spread = np.zeros((3, points.count), np.float32), np.zeros((6, points.count), np.float32)
    shares: list[Share] = []
    beliefs: list[Belief | None] = []
    bases, bits = np.bincount(points.base), int(np.bitwise_or.reduce(points.mixed))
    common, everywhere = int(np.bitwise_and.reduce(points.mixed)), np.arange(points.count)
    for place, model in enumerate(models):
        if place < bases.size and bases[place]:
            base = everywhere if bases[place] == points.count else np.flatnonzero(points.base == place)
            lead, own = _read(model, _some(points.x, base), _some(points.y, base))[:2]
            if base.size == points.count:
                mean, spread = lead[:3], own
            else:
                mean[:, base], spread[:, base] = lead[:3], own
            shares.append(Share(place, base, np.ones(base.size, np.float32), _variance(own)))
            beliefs.append(None)
        if not bits >> place & 1:
            continue
        at = everywhere if common >> place & 1 else np.flatnonzero(points.mixed & np.uint64(1 << place))
        lead, own, where = _read(model, _some(points.x, at), _some(points.y, at))
        nature = where.read(model.nature)
        belief = Belief(lead[:3], own, lead[3], nature[0], nature[1], _some(mean, at), _some(spread, at))
        if bits >> place + 1:
            more = np.flatnonzero(_some(points.mixed, at) >> np.uint64(place + 1))  # only where another layer asks
            if more.size == points.count:
                mean, spread = _mixture(belief)
            elif more.size:
                mean, spread = mean.copy(), spread.copy()
                mean[:, at[more]], spread[:, at[more]] = _mixture(belief.some(more))
        shares.append(Share(place, at, belief.alpha, _variance(own)))
        beliefs.append(belief)
    return shares, beliefs


def _read(model: LayerModel, x: Plane, y: Plane) -> tuple[Plane, Plane, Positions]:
    """`lead` (4, k) and covariance (6, k) of the model at the points, and where they lie among its own cells."""
    x, y = x - model.box.x, y - model.box.y
    height, width = model.spread[0].shape[:2]
    u = (x + np.float32(0.5)) * np.float32(width / model.box.width) - np.float32(0.5)
    v = (y + np.float32(0.5)) * np.float32(height / model.box.height) - np.float32(0.5)
    own, coarse = Positions.at(x, y), Positions.at(u, v)
    return own.read(model.lead), np.concatenate([coarse.read(half) for half in model.spread]), own


def _variance(spread: Plane) -> Plane:
    """Mean variance of a channel."""
    out: Plane = (spread[0] + spread[3] + spread[5]) * np.float32(1 / 3) + np.float32(1e-4)
    return out


def _mixture(belief: Belief) -> tuple[Plane, Plane]:
    """Mean and covariance of the layer over what lies below it, alpha being uncertain at edges."""
    alpha = belief.alpha
    doubt = alpha * (1 - alpha) * belief.edge
    apart = belief.mean - belief.below
    spread = (doubt + alpha**2) * belief.spread + (doubt + (1 - alpha) ** 2) * belief.below_spread
    return belief.below + alpha * apart, spread + doubt * outer(apart)


def _factors(belief: Belief, alpha: Plane | np.float32, noise: Plane | float) -> Plane:
    """L D Lᵀ (see `symmetric`) of α² V + (1 − α)² P + ε."""
    out = alpha * alpha * belief.spread
    out += (1 - alpha) ** 2 * belief.below_spread
    return factor(add_to_diagonal(out, noise))


def _alpha(belief: Belief, colour: Plane, through: Plane) -> Plane:
    """Posterior mean of α at points where `through` of the layer is seen."""
    weight, top, mix, _ = weighed(belief, colour, through)
    prior = belief.alpha
    out: Plane = (weight[0] * top + weight[2] * prior + weight[3] * mix) / weight.sum(0)
    return cast(Plane, np.where(prior < np.float32(SOLID), out, prior))


def weighed(belief: Belief, colour: Plane, through: Plane) -> tuple[Plane, Plane, Plane, Plane]:
    """Weights (4, k) of the hypotheses "all of it", "none of it", ā and the least-squares mix; the first and last of
    these, and the curvature of the last."""
    noise = np.float32(NOISE) * (1 + 1 / np.maximum(through, np.float32(UNSEEN)) ** 2)
    apart, away = belief.mean - belief.below, colour - belief.below
    prior, top = belief.alpha, np.maximum(belief.ceiling, belief.alpha)
    mix, curvature, last = _least_squares(belief, apart, away, noise, top)
    scores = np.empty((4, top.size), np.float32)
    scores[0] = _surprise(_factors(belief, top, noise), away - top * apart)
    scores[1] = _surprise(factor(add_to_diagonal(belief.below_spread.copy(), noise)), away)
    scores[2] = _surprise(_factors(belief, prior, noise), away - prior * apart)
    scores[3] = _surprise(last, away - mix * apart) - np.log(np.minimum(np.float32(6.2832) / curvature, 1))
    scores *= -np.float32(0.5)
    scores -= scores.max(0)
    edge, e = belief.edge, np.float32(MIXED)
    weight = np.exp(scores, out=scores)
    for k, chance in enumerate(
        (prior * edge * (1 - e), (1 - prior) * edge * (1 - e), 1 - edge, 4 * e * edge * prior * (1 - prior))
    ):
        weight[k] *= chance + np.float32(TINY)
    return weight, top, mix, curvature


def _least_squares(belief: Belief, apart: Plane, away: Plane, noise: Plane, top: Plane) -> tuple[Plane, Plane, Plane]:
    """The α that explains the colour best, pulled to ā; its curvature; the factors used for it."""
    rough, _ = _mix(belief, _factors(belief, np.float32(0.5), noise), apart, away, top)
    last = _factors(belief, rough, noise)
    return *_mix(belief, last, apart, away, top), last


def _mix(belief: Belief, factors: Plane, apart: Plane, away: Plane, top: Plane) -> tuple[Plane, Plane]:
    pulled = solve(factors, apart)
    curvature = np.maximum(dot(apart, pulled), 0) + np.float32(PULL)
    alpha = (dot(pulled, away) + np.float32(PULL) * belief.alpha) / curvature
    return np.clip(alpha, 0, top, out=alpha), curvature


def _surprise(factors: Plane, rest: Plane) -> Plane:
    """Mahalanobis distance plus log determinant."""
    out: Plane = quadratic(factors, rest) + np.log(determinant(factors))
    return out


def _below(belief: Belief, colour: Plane, alpha: Plane) -> Plane:
    """Posterior mean of the colour below the layer."""
    factors = _factors(belief, alpha, NOISE)
    rest = colour - belief.below - alpha * (belief.mean - belief.below)
    out: Plane = belief.below + (1 - alpha) * times(belief.below_spread, solve(factors, rest))
    return np.clip(out, -FARTHEST, FARTHEST, out=out)
