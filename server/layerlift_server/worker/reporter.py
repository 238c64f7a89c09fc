"""The worker's reports: every event at once, progress at most ten times a second.

Law: knows the pipe and the events, no engine. Whatever is dropped of a burst of progress, its last report is always
sent: a stage that then takes a minute is shown under its own name.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from layerlift_server.worker import messages

INTERVAL = 0.1
"""Seconds between two reports of progress."""


class Gone(Exception):
    """The server is not there any more: nobody will hear the rest."""


class Reporter:
    """The worker's end of the pipe, for any of its threads. `send` takes bytes."""

    def __init__(self, send: Callable[[bytes], None], *, interval: float = INTERVAL) -> None:
        self._send = send
        self._interval = interval
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._quiet = threading.Event()
        self._latest: messages.Progress | None = None
        self._speaker = threading.Thread(target=self._speak, name="layerlift-progress", daemon=True)
        self._speaker.start()

    def say(self, event: messages.Event) -> None:
        """Send it now; progress that still waited would come too late and is forgotten. Raises Gone."""
        data = messages.encode(event)
        with self._lock:
            self._latest = None
            try:
                self._send(data)
            except OSError as error:
                raise Gone from error

    def progress(self, report: messages.Progress) -> None:
        """Send it, or a later one in its place, within the interval."""
        self._latest = report
        self._wake.set()

    def close(self) -> None:
        """Stop speaking."""
        self._quiet.set()
        self._wake.set()
        self._speaker.join()

    def _speak(self) -> None:
        while not self._quiet.is_set():
            self._wake.wait()
            self._wake.clear()
            with self._lock:
                report, self._latest = self._latest, None
                if report is not None:
                    with suppress(OSError):  # nobody listens any more: the next event will find that out
                        self._send(messages.encode(report))
            self._quiet.wait(self._interval)
