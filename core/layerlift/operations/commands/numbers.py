"""Numbers as people type them: 12, 1.5, 1,5, "twenty", "half", 二十, 一半, 两.

Law: stdlib only; one number in, one float out, or None.
"""

from __future__ import annotations

import re

_WORDS = {
    word: float(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {
    "thirty": 30.0,
    "forty": 40.0,
    "fifty": 50.0,
    "sixty": 60.0,
    "seventy": 70.0,
    "eighty": 80.0,
    "ninety": 90.0,
    "a hundred": 100.0,
    "one hundred": 100.0,
    "hundred": 100.0,
    "two hundred": 200.0,
    "three hundred": 300.0,
}
_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_UNITS = {"十": 10, "百": 100, "千": 1000}

ENGLISH = r"(?:[+-]?\d+(?:[.,]\d+)?|" + "|".join(sorted(_WORDS, key=len, reverse=True)) + ")"
"""What `read` understands in an English sentence (a regular expression without groups)."""
CHINESE = r"(?:[+-]?\d+(?:\.\d+)?|[零〇一二两三四五六七八九十百千]+(?:点[零〇一二三四五六七八九]+)?)"
"""… and in a Chinese one."""


def read(text: str) -> float | None:
    """The number that `text` is."""
    text = text.strip().lower()
    if re.fullmatch(r"[+-]?\d+(?:[.,]\d+)?", text):
        return float(text.replace(",", "."))
    if text in _WORDS:
        return _WORDS[text]
    return _chinese(text)


def write(value: float) -> str:
    """The shortest digits that read back as `value` (to ten of them)."""
    return format(value, ".10g")


def _chinese(text: str) -> float | None:
    whole, _, part = text.partition("点")
    if not whole or any(char not in _DIGITS and char not in _UNITS for char in whole):
        return None
    total, digit = 0, 0
    for char in whole:
        if char in _UNITS:
            total, digit = total + (digit or 1) * _UNITS[char], 0
        else:
            digit = _DIGITS[char]
    value = float(total + digit)
    if part:
        if any(char not in _DIGITS for char in part):
            return None
        value += sum(_DIGITS[char] * 10.0**-place for place, char in enumerate(part, 1))
    return value
