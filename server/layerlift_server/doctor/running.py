"""Whether a server runs, answers, and can be found. Law: see the package."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from layerlift import __version__
from layerlift.wire import runtime
from layerlift_server.doctor.finding import Finding
from layerlift_server.opening import NotRunning, health
from layerlift_server.runtime_file import LOCK, Lock, present
from layerlift_server.settings import Settings


def leftovers(settings: Settings) -> Iterator[Finding]:
    """Runtime files that no server stands behind."""
    files = sorted(settings.runtime.glob("server-*.json"))
    dead = [path.name for path in files if (card := runtime.read(path)) is None or not runtime.alive(card.pid)]
    if dead:
        words = f"Left over from servers that died: {', '.join(dead)}."
        yield Finding("stale files", None, words, "The next `layerlift serve` removes them.")
    elif files:
        yield Finding("stale files", True, "No server left anything behind.")


def server(settings: Settings) -> Iterator[Finding]:
    """The running server, asked."""
    card = present(settings.runtime)
    if card is None:
        if _held(settings):
            words = "A server runs but has no runtime file: plugins cannot find it."
            yield Finding("server", False, words, "Quit that server and start it again with `layerlift serve`.")
        else:
            yield Finding("server", None, "No server runs now.", "`layerlift serve` starts one; plugins do it too.")
        return
    try:
        state = health(card)
    except NotRunning as no:
        remedy = f"End process {card.pid}, then start the server again with `layerlift serve`."
        yield Finding("server", False, f"The server (process {card.pid}) does not answer. {no.sentence}", remedy)
        return
    if card.version != __version__:
        words = f"The running server is version {card.version}; {__version__} is installed."
        yield Finding("server", False, words, "Quit it and start it again.")
        return
    running = f"Version {card.version} runs at port {card.port} with {state.get('connections', '?')} connections."
    yield Finding("server", True, running)


def address(settings: Settings) -> Iterator[Finding]:
    """Whether the port that was asked for is free (or ours)."""
    card = present(settings.runtime)
    if settings.port == 0 or card is not None:
        return
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((settings.host, settings.port))
    except OSError as error:
        words = f"{settings.host}:{settings.port} cannot be used: {error.strerror}."
        yield Finding("port", False, words, "Choose another port, or 0 for a free one.")
        return
    yield Finding("port", True, f"Port {settings.port} is free.")


def _held(settings: Settings) -> bool:
    path = settings.runtime / LOCK
    if not path.exists():
        return False
    lock = Lock(path)
    taken = lock.take()
    lock.release()
    return not taken
