"""Transparent pictures for an engine that thinks in opaque ones.

Law: the way in (`flatten`) and the way back (`solidity`); nothing about what is in the picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Mask, Plane


def flatten(image: NDArray[np.uint8]) -> tuple[Plane, Mask]:
    """(h, w, 4) uint8 straight → (h, w, 3) float32 over a plain backdrop, and where the picture is transparent.

    The backdrop is white or dark grey, whichever is farther from the colours along the picture's own edge.
    """
    straight = image.astype(np.float32) / 255
    alpha = straight[..., 3:]
    if (image[..., 3] == 255).all():
        return np.ascontiguousarray(straight[..., :3]), np.zeros(image.shape[:2], bool)
    opaque = alpha[..., 0] > 0.5
    rim = opaque & (cv2.erode(opaque.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0)
    edge = float(straight[rim][:, :3].mean()) if rim.any() else 0.5
    backdrop = np.float32(1.0 if edge < 0.55 else 0.2)
    flat: Plane = straight[..., :3] * alpha + backdrop * (1 - alpha)
    return np.ascontiguousarray(flat, np.float32), ~opaque


def solidity(opaque: Mask, hole: Mask) -> Mask:
    """Where the completed background is solid: known pixels keep theirs, a hole takes its nearest known pixel's."""
    if opaque.all():
        return opaque
    if hole.all():
        return np.zeros_like(opaque)
    _, nearest = cv2.distanceTransformWithLabels(hole.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    known = np.zeros(int(nearest.max()) + 1, bool)
    known[nearest[~hole]] = opaque[~hole]
    return np.where(hole, known[nearest], opaque)
