"""What asks the server to quit: SIGTERM, Ctrl-C, a hang-up, and on Windows Ctrl-Break and a closed console.

Law: signals only. Outside the main thread signals are not ours and nothing is installed. The second request stops at
once.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType

# SIGBREAK is Ctrl-Break; the C runtime raises it for a closed console and a log-off too (SetConsoleCtrlHandler)
NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def _left_alone(number: int) -> bool:
    """Whether whoever started us wants this signal ignored: `nohup` a hang-up, a script's `&` Ctrl-C."""
    return number != signal.SIGTERM and signal.getsignal(number) is signal.SIG_IGN


class StopSignals:
    """Within its block the first request sets `asked`, the second one also `now`."""

    def __init__(self) -> None:
        self.asked, self.now = asyncio.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._before: dict[int, signal.Handlers | int | Callable[[int, FrameType | None], object] | None] = {}

    def request(self) -> None:
        """Ask to quit. In the loop's thread."""
        (self.now if self.asked.is_set() else self.asked).set()

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            for name in NAMES:
                number = getattr(signal, name, None)
                if number is not None and not _left_alone(number):
                    self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *_trouble: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        # asyncio's wake-up file descriptor makes the loop run this handler at once, on every platform
        self._loop.call_soon_threadsafe(self.request)
