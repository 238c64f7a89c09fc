"""Alpha and colour of a whole shape.

Law: one shape at a time; alpha comes from the colours on both sides of its seen edges (unmixing, exact where both are
known), from the outline where the edge is hidden; colours come from the picture where seen, else from the surface.
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.engines.quick.shapes.depth import Shape
from layerlift.engines.quick.shapes.surface import Labels, Surfaces, nearest
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Plane

_SQUARE = np.ones((3, 3), np.uint8)


def _around(shape: Shape, width: int, height: int) -> tuple[Bounds, Mask, Mask]:
    """The shape's whole and seen masks in a tight window inside the canvas."""
    ys, xs = np.nonzero(shape.whole)
    x, y = shape.window.x, shape.window.y
    tight = Bounds(int(xs.min()) + x, int(ys.min()) + y, int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1)
    bounds = tight.grow(4).intersect(Bounds(0, 0, width, height))
    full = Bounds(0, 0, width, height)
    masks = []
    for mask in (shape.whole, shape.seen):
        out = np.zeros((bounds.height, bounds.width), bool)
        common = bounds.intersect(shape.window).intersect(full)
        out[common.shift(-bounds.x, -bounds.y).slices] = mask[common.shift(-x, -y).slices]
        masks.append(out)
    return bounds, masks[0], masks[1]


def paint(shape: Shape, surfaces: Surfaces, cover: Labels, rank: int) -> tuple[Bounds, Plane, Plane]:
    """Bounds, alpha (h, w) 0–1 and colour (h, w, 3) 0–1 of the whole shape.

    `cover` (H, W) int32 holds for every pixel the highest rank of the shapes whose whole covers it; `rank` is this
    shape's own.
    """
    height, width = surfaces.labels.shape
    bounds, whole, seen = _around(shape, width, height)
    levels = surfaces.levels[bounds.slices]
    above = cover[bounds.slices] > rank
    soft = cv2.GaussianBlur(whole.astype(np.float32), (3, 3), 0.6)
    inner = cv2.erode(whole.astype(np.uint8), _SQUARE, iterations=2, borderValue=1) > 0
    outer = cv2.dilate(whole.astype(np.uint8), _SQUARE, iterations=2) > 0
    band = outer & ~inner & (cv2.dilate(above.astype(np.uint8), _SQUARE) == 0)
    film = shape.behind is not None
    colour = _colour(shape, levels, bounds, whole, seen & ~above & (inner | (not shape.clean)))
    alpha = soft
    if band.any() and not outer.all() and not film:
        _, source, _ = nearest(np.where(outer | above, -1, 0).astype(np.int32))
        behind = levels.reshape(-1, 3)[source[band]]
        front, mixed = colour[band], levels[band]
        axis = front - behind
        strength = (axis * axis).sum(axis=1)
        share = ((mixed - behind) * axis).sum(axis=1) / np.maximum(strength, 1.0)
        trust = np.clip((np.sqrt(strength) - 8) / 16, 0, 1)
        alpha = soft.copy()
        alpha[band] = trust * np.clip(share, 0, 1) + (1 - trust) * soft[band]
        alpha[~outer] = 0
    alpha[alpha < 0.02] = 0
    alpha[alpha > 0.98] = 1
    alpha *= np.float32(shape.opacity)
    return bounds, alpha.astype(np.float32), np.clip(colour / 255, 0, 1).astype(np.float32)


def _colour(shape: Shape, levels: Plane, bounds: Bounds, whole: Mask, sure: Mask) -> Plane:
    """The picture where `sure`, elsewhere the surface's polynomial (clean) or the nearest sure colour (texture)."""
    out: Plane = levels.copy()
    if shape.behind is not None:
        ys, xs = np.nonzero(np.ones(whole.shape, bool))
        film = shape.surface.at(ys + bounds.y, xs + bounds.x)
        film -= np.float32(1 - shape.opacity) * shape.behind.at(ys + bounds.y, xs + bounds.x)
        out[ys, xs] = np.clip(film / np.float32(shape.opacity), 0, 255)
        return out
    ys, xs = np.nonzero(~sure)
    if shape.clean or not sure.any():
        out[ys, xs] = shape.surface.at(ys + bounds.y, xs + bounds.x)
    else:
        _, source, _ = nearest(np.where(sure, 0, -1).astype(np.int32))
        out[ys, xs] = levels.reshape(-1, 3)[source[ys, xs]]
    return out
