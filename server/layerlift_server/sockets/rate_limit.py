"""How fast one client may talk: a token bucket. Law: arithmetic; the caller waits."""

from __future__ import annotations

import time
from collections.abc import Callable

from layerlift.wire.limits import PREFIX
from layerlift_server.limits import FLOOD_MESSAGES, MESSAGES_AT_ONCE, MESSAGES_PER_SECOND, SMALL_CHUNK

_CHUNK_ARRAY = 0x94


class RateLimit:
    """At most `at_once` messages in a burst and `rate` a second on the whole."""

    def __init__(
        self,
        rate: float = MESSAGES_PER_SECOND,
        at_once: int = MESSAGES_AT_ONCE,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate, self._most, self._clock = rate, float(at_once), clock
        self._left, self._at = self._most, clock()
        self._slowed = 0

    def wait(self, payload: bytes) -> float:
        """For how many seconds not to listen after this message. Chunks are paced by their credit and cost nothing,
        small ones excepted."""
        if len(payload) >= PREFIX + SMALL_CHUNK and payload[0] == _CHUNK_ARRAY:
            return 0.0
        now = self._clock()
        self._left, self._at = min(self._most, self._left + (now - self._at) * self._rate), now
        if self._left >= self._most / 2:
            self._slowed = 0
        self._left -= 1
        if self._left >= 0:
            return 0.0
        self._slowed += 1
        return -self._left / self._rate

    @property
    def flooded(self) -> bool:
        """Whether the client had to be slowed down so often without a pause that it can mean no good."""
        return self._slowed > FLOOD_MESSAGES
