"""What each layer is like, cell by cell: how much of it to expect, and which colours it has, with their covariance.

Law: works over the grid only, on each layer's own box; never sees full-resolution pixels. Class-conditional colour
models are what blur and misregistration of the engine's alphas cannot attenuate, unlike the covariance of colour and
alpha that guided filters learn. Source of the idea: Chuang et al., "A Bayesian Approach to Digital Matting", CVPR
2001, §3 (Gaussian F and B per pixel, weighted by α² and nearness).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Layer, Plane
from layerlift.refine.clean import box, ceiling, edge
from layerlift.refine.colours import visibility
from layerlift.refine.fill import planar, push_pull, pushed_and_pulled, row_bands, weighed
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
    has edges, and the largest alpha to expect; `spread`: two planes (h/4, w/4, 3), the colour covariance; `alpha` (h,
    w): lead's alpha again. Only for painting: `fill` (3, h, w), its colours where one does not see it (None: the mean);
    `grain` (h/4, w/4), standard deviation of the noise that belongs on them.
    """

    source: Layer
    box: Bounds
    alpha: Plane
    lead: Plane
    nature: Plane
    spread: tuple[Plane, Plane]
    fill: Plane | None = None
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
        mean = pushed_and_pulled(weighed(colour, weight), SMOOTH, ENOUGH)
        pure = np.clip((share - np.float32(0.7)) * np.float32(4), 0, 1) ** 2
        centre = planar(mean)[:3]
        trust = pure + np.float32(1e-6) * share + np.float32(1e-9)
        texture, here = seen.inner[:, rows, columns], seen.planes[:, rows, columns]

        def away(some: slice) -> Plane:
            out = outer(here[:, some] - centre[:, some])
            if inner:
                out += texture[:, some]
            out *= trust[some]
            return out

        support = cast(Plane, cv2.GaussianBlur(quarter(pure), (0, 0), REACH)) / np.float32(0.05)
        spread = covariance(away, trust, support, INFLATION)
        expected = np.ones_like(share) if place == 0 else box(layer.alpha, 1)
        highest = None if place == 0 else ceiling(layer.alpha)
        return assemble(layer, expected, layer.alpha, highest, mean, spread)

    return in_parallel(one, range(len(layers)))


def covariance(
    weighted: Callable[[slice], Plane], weight: Plane, support: Plane, inflation: float
) -> tuple[Plane, Plane]:
    """Push-pull of weighted products to two (h/4, w/4, 3) planes, floored and inflated. `weighted`: the (6, rows, w)
    products of some rows."""
    height, width = weight.shape
    rows = [slice(0, height)] if height % 4 else row_bands(height, width)
    small = [
        np.concatenate(bands) for bands in zip(*([quarter(p) for p in weighted(some)] for some in rows), strict=True)
    ]
    small.append(quarter(weight))
    halves = [
        np.ascontiguousarray(pushed_and_pulled(cast(Plane, cv2.merge([*three, small[6]])), REACH, ENOUGH)[..., :3])
        for three in (small[:3], small[3:6])
    ]
    more = np.float32(FLOOR) + np.float32(inflation) * (1 - np.clip(support, 0, 1))
    for k in DIAGONAL:
        halves[k // 3][..., k % 3] += more
    return halves[0], halves[1]


def assemble(
    layer: RoughLayer, expected: Plane, edges: Plane, highest: Plane | None, mean: Plane, spread: tuple[Plane, Plane]
) -> LayerModel:
    """A model of its parts; `mean` (h, w, 4) is written into: its last channel means nothing. `edges`: the alpha whose
    edges count; `highest`: the largest alpha to expect, None for the bottom layer."""
    shape = expected.shape
    two = (np.zeros(shape, np.float32), np.ones(shape, np.float32)) if highest is None else (edge(edges), highest)
    expected = np.ascontiguousarray(expected)
    cv2.insertChannel(expected, mean, 3)
    return LayerModel(layer.source, layer.box, expected, mean, cast(Plane, cv2.merge(two)), spread)


def hidden_colours(mean: Plane, colour: Plane, alpha: Plane) -> Plane:
    """(3, h, w) colours of a layer where one does not see it: the engine's where its alpha is high, else the mean."""
    fill, own = planar(mean)[:3], planar(colour)
    own -= fill
    own *= np.clip((alpha - np.float32(0.5)) * np.float32(2.5), 0, 1)
    fill += own
    return fill
