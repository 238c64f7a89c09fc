"""Alphas of unsure pixels and their neighbours', found together.

Law: planes and hypotheses in, alphas out; knows one layer and no document. In the band α minimises

    αᵀLα / f²  +  Σ (α − m)² / (v + e²)

L the matting Laplacian, m and v mean and variance of each pixel's posterior: closed-form matting with what every pixel
found alone as its prior (Levin, Lischinski, Weiss, PAMI 2008, §4; Wang & Cohen, "Optimized Color Sampling for Robust
Matting", CVPR 2007, §4). A posterior has two humps where the choice is open, and its variance says little about them:
so what the neighbours forecast for a pixel without its own say is multiplied into its hypotheses, and their new mean
and variance are the data of a second solution (a step of expectation propagation: Minka, UAI 2001). In it windows weigh
less the more they had left over (iteratively reweighted least squares with Cauchy's weights: Holland & Welsch, "Robust
Regression Using Iteratively Reweighted Least-Squares", 1977): where both sides have texture of like colours, an edge is
no function of colour.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from layerlift.imaging.layer import Mask, Plane
from layerlift.refine.laplacian import Laplacian, Windows, solve
from layerlift.refine.spans import Index
from layerlift.refine.unmix import Belief, weighed

FIT = 1e-2
"""f²: variance of alpha about a linear function of colour in 3 × 3 pixels. A fifth of it is better for photos and hair
by 3 %, but where two even colours lie close together and the picture has noise that is believed for alpha then."""
MODEL = 2e-3
"""e²: variance of the posterior's mean that it knows nothing of, for the layers' models err too."""
FORECAST = 0.01
"""Variance of the neighbours' forecast, beside what L says: the line of colours is no law."""
HALF = 5e-4
"""A window of which so much is left over (squared, of nine pixels) weighs half."""
_LEAST = np.float32(1e-6)


@dataclass(frozen=True, eq=False)
class Posterior:
    """The hypotheses about alpha at k points, `alphas` (4, k), how likely they are, `chances` (4, k), and how far alpha
    may be from each, `spread` (4, k), a variance."""

    alphas: Plane
    chances: Plane
    spread: Plane


def posterior(belief: Belief, colour: Plane, through: Plane) -> Posterior:
    """What each point by itself thinks that alpha is, where `through` of the layer is seen (see `unmix`)."""
    weight, top, mix, curvature = weighed(belief, colour, through)
    weight /= weight.sum(0)
    alphas = np.stack([top, np.zeros_like(top), belief.alpha, mix])
    spread = np.zeros_like(alphas)
    np.minimum(1 / curvature, np.float32(1 / 12), out=spread[3])  # at most that of "anything between 0 and 1"
    return Posterior(alphas, weight, spread)


def moments(asked: Posterior) -> tuple[Plane, Plane]:
    """Mean and variance of alpha (k,)."""
    mean: Plane = (asked.alphas * asked.chances).sum(0)
    around: Plane = (asked.chances * ((asked.alphas - mean) ** 2 + asked.spread)).sum(0)
    return mean, around


def agreed(colour: Plane, inside: Mask, alpha: Plane, at: tuple[Index, Index], asked: Posterior) -> Plane:
    """The alphas (k,) 0–1 of the pixels `at` (rows and columns), given all others'.

    `colour` (3, h, w); `inside` (h, w): which of the pixels say something about the layer; `alpha` (h, w) what is
    known, or was found by each alone; `asked`: what the k pixels believe.
    """
    if min(alpha.shape) < 3:  # no window fits
        return moments(asked)[0]
    windows = Windows.of(colour, inside)
    free, wanted, precision = np.zeros_like(alpha), alpha.copy(), np.zeros_like(alpha)
    free[at] = 1

    def solved(laplacian: Laplacian, start: Plane, hypotheses: Posterior) -> Plane:
        mean, around = moments(hypotheses)
        wanted[at], precision[at] = mean, np.float32(FIT) / (around + np.float32(MODEL))
        return solve(laplacian, precision, wanted, start, free)

    first = solved(windows.laplacian(np.ones_like(windows.whole)), alpha, asked)
    laplacian = windows.laplacian(1 / (1 + windows.left(first) * np.float32(1 / HALF)))
    own = np.maximum(laplacian.diagonal[at], _LEAST)
    forecast = np.clip(first[at] - laplacian.times(first)[at] / own, 0, 1)
    doubt = np.float32(FIT) / own + np.float32(FORECAST) + asked.spread
    chances = asked.chances * np.exp(-((asked.alphas - forecast) ** 2) / (2 * doubt)) / np.sqrt(doubt)
    chances /= np.maximum(chances.sum(0), np.float32(1e-30))
    second = solved(laplacian, first, replace(asked, chances=chances))
    return np.clip(second[at], 0, 1)
