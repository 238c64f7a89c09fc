"""Ctrl-C: the first asks the work to stop where nothing is half done, the second stops at once.

Law: signals only. Outside the main thread (an embedding program) signals are not ours and nothing is installed.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

from layerlift.progress import Progress


class Interrupts:
    """Within its block Ctrl-C sets `pressed` and cancels the watched work; the second one raises."""

    def __init__(self) -> None:
        self.pressed = False
        self._progress: Progress | None = None
        self._ours = threading.current_thread() is threading.main_thread()

    def watch(self, progress: Progress) -> None:
        """The work to cancel from now on."""
        self._progress = progress
        if self.pressed:
            progress.cancel()

    def __enter__(self) -> Interrupts:
        if self._ours:
            self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, self._before)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True
        if self._progress is not None:
            self._progress.cancel()
