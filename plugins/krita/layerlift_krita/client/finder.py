"""Finding the server that runs on this computer, or starting one and waiting until it can be found.

Law: the wire's runtime files, the installer's `launch.json`, one process and two timers; opens no socket.
"""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from layerlift.wire import runtime
from layerlift.wire.runtime import ServerFile
from layerlift_krita.action.ports import Say, Trouble
from layerlift_krita.client import launch
from layerlift_krita.qt import QtCore

LOOK_EVERY = 100
"""Milliseconds between looks for the runtime file of a server that we started."""
START_WITHIN = 30.0
"""Seconds until we give up: under 1 s is usual, but disks can be cold."""
WHAT_IT_SAID = 300
"""Most characters of a server's last words that are shown."""


class Finder(QtCore.QObject):
    """Answers `seek` once, through `found`, `missing` (nobody runs, and none was to be started) or `failed`."""

    def __init__(
        self,
        found: Callable[[ServerFile], None],
        missing: Callable[[], None],
        failed: Callable[[Trouble], None],
        parent: Any,
    ) -> None:
        super().__init__(parent)
        self._answer, self._missing, self._failed = found, missing, failed
        self._process: subprocess.Popen[bytes] | None = None
        self._adopted = False
        self._passed_over: set[int] = set()
        self._failures: Counter[int] = Counter()
        self._looking = QtCore.QTimer(self)
        self._looking.setInterval(LOOK_EVERY)
        self._looking.timeout.connect(self._look)
        self._until = 0.0

    @property
    def starting(self) -> bool:
        """Whether a server was started that has not shown itself yet."""
        return bool(self._looking.isActive())

    def seek(self, start: bool) -> None:
        """Look for a server; if there is none and `start`, start one."""
        server = self._running()
        if server is not None:
            self._answer(server)
        elif start:
            self._launch()
        else:
            self._missing()

    def pass_over(self, server: ServerFile) -> None:
        """This one turned us away or did not answer: its number may belong to another process by now. The first time it
        may be our own doing: Krita was busy for seconds, and servers do not wait for who says nothing."""
        self._failures[server.pid] += 1
        if self._failures[server.pid] > 1:
            self._passed_over.add(server.pid)

    def forgive(self) -> None:
        """Try again also those that were passed over."""
        self._passed_over.clear()
        self._failures.clear()

    def started(self, server: ServerFile) -> bool:
        """Whether this is the server that we have started, not yet `adopt`ed."""
        return self._process is not None and self._process.pid == server.pid and not self._adopted

    def adopt(self) -> None:
        """From now on the server that we started is like any other."""
        self._adopted = True

    def stop(self) -> None:
        """Look no more."""
        self._looking.stop()

    def _running(self) -> ServerFile | None:
        """The server to try. A dead child of ours counts as alive until it is reaped."""
        if self._process is not None and self._process.poll() is not None:
            self._passed_over.add(self._process.pid)
        servers = (found for found in runtime.find() if found.tls is None and found.pid not in self._passed_over)
        return next(servers, None)

    def _launch(self) -> None:
        words = launch.command()
        if words is None:
            sentence = Say("The Layerlift server is not running, and nobody said how to start it.")
            self._failed(Trouble(sentence, Say("Run “layerlift plugins install krita” in a terminal once.")))
            return
        try:
            self._process = launch.start(words)
        except OSError as error:
            self._failed(_unstartable(error.strerror or str(error)))
            return
        self._adopted = False
        self._until = time.monotonic() + START_WITHIN
        self._looking.start()

    def _look(self) -> None:
        server = self._running()
        code = None if self._process is None else self._process.poll()
        if server is not None:
            self._looking.stop()
            self._answer(server)
        elif code is not None:
            self._looking.stop()
            self._failed(_unstartable(launch.last_words(WHAT_IT_SAID) or f"exit code {code}"))
        elif time.monotonic() > self._until:
            self._looking.stop()
            self._failed(_unstartable("it did not answer in time"))


def _unstartable(why: str) -> Trouble:
    return Trouble(
        Say("The Layerlift server could not be started ({why}).", why=why),
        Say("Run “layerlift doctor” in a terminal: it says what is missing."),
    )
