"""Alphas of unsure pixels and their neighbours', found together.

Law: planes and hypotheses in, alphas out; knows one layer and no document. In the band α minimises

    αᵀLα / f²  +  Σ (α − m)² / (v + e²)

L the matting Laplacian, m and v mean and variance of each pixel's posterior: closed-form matting with what every pixel
found alone as its prior (Levin, Lischinski, Weiss, PAMI 2008, §4; Wang & Cohen, "Optimized Color Sampling for Robust
Matting", CVPR 2007, §4). A posterior has two humps where the choice is open, and its variance says little about them:
so what the neighbours forecast for a pixel without its own say is multiplied into its hypotheses, and their new mean
and variance are the data of a second solution (a step of expectation propagation: Minka, UAI 2001).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from layerlift.imaging.layer import Mask, Plane
from layerlift.refine.laplacian import Laplacian, solve
from layerlift.refine.spans import Index
from layerlift.refine.unmix import Posterior

FIT = 2e-3
"""f²: variance of alpha about a linear function of colour in 3 × 3 pixels."""
MODEL = 2e-3
"""e²: variance of the posterior's mean that it knows nothing of, for the layers' models err too."""
FORECAST = 0.01
"""Variance of the neighbours' forecast, beside what L says: the line of colours is no law."""
_LEAST = np.float32(1e-6)


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
    laplacian = Laplacian.of(colour, inside)
    free, wanted, precision = np.zeros_like(alpha), alpha.copy(), np.zeros_like(alpha)
    free[at] = 1

    def solved(start: Plane, hypotheses: Posterior) -> Plane:
        mean, around = moments(hypotheses)
        wanted[at], precision[at] = mean, np.float32(FIT) / (around + np.float32(MODEL))
        return solve(laplacian, precision, wanted, start, free)

    first = solved(alpha, asked)
    own = np.maximum(laplacian.diagonal[at], _LEAST)
    forecast = np.clip(first[at] - laplacian.times(first)[at] / own, 0, 1)
    doubt = np.float32(FIT) / own + np.float32(FORECAST) + asked.spread
    chances = asked.chances * np.exp(-((asked.alphas - forecast) ** 2) / (2 * doubt)) / np.sqrt(doubt)
    chances /= np.maximum(chances.sum(0), np.float32(1e-30))
    second = solved(first, replace(asked, chances=chances))
    return np.clip(second[at], 0, 1)
