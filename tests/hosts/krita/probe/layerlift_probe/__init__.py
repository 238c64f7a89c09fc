"""Runs inside Krita, for tests only: answers questions over loopback.

One question a line, as JSON {"code": …, "values": {…}}: the code runs in Krita's own thread, between two turns of its
event loop, and what it leaves in `answer` goes back. It never waits: whoever asks asks again until it is true.
"""

import faulthandler
import json
import os
import sys
import time
import traceback
from pathlib import Path

try:
    from PyQt5.QtCore import QObject, Qt, QTimer
    from PyQt5.QtNetwork import QHostAddress, QTcpServer
except ImportError:
    from PyQt6.QtCore import QObject, Qt, QTimer
    from PyQt6.QtNetwork import QHostAddress, QTcpServer

from krita import Extension, Krita

from layerlift_probe import inside

BEAT = 2
"""Milliseconds between two beats of the clock that measures how long the event loop stood still."""


def crashed(*error):
    """An unhandled exception would open a modal dialog: say it and end, so that the test fails at once."""
    traceback.print_exception(*error)
    sys.stderr.flush()
    os._exit(98)


sys.excepthook = crashed
faulthandler.enable()


class Stalls(QObject):
    """How long the event loop stood still: a timer that should beat every BEAT milliseconds, and how late it was."""

    def __init__(self, parent):
        super().__init__(parent)
        self.longest, self.when, self.all, self.beats = 0.0, 0.0, [], 0
        self.timer = QTimer(self)
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.beat)
        self.last = time.perf_counter()

    def start(self):
        self.longest, self.when, self.all, self.beats = 0.0, 0.0, [], 0
        self.last = time.perf_counter()
        self.timer.start(BEAT)

    def beat(self):
        now = time.perf_counter()
        late = max(0.0, now - self.last - BEAT / 1000)
        self.last = now
        self.beats += 1
        if late > self.longest:
            self.longest, self.when = late, now
        if late > 0.02:
            self.all.append(late)

    def stop(self):
        self.beat()
        self.timer.stop()
        return self.longest


class Probe(Extension):
    """The ear."""

    def setup(self):
        """Listen; tell the port in the file that the test named."""
        Krita.instance().setBatchmode(True)
        self.room = {"krita": Krita.instance(), "stalls": Stalls(self), "inside": inside}
        self.ears = []
        self.server = QTcpServer(self)
        self.server.newConnection.connect(self.greet)
        self.server.listen(QHostAddress("127.0.0.1"))
        port = Path(os.environ["LAYERLIFT_PROBE"])
        part = port.with_suffix(".part")
        part.write_text(str(self.server.serverPort()))
        part.replace(port)

    def createActions(self, window):  # noqa: N802 - Krita's name
        """Nothing: it only listens."""

    def greet(self):
        """Somebody wants to ask. Kept for good: Krita 5.1 crashed on a slot whose closure had gone."""
        self.ears.append(Ear(self.server.nextPendingConnection(), self.room))


class Ear(QObject):
    """One who asks."""

    def __init__(self, socket, room):
        super().__init__()
        self.socket, self.room = socket, room
        self.socket.readyRead.connect(self.hear)

    def hear(self):
        """Answer every whole line."""
        while self.socket.canReadLine():
            question = json.loads(bytes(self.socket.readLine()))
            self.room.pop("answer", None)
            names = {**self.room, **question["values"], "room": self.room}
            try:
                exec(compile(question["code"], "<test>", "exec"), names)
            except BaseException:  # noqa: BLE001 - it is the test that should fail
                reply = {"error": traceback.format_exc()}
            else:
                reply = {"answer": self.room.pop("answer", None)}
            self.socket.write(json.dumps(reply).encode() + b"\n")
            self.socket.flush()


Krita.instance().addExtension(Probe(Krita.instance()))
