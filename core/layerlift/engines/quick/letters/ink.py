"""How much ink and of what colour: from a letter mask and a background to soft alpha and straight colour.

Law: knows masks, backgrounds and colours; nothing of quads or lines. The mixing model is I = αF + (1 − α)B; with F and
B known, α is the projection of I − B on F − B (colour-line unmixing, Levin, Lischinski, Weiss 2008, §2).
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.engines.quick.letters.distances import dot, largest
from layerlift.engines.quick.letters.ground import Ground
from layerlift.engines.quick.letters.patch import grown, shrunk
from layerlift.imaging.layer import Mask, Plane

FLAT = 0.05
"""Letters whose opaque cores differ by less than this (90th percentile, largest channel) are of one colour."""
OPAQUE, GONE = 0.97, 0.04
"""Alpha above and below which a pixel is ink entirely or not at all: the rest of one 8-bit level's rounding."""
FAINTEST_SHADOW = 0.1
"""Least opacity of a shadow that counts as seen."""
CASTS = 0.15
"""Share of the mask that must be darker than ink over background can be, for a shadow to be looked for."""
UNEXPLAINED = 0.06
"""90th percentile of the residual (largest channel) up to which ink and a black shadow explain the letters."""
SOLIDARITY = 0.02
"""How strongly the shadow model prefers "no shadow" where ink, background and black lie on one line."""
TAIL = 6
"""Pixels beyond the mask in which a shadow may fade out."""


def ink(pixels: Plane, mask: Mask, ground: Ground) -> tuple[Plane, Plane]:
    """Alpha (h, w) and straight colour (h, w, 3) of the letters in `mask` (not empty), soft by some pixels around it.

    Letters are of one colour, of one colour with a black shadow or outline, or of the nearest pure pixel's colour.
    """
    apart = pixels - ground.colour
    strength = largest(apart)
    flat = _one_colour(pixels, mask, strength)
    if flat is None:
        shaded = _shaded(pixels, mask, ground)
        if shaded is not None:
            return shaded
    deep = shrunk(mask, 2)
    colour = flat if flat is not None else _nearest(pixels, mask & (deep | _tops(mask, strength)))
    full = colour - ground.colour
    share = np.clip(dot(apart, full) / np.maximum(dot(full, full), 1e-3), 0, 1)
    alpha = (np.where(deep, 1, share) * grown(mask, 2)).astype(np.float32)
    least = max(GONE, min(0.25, 3 * float(ground.noise.max()) / max(float(np.percentile(strength[mask], 90)), 1e-3)))
    return _snapped(alpha, least), np.broadcast_to(colour, pixels.shape).astype(np.float32)


def _snapped(alpha: Plane, least: float) -> Plane:
    return np.where(alpha < least, 0, np.where(alpha > OPAQUE, 1, alpha)).astype(np.float32)


def _tops(mask: Mask, strength: Plane) -> Mask:
    """Pixels nearly as strong as the strongest within three pixels: the middle of thin strokes."""
    most = cv2.dilate(np.where(mask, strength, 0).astype(np.float32), np.ones((7, 7), np.uint8))
    return np.asarray(strength >= 0.9 * most)


def _one_colour(pixels: Plane, mask: Mask, strength: Plane) -> Plane | None:
    """The colour (3,) of letters that have but one, else None."""
    pure = mask & (strength > 0.9 * float(np.percentile(strength[mask], 95)))
    colour = np.median(pixels[pure], axis=0).astype(np.float32)
    deep = shrunk(mask, 2)
    seen = deep if deep.sum() > 0.05 * mask.sum() else mask & (strength >= 0.97 * cv2.dilate(strength, np.ones((5, 5))))
    error = largest(pixels[seen] - colour)
    return colour if error.size and np.percentile(error, 90) < FLAT else None


def _shaded(pixels: Plane, mask: Mask, ground: Ground) -> tuple[Plane, Plane] | None:
    """Letters of one colour over a black shadow, or None where that is not what is seen.

    With ink a and shadow s, I = aF + tB, t = (1 − a)(1 − s): two unknowns, three channels. Solved per pixel by least
    squares with a weak pull to a + t = 1 (no shadow); alpha is 1 − t, the premultiplied colour aF.
    """
    colour, behind = _commonest(pixels[mask]), ground.colour
    ff, fb, bb = dot(colour, colour), dot(behind, colour), dot(behind, behind)
    fi, bi = dot(pixels, colour) + SOLIDARITY, dot(pixels, behind) + SOLIDARITY
    ff, fb, bb = ff + SOLIDARITY, fb + SOLIDARITY, bb + SOLIDARITY
    scale = np.maximum(ff * bb - fb * fb, 1e-6)
    amount = np.clip((fi * bb - bi * fb) / scale, 0, 1)
    through = np.clip((bi - amount * fb) / np.maximum(bb, 1e-6), 0, 1 - amount)
    seen = amount[..., None] * colour + through[..., None] * behind
    rest = largest((pixels - seen).astype(np.float32))
    noise = float(ground.noise.max()) / max(float(behind.mean()), 0.05)
    shadow = mask & (1 - amount - through > max(FAINTEST_SHADOW, 6 * noise))
    if np.percentile(rest[mask], 90) > UNEXPLAINED or shadow.sum() < CASTS * mask.sum():
        return None
    alpha = _snapped(((1 - through) * grown(mask, TAIL)).astype(np.float32), max(GONE, 3 * noise))
    straight = np.clip(amount / np.maximum(alpha, 1e-3), 0, 1)[..., None] * colour
    return alpha, straight.astype(np.float32)


def _commonest(colours: Plane) -> Plane:
    """(n, 3) → (3,): the colour that occurs most often, in steps of 1/16."""
    cells = np.minimum((colours * 16).astype(np.int64), 15)
    keys = cells[:, 0] * 256 + cells[:, 1] * 16 + cells[:, 2]
    return np.asarray(np.median(colours[keys == np.bincount(keys).argmax()], axis=0), np.float32)


def _nearest(pixels: Plane, core: Mask) -> Plane:
    """Every pixel's nearest core pixel's colour; the pixels themselves where there is no core."""
    if not core.any():
        return pixels
    _, labels = cv2.distanceTransformWithLabels(
        (~core).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros((int(labels.max()) + 1, 3), np.float32)
    table[labels[core]] = pixels[core]
    return np.where(core[..., None], pixels, table[labels]).astype(np.float32)
