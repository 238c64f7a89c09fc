"""Small designs with true text, drawn with Pillow's built-in font (no system font is needed)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from layerlift.imaging.layer import TextLine

F32 = NDArray[np.float32]


def written(content: str, size: int, height: int, width: int, at: tuple[int, int], stroke: int = 0) -> F32:
    """(height, width) coverage of `content`, its top left at `at` (x, y); `stroke` pixels thicker all around."""
    canvas = Image.new("L", (width, height))
    font = ImageFont.load_default(size)
    ImageDraw.Draw(canvas).text(at, content, font=font, fill=255, stroke_width=stroke)
    return np.asarray(canvas, np.float32) / np.float32(255)


def line_around(alpha: F32, content: str = "text", margin: int = 4) -> TextLine:
    """The horizontal line that a reader would report for the ink in `alpha`."""
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    x0, x1 = float(columns[0] - margin), float(columns[-1] + margin)
    y0, y1 = float(rows[0] - margin), float(rows[-1] + margin)
    return TextLine(content, ((x0, y0), (x1, y0), (x1, y1), (x0, y1)), 0.98)


def painted(ground: F32, alpha: F32, colour: tuple[float, float, float] | F32) -> F32:
    """`colour` with coverage `alpha` over `ground` (h, w, 3), rounded to 8 bit as a picture would be."""
    mixed = ground * (1 - alpha[..., None]) + np.asarray(colour, np.float32) * alpha[..., None]
    return (np.rint(mixed * 255) / 255).astype(np.float32)


def plain(height: int, width: int, colour: tuple[float, float, float]) -> F32:
    """One colour everywhere."""
    return np.full((height, width, 3), colour, np.float32)


def rough(height: int, width: int, strength: float, seed: int = 0) -> F32:
    """A cloudy texture like a photograph out of focus, with grain; between 0.1 and 0.9."""
    rng = np.random.default_rng(seed)
    clouds = cv2.resize(
        rng.random((height // 24 + 2, width // 24 + 2, 3)), (width, height), interpolation=cv2.INTER_CUBIC
    )
    return np.clip(0.45 + strength * (clouds - 0.5) + rng.normal(0, 0.02, clouds.shape), 0.05, 0.9).astype(np.float32)


def jpeg(image: F32, quality: int = 90) -> F32:
    """The picture after JPEG (4:2:0)."""
    _, packed = cv2.imencode(".jpg", np.rint(image[..., ::-1] * 255), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return (cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1] / np.float32(255)).astype(np.float32)


def soft_iou(a: F32, b: F32) -> float:
    """Sum of minima over sum of maxima."""
    return float(np.minimum(a, b).sum() / np.maximum(a, b).sum())
