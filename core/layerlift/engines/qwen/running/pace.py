"""Is the job still getting anywhere? What spills out of graphics memory runs on, a hundred times slower, in silence.

Law: arithmetic on a clock; knows no model. A pass that takes far longer than was predicted, or than its own job's other
passes took, ends the job with a sentence and a remedy instead of eight hours of nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from layerlift.errors import EngineError

TIMES = 8.0
"""How many times the expected duration a pass may take: throttling and other programs cost a factor of 2 or 3, memory
that has spilled a factor of 20 or more (reports of 8 h instead of 3 min: 160)."""
LEAST = 20.0
"""Seconds that any pass may take, whatever was expected: a machine may be busy for a moment."""
UNKNOWN = 600.0
"""Seconds for a pass of which nothing is known yet."""
PREPARATION = 300.0
"""More seconds for the first passes: kernels are compiled, weights are read."""
FIRST = 3
"""How many passes are first: each of guidance's two meets shapes of its own."""


class Pace:
    """A watch on the passes of one job. `expected`: predicted seconds per pass (None: unknown)."""

    def __init__(self, expected: float | None = None, *, clock: Callable[[], float] = time.monotonic):
        self._expected, self._clock = expected, clock
        self._taken: list[float] = []
        self._begun: float | None = None

    def begin(self) -> None:
        """A pass begins (and the one before has ended)."""
        now = self._clock()
        if self._begun is not None:
            self._taken.append(now - self._begun)
        self._begun = now

    @property
    def limit(self) -> float:
        """Seconds that the present pass may take."""
        seen = sorted(self._taken[FIRST:])
        # not the mean: in fast mode two of three passes may be skipped, which says nothing of those that are not
        known = [seen[len(seen) * 3 // 4]] if seen else []
        if self._expected is not None:
            known.append(self._expected)
        usual = max(LEAST, TIMES * max(known)) if known else UNKNOWN
        return usual + (PREPARATION if len(self._taken) < FIRST else 0)

    def check(self) -> None:
        """Within a pass: EngineError if it has taken too long."""
        if self._begun is None:
            return
        taken = self._clock() - self._begun
        if taken > self.limit:
            raise EngineError(
                f"One step has been running for {taken:.0f} s where at most {self.limit:.0f} s were expected: "
                "the graphics memory has probably spilled over.",
                "Close other programs that use the graphics card, or work at 640 or with fewer layers.",
            )
