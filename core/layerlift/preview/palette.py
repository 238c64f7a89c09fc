"""How previews look: colours, the checkerboard, role chips. Law: constants and small drawings on Pillow images."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from layerlift.imaging.layer import Role
from layerlift.preview.lettering import Colour, fitted, font_for

PAPER: Colour = (24, 26, 32)
CARD: Colour = (35, 38, 46)
INK: Colour = (238, 240, 245)
FAINT: Colour = (150, 156, 170)
ROLES: dict[Role, Colour] = {
    Role.BACKGROUND: (122, 134, 160),
    Role.GRAPHIC: (94, 196, 160),
    Role.SUBJECT: (255, 158, 88),
    Role.SHADOW: (140, 120, 200),
    Role.TEXT: (98, 170, 255),
}


def checkerboard(image: Image.Image, square: int) -> Image.Image:
    """(RGB) The RGBA picture on two greys, what transparency looks like everywhere; on dark ones if it is light."""
    light, dark = (58, 74) if lightness(image) > 0.72 else (246, 222)
    y, x = np.indices((image.height, image.width), sparse=True)
    pattern = np.where((x // square + y // square) % 2, np.uint8(dark), np.uint8(light)).astype(np.uint8)
    board = Image.fromarray(pattern).convert("RGB")
    board.paste(image, (0, 0), image)
    return board


def lightness(image: Image.Image) -> float:
    """Mean grey (0–1) of what is visible; 0 where nothing is."""
    grey, alpha = (
        np.asarray(image.convert(mode).getchannel(band), np.float64) for mode, band in (("L", "L"), ("RGBA", "A"))
    )
    return float((grey * alpha).sum() / max(1.0, alpha.sum()) / 255)


def chip(drawing: ImageDraw.ImageDraw, at: tuple[float, float], role: Role, size: int) -> float:
    """The role on its colour, left and vertically centred at `at`; returns its width."""
    text = str(role)
    font = font_for(text, size)
    width = font.getlength(fitted(text, font, 1e9)) + size * 1.2
    x, y = at
    box = (x, y - size * 0.85, x + width, y + size * 0.85)
    drawing.rounded_rectangle(box, radius=size * 0.85, fill=_mixed(ROLES[role], CARD, 0.22))
    drawing.text((x + size * 0.6, y), text, fill=ROLES[role], font=font, anchor="lm")
    return width


def _mixed(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(c * share + o * (1 - share)) for c, o in zip(colour, other, strict=True))
    return red, green, blue
