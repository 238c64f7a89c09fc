"""Full-size detail for what was drawn small: where the drawing follows the document (recoloured, relit), the document's
own detail is carried over; where it does not (something new), the drawing is enlarged as it is.

Law: pure functions on planes. The local affine model drawn ≈ gain · document + rest is that of the guided filter
(K. He, J. Sun, X. Tang, "Guided Image Filtering", PAMI 2013, eq. 5–6); gains are enlarged, not pictures (K. He, J. Sun,
"Fast Guided Filter", arXiv:1505.00996), and weighed by how much of the drawing they explain (squared correlation).
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.imaging.layer import Plane

RADIUS = 4
"""Working pixels of the window: a few strokes of a texture."""
_QUIET = np.float32(2e-4)
"""Variance (0–1 squared) below which there is nothing to follow."""
_MOST = np.float32(1.6)
"""Largest gain: more would amplify grain."""
_LEAST_LIKE, _ALIKE = np.float32(0.35), np.float32(0.8)
"""Squared correlation from which detail is carried over, and from which wholly."""


def gains(before: Plane, after: Plane, radius: int = RADIUS) -> Plane:
    """(h, w, 3) how much of the document's fine detail belongs on `after` at every place and channel; 0 … 1.6.

    `before`, `after` (h, w, 3) float32: the document and the drawing at working size.
    """
    guide = before.mean(axis=2)
    mean, variance = _statistics(guide, radius)
    out = np.zeros_like(after)
    for channel in range(3):
        plane = np.ascontiguousarray(after[..., channel])
        level, spread = _statistics(plane, radius)
        shared = _box(guide * plane, radius) - mean * level
        gain = shared / (variance + _QUIET)
        alike = np.clip(shared, 0, None) ** 2 / ((variance + _QUIET) * (spread + _QUIET))
        weight = np.clip((alike - _LEAST_LIKE) / (_ALIKE - _LEAST_LIKE), 0, 1)
        out[..., channel] = np.clip(gain, 0, _MOST) * weight
    return out


def affine(before: Plane, after: Plane, radius: int) -> tuple[Plane, Plane]:
    """(gain, offset), each (h, w, 3): the smooth local map of every channel that makes `before` most like `after`,
    averaged over the windows that overlap (eq. 8)."""
    gain, offset = np.empty_like(after), np.empty_like(after)
    for channel in range(3):
        guide = np.ascontiguousarray(before[..., channel])
        plane = np.ascontiguousarray(after[..., channel])
        mean, variance = _statistics(guide, radius)
        level = _box(plane, radius)
        slope = (_box(guide * plane, radius) - mean * level + _QUIET * 5) / (variance + _QUIET * 5)
        slope = np.clip(slope, 0.25, 2.5)  # quiet places: gain 1, the whole change is an offset
        gain[..., channel] = _box(slope, radius)
        offset[..., channel] = _box(level - slope * mean, radius)
    return gain, offset


def _statistics(plane: Plane, radius: int) -> tuple[Plane, Plane]:
    mean = _box(plane, radius)
    return mean, np.maximum(_box(plane * plane, radius) - mean * mean, 0)


def _box(plane: Plane, radius: int) -> Plane:
    size = 2 * radius + 1
    return np.asarray(cv2.blur(plane, (size, size), borderType=cv2.BORDER_REFLECT_101), np.float32)
