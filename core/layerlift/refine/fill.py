"""Filling what nobody sees: push-pull, a normalised convolution over scales.

Law: pure functions on planes over the grid. Source: Gortler et al., "The Lumigraph", SIGGRAPH 1996, §3.3 (push-pull);
Knutsson & Westin, "Normalized and Differential Convolution", CVPR 1993.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from layerlift.imaging.layer import Plane

_SMALLEST = 4
"""The pyramid ends when its longer side is this long (cells): the Gaussian then reaches everywhere."""


def push_pull(weighted: Plane, weight: Plane, sigma: float, enough: float) -> Plane:
    """Average of values where they have weight, continued smoothly where they have none.

    `weighted` (h, w, c ≤ 4) values times `weight` (h, w); `sigma` of the Gaussian per scale, in cells; `enough`: mean
    weight at which a scale no longer asks the coarser one. Returns (h, w, c). Finest scale with enough support wins.
    """
    levels: list[tuple[Plane, Plane]] = []
    while True:
        levels.append((_blur(weighted, sigma), _blur(weight, sigma)))
        height, width = weight.shape
        if max(height, width) <= _SMALLEST:
            break
        size = ((width + 1) // 2, (height + 1) // 2)
        weighted, weight = _shrink(weighted, size), _shrink(weight, size)
    values, support = levels.pop()
    current: Plane = values / np.maximum(support, np.float32(1e-12))[..., None]
    while levels:
        values, support = levels.pop()
        height, width = support.shape
        current = enlarge(current, width, height)
        trust = np.minimum(support * np.float32(1 / enough), 1)
        share = trust / np.maximum(support, np.float32(1e-12))
        current *= (1 - trust)[..., None]
        current += values * share[..., None]
    return current


def enlarge(plane: Plane, width: int, height: int) -> Plane:
    """Bilinear to (height, width), channels kept."""
    out = cast(Plane, cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR))
    return out[..., None] if out.ndim < plane.ndim else out


def _shrink(plane: Plane, size: tuple[int, int]) -> Plane:
    out = cast(Plane, cv2.resize(plane, size, interpolation=cv2.INTER_AREA))
    return out[..., None] if out.ndim < plane.ndim else out


def _blur(plane: Plane, sigma: float) -> Plane:
    out = cast(Plane, cv2.GaussianBlur(plane, (0, 0), sigma))
    return out[..., None] if out.ndim < plane.ndim else out
