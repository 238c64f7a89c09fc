"""Brushes for ground-truth stacks: photos, text, anti-aliased shapes, strokes, shadows, noise. Float 0–1, RGB."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Plane = NDArray[np.float32]
Stack = list[NDArray[np.uint8]]

SENTENCE = "Layered decomposition at full resolution keeps every hairline stroke of the original typeface crisp."


def noise(height: int, width: int, grain: float, seed: int) -> Plane:
    """(h, w) smooth noise of about unit variance whose blobs are `grain` pixels wide."""
    size = (max(2, int(height / grain)), max(2, int(width / grain)))
    small = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def photo(name: str, height: int, width: int, seed: int, grain: float = 0.025) -> Plane:
    """A photo of scikit-image's, covering the size, with grain of its own at full resolution."""
    from skimage import data

    image = getattr(data, name)()
    image = np.ascontiguousarray(image[0] if isinstance(image, tuple) else image)  # of a stereo pair the left one
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, 2)
    h, w = image.shape[:2]
    scale = max(height / h, width / w)
    size = (math.ceil(w * scale), math.ceil(h * scale))
    big = cv2.resize(image[..., :3].astype(np.float32) / 255, size, interpolation=cv2.INTER_CUBIC)
    y, x = (size[1] - height) // 2, (size[0] - width) // 2
    out = big[y : y + height, x : x + width]
    detail = sum(noise(height, width, s, seed + s) / s**0.4 for s in (1, 2, 4))
    busy = cv2.GaussianBlur(np.abs(out - cv2.GaussianBlur(out, (0, 0), 6)).mean(2), (0, 0), 8)
    strength = 0.35 + 0.5 * busy / (busy.mean() + 1e-4)
    return np.clip(out + (detail * strength * grain)[..., None], 0, 1)


def flat(height: int, width: int, colour: Sequence[float]) -> Plane:
    """One colour."""
    return np.broadcast_to(np.asarray(colour, np.float32), (height, width, 3))


def shape(height: int, width: int, paint: Callable[[Any, int], object], over: int = 3) -> Plane:
    """What `paint(draw, scale)` draws in white, anti-aliased by `over` × `over` box sampling."""
    image = Image.new("L", (width * over, height * over), 0)
    paint(ImageDraw.Draw(image), over)
    return np.asarray(image.resize((width, height), Image.Resampling.BOX), np.float32) / 255


def text(height: int, width: int, items: Iterable[tuple[float, float, float, str]]) -> Plane:
    """Lines of text: (x, y, size) as shares of the width, height and height."""
    image = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(image)
    for x, y, size, words in items:
        draw.text((x * width, y * height), words, fill=255, font=ImageFont.load_default(max(6, size * height)))
    return np.asarray(image, np.float32) / 255


def strokes(height: int, width: int, curves: Iterable[tuple[NDArray[np.floating], float]], over: int = 2) -> Plane:
    """Polylines ((k, 2) points in pixels, thickness in pixels), anti-aliased; hairs of half a pixel fade."""
    canvas = np.zeros((height * over, width * over), np.uint8)
    for points, thickness in curves:
        fixed = np.round(points * over * 8).astype(np.int32)
        cv2.polylines(canvas, [fixed], False, 255, max(1, round(thickness * over)), cv2.LINE_AA, 3)
    return cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def hair(
    rng: np.random.Generator, centre: tuple[float, float], radius: tuple[float, float], length: float, count: int
) -> list[tuple[NDArray[np.floating], float]]:
    """Curved hairs leaving an ellipse upwards."""
    curves = []
    for _ in range(count):
        turn = rng.uniform(math.pi * 1.02, math.pi * 1.98)
        start = np.array([centre[0] + radius[0] * math.cos(turn), centre[1] + radius[1] * math.sin(turn)])
        reach = rng.uniform(0.3, 1.0) * length
        angle = turn + rng.normal(0, 0.35)
        end = start + reach * np.array([math.cos(angle), math.sin(angle)]) + [0, 0.25 * reach * rng.uniform()]
        middle = (start + end) / 2 + rng.normal(0, 0.25 * reach, 2)
        u = np.linspace(0, 1, 40)[:, None]
        curves.append(((1 - u) ** 2 * start + 2 * u * (1 - u) * middle + u * u * end, rng.uniform(0.0006, 0.0014)))
    return curves


def shadow(alpha: Plane, dx: float, dy: float, blur: float, strength: float) -> Plane:
    """A soft cast shadow of `alpha`; lengths are shares of the height."""
    height = alpha.shape[0]
    moved = np.roll(alpha, (int(dy * height), int(dx * height)), (0, 1))
    return cv2.GaussianBlur(moved, (0, 0), blur * height) * np.float32(strength)


def layer(colour: Plane | Sequence[float], alpha: Plane) -> NDArray[np.uint8]:
    """Colour and alpha as one uint8 straight RGBA layer."""
    out = np.empty((*alpha.shape, 4), np.float32)
    out[..., :3] = colour
    out[..., 3] = alpha
    return np.rint(np.clip(out, 0, 1) * 255).astype(np.uint8)


def merge(parts: Iterable[tuple[Plane, Plane]]) -> tuple[Plane, Plane]:
    """(alpha, colour) parts, bottom first, flattened into one (colour, alpha)."""
    alpha: Plane | None = None
    colour: Plane | None = None
    for a, c in parts:
        if alpha is None or colour is None:
            alpha, colour = a.copy(), np.array(c)
            continue
        total = a + alpha * (1 - a)
        mixed = c * a[..., None] + colour * (alpha * (1 - a))[..., None]
        colour = np.where(total[..., None] > 1e-4, mixed / np.maximum(total, 1e-4)[..., None], c)
        alpha = total
    assert alpha is not None
    assert colour is not None
    return colour, alpha


def ramp(height: int, width: int) -> tuple[Plane, Plane]:
    """x and y, 0–1."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return x / width, y / height
