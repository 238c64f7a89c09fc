"""Where elements leave a hole when they are lifted off, and which older fills go with them. Law: masks only."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from layerlift.engines.quick.element import Element
from layerlift.imaging.layer import Mask, Plane, Role

TRACE = 0.02
"""Alpha above which an element is still visible to the eye and so must not remain in what is filled …"""
SOFT_TRACE = 0.004
"""… and the same for shadows: what remains of one at the rim would darken all that is filled from there."""
MARGIN = {Role.TEXT: 2, Role.SUBJECT: 4, Role.SHADOW: 8, Role.GRAPHIC: 2}
"""Pixels by which a hole reaches beyond the visible element: resampling carries its colour that far."""
COMPRESSED = 4
"""Pixels more where the picture went through JPEG: halved chroma and ringing carry colours across half a block."""
NARROW, CRUMB = 3, 0.002
"""Half the width (pixels) and share of the picture below which what is left between holes is no ground."""


def hole_of(image: Plane, elements: Iterable[Element], extra: int = 0) -> Mask:
    """(H, W) bool: every pixel of `image` (H, W, …) that one of the elements touches, with its margin and `extra`."""
    hole = np.zeros(image.shape[:2], bool)
    for element in elements:
        margin = MARGIN.get(element.role, 2) + extra
        seen = np.zeros(hole.shape, np.uint8)
        seen[element.bounds.slices] = element.alpha > (SOFT_TRACE if element.role is Role.SHADOW else TRACE)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
        hole |= cv2.dilate(seen, disc) > 0
    return hole


def _stale(filled: Mask, lifted: Mask) -> Mask:
    """(H, W) bool: the pieces of `filled` (older fills) that touch what was `lifted` later: they continued it."""
    _, labels = cv2.connectedComponents((filled | lifted).astype(np.uint8), connectivity=8)
    touched = np.zeros(int(labels.max()) + 1, bool)
    touched[labels[lifted]] = True
    out: Mask = touched[labels] & filled
    return out


def whole(lifted: Mask, filled: Mask) -> Mask:
    """(H, W) bool: where the ground is not seen once all that lay on it is `lifted` off. There; in the pieces of
    `filled` (older fills) that touch it, because they continued what is gone now; and in what is left between holes,
    too little or too narrow to be more than rims and crumbs of what was lifted. The largest piece of ground stays."""
    hole = lifted | _stale(filled, lifted)
    padded = cv2.copyMakeBorder(hole.astype(np.uint8), NARROW, NARROW, NARROW, NARROW, cv2.BORDER_CONSTANT)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * NARROW + 1, 2 * NARROW + 1))
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc)[NARROW:-NARROW, NARROW:-NARROW]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - closed, connectivity=4)
    if count < 2:
        return lifted
    areas = stats[:, cv2.CC_STAT_AREA]
    ground = areas >= min(CRUMB * hole.size, int(areas[1:].max()))
    ground[0] = False
    out: Mask = ~ground[labels]
    return out
