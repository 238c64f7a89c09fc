"""What the serving process counts, for /metrics.

Law: numbers by name and label; knows nobody who counts.
"""

from __future__ import annotations

from collections import defaultdict


class Counters:
    """Counters (only ever more) by name and one optional label."""

    def __init__(self) -> None:
        self._counts: defaultdict[tuple[str, str], float] = defaultdict(float)

    def add(self, name: str, amount: float = 1, *, why: str = "") -> None:
        """Count `amount` more of `name`."""
        self._counts[name, why] += amount

    def __getitem__(self, name: str) -> float:
        return sum(count for (counted, _), count in self._counts.items() if counted == name)

    def figures(self) -> dict[tuple[str, str], float]:
        """All counters by name and label."""
        return dict(self._counts)
