"""Pictures for documents, as numpy arrays and as the bytes that Krita stores."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8] | NDArray[np.uint16]


def poster(width: int = 480, height: int = 320, depth: int = 8, noise: int = 2) -> Pixels:
    """(height, width, 4) opaque RGBA: a line of text, a disc and a panel on paper, with a little `noise` everywhere."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = (240, 230, 200)
    cv2.circle(picture, (width // 4, height * 2 // 3), height // 5, (200, 60, 40), -1, cv2.LINE_AA)
    cv2.rectangle(picture, (width * 5 // 9, height // 2), (width * 8 // 9, height * 8 // 9), (40, 90, 180), -1)
    cv2.putText(picture, "Hello layers", (30, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.8, (20, 20, 20), 5, cv2.LINE_AA)
    rng = np.random.default_rng(7)
    if depth == 8:
        noisy = picture.astype(np.int16) + rng.integers(-noise, noise + 1, picture.shape)
        return np.dstack([noisy.clip(0, 255), np.full(picture.shape[:2], 255)]).astype(np.uint8)
    deep = picture.astype(np.int32) * 257 + rng.integers(-600, 601, picture.shape)
    return np.dstack([deep.clip(0, 65535), np.full(picture.shape[:2], 65535)]).astype(np.uint16)


def bands(width: int, height: int, depth: int = 8) -> Pixels:
    """(height, width, 4) opaque RGBA: quick to make at any size, different everywhere."""
    full = 255 if depth == 8 else 65535
    y, x = np.mgrid[:height, :width]
    picture = np.empty((height, width, 4), np.uint8 if depth == 8 else np.uint16)
    picture[..., 0], picture[..., 1] = x * 7 % (full + 1), y * 5 % (full + 1)
    picture[..., 2], picture[..., 3] = (x // 3 + y) % (full + 1), full
    return picture


def store(picture: Pixels, path: Path) -> Path:
    """Write RGBA as Krita stores it: B, G, R, A."""
    np.ascontiguousarray(picture[..., [2, 1, 0, 3]]).tofile(path)
    return path


def load(path: Path, shape: tuple[int, int], depth: int = 8) -> Pixels:
    """Read what Krita stores as RGBA; `shape` is (height, width)."""
    raw = np.fromfile(path, np.uint8 if depth == 8 else np.uint16)
    return raw.reshape(*shape, 4)[..., [2, 1, 0, 3]]
