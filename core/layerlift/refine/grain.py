"""Grain for what nobody sees: an enlarged fill is smooth, the picture around it is not.

Law: pure functions; deterministic (a hash of the pixel's place, no random numbers). Grain is noise, never structure:
its strength is that of the finest detail of the layer's own visible cells and stays below a limit.
Source of the estimate: Immerkær, "Fast Noise Variance Estimation", CVIU 1996, in one dimension: the second difference
(2p − l − r)/√6 has the variance of white noise, and mean absolute value σ·√(2/π).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Plane

LIMIT = 0.03
"""Strongest grain (standard deviation, 0–1): more than this is texture, which noise cannot imitate."""
_TO_SIGMA = float(np.sqrt(np.pi / 2) / np.sqrt(6))


def roughness(line: Plane) -> Plane:
    """Grain (h, w) of each pixel of a (h, w) picture from its neighbours to the left and right."""
    out = np.zeros_like(line)
    np.abs(2 * line[:, 1:-1] - line[:, :-2] - line[:, 2:], out=out[:, 1:-1])
    out *= np.float32(_TO_SIGMA)
    return out


def grain(row: NDArray[np.intp], column: NDArray[np.intp], layer: int) -> Plane:
    """Noise of unit variance and triangular distribution at document pixels, the same for the same place and layer."""
    word = row.astype(np.uint32) * np.uint32(0x9E3779B1) + column.astype(np.uint32) * np.uint32(0x85EBCA77)
    word += np.uint32((layer * 0xC2B2AE3D) & 0xFFFFFFFF)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):  # "lowbias32" (C. Wellons, hash-prospector)
        word ^= word >> np.uint32(shift)
        word *= np.uint32(factor)
    word ^= word >> np.uint32(16)
    halves = (word & np.uint32(0xFFFF)).astype(np.float32) + (word >> np.uint32(16)).astype(np.float32)
    out: Plane = (halves - np.float32(65535)) * np.float32(np.sqrt(6) / 65536)
    return out
