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
_BAND_CELLS = 1 << 15


def push_pull(weighted: Plane, weight: Plane, sigma: float, enough: float) -> Plane:
    """Average of values where they have weight, continued smoothly where they have none.

    `weighted` (h, w, c ≤ 3) values times `weight` (h, w); `sigma` of the Gaussian per scale, in cells; `enough`: mean
    weight at which a scale no longer asks the coarser one. Returns (h, w, c). Finest scale with enough support wins.
    """
    channels = weighted.shape[2]
    out = pushed_and_pulled(np.concatenate([weighted, weight[..., None]], -1), sigma, enough)
    return np.ascontiguousarray(out[..., :channels])


def pushed_and_pulled(packed: Plane, sigma: float, enough: float) -> Plane:
    """The same for weighted values with their weight behind them, (h, w, c + 1); so is what returns, and its last
    channel means nothing."""
    levels: list[tuple[Plane, Plane]] = []
    while True:
        level = cast(Plane, cv2.GaussianBlur(packed, (0, 0), sigma))
        support = cast(Plane, cv2.extractChannel(level, level.shape[2] - 1))
        levels.append((level, support))
        height, width = support.shape
        # where every cell has support, nobody asks what is coarser
        if max(height, width) <= _SMALLEST or float(support.min()) >= enough:
            break
        size = ((width + 1) // 2, (height + 1) // 2)
        packed = cast(Plane, cv2.resize(packed, size, interpolation=cv2.INTER_AREA))
    level, support = levels.pop()
    current: Plane = level / np.maximum(support, np.float32(1e-12))[..., None]
    while levels:
        level, support = levels.pop()
        height, width = support.shape
        current = cast(Plane, cv2.resize(current, (width, height), interpolation=cv2.INTER_LINEAR))
        for rows in row_bands(height, width):
            trust = np.minimum(support[rows] * np.float32(1 / enough), 1)
            current[rows] *= alike(1 - trust, level.shape[2])
            np.divide(trust, np.maximum(support[rows], np.float32(1e-12)), out=trust)
            finer = alike(trust, level.shape[2])
            finer *= level[rows]
            current[rows] += finer
    return current


def row_bands(height: int, width: int) -> list[slice]:
    """Rows of a plane in bands of which a dozen fit into a cache, whole fours in each but the last."""
    step = max(4, _BAND_CELLS // width // 4 * 4)
    return [slice(top, min(top + step, height)) for top in range(0, height, step)]


def alike(plane: Plane, channels: int) -> Plane:
    """(h, w, channels) copies of a (h, w) plane side by side: NumPy multiplies them several times as fast as it
    broadcasts along the last axis."""
    return cast(Plane, cv2.merge([plane] * channels))


def weighed(colour: Plane, weight: Plane) -> Plane:
    """(h, w, 3) colours times a weight (h, w), and the weight behind them: what `pushed_and_pulled` takes."""
    out = alike(weight, 4)
    out *= cast(Plane, cv2.cvtColor(colour, cv2.COLOR_RGB2RGBA))  # adds ones
    return out


def planar(plane: Plane) -> Plane:
    """(h, w, c) as a new contiguous (c, h, w)."""
    out: Plane = np.array(plane.transpose(2, 0, 1), order="C")
    return out


def enlarge(plane: Plane, width: int, height: int) -> Plane:
    """Bilinear to (height, width), channels kept."""
    out = cast(Plane, cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR))
    return out[..., None] if out.ndim < plane.ndim else out
