"""Where something drawn meets the original: its colours drift away inside the selection, its edge is a ramp inside it.

Law: pure functions on planes; touches nothing outside the selection.
Source: P. Pérez, M. Gangnet, A. Blake, "Poisson Image Editing", SIGGRAPH 2003, §2: seamless cloning is the drawing
plus the membrane that hangs from the differences along the border.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.filling.membrane import harmonic
from layerlift.imaging.layer import Mask, Plane

_RING = 6
"""Working pixels around the hole over which the drift is measured: enough to average texture away."""
_DRIFT = np.float32(0.12)
"""Colour difference (0–1) up to which it is drift; more is another content, which must not bleed inwards."""
_SHARE = 0.05
"""Ramp of an automatic feather, in the thickness of the selection …"""
_MOST = 12
"""… and at most so many pixels."""


def drift(original: Plane, drawn: Plane, hole: Mask) -> Plane:
    """(h, w, 3) what to add to `drawn` inside `hole` so that it meets `original` along the border; 0 elsewhere."""
    out = np.zeros_like(drawn)
    near = cv2.dilate(hole.astype(np.uint8), np.ones((2 * _RING + 1, 2 * _RING + 1), np.uint8)) > 0
    ring = near & ~hole
    if not ring.any():
        return out
    difference: Plane = (original - drawn).astype(np.float32)
    away = np.abs(difference).max(axis=2)
    trust: Plane = (ring * np.clip(2 - away / _DRIFT, 0, 1)).astype(np.float32)
    weight = cv2.GaussianBlur(trust, (0, 0), _RING / 2)
    smooth = cv2.GaussianBlur(difference * trust[..., None], (0, 0), _RING / 2) / np.maximum(weight, 1e-4)[..., None]
    anchors = ring & (weight > 1e-3)
    if not anchors.any() or not np.abs(smooth[anchors]).max() > 0:
        return out
    out[hole] = harmonic(np.where(anchors[..., None], smooth, np.float32(0)), hole, anchors)[hole]
    return out


def continued(values: Plane, hole: Mask) -> Plane:
    """`values` (h, w) with `hole` continued from its border, as smoothly as can be."""
    if not hole.any() or hole.all():
        return values
    return harmonic(np.ascontiguousarray(values[..., None]), hole)[..., 0]


def ramp(mask: NDArray[np.uint8], feather: int, automatic: bool) -> NDArray[np.uint8]:
    """The selection with an edge that rises from its border inwards; never more than the selection anywhere.

    `feather`: over how many pixels; 0 with `automatic`: as many as suit its thickness, 0 without: the mask as it is.
    Where the selection ends at the picture's own edge nothing has to be blended.
    """
    if feather == 0 and not automatic:
        return mask
    # replicated, so that the picture's edge is no border
    framed = cv2.copyMakeBorder((mask > 0).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    if framed.all():
        return mask
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]
    width = float(feather) if feather else min(float(_MOST), _SHARE * 2 * float(depth.max()))
    if width < 1:
        return mask
    rise = np.clip((depth - 0.5) / width, 0, 1)
    soft = rise * rise * (3 - 2 * rise)  # no corner at either end
    return np.minimum(mask, np.rint(soft * 255).astype(np.uint8))
