"""Colours as people type them: names in English and Chinese, #rrggbb, rgb(…).

Law: stdlib only; one colour in, sRGB 0–255 out, or None. Names mean what CSS means by them (CSS Color 4, §6.1) where it
has them; "light" and "dark" (浅, 深) mix in a third of white or black.
"""

from __future__ import annotations

import re
from typing import TypeAlias

Colour: TypeAlias = tuple[int, int, int]

_ENGLISH: dict[str, Colour] = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "grey": (128, 128, 128),
    "gray": (128, 128, 128),
    "silver": (192, 192, 192),
    "red": (255, 0, 0),
    "crimson": (220, 20, 60),
    "maroon": (128, 0, 0),
    "orange": (255, 165, 0),
    "gold": (255, 215, 0),
    "yellow": (255, 255, 0),
    "lime": (0, 255, 0),
    "green": (0, 128, 0),
    "olive": (128, 128, 0),
    "teal": (0, 128, 128),
    "turquoise": (64, 224, 208),
    "cyan": (0, 255, 255),
    "blue": (0, 0, 255),
    "sky blue": (135, 206, 235),
    "navy": (0, 0, 128),
    "navy blue": (0, 0, 128),
    "indigo": (75, 0, 130),
    "violet": (238, 130, 238),
    "purple": (128, 0, 128),
    "magenta": (255, 0, 255),
    "pink": (255, 192, 203),
    "salmon": (250, 128, 114),
    "coral": (255, 127, 80),
    "brown": (165, 42, 42),
    "beige": (245, 245, 220),
    "ivory": (255, 255, 240),
    "lavender": (230, 230, 250),
}
_CHINESE: dict[str, Colour] = {
    "黑": (0, 0, 0),
    "白": (255, 255, 255),
    "灰": (128, 128, 128),
    "银": (192, 192, 192),
    "红": (255, 0, 0),
    "大红": (255, 0, 0),
    "橙": (255, 165, 0),
    "橘": (255, 165, 0),
    "金": (255, 215, 0),
    "黄": (255, 255, 0),
    "绿": (0, 128, 0),
    "青": (0, 255, 255),
    "蓝": (0, 0, 255),
    "天蓝": (135, 206, 235),
    "藏青": (0, 0, 128),
    "靛": (75, 0, 130),
    "紫": (128, 0, 128),
    "粉": (255, 192, 203),
    "粉红": (255, 192, 203),
    "品红": (255, 0, 255),
    "棕": (165, 42, 42),
    "褐": (165, 42, 42),
    "米": (245, 245, 220),
}
_TOWARDS = {
    "light": 255,
    "pale": 255,
    "bright": 255,
    "dark": 0,
    "deep": 0,
    "浅": 255,
    "淡": 255,
    "亮": 255,
    "深": 0,
    "暗": 0,
}
_MIX = 3


def read(text: str) -> Colour | None:
    """The colour that `text` is."""
    text = " ".join(text.lower().split()).strip(" .\"'“”")
    return _hexadecimal(text) or _function(text) or _named(text)


def write(colour: Colour) -> str:
    """#rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _hexadecimal(text: str) -> Colour | None:
    found = re.fullmatch(r"#?([0-9a-f]{6})|#([0-9a-f]{3})", text)
    if found is None:
        return None
    digits = found[1] or "".join(digit * 2 for digit in found[2])
    if found[1] and not text.startswith("#") and not any(char.isdigit() for char in digits):
        return None  # "decade" is a word
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _function(text: str) -> Colour | None:
    found = re.fullmatch(r"(?:rgb ?)?\( ?(\d{1,3}) ?[, ] ?(\d{1,3}) ?[, ] ?(\d{1,3}) ?\)", text)
    if found is None:
        return None
    red, green, blue = (int(part) for part in found.groups())
    return (red, green, blue) if max(red, green, blue) <= 255 else None


def _named(text: str) -> Colour | None:
    plain = re.sub(r"^an? |( colou?r)$", "", text)
    chinese = plain.removesuffix("色").removesuffix("颜")
    found = _ENGLISH.get(plain) or _CHINESE.get(chinese)
    if found is not None:
        return found
    for word, end in _TOWARDS.items():
        for rest in (plain.removeprefix(f"{word} "), chinese.removeprefix(word)):
            base = _ENGLISH.get(rest) or _CHINESE.get(rest)
            if base is not None and rest not in (plain, chinese):
                red, green, blue = (part + (end - part) // _MIX for part in base)
                return red, green, blue
    return None
