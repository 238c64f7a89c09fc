"""One server as it has shown itself: whether it answers, what model it has, how loaded it is, how long things take.

Law: knows how to ask for health, nothing of pictures. A server that fails twice in a row is left alone for a while,
longer each time; then one look at its health decides (a circuit breaker: closed, open, half-open). All of it is this
process's knowledge and is forgotten with it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from layerlift.engines.port import Operation
from layerlift.engines.remote.exchange import Request, exchange
from layerlift.engines.remote.settings import KNOWN, Endpoint
from layerlift.engines.remote.trouble import BLAMED, Kind, Trouble

FAILURES = 2
"""So many in a row and it is left alone: one may be an accident."""
PAUSE, LONGEST_PAUSE = 10.0, 300.0
"""Seconds that it is left alone at first, doubled each time, and at most."""
FRESH = 30.0
"""Seconds for which a look at its health is good."""
LOOK = 3.0
"""Seconds that a look may take; servers answer it beside their work."""
_MODELS_LIMIT = 256 << 10
_RECENT = 0.5
"""Weight of the last job in what is expected of the next."""


@dataclass(frozen=True)
class Health:
    """What a look has shown. `model`: as it calls itself ("" if it does not say), `maker`: "vllm", "sglang" or ""."""

    model: str = ""
    maker: str = ""

    @property
    def operations(self) -> frozenset[Operation]:
        """What a model of that name can do; everything, where the name says nothing."""
        name = self.model.lower().replace("_", "-")
        if "layered" in name:
            return frozenset({"decompose"})
        if "edit" in name:
            return frozenset({"edit"})
        if "qwen-image" in name:
            return frozenset({"generate"})
        return frozenset(KNOWN)


class Server:
    """Mutable, shared by all threads."""

    def __init__(self, endpoint: Endpoint, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.endpoint = endpoint
        self.health: Health | None = None
        self.working = 0
        self.used = 0.0
        self._clock, self._lock = clock, threading.Lock()
        self._failures, self._pauses = 0, 0
        self._until = self._looked = float("-inf")
        self._seconds: dict[tuple[object, ...], float] = {}

    def __str__(self) -> str:
        return str(self.endpoint)

    @property
    def open(self) -> bool:
        """Whether it is left alone just now."""
        return self._clock() < self._until

    @property
    def stale(self) -> bool:
        """Whether it must be looked at before it is given work: for the first time, after a while, after failing."""
        return self.health is None or self._failures > 0 or self._clock() - self._looked > FRESH

    def can(self, operation: Operation) -> bool:
        """Whether it may be asked: what it was said to be for decides, else its model."""
        if self.endpoint.operations is not None:
            return operation in self.endpoint.operations
        return operation != "inpaint" and (self.health is None or operation in self.health.operations)

    def look(self, tick: Callable[[], None] = lambda: None) -> None:
        """See whether it is well, and what model it has. Raises Trouble."""
        answer = exchange(self.endpoint, Request("GET", "/health"), LOOK, tick)
        if answer.status >= 500:
            raise Trouble(Kind.BUSY, f"it says that it is not well ({answer.status})")
        answer = exchange(self.endpoint, Request("GET", "/v1/models", limit=_MODELS_LIMIT), LOOK, tick)
        if answer.status in (401, 403):
            raise Trouble(Kind.KEY, f"it answered {answer.status}")
        self.health = _health(answer.body) if answer.status == 200 else Health()
        self._looked = self._clock()

    def expected(self, like: tuple[object, ...]) -> float | None:
        """Seconds that such a job took before; None if there was none."""
        return self._seconds.get(like)

    def began(self) -> None:
        """It has a job more."""
        with self._lock:
            self.working += 1
            self.used = self._clock()

    def ended(self) -> None:
        """It has a job less."""
        with self._lock:
            self.working -= 1

    def succeeded(self, like: tuple[object, ...], seconds: float) -> None:
        """A job was done."""
        with self._lock:
            self._failures = self._pauses = 0
            self._until = float("-inf")
            before = self._seconds.get(like, seconds)
            self._seconds[like] = before + _RECENT * (seconds - before)

    def failed(self, trouble: Trouble) -> None:
        """A job or a look was not."""
        if trouble.kind not in BLAMED:
            return
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES:
                self._until = self._clock() + min(LONGEST_PAUSE, PAUSE * 2**self._pauses)
                self._pauses += 1


def _health(body: bytes) -> Health:
    try:
        found: Any = json.loads(body)
        card = found["data"][0]
        return Health(str(card["id"])[:200], str(card.get("owned_by", ""))[:40])
    except (ValueError, RecursionError, KeyError, IndexError, TypeError, AttributeError):
        return Health()
