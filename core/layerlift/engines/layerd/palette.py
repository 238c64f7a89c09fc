"""Designs are made of few flat colours: where a hole's surroundings are such, its filling is.

Law: mathematics on pictures; knows no network. After LayerD §3.3 (arXiv 2509.25134): colours are exact there; here two
that differ by at most TOLERANCE levels are one, because pictures come as JPEG and through colour profiles.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Mask, Plane

TOLERANCE = 6
"""Levels (0–255, largest channel) by which pixels of one flat colour may differ."""
MOST_GROUND = 10
"""Colours that a ground may have and still be flat (the paper's)."""
COVERED = 0.85
"""Share of the pixels that the colours must explain (the paper's)."""
_RING = 0.2
"""How far around a hole colours are looked for, in parts of its area's square root; at least five pixels (the
paper's)."""

Colours = NDArray[np.float32]
"""(n, 3), 0–1."""


def palette(image: Plane, where: Mask, most: int) -> Colours | None:
    """The (n, 3) colours, n ≤ `most`, that explain `image` at `where`, most frequent first; None where they do not."""
    colours = frequent(image, where, most)
    if colours is None or alike(image[where], colours).mean() < COVERED:
        return None
    return colours


def frequent(image: Plane, where: Mask, most: int, *, plain: float = 0.0) -> Colours | None:
    """The (n, 3) colours, n ≤ `most`, of plain areas of `image` at `where`, most frequent first; None where no more
    than the share `plain` of it lies in such areas."""
    flat = where & (_steepness(image) <= TOLERANCE / 255)
    if flat.sum() <= plain * where.sum():
        return None
    levels = np.rint(image[flat] * 255).astype(np.int32)
    found: list[NDArray[np.float64]] = []
    explained = 0
    while len(levels) and len(found) < most and explained < 0.99 * flat.sum():
        packed = (levels[:, 0] << 16) | (levels[:, 1] << 8) | levels[:, 2]
        values, counts = np.unique(packed, return_counts=True)
        first = int(values[np.argmax(counts)])
        colour = np.array((first >> 16, first >> 8 & 255, first & 255))
        near = np.abs(levels - colour).max(1) <= TOLERANCE
        found.append(levels[near].mean(0))
        explained += int(near.sum())
        levels = levels[~near]
    return (np.array(found) / 255).astype(np.float32)


def _steepness(image: Plane) -> Plane:
    """Largest difference from the neighbours, over the channels: from the two beside or the two above and below,
    whichever differ less. The stroke of a letter is plain along itself."""
    spans = [
        (cv2.dilate(image, np.ones(shape, np.uint8)) - cv2.erode(image, np.ones(shape, np.uint8))).max(2)
        for shape in ((1, 3), (3, 1))
    ]
    return np.asarray(np.minimum(*spans), np.float32)


def alike(pixels: Plane, colours: Colours) -> Mask:
    """(n,) whether each of (n, 3) pixels is one of the colours."""
    distances = [np.abs(pixels - colour).max(1) for colour in colours]
    return np.asarray(np.min(distances, axis=0) <= (TOLERANCE + 0.5) / 255)


def flatten_ground(ground: Plane, hole: Mask) -> Plane:
    """`ground` (h, w, 3) with each connected part of `hole` painted in the nearest colours of its own surroundings,
    where those are flat."""
    out: Plane = ground.copy()
    count, label, boxes, _ = cv2.connectedComponentsWithStats(hole.astype(np.uint8), connectivity=8)
    for number in range(1, count):
        reach = max(5, round(float(boxes[number, cv2.CC_STAT_AREA]) ** 0.5 * _RING))
        x, y, width, height = (int(side) for side in boxes[number][:4])
        window = (slice(max(0, y - reach), y + height + reach), slice(max(0, x - reach), x + width + reach))
        part = label[window] == number
        around = cv2.dilate(part.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)) > 0
        colours = palette(ground[window], around & ~hole[window], MOST_GROUND)
        if colours is not None:
            out[window][part] = colours[_nearest(ground[window][part], colours)]
    return out


def _nearest(pixels: Plane, colours: Colours) -> NDArray[np.intp]:
    """Index of the nearest colour in CIE L*a*b*, lightness counted twice (the paper's weights)."""
    lab, own = (cv2.cvtColor(values[None], cv2.COLOR_RGB2LAB)[0] for values in (colours, np.ascontiguousarray(pixels)))
    weights = np.array((1.0, 0.5, 0.5), np.float32)
    distances = np.stack([np.linalg.norm((own - one) * weights, axis=1) for one in lab], 1)
    return np.asarray(distances.argmin(1))
