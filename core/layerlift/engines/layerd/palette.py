"""Designs are made of few flat colours: where a hole's surroundings are such, its filling is, and a flat thing's edge
follows from its colour and its ground.

Law: mathematics on pictures; knows no network. After LayerD §3.3 (arXiv 2509.25134): colours are exact there; here two
that differ by at most TOLERANCE levels are one, because pictures come as JPEG and through colour profiles.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Mask, Plane

TOLERANCE = 3
"""Levels (0–255, largest channel) by which pixels of one flat colour may differ."""
MOST_GROUND, MOST_FRONT = 10, 2
"""Colours that a ground, and one thing, may have and still be flat (the paper's)."""
_COVERED = 0.85
"""Share of the pixels that the colours must explain (the paper's)."""
_FLAT = 0.2
"""Share of a thing's pixels that must lie in plain areas (the paper's)."""
_RING = 0.2
"""How far around a hole colours are looked for, in parts of its area's square root; at least five pixels (the
paper's)."""
_APART = 24 / 255
"""Colours nearer than this cannot tell a soft edge: rounding would be a tenth of it."""

Colours = NDArray[np.float32]


def palette(image: Plane, where: Mask, most: int, *, flat: float = 0.0) -> Colours | None:
    """The (n, 3) colours, n ≤ `most`, that explain `image` at `where`, most frequent first; None where they do not, or
    where less than the share `flat` of it lies in plain areas."""
    total = int(where.sum())
    if total == 0:
        return None
    plain = where & (_steepness(image) <= TOLERANCE / 255)
    if plain.sum() <= flat * total:
        return None
    levels = np.rint(image[plain] * 255).astype(np.int32)
    found: list[NDArray[np.float64]] = []
    explained = 0
    while len(levels) and len(found) < most and explained < 0.99 * plain.sum():
        packed = (levels[:, 0] << 16) | (levels[:, 1] << 8) | levels[:, 2]
        values, counts = np.unique(packed, return_counts=True)
        first = int(values[np.argmax(counts)])
        colour = np.array((first >> 16, first >> 8 & 255, first & 255))
        near = np.abs(levels - colour).max(1) <= TOLERANCE
        found.append(levels[near].mean(0))
        explained += int(near.sum())
        levels = levels[~near]
    colours = (np.array(found) / 255).astype(np.float32)
    if not len(colours) or _alike(image[where], colours).mean() < _COVERED:
        return None
    return colours


def _steepness(image: Plane) -> Plane:
    """Largest difference from a neighbour, over the channels."""
    wide = cv2.dilate(image, np.ones((3, 3), np.uint8)) - cv2.erode(image, np.ones((3, 3), np.uint8))
    return np.asarray(wide.max(2), np.float32)


def _alike(pixels: Plane, colours: Colours) -> Mask:
    """(n,) whether each of (n, 3) pixels is one of the colours."""
    return np.asarray(np.min([np.abs(pixels - colour).max(1) for colour in colours], axis=0) <= (TOLERANCE + 0.5) / 255)


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


def sharpen_front(image: Plane, ground: Plane, alpha: Plane, reach: int) -> tuple[Plane, Plane, bool]:
    """`alpha` and the colours of a thing over `ground`, exact where it is flat, and whether any of it was.

    Where one flat colour F (or two) explains a connected part of the thing, α = (C − B)·(F − B)/|F − B|² for every
    pixel of that colour and up to `reach` around: pieces that the matte had missed belong to it, too.
    """
    alpha, colours = alpha.copy(), image.copy()
    count, label = cv2.connectedComponents((alpha > 0.5).astype(np.uint8), connectivity=8)
    around = np.ones((2 * reach + 1,) * 2, np.uint8)
    rim = cv2.dilate((label == 0).astype(np.uint8), around) > 0
    any_flat = False
    for number in range(1, count):
        part = label == number
        found = palette(image, part, MOST_FRONT, flat=_FLAT)
        for colour in [] if found is None else found:
            own = _of_colour(image, part, colour)
            zone = cv2.dilate(own.astype(np.uint8), around) > 0
            zone &= (label == number) | (label == 0)
            share, sure = _share(image, ground, colour)
            zone &= own | (share > alpha) | (alpha < 1) | rim
            # Where the pixel is no mixture of the two, the ground has been guessed wrong: the colour is right even so.
            colours[zone & (sure | (alpha > 0))] = colour
            alpha[zone & sure] = share[zone & sure]
            any_flat |= bool(own.any())
    return alpha, colours, any_flat


def _of_colour(image: Plane, part: Mask, colour: NDArray[np.float32]) -> Mask:
    """The connected areas of that colour of which most lies in `part`."""
    alike = (np.abs(image - colour).max(2) <= (TOLERANCE + 0.5) / 255).astype(np.uint8)
    count, label = cv2.connectedComponents(alike, connectivity=8)
    inside = np.bincount(label[part], minlength=count)
    most = inside > 0.5 * np.bincount(label.ravel(), minlength=count)
    most[0] = False
    return np.asarray(most[label])


def _share(image: Plane, ground: Plane, colour: NDArray[np.float32]) -> tuple[Plane, Mask]:
    """α by the equation above, and where it can be told: colours apart, and C on the line between them."""
    span, off = colour - ground, image - ground
    length = np.maximum((span * span).sum(2), 1e-6)
    share = np.clip((off * span).sum(2) / length, 0, 1)
    residual = np.abs(off - share[..., None] * span).max(2)
    return np.asarray(share, np.float32), np.asarray((length > _APART**2) & (residual <= 2 * TOLERANCE / 255))
