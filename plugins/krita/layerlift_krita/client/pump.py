"""Work in small pieces between the user's events.

Law: one timer. Runs the action's steps for a few milliseconds at a time, and not at all while there is nothing to do.
Never within itself: where Krita waits for its own threads it runs the event loop, and our timer with it.
"""

from __future__ import annotations

import time
from typing import Any

from layerlift_krita.action.action import Action
from layerlift_krita.qt import QtCore

SLICE = 0.008
"""Seconds of work at a time: half a frame at 60 Hz."""
PATIENCE = 15
"""Milliseconds until the next look when a step had to wait for Krita's own threads."""


class Pump(QtCore.QObject):
    """Runs `action.step`."""

    def __init__(self, action: Action, parent: Any = None) -> None:
        super().__init__(parent)
        self._action = action
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._work)
        self._working = False

    def wake(self) -> None:
        """There may be something to do: at once, also where we meant to wait a little."""
        if self._working or self._action.idle:
            return
        if not self._timer.isActive() or self._timer.interval() > 0:
            self._timer.start(0)

    def _work(self) -> None:
        if self._working:
            return
        self._working = True
        end = time.perf_counter() + SLICE
        busy = True
        try:
            while busy and time.perf_counter() < end:
                busy = self._action.step()
        finally:
            self._working = False
        if not self._action.idle:
            self._timer.start(0 if busy else PATIENCE)
