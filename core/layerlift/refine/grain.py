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
    down, across = seeds(row, column, layer)
    return noise(down + across)


def seeds(row: NDArray[np.intp], column: NDArray[np.intp], layer: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """What rows and columns contribute to the seed of a pixel: their sum, modulo 2³²."""
    down = row.astype(np.uint32) * np.uint32(0x9E3779B1) + np.uint32((layer * 0xC2B2AE3D) & 0xFFFFFFFF)
    return down, column.astype(np.uint32) * np.uint32(0x85EBCA77)


def noise(seed: NDArray[np.uint32]) -> Plane:
    """The noise that belongs to seeds; these are used up."""
    spare = np.empty_like(seed)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):  # "lowbias32" (C. Wellons, hash-prospector)
        np.right_shift(seed, np.uint32(shift), out=spare)
        np.bitwise_xor(seed, spare, out=seed)
        np.multiply(seed, np.uint32(factor), out=seed)
    np.right_shift(seed, np.uint32(16), out=spare)
    np.bitwise_xor(seed, spare, out=seed)
    # Both halves together are below 2¹⁷: their sum is the same in integers as in float32.
    np.right_shift(seed, np.uint32(16), out=spare)
    np.bitwise_and(seed, np.uint32(0xFFFF), out=seed)
    np.add(seed, spare, out=seed)
    out = seed.astype(np.float32)
    np.subtract(out, np.float32(65535), out=out)
    np.multiply(out, np.float32(np.sqrt(6) / 65536), out=out)
    return out
