"""Exactly even stretches: wide places of one and the same 8-bit colour.

Law: pixels in, stretches out; says where colour is exactly even, not what that is. Programs paint like that; cameras
never do, but where they are blinded (clipped to white or black). So an exactly even stretch may lie beside a natural
surface of nearly its colour and still be a thing of its own: what tells is that its border steps, however little,
where a blend's bands only drift from level to level.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.channels import largest
from layerlift.imaging.layer import Mask, Plane

NONE = -1
_WINDOW = np.ones((9, 9), np.uint8)
"""Lines are thinner: what their ends and corners are is for others to say."""
_WIDE = 0.002
"""Smallest stretch, as a share of the picture."""
_DRIFT = 1.6
"""Levels by which colour changes at most from one band of a blend to the next, after rounding."""


def drift(ringing: float) -> float:
    """Levels by which colour may change where it only drifts; `ringing` as in Surfaces: JPEG makes steps of its own."""
    return _DRIFT + 1.5 * min(ringing, 2.0)


def stretches(levels: Plane, known: Mask) -> NDArray[np.int32]:
    """(h, w) int32: the number 0… of the exactly even stretch at each pixel of `levels` (h, w, 3) 0–255, else NONE.

    Two 9 × 9 windows of one colour each that overlap have the same colour: their centres' components are the stretches.
    """
    whole = cv2.convertScaleAbs(levels)
    low, high = cv2.erode(whole, _WINDOW), cv2.dilate(whole, _WINDOW)
    flat = (largest(cv2.absdiff(low, high)) == 0) & known
    _, cores, stats, _ = cv2.connectedComponentsWithStats(flat.astype(np.uint8), connectivity=4)
    wide = stats[:, cv2.CC_STAT_AREA] >= max(32.0, _WIDE * flat.size)
    wide[0] = False
    if not wide.any():
        return np.full(flat.shape, NONE, np.int32)
    number = np.where(wide, np.cumsum(wide), 0).astype(np.float32)
    grown = cv2.dilate(number[cores], _WINDOW)
    return np.where(known, grown - 1, NONE).astype(np.int32)


def mostly(labels: NDArray[np.int32], count: int, even: NDArray[np.int32]) -> Mask:
    """(count,) bool: the labels more than half of whose pixels are exactly even."""
    here = labels >= 0
    areas = np.bincount(labels[here], minlength=count)
    inside = np.bincount(labels[here & (even >= 0)], minlength=count)
    return np.asarray(2 * inside > areas, bool)
