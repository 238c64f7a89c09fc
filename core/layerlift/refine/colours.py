"""The engine's colours, corrected by what the document shows.

Law: works over the grid. An engine's colours drift by a few levels (a lossy VAE); where a layer is seen alone the
document knows better, and the difference is spread to where it is hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np

from layerlift.imaging.layer import Plane
from layerlift.refine.fill import alike, enlarge, pushed_and_pulled, weighed
from layerlift.refine.moments import in_parallel
from layerlift.refine.rough import RoughLayer

_ALONE = (0.9, 0.98)
"""From this visibility on a layer's colour is the document's, at the latter entirely. Any sooner, thin strokes that
the engine made faint would colour the ground below them."""


def visibility(layers: Sequence[RoughLayer]) -> list[Plane]:
    """w_i = α_i Π_{j>i}(1 − α_j) of each layer over its own box; the bottom layer is opaque."""
    through = np.ones(layers[0].alpha.shape, np.float32)
    shares: list[Plane] = []
    for place, layer in reversed(list(enumerate(layers))):
        here = through[layer.box.slices]
        alpha = layer.alpha if place else np.float32(1)
        shares.append(here * alpha)
        here *= 1 - alpha
    return shares[::-1]


def corrected(mean: Plane, layers: Sequence[RoughLayer], shares: Sequence[Plane]) -> list[Plane]:
    """(h, w, 3) colours of each layer over its box: the engine's, plus the diffused difference between the document's
    cell means `mean` and the rough composite, and the document's own where the layer is seen alone."""
    residual = mean.copy()
    for layer, share in zip(layers, shares, strict=True):
        residual[layer.box.slices] -= alike(share, 3) * layer.colour

    def one(place: int) -> Plane:
        part = layers[place].box.slices
        return _corrected(layers[place], shares[place], residual[part], mean[part])

    return in_parallel(one, range(len(layers)))


def _corrected(layer: RoughLayer, share: Plane, residual: Plane, mean: Plane) -> Plane:
    height, width = share.shape
    weight = share * share * share
    weight += np.float32(1e-9)
    half = (-(-width // 2), -(-height // 2))
    packed = cast(Plane, cv2.resize(weighed(residual, weight), half, interpolation=cv2.INTER_AREA))
    spread = pushed_and_pulled(packed, 2.0, 0.05)
    quarter = cv2.resize(weight, (-(-width // 4), -(-height // 4)), interpolation=cv2.INTER_AREA)
    near = enlarge(cast(Plane, cv2.GaussianBlur(quarter, (0, 0), 2)), width, height)
    near *= 50
    np.clip(near, 0, 1, out=near)
    out = enlarge(cast(Plane, cv2.cvtColor(spread, cv2.COLOR_RGBA2RGB)), width, height)
    out *= alike(near, 3)
    out += layer.colour
    alone = share - np.float32(_ALONE[0])
    alone /= np.float32(_ALONE[1] - _ALONE[0])
    away = mean - out
    away *= alike(np.clip(alone, 0, 1, out=alone), 3)
    out += away
    np.clip(out, 0, 1, out=out)
    return out
