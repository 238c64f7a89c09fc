"""The colours of a soft foreground: what a subject looks like where the background shines through its edge.

Law: mathematics on planes; knows alpha, not where it came from.
Source: T. Germer, T. Uelwer, S. Conrad, S. Harmeling, "Fast Multi-Level Foreground Estimation", ICPR 2020, eq. 4 and
algorithm 1; its in-place sweeps are replaced by Jacobi sweeps over whole planes (as its GPU version does).
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.engines.quick.raster import resized
from layerlift.imaging.layer import Mask, Plane

REGULARIZATION = 1e-5
GRADIENT_WEIGHT = 1.0
LARGEST_SIDE = 512
"""Longest side at which colours are solved for; above it they are enlarged and corrected by what they leave unexplained
(M. Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021, eq. 6)."""
SMALL_SIDE, SMALL_STEPS, LARGE_STEPS = 32, 10, 2
"""Sweeps per level: many while the level is small (and cheap), few after (the paper's defaults)."""


def foreground(image: Plane, alpha: Plane) -> Plane:
    """Straight foreground colours (H, W, 3) float32 0–1 of `image` (H, W, 3) under `alpha` (H, W); defined everywhere
    (where alpha is 0: the nearest foreground's colours, continued), and the image's own where alpha is 1."""
    height, width = alpha.shape
    scale = min(1.0, LARGEST_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    front, back = _multi_level(resized(image, size), resized(alpha, size))
    front, back = resized(front, (width, height)), resized(back, (width, height))
    share = alpha[..., None]
    rest: Plane = image - share * front - (1 - share) * back
    out: Plane = np.clip(front + share * rest, 0, 1)
    return out


def _multi_level(image: Plane, alpha: Plane) -> tuple[Plane, Plane]:
    """Foreground and background colours of a small image, from one pixel's size upwards."""
    height, width = alpha.shape
    front, back = _mean(image, alpha > 0.9), _mean(image, alpha < 0.1)
    levels = max(1, int(np.ceil(np.log2(max(height, width)))))
    for level in range(levels + 1):
        size = max(1, round(width ** (level / levels))), max(1, round(height ** (level / levels)))
        colour, matte = resized(image, size), resized(alpha, size)
        front, back = _grown(front, size), _grown(back, size)
        for _ in range(SMALL_STEPS if max(size) <= SMALL_SIDE else LARGE_STEPS):
            front, back = _sweep(colour, matte, front, back)
    return front, back


def _mean(image: Plane, where: Mask) -> Plane:
    """Mean colour (1, 1, 3) of the pixels chosen, of all where none is."""
    chosen = image[where] if where.any() else image.reshape(-1, 3)
    return chosen.mean(axis=0).reshape(1, 1, 3).astype(np.float32)


def _grown(plane: Plane, size: tuple[int, int]) -> Plane:
    out = cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST).astype(np.float32, copy=False)
    return out.reshape(size[1], size[0], 3)


def _sweep(image: Plane, alpha: Plane, front: Plane, back: Plane) -> tuple[Plane, Plane]:
    """One Jacobi step on every pixel's 2×2 system for (F, B), given its four neighbours' (F, B)."""
    total = np.zeros_like(alpha)
    pull_front, pull_back = np.zeros_like(front), np.zeros_like(back)
    padded = np.pad(np.dstack([alpha, front, back]), ((1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = alpha.shape
    for dy, dx in ((0, 1), (2, 1), (1, 0), (1, 2)):
        near = padded[dy : dy + height, dx : dx + width]
        weight = np.float32(REGULARIZATION) + np.float32(GRADIENT_WEIGHT) * np.abs(alpha - near[..., 0])
        total += weight
        pull_front += weight[..., None] * near[..., 1:4]
        pull_back += weight[..., None] * near[..., 4:]
    clear = 1 - alpha
    a, b, c = (alpha * alpha + total)[..., None], (alpha * clear)[..., None], (clear * clear + total)[..., None]
    right_front, right_back = alpha[..., None] * image + pull_front, clear[..., None] * image + pull_back
    inverse = 1 / (a * c - b * b)
    new_front = np.clip((c * right_front - b * right_back) * inverse, 0, 1)
    new_back = np.clip((a * right_back - b * right_front) * inverse, 0, 1)
    return new_front.astype(np.float32), new_back.astype(np.float32)
