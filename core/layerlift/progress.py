"""How long work reports where it is, and hears that it should stop.

Law: stdlib only. Work calls `stage` and `advance`; both raise `Cancelled` once somebody called `cancel`. Nobody polls.
`preview` offers something to look at meanwhile; it is made only where somebody looks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from layerlift.errors import Cancelled


@dataclass(frozen=True)
class Report:
    """One state of the work: `stage` in words, `fraction` done (0–1) and `eta` in seconds (None while unknown)."""

    stage: str
    fraction: float
    eta: float | None


class Progress:
    """The one channel between a piece of work and whoever waits for it.

    `listen` receives a `Report` at every change, in the working thread. A sub-range for one part of the work comes
    from `part`, so nobody needs to know where in the whole it stands. `look` receives what `preview` offers.
    """

    def __init__(
        self,
        listen: Callable[[Report], None] | None = None,
        *,
        look: Callable[[Any], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._listen = listen
        self._look = look
        self._clock = clock
        self._started = clock()
        self._cancelled = threading.Event()
        self._stage = ""
        self._fraction = 0.0

    def cancel(self) -> None:
        """Ask the work to stop: its next report raises `Cancelled`. Safe from any thread."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to stop."""
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raise `Cancelled` if somebody asked to stop. For inner loops that have nothing to report."""
        if self._cancelled.is_set():
            raise Cancelled

    def stage(self, name: str, fraction: float | None = None) -> None:
        """Enter the stage `name` (words for a person), optionally at `fraction` of the whole."""
        self._enter(name)
        self.advance(self._fraction if fraction is None else fraction)

    def advance(self, fraction: float) -> None:
        """Be at `fraction` (0–1) of the whole. Never goes back."""
        self.check()
        self._fraction = min(1.0, max(self._fraction, fraction))
        if self._listen is not None:
            self._listen(Report(self._stage, self._fraction, self._eta()))

    def preview(self, make: Callable[[], Any]) -> None:
        """Offer something to look at (a decomposition: its rough LayerStack), made only if somebody looks."""
        self.check()
        if self._look is not None:
            self._look(make())

    def part(self, begin: float, end: float) -> Progress:
        """A Progress whose 0–1 is this one's `begin`–`end`; cancelling either cancels both."""
        return _Part(self, begin, end)

    def _enter(self, stage: str) -> None:
        self._stage = stage

    def _eta(self) -> float | None:
        elapsed = self._clock() - self._started
        if self._fraction <= 0.02 or elapsed < 0.5:
            return None
        return elapsed * (1 - self._fraction) / self._fraction


class _Part(Progress):
    """A sub-range of another Progress."""

    def __init__(self, whole: Progress, begin: float, end: float):
        super().__init__(look=whole._look, clock=whole._clock)
        self._whole, self._begin, self._span = whole, begin, end - begin
        self._cancelled = whole._cancelled

    def _enter(self, stage: str) -> None:
        self._whole._enter(stage)

    def advance(self, fraction: float) -> None:
        super().advance(fraction)
        self._whole.advance(self._begin + self._span * self._fraction)
