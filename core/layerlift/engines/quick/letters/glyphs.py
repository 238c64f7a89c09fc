"""Which pixels of a patch are letters: components of what is not background, voted in or out one by one.

Law: masks only (`ink` decides alpha and colour). Rules are about letters, written in line heights; thresholds come
from the noise measured on the line's own background.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.letters.distances import largest
from layerlift.engines.quick.letters.ground import Ground
from layerlift.engines.quick.letters.patch import Patch
from layerlift.imaging.layer import Mask, Plane

FAINTEST = 0.03
"""Least difference from the background (largest channel) that counts: 8 levels, the step of careful grey on grey."""
QUIET = 0.004
"""No channel is quieter than its rounding to 8 bit: one level."""
SPECK = 0.25
"""Side of the largest speck of noise, in line heights."""
RULE_FILL, RULE_LENGTH, RULE_HEIGHT = 0.85, 2.5, 0.22
"""An underline fills its box, is longer than a dash (2.5 heights) and lower than a letter."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Connected components of a mask: `labels` (h, w) with 0 outside, and per component (index 0 unused) its `area`,
    the shares `inside` the quad and on `others`, its extent `left`…`right` along and `top`…`bottom` across in line
    heights, its greatest `strength` (difference from the background), its mean `colour` where it is strongest, and
    whether it touches the patch's `border`."""

    labels: NDArray[np.int32]
    area: Plane
    inside: Plane
    others: Plane
    left: Plane
    right: Plane
    top: Plane
    bottom: Plane
    strength: Plane
    colour: Plane
    border: Mask


def difference(pixels: Plane, ground: Ground) -> Plane:
    """(h, w) how far each pixel is from the background: the largest channel's distance, noisy channels toned down so
    that all are as quiet as the quietest."""
    noise = np.maximum(ground.noise, QUIET)
    return largest((pixels - ground.colour) * (noise.min() / noise))


def on_surface(patch: Patch, ground: Ground) -> tuple[Mask, float]:
    """The letters on a smooth background, and the share of what differs from it within the quad that was voted out.

    Two passes: what differs from the background at all is voted on first, so that what is around a small button does
    not pass for the contrast of its label; then the letters' own contrast sets the threshold.
    """
    apart = difference(patch.pixels, ground)
    least = max(FAINTEST, 5 * float(np.maximum(ground.noise, QUIET).min()))
    parts = measure(patch, apart > least, apart)
    within = (vote(patch, parts)[parts.labels] & patch.inside) if len(parts.area) > 1 else patch.inside & False
    core = apart[within] if within.any() else apart[patch.inside & ~patch.others]
    contrast = float(np.percentile(core, 95)) if core.size else 0.0
    if contrast < least:
        return np.zeros(apart.shape, bool), 0.0
    parts = measure(patch, apart > max(least, 0.16 * contrast), apart)
    keep = vote(patch, parts) & ~_specks(patch, parts, contrast)
    inside = parts.labels[patch.inside]
    lost = float((~keep[inside[inside > 0]]).mean()) if inside.any() else 0.0
    return np.asarray(keep[parts.labels]), lost


def _specks(patch: Patch, parts: Parts, contrast: float) -> Mask:
    """What is smaller than a full stop and much fainter than the letters: noise that JPEG leaves around them."""
    return np.asarray((parts.area < (SPECK * patch.height) ** 2) & (parts.strength < 0.5 * contrast))


def measure(patch: Patch, mask: Mask, strength: Plane) -> Parts:
    """The components of `mask` (8-connected) and what can be said about each."""
    count, found = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    labels = np.asarray(found, np.int32)
    here = np.flatnonzero(mask.ravel())
    which = labels.ravel()[here].astype(np.intp)
    area = np.bincount(which, minlength=count).astype(np.float32)
    left, right = _extent(which, patch.along.ravel()[here], count)
    top, bottom = _extent(which, patch.across.ravel()[here], count)
    most, colour = _strongest(which, patch.pixels.reshape(-1, 3)[here], strength.ravel()[here], count)
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    return Parts(
        labels=labels,
        area=area,
        inside=_share(which, patch.inside.ravel()[here], area),
        others=_share(which, patch.others.ravel()[here], area),
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        strength=most,
        colour=colour,
        border=np.isin(np.arange(count), edge[edge > 0]),
    )


def _extent(which: NDArray[np.intp], values: Plane, count: int) -> tuple[Plane, Plane]:
    low, high = np.full(count, np.inf, np.float32), np.full(count, -np.inf, np.float32)
    np.minimum.at(low, which, values)
    np.maximum.at(high, which, values)
    return low, high


def _share(which: NDArray[np.intp], of: Mask, area: Plane) -> Plane:
    return (np.bincount(which, of, len(area)) / np.maximum(area, 1)).astype(np.float32)


def _strongest(which: NDArray[np.intp], colours: Plane, strength: Plane, count: int) -> tuple[Plane, Plane]:
    """(count,) greatest strength of each component, (count, 3) its mean colour within 15 % of that."""
    most = np.zeros(count, np.float32)
    np.maximum.at(most, which, strength)
    weight = (strength >= 0.85 * most[which]).astype(np.float32)
    sums = np.stack([np.bincount(which, weight * colours[:, c], count) for c in range(3)], axis=1)
    return most, (sums / np.maximum(np.bincount(which, weight, count), 1)[:, None]).astype(np.float32)


def vote(patch: Patch, parts: Parts) -> Mask:
    """Per component of `parts`, whether it is a letter (or what belongs to letters) of this line."""
    count = len(parts.area)
    tall, long = parts.bottom - parts.top, parts.right - parts.left
    stray = (parts.inside < 0.5) & ((parts.top < -0.5) | (parts.bottom > 1.5) | parts.border)
    foreign = parts.others > np.maximum(parts.inside, 0.1)
    huge = (tall > 1.9) | (parts.border & (parts.inside < 0.7) & (tall > 0.8))
    keep = (parts.inside > 0.35) & ~stray & ~foreign & ~huge
    keep &= ~_rules(patch, parts)
    keep[0] = False
    keep &= ~_frames(patch, parts, keep)
    if not keep.any():
        return np.zeros(count, bool)
    main = np.average(parts.colour[keep], axis=0, weights=parts.area[keep])
    spread = max(0.15, 1.5 * float(largest(parts.colour[keep] - main).mean()))
    alike = largest(parts.colour - main) < spread
    small = (tall < 0.6) & (long < 0.7)
    beside = (parts.right > -1.0) & (parts.left < patch.length + 0.5) & (parts.top > -0.35) & (parts.bottom < 1.35)
    attached = ~keep & ~foreign & ~parts.border & small & beside & alike & (parts.others < 0.1)
    attached &= ~_rules(patch, parts)
    attached[0] = False
    return np.asarray(keep | attached)


def _rules(patch: Patch, parts: Parts) -> Mask:
    """Underlines, strikes and hairlines: long, low, and full."""
    pixel = 1 / patch.height
    tall, long = parts.bottom - parts.top + pixel, parts.right - parts.left + pixel
    fill = parts.area / np.maximum(tall * long * patch.height**2, 1)
    low = tall < max(RULE_HEIGHT, 2.5 * pixel)
    return np.asarray(low & (long > RULE_LENGTH) & (fill > RULE_FILL))


def _frames(patch: Patch, parts: Parts, keep: Mask) -> Mask:
    """Outlines drawn around the line: as large as the quad, nearly empty, with something in them."""
    tall, long = parts.bottom - parts.top, parts.right - parts.left
    fill = parts.area / np.maximum(tall * long * patch.height**2, 1)
    rest = parts.area[keep].sum() - parts.area
    around = (tall > 0.85) & (long > 0.9 * patch.length) & (fill < 0.35) & (rest > 0.3 * parts.area)
    return np.asarray(around & (patch.length > 1.2))
