"""What waits to be sent to one client, and in which order.

Law: payloads only; knows no socket and no meaning beyond "news" (events, answers, acks) and "freight" (downloads).
News goes first; it is small and bounded, so that freight is never starved by it. Freight takes turns, one chunk each.
Progress and previews that were overtaken by newer ones of the same job are not sent at all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable

from layerlift_server.limits import WAITING_BYTES

Next = Callable[[], "bytes | None"]
"""One download's next payload, None while it has no credit."""


class Overfull(Exception):
    """The client does not read."""


class Outbox:
    """News and freight of one connection. `take` is the writer's, everything else the conversation's; one thread."""

    def __init__(self, most: int = WAITING_BYTES) -> None:
        self._most, self._bytes = most, 0
        self._news: deque[list[bytes]] = deque()
        self._replaceable: dict[Hashable, list[bytes]] = {}
        self._freight: deque[tuple[int, Next]] = deque()
        self._more = asyncio.Event()
        self._ended = False

    @property
    def waiting(self) -> int:
        """Bytes of news that wait."""
        return self._bytes

    def put(self, payload: bytes, *, instead: Hashable = None) -> None:
        """Queue news; `instead`: it takes the place of waiting news that was put with the same key. Raises Overfull."""
        slot = self._replaceable.get(instead) if instead is not None else None
        self._bytes += len(payload)
        if slot is not None:
            self._bytes -= len(slot[0])
            slot[0] = payload
        else:
            slot = [payload]
            self._news.append(slot)
            if instead is not None:
                self._replaceable[instead] = slot
        if self._bytes > self._most:
            raise Overfull
        self._more.set()

    def settle(self, key: Hashable) -> None:
        """What waits under `key` stays where it is; news that come later go behind it."""
        self._replaceable.pop(key, None)

    def load(self, transfer: int, chunk: Next) -> None:
        """Begin a download."""
        self._freight.append((transfer, chunk))
        self._more.set()

    def unload(self, transfer: int) -> None:
        """End a download; nothing more of it is sent."""
        self._freight = deque(entry for entry in self._freight if entry[0] != transfer)

    def wake(self) -> None:
        """Credit came: look again."""
        self._more.set()

    def end(self) -> None:
        """Send the news that wait, then no more."""
        self._ended = True
        self._freight.clear()
        self._more.set()

    async def take(self) -> bytes | None:
        """The next payload; waits for one. None after the end."""
        while True:
            if self._news:
                return self._first()
            if self._ended:
                return None
            self._more.clear()
            for _ in range(len(self._freight)):
                entry = self._freight[0]
                payload = entry[1]()
                if self._freight and self._freight[0] is entry:  # it may have unloaded itself with its last chunk
                    self._freight.rotate(-1)
                if payload is not None:
                    return payload
            await self._more.wait()

    def _first(self) -> bytes:
        slot = self._news.popleft()
        for key, waiting in self._replaceable.items():
            if waiting is slot:
                del self._replaceable[key]
                break
        self._bytes -= len(slot[0])
        return slot[0]
