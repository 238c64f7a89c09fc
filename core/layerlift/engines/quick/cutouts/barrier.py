"""Saliency without a network: how hard it is to reach a pixel from the picture's frame.

Law: numpy and OpenCV only; knows no weights, no components. The fallback where u2netp cannot be installed.
Source: J. Zhang et al., "Minimum Barrier Salient Object Detection at 80 FPS", ICCV 2015: FastMBD (§3.1) and the
boundary colour contrast of MB+ (§3.3). Its raster scans are replaced by four sweeps (down, up, right, left), each
vectorised across its direction with three neighbours, which converge to the same distances.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.raster import resized
from layerlift.imaging.layer import Plane

SIDE = 160
"""Longest side at which distances are measured: barriers are properties of regions, not of pixels."""
ROUNDS = 3
"""Rounds of four sweeps; the paper uses three passes."""
BORDER = 0.06
"""Width of the frame's strips (share of the longest side) whose colours are taken as background (paper: 30 of 300)."""


EDGE = 0.06
"""Steepest step between neighbours below which a picture is nothing but soft gradients, and shows no thing."""


def barrier_saliency(image: Plane) -> Plane:
    """(H, W, 3) float32 0–1 sRGB → (H, W) float32 0–1. All zero for a picture without contrast or without an edge."""
    height, width = image.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = resized(image, size)
    steps = [float(np.abs(np.diff(small, axis=axis)).max(initial=0)) for axis in (0, 1)]
    if max(steps) < EDGE:
        return np.zeros((height, width), np.float32)
    lab: Plane = cv2.cvtColor(cv2.GaussianBlur(small, (3, 3), 0), cv2.COLOR_RGB2LAB).astype(np.float32) * np.float32(
        0.01
    )
    both = _scaled(barrier_distance(lab)) + _scaled(_border_contrast(lab))
    plane = _contrasted(_smoothed(_scaled(both)))
    out: Plane = np.clip(resized(plane, (width, height)), 0, 1)
    return out


def barrier_distance(channels: Plane) -> Plane:
    """Minimum barrier distance to the frame of each pixel: (h, w, c) → (h, w), summed over the channels.

    The barrier of a path is the largest minus the smallest value on it, per channel.
    """
    state = _State(np.ascontiguousarray(channels, np.float32))
    for _ in range(ROUNDS):
        state.sweep(False, False)
        state.sweep(False, True)
        state.sweep(True, False)
        state.sweep(True, True)
    total: Plane = state.distance.sum(axis=2, dtype=np.float32)
    return total


class _State:
    """Per pixel and channel: the value, the best path's highest and lowest value, and its barrier."""

    def __init__(self, values: Plane) -> None:
        self.values = values
        self.high = values.copy()
        self.low = values.copy()
        self.distance: Plane = np.full(values.shape, np.inf, np.float32)
        self.distance[[0, -1]] = 0
        self.distance[:, [0, -1]] = 0

    def sweep(self, across: bool, backwards: bool) -> None:
        """Relax every row (or column, `across`) from the one before it, in reading order or `backwards`."""
        planes = [np.swapaxes(p, 0, 1) if across else p for p in (self.values, self.high, self.low, self.distance)]
        count = planes[0].shape[0]
        order = range(count - 2, -1, -1) if backwards else range(1, count)
        step = 1 if backwards else -1
        for row in order:
            _relax(planes, row, row + step)


def _relax(planes: list[Plane], row: int, before: int) -> None:
    """Offer row `row` the paths of its three neighbours in row `before`."""
    values, high, low, distance = planes
    count = values.shape[1]
    for shift in (0, -1, 1):
        to, source = slice(max(0, -shift), count - max(0, shift)), slice(max(0, shift), count - max(0, -shift))
        highest = np.maximum(values[row, to], high[before, source])
        lowest = np.minimum(values[row, to], low[before, source])
        barrier = highest - lowest
        barrier[~np.isfinite(distance[before, source])] = np.inf
        better = barrier < distance[row, to]
        np.copyto(distance[row, to], barrier, where=better)
        np.copyto(high[row, to], highest, where=better)
        np.copyto(low[row, to], lowest, where=better)


def _border_contrast(lab: Plane) -> Plane:
    """Mahalanobis distance to the colours of each of the frame's four strips, the largest of the four left out."""
    strip = max(1, round(BORDER * max(lab.shape[:2])))
    sides = (lab[:strip], lab[-strip:], lab[:, :strip], lab[:, -strip:])
    distances = np.stack([_scaled(_mahalanobis(lab, side.reshape(-1, 3))) for side in sides])
    kept: Plane = distances.sum(axis=0) - distances.max(axis=0)
    return kept


def _mahalanobis(lab: Plane, sample: Plane) -> Plane:
    centre = sample.mean(axis=0)
    spread: NDArray[np.float64] = (
        np.cov(sample.astype(np.float64), rowvar=False) if len(sample) > 1 else np.zeros((3, 3))
    )
    inverse = np.linalg.inv(spread + 1e-3 * np.eye(3))
    away = (lab - centre).astype(np.float64)
    distance: Plane = np.sqrt(np.einsum("hwi,ij,hwj->hw", away, inverse, away)).astype(np.float32)
    return distance


def _smoothed(plane: Plane) -> Plane:
    """Opened and closed by reconstruction's cheap cousin: a median, whose width follows the salient area (§3.4)."""
    width = int(0.1 * np.sqrt(float(plane.mean()) * plane.size)) | 1
    width = min(max(3, width), 21)
    out: Plane = cv2.medianBlur((plane * 255).astype(np.uint8), width).astype(np.float32) * np.float32(1 / 255)
    return out


def _contrasted(plane: Plane) -> Plane:
    """Sigmoid contrast about Otsu's threshold, so that 0.5 separates (the paper's b = 10 about 0.5)."""
    bytes_ = (plane * 255).astype(np.uint8)
    middle, _ = cv2.threshold(bytes_, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    if not bytes_.any():
        return plane
    out: Plane = 1 / (1 + np.exp(-14 * (plane - np.float32(middle / 255)))).astype(np.float32)
    return out


def _scaled(plane: Plane) -> Plane:
    """Stretched to 0–1; zero where there is no range worth the name."""
    low, high = float(plane.min()), float(plane.max())
    if not high - low > 0.02:
        return np.zeros_like(plane)
    out: Plane = (plane - np.float32(low)) / np.float32(high - low)
    return out
