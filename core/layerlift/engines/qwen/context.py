"""A picture with holes in it, for a model that was only ever shown whole ones: "split further".

Law: arrays in, arrays out. A layer is laid on a plain ground that none of its colours resembles, taken apart there, and
lifted off again: what lies outside the layer's own alpha was never part of it, and a bottom layer of which one sees
nothing but ground is no layer. Nesting the parts and making them exact is the heart's business.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerlift.engines.qwen.family.canvas import opaque, over_plain
from layerlift.engines.qwen.family.ground import ground_for
from layerlift.engines.qwen.tidy import Painted, opaque_over
from layerlift.imaging.layer import Plane

OWN_GROUND = 0.05
"""Share of a translucent picture's own area that the bottom layer must show to be part of it."""


@dataclass(frozen=True, eq=False)
class Laid:
    """`image` (h, w, 4) as it came, and `shown` (h, w, 3): what the model is shown of it."""

    image: Painted
    shown: Painted
    whole: bool

    def lifted(self, layers: list[Painted]) -> list[Painted]:
        """The model's layers (bottom → top, of the image's size) without what lies outside the image's alpha, and
        without a bottom one that is the ground."""
        if self.whole:
            return layers
        bottom, *upper = (_within(layer, self.image[..., 3]) for layer in layers)
        if upper and self._seen(upper) < OWN_GROUND:
            return [opaque_over(upper[0], self.image), *upper[1:]]
        return [bottom, *upper]

    def _seen(self, upper: list[Painted]) -> float:
        """Share of the image's own area where one sees through all of `upper`."""
        through: Plane = self.image[..., 3].astype(np.float32)
        area = float(through.sum())
        for layer in upper:
            through *= 1 - layer[..., 3].astype(np.float32) * np.float32(1 / 255)
        return float(through.sum()) / area if area else 1.0


def laid(image: NDArray[np.uint8]) -> Laid:
    """`image` (h, w, 4) uint8 straight RGBA on a ground, if it needs one."""
    if opaque(image):
        return Laid(image, np.ascontiguousarray(image[..., :3]), True)
    return Laid(image, over_plain(image, ground_for(image).colour), False)


def _within(layer: Painted, alpha: NDArray[np.uint8]) -> Painted:
    out = layer.copy()
    out[alpha == 0] = 0
    return out
