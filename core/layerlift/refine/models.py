"""What each layer is like, cell by cell: how much of it to expect, and which colours it has, with their covariance.

Law: works over the grid only, on each layer's own box; never sees full-resolution pixels. Class-conditional colour
models are what blur and misregistration of the engine's alphas cannot attenuate, unlike the covariance of colour and
alpha that guided filters learn. Source of the idea: Chuang et al., "A Bayesian Approach to Digital Matting", CVPR
2001, §3 (Gaussian F and B per pixel, weighted by α² and nearness).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Layer, Plane
from layerlift.refine.clean import box, ceiling, edge
from layerlift.refine.colours import visibility
from layerlift.refine.fill import push_pull
from layerlift.refine.moments import Moments, in_parallel, quarter
from layerlift.refine.rough import RoughLayer
from layerlift.refine.symmetric import DIAGONAL, outer

SMOOTH, REACH = 1.0, 2.0
"""Gaussian sigma, in cells, of a layer's mean colour; and in quarter cells, of its covariance."""
ENOUGH = 0.02
"""Support at which a scale of push-pull is trusted."""
FLOOR, INFLATION = 5e-5, 1e-3
"""Variance that every layer has; more where none of it is seen alone, for there its mean is a guess."""


@dataclass(frozen=True, eq=False)
class LayerModel:
    """One layer over the cells of `box` (h, w), all float32 0–1.

    `lead` (h, w, 4): mean colour and expected alpha; `nature` (h, w, 2): 0 where alpha is an even veil … 1 where it
    has edges, and the largest alpha to expect; `spread`: two planes (h/4, w/4, 3), the colour covariance; `fill` (3, h,
    w): its colours where one does not see it; `grain` (h/4, w/4): standard deviation of the noise that belongs on
    them; `alpha` (h, w): lead's alpha again.
    """

    source: Layer
    box: Bounds
    alpha: Plane
    lead: Plane
    nature: Plane
    spread: tuple[Plane, Plane]
    fill: Plane
    grain: Plane | None = None


def as_given(layers: Sequence[RoughLayer]) -> list[LayerModel]:
    """The layers themselves, for an engine whose alphas and colours are right already; one variance per layer.

    Only the bottom layer's colours are continued to where the engine left it transparent.
    """
    models = []
    for place, (layer, share) in enumerate(zip(layers, visibility(layers), strict=True)):
        colour = layer.colour
        if place == 0 and float(layer.alpha.min()) < 1:
            around = push_pull(colour * layer.alpha[..., None], layer.alpha, SMOOTH, ENOUGH)
            colour = around + (colour - around) * np.clip(layer.alpha * 50, 0, 1)[..., None]
        total = max(float(share.sum()), 1e-6)
        mean = (colour * share[..., None]).sum((0, 1)) / total
        variance = float((((colour - mean) ** 2).mean(-1) * share).sum()) / total + FLOOR
        alpha = np.ones_like(layer.alpha) if place == 0 else layer.alpha
        lead = np.ascontiguousarray(np.concatenate([colour, alpha[..., None]], -1))
        flat = np.zeros((2, 1, 1, 3), np.float32)
        flat[0, ..., 0] = flat[1, ..., 0] = flat[1, ..., 2] = variance
        nature = np.zeros((*alpha.shape, 2), np.float32)
        fill = np.ascontiguousarray(colour.transpose(2, 0, 1))
        models.append(LayerModel(layer.source, layer.box, alpha, lead, nature, (flat[0], flat[1]), fill))
    return models


def first(seen: Moments, layers: Sequence[RoughLayer], colours: Sequence[Plane], *, inner: bool) -> list[LayerModel]:
    """The models that the rough stack, its corrected `colours` and the document's cells give; `inner`: with the
    texture inside the cells."""
    shares = visibility(layers)

    def one(place: int) -> LayerModel:
        layer, share, colour = layers[place], shares[place], colours[place]
        rows, columns = layer.box.slices
        weight = share * share + np.float32(1e-5) * (share > 0) + np.float32(1e-9)
        mean = push_pull(colour * weight[..., None], weight, SMOOTH, ENOUGH)
        pure = np.clip((share - np.float32(0.7)) * np.float32(4), 0, 1) ** 2
        away = outer((seen.mean[rows, columns] - mean).transpose(2, 0, 1))
        if inner:
            away += seen.inner[:, rows, columns]
        trust = pure + np.float32(1e-6) * share + np.float32(1e-9)
        support = cast(Plane, cv2.GaussianBlur(quarter(pure), (0, 0), REACH)) / np.float32(0.05)
        spread = covariance(away * trust, trust, support, INFLATION)
        expected = np.ones_like(share) if place == 0 else box(layer.alpha, 1)
        return assemble(layer, expected, layer.alpha, mean, spread, colour, bottom=place == 0)

    return in_parallel(one, range(len(layers)))


def covariance(weighted: Plane, weight: Plane, support: Plane, inflation: float) -> tuple[Plane, Plane]:
    """Push-pull of (6, h, w) weighted products to two (h/4, w/4, 3) planes, floored and inflated."""
    small = quarter(weight)
    spread = np.stack([quarter(np.ascontiguousarray(plane)) for plane in weighted], -1)
    halves = [push_pull(np.ascontiguousarray(spread[..., k : k + 3]), small, REACH, ENOUGH) for k in (0, 3)]
    more = np.float32(FLOOR) + np.float32(inflation) * (1 - np.clip(support, 0, 1))
    for k in DIAGONAL:
        halves[k // 3][..., k % 3] += more
    return halves[0], halves[1]


def assemble(
    layer: RoughLayer,
    expected: Plane,
    alpha: Plane,
    mean: Plane,
    spread: tuple[Plane, Plane],
    colour: Plane,
    *,
    bottom: bool,
    edges: Plane | None = None,
) -> LayerModel:
    """A model of its parts; `alpha` decides veils and `edges` (or alpha) edges; `colour` stays where nobody sees it."""
    nature = np.ones((*mean.shape[:2], 2), np.float32)
    if bottom:
        nature[..., 0] = 0
    else:
        nature[..., 0], nature[..., 1] = edge(alpha if edges is None else edges), ceiling(alpha)
    sure = np.clip((alpha - np.float32(0.5)) * np.float32(2.5), 0, 1)[..., None]
    fill = np.ascontiguousarray((mean + (colour - mean) * sure).transpose(2, 0, 1))
    lead = np.ascontiguousarray(np.concatenate([mean, expected[..., None]], -1))
    return LayerModel(layer.source, layer.box, np.ascontiguousarray(expected), lead, nature, spread, fill)
