"""Text as coverage: faces, wrapping, tracking, outline, rotation.

Law: knows fonts and planes; no colours, no layers.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Align = Literal["left", "center", "right"]


@lru_cache(maxsize=256)
def face(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """A face at a size in pixels."""
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


def wrapped(content: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Lines that fit `width`, broken at spaces, or anywhere in text without spaces."""
    lines: list[str] = []
    for paragraph in content.split("\n"):
        spaced = " " in paragraph
        words = paragraph.split(" ") if spaced else list(paragraph)
        line = ""
        for word in words:
            longer = f"{line} {word}" if line and spaced else line + word
            if line and font.getlength(longer) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


def fitted(path: Path, content: str, width: float, height: float, largest: int = 400) -> int:
    """The largest size at which the lines of `content` fit into `width` × `height`."""
    probe = face(path, 100)
    lines = content.split("\n")
    widest = max(probe.getlength(line) for line in lines)
    return max(8, int(min(largest, 100 * width / max(widest, 1), height / (1.15 * len(lines)))))


def written(
    lines: list[str],
    font: ImageFont.FreeTypeFont,
    align: Align = "left",
    leading: float = 1.25,
    tracking: float = 0.0,
    fatten: int = 0,
) -> NDArray[np.float32]:
    """Coverage of a block of lines, padded by 4 + `fatten` pixels on each side.

    `leading` in font sizes, `tracking` (extra space between letters) in pixels, `fatten` the outline's width.
    """
    pad = 4 + fatten
    widths = [font.getlength(line) + tracking * max(0, len(line) - 1) for line in lines]
    ascent, descent = font.getmetrics()
    step = font.size * leading
    canvas = Image.new(
        "L", (int(max(widths)) + 2 * pad + font.size // 2, int(step * (len(lines) - 1)) + ascent + descent + 2 * pad)
    )
    draw = ImageDraw.Draw(canvas)
    for i, (line, width) in enumerate(zip(lines, widths, strict=True)):
        x = pad + {"left": 0.0, "center": 0.5, "right": 1.0}[align] * (max(widths) - width)
        y = pad + i * step
        if not tracking:
            draw.text((x, y), line, fill=255, font=font, stroke_width=fatten)
            continue
        for letter in line:
            draw.text((x, y), letter, fill=255, font=font, stroke_width=fatten)
            x += font.getlength(letter) + tracking
    return np.asarray(canvas, np.float32) / np.float32(255)


def rotated(plane: NDArray[np.float32], degrees: float) -> NDArray[np.float32]:
    """The plane turned counter-clockwise about its centre, grown to hold all of it."""
    image = Image.fromarray((plane * 255 + 0.5).astype(np.uint8))
    return np.asarray(image.rotate(degrees, Image.Resampling.BICUBIC, expand=True), np.float32) / np.float32(255)


def trimmed(plane: NDArray[np.float32]) -> tuple[NDArray[np.float32], int, int]:
    """The plane cut to what is not zero, with the x, y of the cut."""
    rows, columns = np.flatnonzero(plane.any(1)), np.flatnonzero(plane.any(0))
    if rows.size == 0:
        raise ValueError("nothing written")
    y0, x0 = int(rows[0]), int(columns[0])
    return plane[y0 : rows[-1] + 1, x0 : columns[-1] + 1], x0, y0
