"""How much memory something takes while it runs (Linux; elsewhere 0)."""

from __future__ import annotations

import threading
import time
from pathlib import Path


class Peak:
    """Resident memory while inside, sampled; `above`: MB more than at the beginning."""

    above = 0.0

    def __enter__(self) -> Peak:
        self._begin, self._running = self._now(), True
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._running = False
        self._thread.join()

    def _watch(self) -> None:
        while self._running:
            self.above = max(self.above, self._now() - self._begin)
            time.sleep(0.01)

    @staticmethod
    def _now() -> float:
        status = Path("/proc/self/status")
        if not status.exists():
            return 0.0
        return next(int(row.split()[1]) for row in status.read_text().splitlines() if row.startswith("VmRSS")) / 1e3
