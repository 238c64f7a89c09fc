"""What XML can say. Law: stdlib; pure functions on strings."""

from __future__ import annotations

import re

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters outside XML 1.0 (Fifth Edition) §2.2, "Char"."""


def clean(text: str) -> str:
    """`text` with U+FFFD for what XML cannot hold."""
    return NOT_XML.sub("\ufffd", text)
