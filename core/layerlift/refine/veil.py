"""How dense a veil is: the contrast that survives behind it says so, whatever the engine thought.

Law: works over the grid. An even veil of opacity α turns what lies below, B, into I = αF + (1 − α)B; over a window in
which α and F hardly change, the slope of I against B is 1 − α, and a drift of the engine's colours does not touch it
(the haze model: Narasimhan & Nayar, "Contrast Restoration of Weather Degraded Images", PAMI 2003, §3). Where there is
nothing to see behind the veil, or what the engine put there does not fit, the engine's alpha stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import cv2
import numpy as np

from layerlift.imaging.layer import Plane
from layerlift.refine.clean import box, edge, smoothstep, variance
from layerlift.refine.rough import RoughLayer

REACH = 12
"""Half a window, in cells."""
SMOOTH = 8
"""Half the window over which the correction is averaged: veils are even."""
BLUR = 1.5
"""Gaussian sigma before comparing: the engine's picture may be shifted by part of a cell."""
LEAST = 200
"""Cells of veil below which a layer has none."""
BELIEVED, DOUBTED = 0.12, 0.02
"""Standard deviation of the engine's alpha in a veil, and of what contrast can say at best."""
_UNEVEN = (0.03**2, 0.08**2)
"""Variance of alpha over half a window: a soft shadow is no even veil, its slope says nothing."""
_INDEPENDENT = 1 / 16
"""Share of a window's cells that are independent after the blur."""


def measure_veils(mean: Plane, layers: Sequence[RoughLayer]) -> list[RoughLayer]:
    """The layers, bottom first, with the alphas of their even veils corrected by the document's cell means."""
    below = layers[0].colour.copy()
    through = _through(layers)
    out = [layers[0]]
    for layer, seen in zip(layers[1:], through[1:], strict=True):
        part = layer.box.slices
        out.append(replace(layer, alpha=_corrected(layer.alpha, mean[part], below[part], seen)))
        below[part] += layer.alpha[..., None] * (layer.colour - below[part])
    return out


def _through(layers: Sequence[RoughLayer]) -> list[Plane]:
    """How much of each layer is not covered by those above it, over its box."""
    remaining = np.ones(layers[0].alpha.shape, np.float32)
    out = []
    for layer in reversed(layers):
        out.append(remaining[layer.box.slices].copy())
        remaining[layer.box.slices] *= 1 - layer.alpha
    return out[::-1]


def _corrected(alpha: Plane, shown: Plane, below: Plane, through: Plane) -> Plane:
    even = 1 - cv2.dilate(edge(alpha), np.ones((3, 3), np.uint8))
    even = cast(Plane, even * smoothstep(alpha, 0.03, 0.08) * (1 - smoothstep(alpha, 0.92, 0.97)))
    even *= 1 - smoothstep(variance(alpha, REACH // 2), *_UNEVEN)
    weight = even * smoothstep(through, 0.8, 0.98)
    if float(weight.sum()) < LEAST:
        return alpha
    support = np.maximum(box(weight, REACH), np.float32(1e-4))
    shown, below = (cast(Plane, cv2.GaussianBlur(plane, (0, 0), BLUR)) for plane in (shown, below))

    def average(plane: Plane) -> Plane:
        weighted = weight if plane.ndim == 2 else weight[..., None]
        share = support if plane.ndim == 2 else support[..., None]
        return cast(Plane, box(np.ascontiguousarray(plane * weighted), REACH) / share)

    centre, behind = average(shown), average(below)
    shared = (average(shown * below) - centre * behind).sum(-1)
    contrast = np.maximum((average(below * below) - behind**2).sum(-1), np.float32(1e-6))
    slope = shared / (contrast + np.float32(3e-5))
    unexplained = np.maximum((average(shown * shown) - centre**2).sum(-1) - slope * shared, 0) + np.float32(1e-5)
    count = support * np.float32((2 * REACH + 1) ** 2 * _INDEPENDENT)
    doubt = unexplained / (contrast * np.maximum(count, 1)) + np.float32(DOUBTED**2)
    gain = np.float32(BELIEVED**2) / (np.float32(BELIEVED**2) + doubt) * np.clip(count * np.float32(0.2), 0, 1)
    step = gain * (np.clip(1 - slope, 0, 1) - average(alpha))
    return cast(Plane, np.clip(alpha + even * box(step.astype(np.float32), SMOOTH), 0, 1).astype(np.float32))
