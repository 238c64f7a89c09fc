"""What on a known ground is surely foreground, and the colour of the nearest of it.

Law: mathematics on planes; knows distances from the ground, no equation of mattes (that is `matte`). Between ground and
foreground lie pixels that may be either or both: the rim of everything that is not ground, and ramps that rise from it
steadily along one line of colours (a blurred edge, a glow). What is not such, is solid.
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.imaging.layer import Mask, Plane

_RIM = 250
"""A sharp edge's rim is this part of the longer side thick (1024 → 4 pixels), at least two pixels."""
_RISE, _SAME = 1.06, 0.995
"""A pixel is on a ramp where a rim's thickness away the distance is larger by the first, in the same direction (cosine)
by the second."""
_FAR = 3
"""The upper end of a ramp rises little: looked for so many rims away, too."""
_LONGEST = 96
"""Longest ramp followed, in pixels."""
_OWN = 0.8
"""A thin thing of its own (a letter) reaches this part of the nearest solid colour's distance, or has no such near."""
_AROUND = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))


def thickness(empty: Mask) -> int:
    """Pixels that the rim of a sharp edge is taken to be thick."""
    return max(2, round(max(empty.shape) / _RIM))


def solid(off: Plane, empty: Mask) -> Mask:
    """(h, w) what is surely foreground. `off` (h, w, 3): difference from the ground; `empty`: what is ground."""
    rim = thickness(empty)
    depth = cv2.distanceTransform((~empty).astype(np.uint8), cv2.DIST_L2, 5)
    smooth: Plane = np.asarray(cv2.blur(off, (3, 3)), np.float32)
    distance = np.linalg.norm(smooth, axis=2).astype(np.float32)
    rising = (_rising(smooth, distance, rim) | _rising(smooth, distance, _FAR * rim)) & ~empty
    unsure = empty | (depth <= rim)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    for _ in range(_LONGEST):
        below = cv2.erode(np.where(unsure, distance, np.float32(9)), cross)
        more = rising & ~unsure & (below < distance)
        if not more.any():
            break
        unsure |= more
    return np.asarray(~unsure)


def _rising(off: Plane, distance: Plane, step: int) -> Mask:
    """Where, `step` pixels away in some direction, it is the same colour but more of it."""
    height, width = distance.shape
    far, reach = np.pad(off, ((step, step), (step, step), (0, 0)), mode="edge"), np.pad(distance, step, mode="edge")
    out = np.zeros(distance.shape, np.bool_)
    for dy, dx in _AROUND:
        window = (slice(step + dy * step, step + dy * step + height), slice(step + dx * step, step + dx * step + width))
        length = reach[window]
        out |= (length > _RISE * distance) & ((far[window] * off).sum(2) > _SAME * length * distance)
    return out


def nearest_colours(image: Plane, off: Plane, empty: Mask, sure: Mask) -> Plane:
    """(h, w, 3) for every pixel the colour of the nearest solid foreground, from inside its border where it is thick
    enough; things too thin to be solid keep their own strongest colour. Where all is ground: `image` itself."""
    inner = cv2.erode(sure.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) > 0
    anchors = inner | (sure & ~_touches(sure, inner))
    distance: Plane = np.linalg.norm(off, axis=2).astype(np.float32)
    lonely = ~empty & ~_touches(~empty, anchors)
    if anchors.any():
        front = _spread(image, anchors)
        reach = np.linalg.norm(front - (image - off), axis=2)
        lonely &= _touches(lonely, lonely & (distance >= _OWN * reach))
    if not lonely.any():
        return front if anchors.any() else image.copy()
    label = np.asarray(cv2.connectedComponents(lonely.astype(np.uint8), connectivity=8)[1], np.intp)
    most = np.zeros(int(label.max()) + 1, np.float32)
    np.maximum.at(most, label.ravel(), distance.ravel())
    return _spread(image, anchors | (lonely & (distance >= 0.9 * most[label])))


def _touches(mask: Mask, others: Mask) -> Mask:
    """The connected parts of `mask` that hold a pixel of `others`."""
    count, label = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    holds = np.zeros(count, np.bool_)
    holds[label[others & mask]] = True
    holds[0] = False
    return np.asarray(holds[label])


def _spread(image: Plane, anchors: Mask) -> Plane:
    """The colour of the nearest anchor for every pixel."""
    _, nearest = cv2.distanceTransformWithLabels(
        (~anchors).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros((int(nearest.max()) + 1, 3), np.float32)
    table[nearest[anchors]] = image[anchors]
    return table[nearest]
