"""Letters for labels in any script, as far as the machine's fonts go.

Law: Pillow's fonts only. The default font that Pillow carries is always there; system fonts are tried by file name
where each system keeps them (Pillow's own search).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont

Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont
Colour: TypeAlias = tuple[int, int, int]

_CANDIDATES = (
    # Latin and its neighbours, then everything else; Linux, macOS and Windows mixed: a missing one costs nothing.
    "Inter-Regular.ttf",
    "NotoSans-Regular.ttf",
    "SegoeUI.ttf",
    "segoeui.ttf",
    "HelveticaNeue.ttc",
    "DejaVuSans.ttf",
    "Arial Unicode.ttf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "AppleSDGothicNeo.ttc",
    "msyh.ttc",
    "YuGothR.ttc",
    "malgun.ttf",
    "Nirmala.ttc",
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "wqy-microhei.ttc",
    "DroidSansFallbackFull.ttf",
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansThai-Regular.ttf",
)
_NOWHERE = "\U0010ffff"
"""A code point that no font draws: what it shows is the font's sign for a missing letter."""


def font_for(text: str, size: int) -> Font:
    """The first font that has every letter of `text`, else the one that has the most."""
    letters = frozenset(text) - frozenset(" \t\n")
    best, fewest = ImageFont.load_default(size), len(letters) + 1
    for font in _fonts(size):
        missing = sum(not _draws(font, letter) for letter in letters)
        if missing == 0:
            return font
        if missing < fewest:
            best, fewest = font, missing
    return best


def fitted(text: str, font: Font, width: float) -> str:
    """`text` on one line, cut with an ellipsis where it is wider than `width` pixels."""
    line = " ".join(text.split())
    if font.getlength(line) <= width:
        return line
    while line and font.getlength(line + "…") > width:
        line = line[:-1]
    return line.rstrip() + "…"


def write(
    drawing: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, colour: Colour, width: float = 1e9
) -> float:
    """Write one line, left and vertically centred at `at`; returns how wide it came out, in pixels."""
    font = font_for(text, size)
    line = fitted(text, font, width)
    drawing.text(at, line, fill=colour, font=font, anchor="lm" if isinstance(font, ImageFont.FreeTypeFont) else None)
    return float(font.getlength(line))


@lru_cache(maxsize=16)
def _fonts(size: int) -> tuple[Font, ...]:
    found: list[Font] = []
    for name in _CANDIDATES:
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:
            continue
    found.append(ImageFont.load_default(size))
    return tuple(found)


@lru_cache(maxsize=4096)
def _draws(font: Font, letter: str) -> bool:
    """Whether the font has the letter: it looks unlike the sign for missing ones."""
    if not isinstance(font, ImageFont.FreeTypeFont):
        return letter.isascii()
    return _look(font, letter) != _look(font, _NOWHERE)


def _look(font: ImageFont.FreeTypeFont, letter: str) -> tuple[object, bytes]:
    box = font.getbbox(letter)
    canvas = Image.new("L", (max(1, round(box[2])), max(1, round(box[3]))))
    ImageDraw.Draw(canvas).text((0, 0), letter, fill=255, font=font)
    return box, canvas.tobytes()
