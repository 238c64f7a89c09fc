"""File names that every system takes: Windows' rules, which are the strictest.

Law: stdlib only; pure functions on strings.
"""

from __future__ import annotations

import unicodedata

_FORBIDDEN = set('<>:"/\\|?*')
"""Microsoft, "Naming Files, Paths, and Namespaces": reserved characters."""
_JOINERS = {"\u200c", "\u200d"}
"""Format characters that belong to words and emoji; the others (direction overrides) only deceive."""
_MOST_BYTES = 160
"""Of 255 that most file systems allow, so that copies with longer names still fit."""


def numbered(names: list[str], suffix: str) -> list[str]:
    """One safe file name for each name: "03 Title.png", counted from 1. The number makes it unique whatever the system
    folds together, and keeps it from being a device ("CON") or hidden."""
    digits = max(2, len(str(len(names))))
    return [f"{i:0{digits}d} {cleaned(name)}".rstrip() + suffix for i, name in enumerate(names, 1)]


def cleaned(name: str) -> str:
    """`name` without what a file name may not hold; may be empty."""
    normal = unicodedata.normalize("NFC", name)
    kept = "".join("_" if _bad(character) else character for character in normal)
    cut = " ".join(kept.split()).encode()[:_MOST_BYTES].decode(errors="ignore")
    return cut.strip(" .")


def _bad(character: str) -> bool:
    if character in _FORBIDDEN:
        return True
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in _JOINERS
