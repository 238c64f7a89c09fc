"""A place without pixels: for what is drawn from words alone.

Law: see `action.ports.Snapshot`; nothing is read, nothing is sent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from krita import Document, Node

from layerlift_krita.action.ports import Say, Wish
from layerlift_krita.host.places import KritaPlace, place_of
from layerlift_krita.host.spaces import SRGB, Space


class Blank:
    """The selection's rectangle, or the whole canvas; what is drawn there comes back as 8-bit sRGB."""

    depth: Literal[8, 16] = 8
    mask = False
    icc = b""
    native = None
    size = 0
    notes: tuple[Say, ...] = ()

    def __init__(self, document: Document, source: Node | None, wish: Wish) -> None:
        box = drawn_on(document)
        place = place_of(document, source, wish, box, Space("RGBA", "U8", SRGB))
        # Something new: it stands in for nothing.
        self.place: KritaPlace = replace(place, name=place.title, opacity=255, blend="normal")
        self.title = place.title
        self.x, self.y, self.width, self.height = box

    def offer(self, native: bool) -> None:
        """Nothing has no numbers."""

    def read(self, offset: int, length: int) -> memoryview:
        """There is nothing."""
        return memoryview(b"")

    def seal(self) -> str:
        """Nothing that could change."""
        return ""

    def close(self) -> None:
        """Nothing to let go of."""


def drawn_on(document: Document) -> tuple[int, int, int, int]:
    """Left, top, width and height of what is drawn anew: what is selected of the canvas, or all of it."""
    width, height = document.width(), document.height()
    chosen = document.selection()
    if chosen is None:
        return 0, 0, width, height
    left, top = max(0, chosen.x()), max(0, chosen.y())
    right, bottom = min(width, chosen.x() + chosen.width()), min(height, chosen.y() + chosen.height())
    if right <= left or bottom <= top:
        return 0, 0, width, height
    return left, top, right - left, bottom - top
