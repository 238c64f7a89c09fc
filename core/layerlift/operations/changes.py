"""What an engine changed, and what it only repainted: the change mask of an edit, and the drift besides.

Law: pure functions on two working-size pictures. Engines that draw repaint everything a little (their codec's noise, a
breath of other colour); only what differs by more than that, in one piece, is a change.
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.imaging.layer import Mask, Plane

_BLUR = 1.2
"""Working pixels over which differences are averaged: codec noise goes, changes stay."""
_SURE, _MAYBE = np.float32(0.10), np.float32(0.04)
"""Difference (0–1, largest channel) that is surely a change, and that belongs to one if it touches a sure one."""
_EDGE = np.float32(0.35)
"""What a slope of 1 per pixel adds to both: edges are where repainting is off by a fraction of a pixel."""
_LEAST = 12
"""Smallest change, in working pixels."""
_GROW = 4
"""Working pixels by which the change is widened, so that its own soft edges are inside."""
_SOFT = 3
"""Working pixels over which the change fades into the original."""
WHOLE = 0.6
"""Share of the picture beyond which everything counts as changed: a new light, a new style."""


def unrepainted(before: Plane, after: Plane) -> Plane:
    """`after` (h, w, 3) without the overall drift of a repainting: per channel the robust line that maps what did not
    change back onto `before`. An edit of the whole picture (its light, its style) leaves nothing to judge by, and then
    nothing is taken away."""
    out: Plane = after.copy()
    apart = np.abs(before - after).max(axis=2)
    same = apart < _SURE
    if same.mean() < 0.5:
        return out
    for channel in range(3):
        x, y = after[..., channel][same][::7].astype(np.float64), before[..., channel][same][::7].astype(np.float64)
        if x.std() < 0.02:
            out[..., channel] += np.float32(np.median(y - x))
            continue
        slope = float(np.clip(np.polyfit(x, y, 1)[0], 0.9, 1.1))
        out[..., channel] = after[..., channel] * np.float32(slope) + np.float32((y - slope * x).mean())
    return np.clip(out, 0, 1)


def changed(before: Plane, after: Plane) -> Plane:
    """(h, w) float32 0–1: 1 inside changes, 0 where `before` is to stay, a short ramp between."""
    difference = cv2.GaussianBlur(np.abs(after - before).max(axis=2), (0, 0), _BLUR)
    grey = before.mean(axis=2)
    slope = cv2.GaussianBlur(
        np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(grey, cv2.CV_32F, 0, 1) / 8), (0, 0), _BLUR
    )
    allowance = _EDGE * slope
    core = _touching(difference > _MAYBE + allowance, difference > _SURE + allowance)
    if core.mean() > WHOLE:
        return np.ones(core.shape, np.float32)
    grown = _dilated(core, _GROW)
    # holes and bays smaller than the widening itself belong to the change
    closed = cv2.morphologyEx(grown.astype(np.uint8), cv2.MORPH_CLOSE, _disc(2 * _GROW)) > 0
    return _ramped(closed)


def _touching(wide: Mask, sure: Mask) -> Mask:
    """The connected pieces of `wide` that hold something sure and are no specks (hysteresis, as Canny's)."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(wide.astype(np.uint8))
    chosen = np.zeros(count, np.bool_)
    chosen[np.unique(labels[sure & wide])] = True
    chosen &= stats[:, cv2.CC_STAT_AREA] >= _LEAST
    chosen[0] = False
    out: Mask = chosen[labels]
    return out


def _ramped(mask: Mask) -> Plane:
    """1 in the mask, falling to 0 over _SOFT pixels outside it."""
    if not mask.any() or mask.all():
        return mask.astype(np.float32)
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    fall = np.clip(1 - away / (_SOFT + 1), 0, 1)
    return (fall * fall * (3 - 2 * fall)).astype(np.float32)


def _dilated(mask: Mask, radius: int) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), _disc(radius)) > 0)


def _disc(radius: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return element.astype(np.uint8, copy=False)
