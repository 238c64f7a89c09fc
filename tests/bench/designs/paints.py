"""What fills a shape: a colour, a gradient, a picture, a pattern.

Law: a paint is a function of the canvas' pixel coordinates, or an array; sRGB 0–255 float32.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
F32 = NDArray[np.float32]
Paint = Colour | F32 | Callable[[F32, F32], F32]
"""A colour; an (h, w, 3) array that covers the shape's box; or colour(x, y) with x, y 0–1 across the shape's box."""


def filled(paint: Paint, height: int, width: int) -> F32:
    """The paint over a box of `height` × `width`, (h, w, 3), 0–255."""
    if isinstance(paint, tuple):
        return np.broadcast_to(np.asarray(paint, np.float32), (height, width, 3))
    if isinstance(paint, np.ndarray):
        if paint.shape[:2] != (height, width):
            return cv2.resize(paint, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
        return paint
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return paint(x / max(1, width - 1), y / max(1, height - 1)).astype(np.float32)


def gradient(first: Colour, last: Colour, degrees: float = 90.0) -> Paint:
    """A straight blend; 0° from left to right, 90° from top to bottom."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    low, high = min(0, c) + min(0, s), max(0, c) + max(0, s)
    a, b = np.asarray(first, np.float32), np.asarray(last, np.float32)

    def paint(x: F32, y: F32) -> F32:
        t = ((x * c + y * s - low) / (high - low))[..., None]
        return a + (b - a) * t

    return paint


def radial(centre: Colour, rim: Colour, cx: float = 0.5, cy: float = 0.5) -> Paint:
    """A round blend from (cx, cy) to the far corner."""
    a, b = np.asarray(centre, np.float32), np.asarray(rim, np.float32)

    def paint(x: F32, y: F32) -> F32:
        t = np.clip(np.hypot(x - cx, y - cy) / 0.9, 0, 1)[..., None]
        return a + (b - a) * t

    return paint


def stripes(first: Colour, second: Colour, count: int, degrees: float = 45.0) -> Paint:
    """Alternating bands with soft edges."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    a, b = np.asarray(first, np.float32), np.asarray(second, np.float32)

    def paint(x: F32, y: F32) -> F32:
        t = np.clip(np.sin(2 * np.pi * count * (x * c + y * s)) * 12 + 0.5, 0, 1)[..., None]
        return a + (b - a) * t

    return paint


def grain(rng: np.random.Generator, height: int, width: int, base: Colour, strength: float, size: float = 1.0) -> F32:
    """Paper: a colour with noise of `strength` levels at a scale of `size` pixels."""
    noise = rng.normal(0, 1, (int(height / size) + 2, int(width / size) + 2)).astype(np.float32)
    noise = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(np.asarray(base, np.float32) + strength * noise[..., None], 0, 255).astype(np.float32)


def cropped(picture: F32, height: int, width: int, rng: np.random.Generator, zoom: float = 1.25) -> F32:
    """A part of a picture of the wanted aspect, anywhere in it, at up to `zoom` times the smallest scale that fills."""
    scale = max(height / picture.shape[0], width / picture.shape[1]) * rng.uniform(1.0, zoom)
    size = (max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale)))
    big = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    y, x = rng.integers(0, size[1] - height + 1), rng.integers(0, size[0] - width + 1)
    return np.clip(big[y : y + height, x : x + width], 0, 255)


def mixed(a: Colour, b: Colour, t: float) -> Colour:
    """The colour `t` of the way from `a` to `b`."""
    r, g, bl = (round(p + (q - p) * t) for p, q in zip(a, b, strict=True))
    return (r, g, bl)
