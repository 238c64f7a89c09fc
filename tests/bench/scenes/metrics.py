"""How good a refined stack is, against the ground truth it was degraded from.

Alpha errors are averaged over the layers above the bottom one and count only where no opaque thing hides the layer.
SAD and GRAD per megapixel / 1000 (Rhemann et al., "A Perceptually Motivated Online Benchmark for Image Matting",
CVPR 2009), MSE × 1000.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from tests.bench.scenes.draw import Plane, Stack


@dataclass(frozen=True)
class Quality:
    """`ghost`: % of the picture with alpha where there is nothing; `hole`: % of a layer's solid parts that are not;
    `colour`: mean error (8-bit levels) of visible colours in mixed pixels; `hidden`: of occluded colours; `swap`:
    PSNR in dB after replacing the bottom layer by magenta and by white."""

    sad: float
    mse: float
    grad: float
    ghost: float
    hole: float
    colour: float
    hidden: float
    swap: float


def flatten(stack: Stack) -> Plane:
    """Float composite, 0–255; the bottom layer is opaque."""
    out = stack[0][..., :3].astype(np.float32)
    for one in stack[1:]:
        out += one[..., 3:].astype(np.float32) / 255 * (one[..., :3] - out)
    return out


def weights(stack: Stack) -> list[Plane]:
    """Visible share of each layer."""
    through = np.ones(stack[0].shape[:2], np.float32)
    shares = []
    for one in reversed(stack):
        alpha = one[..., 3].astype(np.float32) / 255
        shares.append(through * alpha)
        through = through * (1 - alpha)
    return shares[::-1]


def gradient(alpha: Plane) -> Plane:
    """Magnitude of the smoothed gradient."""
    dx = cv2.GaussianBlur(cv2.Sobel(alpha, cv2.CV_32F, 1, 0), (0, 0), 1.4)
    dy = cv2.GaussianBlur(cv2.Sobel(alpha, cv2.CV_32F, 0, 1), (0, 0), 1.4)
    return cv2.magnitude(dx, dy)


def measure(ours: Stack, truth: Stack) -> Quality:
    """Compare two stacks of uint8 straight RGBA layers, (H, W, 4) each, same order."""
    megapixels = truth[0].shape[0] * truth[0].shape[1] / 1e6
    sums = np.zeros(5)
    through = np.ones(truth[0].shape[:2], np.float32)
    for mine, true in zip(reversed(ours[1:]), reversed(truth[1:]), strict=True):
        a, g = (one[..., 3].astype(np.float32) / 255 for one in (mine, true))
        seen = through > 0.05
        error = np.abs(a - g) * seen
        slope = np.abs(gradient(a) - gradient(g)) * seen
        solid = (g == 1) & seen
        hole = float(((a < 0.98) & solid).sum()) / max(1, int(solid.sum())) * 100
        ghost = float(((g == 0) & (a > 2 / 255) & seen).mean()) * 100
        sums += [error.sum() / 1e3 / megapixels, (error**2).mean() * 1e3, slope.sum() / 1e3 / megapixels, ghost, hole]
        through *= 1 - g
    sad, mse, grad, ghost, hole = sums / (len(truth) - 1)
    return Quality(sad, mse, grad, ghost, hole, *_colours(ours, truth), _swap(ours, truth))


def _colours(ours: Stack, truth: Stack) -> tuple[float, float]:
    mixed = mixed_weight = hidden = hidden_weight = 0.0
    for mine, true, share in zip(ours, truth, weights(truth), strict=True):
        error = np.abs(mine[..., :3].astype(np.float32) - true[..., :3]).mean(-1)
        where = (share > 0.1) & (share < 0.9)
        mixed += float((error * share * where).sum())
        mixed_weight += float((share * where).sum())
        where = (share < 0.02) & (true[..., 3] > 200)
        hidden += float((error * where).sum())
        hidden_weight += float(where.sum())
    return mixed / max(1, mixed_weight), hidden / max(1, hidden_weight)


def _swap(ours: Stack, truth: Stack) -> float:
    levels = []
    for colour in ((255, 0, 255), (255, 255, 255)):
        bottom = np.full_like(truth[0], 255)
        bottom[..., :3] = colour
        error = flatten([bottom, *ours[1:]]) - flatten([bottom, *truth[1:]])
        levels.append(10 * np.log10(255**2 / max(1e-9, float((error**2).mean()))))
    return float(np.mean(levels))
