"""A picture that compresses like a photograph: smooth shapes, texture and sensor noise. The same every time."""

from __future__ import annotations

import cv2
import numpy as np


def photograph(side: int, seed: int = 1) -> np.ndarray:
    """(side, side, 4) uint8 straight RGBA, opaque."""
    random = np.random.default_rng(seed)
    picture = np.zeros((side, side, 3), np.float32)
    for octave in range(2, 9):
        cells = random.normal(size=(2**octave, 2**octave, 3)).astype(np.float32)
        picture += cv2.resize(cells, (side, side), interpolation=cv2.INTER_CUBIC) / 1.7**octave
    picture = 128 + 160 * picture + random.normal(0, 2.0, picture.shape).astype(np.float32)
    flat = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return np.dstack([flat, np.full((side, side), 255, np.uint8)])
