"""Whether and when to connect again. Law: a schedule and a clock; connects to nothing."""

from __future__ import annotations

from collections.abc import Callable

from layerlift.client.conversation import Conversation, Dropped
from layerlift.client.errors import ConnectionLost, NoServer
from layerlift.client.timeouts import BACKOFF


class Reconnect:
    """The first connection must succeed at once; later ones may fail as often as BACKOFF has entries in a row.

    `fresh`: each attempt looks for the server anew. A token that is refused then may be that of a server which has just
    ended, so that only the last refusal counts."""

    def __init__(self, clock: Callable[[], float], *, fresh: bool = False) -> None:
        self._clock, self._fresh = clock, fresh
        self._ever = False
        self._failed = 0
        self._due = clock()

    @property
    def wait(self) -> float:
        """Seconds until the next attempt may be made."""
        return max(0.0, self._due - self._clock())

    def ended(self, why: Dropped | NoServer, talk: Conversation | None) -> None:
        """A connection (`talk`, if it came that far) is over: plan the next. Raises what makes that useless."""
        failure = why.failure if isinstance(why, Dropped) else None
        if failure is not None and not (failure.code == "unauthorized" and self._fresh and self._ever):
            raise failure from why
        if talk is not None and talk.welcome is not None:
            self._ever = True
            if talk.fruitful:
                self._failed = 0
        if not self._ever:
            raise why if isinstance(why, NoServer) else _unwelcome() from why
        if self._failed == len(BACKOFF):
            raise failure or _lost() from why
        self._due = self._clock() + BACKOFF[self._failed]
        self._failed += 1


def _unwelcome() -> NoServer:
    return NoServer("The server hung up before it said anything.", "Wait a moment and try again.")


def _lost() -> ConnectionLost:
    return ConnectionLost(
        "The connection to the Layerlift server was lost and could not be made again.",
        "See whether it still runs (layerlift jobs); finished results are safe there.",
    )
