"""Whose turn it is: round robin between those who wait, first come first served within each.

Law: pure; knows names only. A lane is one client of one owner: a plugin that submits fifty pictures does not keep
another one waiting for fifty.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable, Iterable

Lane = Hashable


class FairQueue:
    """Jobs that wait, by lane."""

    def __init__(self) -> None:
        self._lanes: OrderedDict[Lane, deque[str]] = OrderedDict()
        self._where: dict[str, Lane] = {}

    def __len__(self) -> int:
        return len(self._where)

    def __contains__(self, job: str) -> bool:
        return job in self._where

    def put(self, job: str, lane: Lane, *, first: bool = False) -> None:
        """Let `job` wait in `lane`; `first`: before everybody (it has been running already)."""
        self._lanes.setdefault(lane, deque())
        self._where[job] = lane
        if first:
            self._lanes[lane].appendleft(job)
            self._lanes.move_to_end(lane, last=False)
        else:
            self._lanes[lane].append(job)

    def next(self) -> str | None:
        """Take the job whose turn it is; its lane goes to the end."""
        for lane, waiting in self._lanes.items():
            job = waiting.popleft()
            del self._where[job]
            self._lanes.move_to_end(lane)
            if not waiting:
                del self._lanes[lane]
            return job
        return None

    def remove(self, job: str) -> bool:
        """Take `job` out; False if it doesn't wait."""
        lane = self._where.pop(job, None)
        if lane is None:
            return False
        self._lanes[lane].remove(job)
        if not self._lanes[lane]:
            del self._lanes[lane]
        return True

    def order(self) -> Iterable[str]:
        """All that wait, in the order in which they would be taken if nobody came."""
        lanes = [deque(waiting) for waiting in self._lanes.values()]
        while lanes:
            for waiting in lanes:
                yield waiting.popleft()
            lanes = [waiting for waiting in lanes if waiting]
