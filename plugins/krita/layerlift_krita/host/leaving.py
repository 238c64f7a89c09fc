"""Documents of ours that nobody needs any more: closed one at a time, between the user's events.

Closing one takes Krita 30 to 70 ms for 4096², and up to three go at once when a group has been hung in.

Law: documents in; only documents that we made ourselves.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache

from krita import Document

from layerlift_krita.qt import QtCore, QtWidgets

PAUSE = 40
"""Milliseconds between two: time for what the user does and for what Krita has to paint."""


class _Door(QtCore.QObject):
    def __init__(self) -> None:
        super().__init__(QtWidgets.QApplication.instance())
        self.waiting: deque[Document] = deque()
        self.timer = QtCore.QTimer(self)
        self.timer.setInterval(PAUSE)
        self.timer.timeout.connect(self.show_out)
        QtWidgets.QApplication.instance().aboutToQuit.connect(self.empty)

    def show_out(self) -> None:
        if self.waiting:
            _close(self.waiting.popleft())
        if not self.waiting:
            self.timer.stop()

    def empty(self) -> None:
        while self.waiting:
            self.show_out()


def leave(document: Document) -> None:
    """Close it soon, without a question. Whoever calls this lets go of everything in it."""
    _door().waiting.append(document)
    _door().timer.start()


def _close(document: Document) -> None:
    document.waitForDone()
    document.setModified(False)
    document.close()


@lru_cache(maxsize=1)
def _door() -> _Door:
    return _Door()
