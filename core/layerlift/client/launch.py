"""Start a server of one's own and wait until it can be found.

Law: starts `layerlift serve` as a process that outlives this one; whether one should is the caller's business. Starting
twice at once is harmless: the second server finds the first and leaves.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import IO

from layerlift.client.address import Address, find
from layerlift.client.errors import NoServer
from layerlift.client.known_servers import folder
from layerlift.client.timeouts import START, TICK
from layerlift.errors import OutputError

_LIBRARIES = ("LD_LIBRARY_PATH", "PYTHONHOME")
"""What a frozen host sets for itself and would break another Python with."""

LOG_BYTES = 4 << 20
"""A log longer than this begins anew with the next server: weeks of what a server says."""


def command() -> list[str]:
    """What starts a server here. In a frozen program `sys.executable` is the program itself."""
    return [sys.executable, "serve"] if getattr(sys, "frozen", False) else [sys.executable, "-m", "layerlift", "serve"]


_started: list[subprocess.Popen[bytes]] = []
"""Servers that this process has started and will reap should they end before it does."""


def start(words: Sequence[str] | None = None, *, patience: float = START, dead: Collection[Address] = ()) -> Address:
    """Start a server and wait for its runtime file (those of `dead` ones don't count). Raises NoServer with the
    server's own words when it ends first."""
    with suppress(NoServer):
        return find(dead=dead)  # somebody else was faster
    with _log() as said:
        before = said.seek(0, os.SEEK_END)
        process = _spawn(words or command(), said)
        reap()
        _started.insert(0, process)
        until = time.monotonic() + patience
        while time.monotonic() < until:
            try:
                return find(dead=dead)
            except NoServer:
                if process.poll() is not None:
                    break
            time.sleep(TICK / 4)
        said.seek(before)
        raise _unwilling(said.read(4096).decode("utf-8", "replace"), process)


def reap() -> None:
    """Forget the servers of ours that have ended: until then their process ids look alive."""
    _started[:] = [each for each in _started if each.poll() is None]


def _log() -> IO[bytes]:
    """Where a server without a terminal speaks to: `started.log` among the user's Layerlift things."""
    try:
        folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder() / "started.log"
        mode = "w+b" if path.exists() and path.stat().st_size > LOG_BYTES else "a+b"
        return path.open(mode)
    except OSError as wrong:
        raise OutputError(
            f"{folder()} cannot be written: {wrong.strerror}.", "Check the disk and its rights."
        ) from wrong


def _spawn(words: Sequence[str], said: IO[bytes]) -> subprocess.Popen[bytes]:
    """A process of its own: no terminal's Ctrl-C, no closing window of ours ends it."""
    environment = {name: value for name, value in os.environ.items() if name not in _LIBRARIES}
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    try:
        return subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=environment,
            start_new_session=True,
            creationflags=flags,
        )
    except OSError as wrong:
        raise NoServer(f"The server could not be started: {wrong.strerror}.", f"Try: {' '.join(words)}") from wrong


def _unwilling(words: str, process: subprocess.Popen[bytes]) -> NoServer:
    lines = [line.removeprefix("layerlift:").strip() for line in words.splitlines() if line.strip()]
    if process.poll() is None:
        return NoServer("The server was started but has not answered yet.", "Wait a moment and try again.")
    return NoServer(
        f"The server could not be started: {lines[-1] if lines else 'it said nothing'}", "Try: layerlift serve"
    )
