"""What can go wrong between a client and its server, as branches of layerlift.errors' tree.

Law: names and words only. What the server says no to arrives as a `Problem` and is raised as the exception that the
same mistake raises without a server (`raised`), so that callers handle both alike.

    LayerliftError
    ├── ServerError          the server's no, or no way to speak with it; `code`, `sentence`, `remedy` are its own
    │   ├── NoServer         nobody listens there, or none runs on this machine
    │   ├── Untrusted        somebody answers, but not with the certificate that was pinned
    │   └── ConnectionLost   it was there, is gone, and did not come back in time
    ├── InputError, RequestError, EngineError, EngineUnavailable, Cancelled    (layerlift.errors)
"""

from __future__ import annotations

from collections.abc import Callable

from layerlift.errors import Cancelled, EngineError, EngineUnavailable, InputError, LayerliftError, RequestError
from layerlift.wire.values import Problem


class ServerError(LayerliftError):
    """The server said no, or cannot be spoken with. `code` is the problem's own stable code."""

    code = "server"

    def __init__(self, sentence: str, remedy: str = "", *, code: str | None = None, retryable: bool | None = None):
        super().__init__(sentence, remedy)
        self.code = code or self.code
        self.retryable = self.retryable if retryable is None else retryable


class NoServer(ServerError):
    """Nobody listens there, or none runs on this machine."""

    code = "no-server"
    retryable = True


class Untrusted(ServerError):
    """Whoever answers does not show the certificate that was pinned."""

    code = "untrusted"


class ConnectionLost(ServerError):
    """The server is gone and did not come back in time. Detached jobs and finished results live on there."""

    code = "connection-lost"
    retryable = True


_SAME: dict[str, Callable[[str, str], LayerliftError]] = {
    "input": InputError,
    "too-large": InputError,
    "bad-params": RequestError,
    "unsupported-operation": RequestError,
    "engine": EngineError,
    "engine-unavailable": EngineUnavailable,
}


def raised(problem: Problem) -> LayerliftError:
    """The exception for what the server said."""
    if problem.code == "cancelled":
        return Cancelled()
    if problem.code in _SAME:
        return _SAME[problem.code](problem.sentence, problem.remedy)
    return ServerError(problem.sentence, problem.remedy, code=problem.code, retryable=problem.retryable)


def no_server() -> NoServer:
    """What to say when nobody is found on this machine."""
    return NoServer("No Layerlift server runs on this machine.", "Start it with: layerlift serve")


def closed() -> ServerError:
    """What to say of a client that was closed while a verb of it still waited."""
    return ServerError("The connection was closed meanwhile.", "Open it again.", code="closed", retryable=True)


def strange(what: str) -> ServerError:
    """What to say of an answer that makes no sense."""
    return ServerError(f"The server announced something strange: a {what}.", "Update Layerlift on both sides.")
