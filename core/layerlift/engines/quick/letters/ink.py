"""How much ink and of what colour: from a letter mask and a background to soft alpha and straight colour.

Law: knows masks, backgrounds and colours; nothing of quads or lines. The mixing model is I = αF + (1 − α)B; with F and
B known, α is the projection of I − B on F − B (colour-line unmixing, Levin, Lischinski, Weiss 2008, §2).
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.engines.quick.letters.ground import Ground
from layerlift.engines.quick.letters.patch import grown, shrunk
from layerlift.imaging.layer import Mask, Plane

FLAT = 0.05
"""Letters whose opaque cores differ by less than this (90th percentile, largest channel) are of one colour."""
OPAQUE, GONE = 0.97, 0.04
"""Alpha above and below which a pixel is ink entirely or not at all: the rest of one 8-bit level's rounding."""


def ink(pixels: Plane, mask: Mask, ground: Ground) -> tuple[Plane, Plane]:
    """Alpha (h, w) and straight colour (h, w, 3) of the letters in `mask`, soft by two pixels around it."""
    apart = pixels - ground.colour
    strength = np.abs(apart).max(axis=-1)
    colour, sure = _colour(pixels, mask, strength)
    full = colour - ground.colour
    alpha = (apart * full).sum(axis=-1) / np.maximum((full * full).sum(axis=-1), 1e-3)
    region = grown(mask, 2)
    alpha = np.where(sure, 1, np.clip(alpha, 0, 1)) * region
    least = max(GONE, min(0.25, 3 * float(ground.noise.max()) / max(float(np.percentile(strength[mask], 90)), 1e-3)))
    alpha[alpha < least] = 0
    alpha[alpha > OPAQUE] = 1
    return alpha.astype(np.float32), colour


def _colour(pixels: Plane, mask: Mask, strength: Plane) -> tuple[Plane, Mask]:
    """The ink's colour at every pixel, and where it is seen pure."""
    deep = shrunk(mask, 2)
    top = strength >= 0.9 * cv2.dilate(np.where(mask, strength, 0).astype(np.float32), np.ones((7, 7), np.uint8))
    core = mask & (deep | top)
    flat = _one_colour(pixels, mask, strength)
    if flat is not None:
        return np.broadcast_to(flat, pixels.shape).astype(np.float32), deep
    return _nearest(pixels, core), deep


def _one_colour(pixels: Plane, mask: Mask, strength: Plane) -> Plane | None:
    """The colour of letters that have but one, else None."""
    limit = float(np.percentile(strength[mask], 95))
    pure = mask & (strength > 0.9 * limit)
    colour = np.median(pixels[pure], axis=0)
    deep = shrunk(mask, 2)
    seen = deep if deep.sum() > 0.05 * mask.sum() else mask & (strength >= 0.97 * cv2.dilate(strength, np.ones((5, 5))))
    error = np.abs(pixels[seen] - colour).max(axis=-1)
    return colour.astype(np.float32) if error.size and np.percentile(error, 90) < FLAT else None


def _nearest(pixels: Plane, core: Mask) -> Plane:
    """Every pixel's nearest core pixel's colour."""
    if not core.any():
        return pixels
    _, labels = cv2.distanceTransformWithLabels(
        (~core).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros((int(labels.max()) + 1, 3), np.float32)
    table[labels[core]] = pixels[core]
    return np.where(core[..., None], pixels, table[labels]).astype(np.float32)
