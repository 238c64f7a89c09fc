"""Krita as the action's host, and the few words that we say to it: messages, settings, who it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from krita import Krita

from layerlift.wire.values import ClientInfo
from layerlift_krita import VERSION
from layerlift_krita.action.ports import Piece, Place, Steps, Wish
from layerlift_krita.host import hiding, inserting, reading
from layerlift_krita.host.blank import Blank, drawn_on
from layerlift_krita.host.places import KritaPlace
from layerlift_krita.qt import QtGui

GROUP = "layerlift"
"""Our section in Krita's own settings (kritarc)."""
SHOWN, SHOWN_BAD = 4000, 9000
"""Milliseconds that a message stays on the canvas; longer where it says what to do."""


class KritaHost:
    """See `action.ports.Host`."""

    def snapshot(self, wish: Wish, place: Place | None = None) -> reading.KritaSnapshot | Blank:
        """What the user means now."""
        assert place is None or isinstance(place, KritaPlace)
        return reading.snapshot(wish, place)

    def insert(self, place: Place, seal: str, pieces: Sequence[Piece], anyway: bool) -> Steps:
        """One group, one undo step."""
        assert isinstance(place, KritaPlace)
        return inserting.insert(place, seal, pieces, anyway)

    def insert_new(self, place: Place, pieces: Sequence[Piece]) -> Steps:
        """A document of their own."""
        assert isinstance(place, KritaPlace)
        return inserting.insert_new(place, pieces)

    def hide(self, place: Place) -> None:
        """The source away, in an undo step of its own."""
        assert isinstance(place, KritaPlace)
        hiding.hide(place)

    def place(self, saved: dict[str, Any]) -> Place | None:
        """A saved place."""
        return KritaPlace.restored(saved)


def client_info() -> ClientInfo:
    """Who we are, for the server's list."""
    return ClientInfo("Layerlift for Krita", VERSION, "Krita", str(Krita.instance().version()))


def say(words: str, bad: bool) -> None:
    """Tell the user on the canvas, where Krita itself speaks; never a dialog, which would stop the hand."""
    window = Krita.instance().activeWindow()
    view = window.activeView() if window is not None else None
    if view is None or view.document() is None:
        return
    icon = Krita.instance().icon("warning" if bad else "dialog-ok")
    view.showFloatingMessage(words, icon if icon is not None else QtGui.QIcon(), SHOWN_BAD if bad else SHOWN, 1)


def read_setting(name: str, default: str) -> str:
    """One of our settings."""
    return str(Krita.instance().readSetting(GROUP, name, default))


def write_setting(name: str, value: str) -> None:
    """Keep one of our settings."""
    Krita.instance().writeSetting(GROUP, name, value)


def has_selection() -> bool:
    """Whether something is selected in the active document."""
    document = Krita.instance().activeDocument()
    return document is not None and document.selection() is not None


def canvas_size() -> tuple[int, int] | None:
    """Width and height of the active document; None without one."""
    document = Krita.instance().activeDocument()
    return None if document is None else (document.width(), document.height())


def drawn_size() -> tuple[int, int] | None:
    """Width and height of what would be drawn anew in the active document; None without one."""
    document = Krita.instance().activeDocument()
    return None if document is None else drawn_on(document)[2:]


def in_result() -> bool:
    """Whether the active layer came out of a decomposition."""
    document = Krita.instance().activeDocument()
    return document is not None and hiding.in_result(document.activeNode())
