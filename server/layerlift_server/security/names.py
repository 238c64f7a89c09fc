"""Words from outside, made fit to be shown, logged and written into headers.

Law: strings only. Never a path: what comes from a client names nothing on this disk.
"""

from __future__ import annotations

import re
import unicodedata

from layerlift.wire.limits import NAME
from layerlift.wire.text import clipped

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u2028\u2029]+')
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")


def plain(text: str, size: int = NAME) -> str:
    """`text` on one line, without control, direction-turning or lone surrogate characters, in at most `size` bytes of
    UTF-8."""
    kept = (" " if letter.isspace() else letter for letter in text[: size * 4])
    visible = "".join(letter for letter in kept if unicodedata.category(letter) not in {"Cc", "Cf", "Cs"})
    return clipped(" ".join(visible.split()), size)


def file_stem(text: str, size: int = 150) -> str:
    """`text` as a file name without suffix that Windows, macOS and Linux take; never empty, never hidden. A name that
    ends like a picture's file loses that ending."""
    stem = plain(_FORBIDDEN.sub(" ", text), size)
    stem = re.sub(r"(?i)\.(png|jpe?g|webp|tiff?|psd|psb|ora|kra|xcf|bmp|gif|avif)$", "", stem).strip(" .")
    return f"_{stem}" if _RESERVED.match(stem) else stem or "layers"
