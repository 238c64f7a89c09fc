"""Resampling, morphology and bounds with the house's types, for whatever reasons about masks and planes.

Law: OpenCV behind typed signatures; no decision is taken here.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Plane


def resized(plane: Plane, size: tuple[int, int]) -> Plane:
    """A plane (H, W[, C]) at `size` (width, height): averaged where it shrinks, bilinear where it grows."""
    shrinks = size[0] * size[1] < plane.shape[0] * plane.shape[1]
    out = cv2.resize(plane, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return out.astype(np.float32, copy=False)


def grown(mask: Mask, radius: int) -> Mask:
    """`mask` dilated by a disc of `radius` pixels."""
    out: Mask = cv2.dilate(mask.astype(np.uint8), disc(radius)) > 0
    return out


def worn(mask: Mask, radius: int) -> Mask:
    """`mask` eroded by a disc of `radius` pixels; the frame does not wear it."""
    out: Mask = cv2.erode(mask.astype(np.uint8), disc(radius), borderValue=1) > 0
    return out


def disc(radius: int) -> NDArray[np.uint8]:
    """A disc-shaped structuring element of 2 `radius` + 1 pixels."""
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return element.astype(np.uint8, copy=False)


def holes(mask: Mask) -> Mask:
    """What the frame cannot reach without crossing `mask`."""
    outside = np.pad((~mask).astype(np.uint8), 1, constant_values=1)
    cv2.floodFill(outside, None, (0, 0), 2)
    enclosed: Mask = outside[1:-1, 1:-1] == 1
    return enclosed


def pieces(mask: Mask, least: float = 0, connectivity: int = 8) -> Iterator[tuple[Mask, Bounds]]:
    """The connected pieces of at least `least` pixels, largest first: each cut to its bounds, with its bounds."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=connectivity)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = -1
    for label in np.argsort(-areas, kind="stable")[: count - 1]:
        if areas[label] < least:
            return
        x, y, width, height = (int(v) for v in stats[label, :4])
        bounds = Bounds(x, y, width, height)
        yield labels[bounds.slices] == label, bounds


def bounds_of(mask: Mask) -> Bounds:
    """The bounds of a mask; empty at the origin for an empty one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return Bounds(0, 0, 0, 0)
    x, y = int(columns[0]), int(rows[0])
    return Bounds(x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y)


def placed(mask: Mask, bounds: Bounds, shape: tuple[int, ...]) -> Mask:
    """A mask cut to `bounds`, back on a canvas of `shape`."""
    canvas = np.zeros(shape[:2], bool)
    canvas[bounds.slices] = mask
    return canvas
