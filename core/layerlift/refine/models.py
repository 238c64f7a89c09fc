"""What each layer is like, cell by cell: how much of it there is, and which colours it has.

Law: works over the grid only, on each layer's own box; never sees full-resolution pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Layer, Plane
from layerlift.refine.fill import push_pull
from layerlift.refine.rough import RoughLayer


@dataclass(frozen=True, eq=False)
class LayerModel:
    """One layer over the cells of `box` (h, w), all float32 0–1.

    `alpha`: how much of it to expect; `edge`: 0 where its alpha is an even veil, 1 where it has an edge; `fill`
    (3, h, w): its colours where one does not see it.
    """

    source: Layer
    box: Bounds
    alpha: Plane
    edge: Plane
    fill: Plane


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


def model(layers: Sequence[RoughLayer]) -> list[LayerModel]:
    """The model of every layer, bottom first."""
    return [
        _model(layer, share, bottom=place == 0)
        for place, (layer, share) in enumerate(zip(layers, visibility(layers), strict=True))
    ]


def _model(layer: RoughLayer, share: Plane, *, bottom: bool) -> LayerModel:
    weight = (
        share * share * np.where(layer.alpha > 0.5, np.float32(1), np.float32(1e-3)) + np.float32(1e-9) * layer.alpha
    )
    smooth = push_pull(layer.colour * weight[..., None], weight, 1.0, 0.02)
    sure = np.clip((layer.alpha - np.float32(0.5)) * np.float32(2.5), 0, 1)[..., None]
    fill = np.ascontiguousarray((smooth + (layer.colour - smooth) * sure).transpose(2, 0, 1))
    alpha = np.ones_like(layer.alpha) if bottom else layer.alpha
    return LayerModel(layer.source, layer.box, alpha, np.zeros_like(alpha), fill)
