"""An engine's drawing laid back onto the picture: models that edit often zoom or shift the whole a little.

Law: one small affine map or nothing; judged on what the drawing did not change, never on what it did.
Source: G. Evangelidis, E. Psarakis, "Parametric Image Alignment Using Enhanced Correlation Coefficient Maximization",
PAMI 2008 (OpenCV's findTransformECC).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Mask, Plane

_SIDE = 640
"""Longest side at which the map is looked for: it is then good to a tenth of a working pixel."""
_STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)
_SHIFT, _STRETCH = 0.03, 0.05
"""Largest shift (in the longer side) and stretch that is taken for a model's slip; more is what was asked for."""
_LEAST = 0.2
"""Working pixels below which a map changes nothing that can be seen."""
_BETTER = 0.85
"""How much of the median difference may be left for the map to count."""
_CHANGED = np.float32(0.15)
"""Difference (0–1) beyond which a pixel is a change and has no say."""


def aligned(before: Plane, after: Plane) -> Plane:
    """`after` (h, w, c) where it lies best on `before` (h, w, 3); itself where it lies well already."""
    height, width = before.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = max(16, round(width * scale)), max(16, round(height * scale))
    one, other = (_grey(picture, size) for picture in (before, after))
    found = _found(one, other)
    if found is None:
        return after
    full = _at_size(found, size, (width, height))
    if not _slip(full, width, height):
        return after
    moved = _warped(after, full)
    apart = [float(np.median(np.abs(before - picture[..., :3]))) for picture in (after, moved)]
    return moved if apart[1] < _BETTER * apart[0] else after


def _found(one: Plane, other: Plane) -> NDArray[np.float32] | None:
    """The map, found twice: at first from everything, then from what the first shows to be unchanged."""
    warp = np.eye(2, 3, dtype=np.float32)
    mask: Mask = np.ones(one.shape, np.bool_)
    for _ in range(2):
        try:
            _, found = cv2.findTransformECC(one, other, warp, cv2.MOTION_AFFINE, _STEPS, mask.astype(np.uint8), 5)
        except cv2.error:  # it does not converge where there is nothing to hold on to
            return None
        warp = np.asarray(found, np.float32)
        mask = np.abs(one - _warped(other, warp)) < _CHANGED
        if mask.mean() < 0.2:
            return None
    return warp


def _slip(warp: NDArray[np.float32], width: int, height: int) -> bool:
    """Whether the map is small, but not nothing: by where it takes the corners."""
    corners = np.array([[x, y, 1.0] for x in (0, width) for y in (0, height)])
    away = np.linalg.norm(corners @ warp.T - corners[:, :2], axis=1)
    stretch = np.abs(warp[:, :2] - np.eye(2)).max()
    return bool(_LEAST < away.max() <= _SHIFT * max(width, height) + 1 and stretch <= _STRETCH)


def _at_size(warp: NDArray[np.float32], small: tuple[int, int], large: tuple[int, int]) -> NDArray[np.float32]:
    """The map between the small pictures as one between the large ones; pixel centres lie at +0.5."""
    ratio = np.diag([large[0] / small[0], large[1] / small[1]])
    linear = ratio @ warp[:, :2] @ np.linalg.inv(ratio)
    centre = np.full(2, 0.5)
    shift = ratio @ (warp[:, :2] @ -centre + warp[:, 2] + centre) + linear @ centre - centre
    return np.hstack([linear, shift[:, None]]).astype(np.float32)


def _grey(picture: Plane, size: tuple[int, int]) -> Plane:
    grey = np.ascontiguousarray(picture[..., :3].mean(axis=2))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)


def _warped(picture: Plane, warp: NDArray[np.float32]) -> Plane:
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(cv2.warpAffine(picture, warp, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)
