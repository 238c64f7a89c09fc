"""How long the event loop keeps others waiting. Law: measures, judges nothing."""

from __future__ import annotations

import asyncio
import time
from collections import deque

_EVERY, _KEPT = 0.1, 600


class LoopLag:
    """The loop's lag in seconds over the last minute: how much later than asked a timer fires."""

    def __init__(self) -> None:
        self._lags: deque[float] = deque(maxlen=_KEPT)

    async def measure(self) -> None:
        """Measure until cancelled."""
        while True:
            due = time.perf_counter() + _EVERY
            await asyncio.sleep(_EVERY)
            self._lags.append(max(0.0, time.perf_counter() - due))

    def lag(self, share: float) -> float:
        """The lag that `share` (0–1) of the measurements stay within; 0 before the first."""
        ranked = sorted(self._lags)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0.0
