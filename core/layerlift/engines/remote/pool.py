"""Which server does a job, and which one when that fails.

Law: knows servers and orders, no pictures. The least loaded server comes first, then the one that is fastest at such
jobs, then the one that has rested longest. Jobs can be repeated (the same seed, nothing kept by the server), so
whatever goes wrong on the way is tried elsewhere, and once more everywhere where that can help.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from layerlift.engines.port import Operation
from layerlift.engines.remote.exchange import Answer, exchange
from layerlift.engines.remote.orders import Order
from layerlift.engines.remote.server import LOOK, Server
from layerlift.engines.remote.settings import KEY, SERVERS, Settings
from layerlift.engines.remote.trouble import LASTING, Kind, Trouble
from layerlift.errors import EngineError, EngineUnavailable
from layerlift.progress import Progress

ROUNDS = 2
"""How often each server is tried at one job when servers fail."""
PAUSE = 1.0
"""Seconds between two rounds."""
BUSY = 300.0
"""Seconds that a job waits for a server that says it is busy; its own Retry-After is heard, up to 30 s."""
_LONGEST_WAIT = 30.0
T = TypeVar("T")


class Pool:
    """All servers. One for the process's life: what it learns is worth keeping."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.servers = [Server(endpoint, clock=clock) for endpoint in settings.endpoints]
        self._patience, self._clock = settings.patience, clock

    def do(self, operation: Operation, order: Order, read: Callable[[Answer], T], progress: Progress) -> tuple[T, str]:
        """The answer as `read` understands it, and the server that gave it. `read` raises Trouble for what is none.
        Raises EngineError, EngineUnavailable (with what each server said), Cancelled."""
        troubles: dict[Server, Trouble] = {}
        giving_up = self._clock() + BUSY
        attempt = 0
        while True:
            progress.stage("Finding a server", 0.0)
            for server in self.order(operation, order, progress, troubles):
                try:
                    return self._once(server, order, read, progress), str(server)
                except Trouble as trouble:
                    troubles[server] = trouble
                    server.failed(trouble)
            attempt += 1
            wait = self._again(troubles, attempt, giving_up)
            if wait is None:
                raise _explained(operation, self.servers, troubles)
            self._rest(wait, progress)

    def order(
        self, operation: Operation, order: Order, progress: Progress, troubles: dict[Server, Trouble]
    ) -> list[Server]:
        """Servers to be tried for it, best first: those that can, have not refused, and are well."""
        asked = [
            server
            for server in self.servers
            if server.can(operation) and not (server in troubles and troubles[server].kind in LASTING)
        ]
        closed = [server for server in asked if not server.open] or asked  # better a doubtful one than none
        self._look([server for server in closed if server.stale], troubles, progress)
        well = [server for server in closed if server.health is not None and server.can(operation)]
        return sorted(well, key=lambda one: (one.working, one.expected(order.like) or 0.0, one.used))

    def _look(self, servers: list[Server], troubles: dict[Server, Trouble], progress: Progress) -> None:
        """Look at all of them at once; those that are not well lose their health."""
        found: dict[Server, Trouble | None] = {}

        def one(server: Server) -> None:
            try:
                server.look()
                found[server] = None
            except Trouble as trouble:
                found[server] = trouble

        threads = {server: threading.Thread(target=one, args=(server,), daemon=True) for server in servers}
        for thread in threads.values():
            thread.start()
        deadline = self._clock() + 3 * LOOK
        for server, thread in threads.items():
            while thread.is_alive() and self._clock() < deadline:
                thread.join(0.05)
                progress.check()
            trouble = found.get(server, Trouble(Kind.SLOW, "it does not say whether it is well"))
            if trouble is None:
                troubles.pop(server, None)
            else:
                troubles[server] = trouble
                server.health = None
                server.failed(trouble)

    def _once(self, server: Server, order: Order, read: Callable[[Answer], T], progress: Progress) -> T:
        """One try at one server. Raises Trouble, Cancelled."""
        started, expected = self._clock(), server.expected(order.like)
        known = "no estimate yet" if expected is None else "time estimated from earlier ones"
        progress.stage(f"Working on {server.endpoint.host} ({known})", 0.02)

        def tick() -> None:
            progress.advance(0.02 if expected is None else 0.02 + 0.93 * _share(self._clock() - started, expected))

        server.began()
        try:
            answer = exchange(server.endpoint, order.request, self._patience, tick)
            progress.stage("Reading the answer", 0.95)
            found = read(answer)
        finally:
            server.ended()
        server.succeeded(order.like, self._clock() - started)
        return found

    def _again(self, troubles: dict[Server, Trouble], attempt: int, giving_up: float) -> float | None:
        """Seconds until another round; None: there is no sense in one."""
        busy = [trouble for trouble in troubles.values() if trouble.kind is Kind.BUSY]
        if busy and self._clock() < giving_up:
            after = min(trouble.after or min(2.0**attempt, _LONGEST_WAIT) for trouble in busy)
            return min(_LONGEST_WAIT, max(PAUSE, after))
        passing = any(trouble.kind not in LASTING for trouble in troubles.values())
        return PAUSE if passing and attempt < ROUNDS else None

    def _rest(self, seconds: float, progress: Progress) -> None:
        until = self._clock() + seconds
        progress.stage("Waiting for a server")
        while self._clock() < until:
            progress.advance(0.0)
            time.sleep(0.05)


def _share(elapsed: float, expected: float) -> float:
    """How much is done: by the clock up to nine tenths, then ever more slowly (it never claims to be over)."""
    done = elapsed / max(expected, 0.001)
    return done if done <= 0.9 else 1 - 0.1 * 0.9 / done


def _explained(operation: Operation, servers: list[Server], troubles: dict[Server, Trouble]) -> EngineError:
    """What is said in the end, with what each server said."""
    if not troubles:
        names = ", ".join(f"{server} ({server.health.model})" for server in servers if server.health is not None)
        return EngineUnavailable(
            f"No remote server can {operation}" + (f": there is {names}." if names else "."),
            f"Name one that can: {SERVERS}={operation}=http://HOST:PORT.",
        )
    said = "; ".join(f"{server}: {trouble.what}" for server, trouble in troubles.items())
    kinds = {trouble.kind for trouble in troubles.values()}
    if kinds == {Kind.KEY}:
        return EngineUnavailable(f"No remote server lets us in ({said}).", f"Put the right key into {KEY}.")
    if kinds <= LASTING:
        return EngineError(
            f"The remote servers refused ({said}).", "Change what is asked for, or look into their logs."
        )
    if kinds == {Kind.BUSY}:
        return EngineError(f"All remote servers are busy ({said}).", "Try again later, or name more servers.")
    return EngineError(f"No remote server did it ({said}).", "See that the servers run and can be reached.")
