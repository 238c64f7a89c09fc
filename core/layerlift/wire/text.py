"""Cutting words to what a message may carry. Law: strings only."""

from __future__ import annotations

_ELLIPSIS = "…".encode()


def clipped(words: str, size: int) -> str:
    """`words` when they are valid Unicode of at most `size` bytes of UTF-8, else as much of them as fits, ending in an
    ellipsis (never inside a character; lone surrogates, which hosts produce, become question marks)."""
    spelled = words.encode("utf-8", "replace")
    if len(spelled) <= size:
        return spelled.decode("utf-8")
    if size < len(_ELLIPSIS):
        return ""
    return (spelled[: size - len(_ELLIPSIS)].rstrip() + _ELLIPSIS).decode("utf-8", "ignore")
