"""Where elements leave a hole when they are lifted off. Law: masks only."""

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


def reaching(seed: Mask, others: Mask) -> Mask:
    """`seed` (H, W) with every connected part of `others` that it touches."""
    _, parts = cv2.connectedComponents(others.astype(np.uint8), connectivity=8)
    touched = np.unique(parts[seed])
    return seed | np.isin(parts, touched[touched > 0])
