"""Whether and when to connect again. Law: a schedule and a clock; connects to nothing."""

from __future__ import annotations

from collections.abc import Callable

from layerlift.client.conversation import Conversation, Dropped
from layerlift.client.errors import ConnectionLost, NoServer
from layerlift.client.timeouts import BACKOFF


class Reconnect:
    """The first connection must succeed at once; later ones may fail as often as BACKOFF has entries in a row."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ever = False
        self._failed = 0
        self._due = clock()

    @property
    def wait(self) -> float:
        """Seconds until the next attempt may be made."""
        return max(0.0, self._due - self._clock())

    def ended(self, why: Dropped | NoServer, talk: Conversation | None) -> None:
        """A connection (`talk`, if it came that far) is over: plan the next. Raises what makes that useless."""
        if isinstance(why, Dropped) and why.failure is not None:
            raise why.failure from why
        if talk is not None and talk.welcome is not None:
            self._ever = True
            if talk.fruitful:
                self._failed = 0
        if not self._ever:
            raise why if isinstance(why, NoServer) else _unwelcome() from why
        if self._failed == len(BACKOFF):
            raise _lost() from why
        self._due = self._clock() + BACKOFF[self._failed]
        self._failed += 1


def _unwelcome() -> NoServer:
    return NoServer("The server hung up before it said anything.", "Wait a moment and try again.")


def _lost() -> ConnectionLost:
    return ConnectionLost(
        "The connection to the Layerlift server was lost and could not be made again.",
        "See whether it still runs (layerlift jobs); finished results are safe there.",
    )
