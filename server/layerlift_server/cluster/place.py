"""Our own worker on a computer of the cluster: `worker.service` behind methods instead of a pipe.

Law: runs in an actor's process on any computer; knows the service and a folder of its own, no Ray, no server. Its
methods are called from several threads at once. Whoever drives it is the server that owns it: paths are taken as given.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from layerlift import __version__
from layerlift_server.worker import failures, messages

PIECE = 8 << 20
"""Most bytes that travel in one call. Ray's object store may be as small as 75 MB, with several pieces in it."""
_SOON = 0.5
"""Seconds that `hear` waits for the first event: it is asked again at once."""
_BURST = 64
"""Most events in one answer."""
_PREFIX = "layerlift-cluster-"


class Place:
    """One worker. `about`, then `begin`; then `order` and `hear` are the two directions of its pipe. `leave` ends its
    process when its service says so (no memory is left)."""

    def __init__(self, *, leave: Callable[[int], Any] = os._exit) -> None:
        os.umask(0o077)
        self._leave = leave
        self._ours, self._theirs = Pipe(duplex=True)
        self._order = threading.Lock()
        self._folder: Path | None = None

    def about(self) -> tuple[str, int]:
        """Which Layerlift it is, and its process id."""
        return __version__, os.getpid()

    def begin(self, engines: str) -> None:
        """Load the engines' module; `hear` then says Hello, or Broken and nothing more."""
        threading.Thread(target=self._serve, args=(engines,), name="layerlift-service", daemon=True).start()

    def order(self, data: bytes) -> None:
        """Say it to the service."""
        with self._order:
            self._ours.send_bytes(data)

    def hear(self) -> list[bytes]:
        """What the service has said since, in its order; nothing if it is silent for a moment."""
        heard: list[bytes] = []
        while len(heard) < _BURST and self._ours.poll(0.0 if heard else _SOON):
            heard.append(self._ours.recv_bytes(messages.LONGEST))
        return heard

    def shares(self, path: str, secret: str) -> bool:
        """Whether the file `path` of the server is here, too, with `secret` in it, and its folder can be written."""
        with suppress(OSError, ValueError):
            return Path(path).read_text() == secret and os.access(Path(path).parent, os.W_OK)
        return False

    def room(self, run: str) -> str:
        """A new folder for one run's files. Sweeps up after dead workers of this computer."""
        sweep()
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        folder = self._folder / run
        folder.mkdir()
        return str(folder)

    def take(self, path: str, offset: int, data: bytes) -> None:
        """Put a piece of a file into its place."""
        Path(path).parent.mkdir(exist_ok=True)
        with Path(path).open("r+b" if offset else "wb") as file:
            file.seek(offset)
            file.write(data)

    def give(self, path: str, offset: int) -> bytes | None:
        """The piece of a file from `offset`, b"" at its end; None if there is no such file."""
        try:
            with Path(path).open("rb") as file:
                file.seek(offset)
                return file.read(PIECE)
        except FileNotFoundError:
            return None

    def forget(self, run: str) -> None:
        """Delete one run's files."""
        if self._folder is not None:
            shutil.rmtree(self._folder / run, ignore_errors=True)

    def close(self) -> None:
        """Delete everything."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _end(self, code: int) -> None:
        self.close()
        self._leave(code)

    def _serve(self, engines: str) -> None:
        try:
            from layerlift_server.worker.service import Service

            service = Service(self._theirs, engines, leave=self._end)
        except Exception as failure:  # noqa: BLE001 (whatever it is: a broken installation has many faces)
            broken = messages.Broken(failures.broken(failure), failures.trace(failure))
            self._theirs.send_bytes(messages.encode(broken))
            return
        service.run()


def sweep(folder: Path | None = None) -> None:
    """Delete what workers of this computer left that were ended before they could do so themselves."""
    for found in Path(folder or tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = found.name[len(_PREFIX) :].partition("-")[0]
        if pid.isdigit() and int(pid) != os.getpid() and not _alive(int(pid)):
            shutil.rmtree(found, ignore_errors=True)


def _alive(pid: int) -> bool:
    """Whether that process is there; where it cannot be known (Windows, another user's), it is. One that nobody has
    reaped is not (Linux; proc_pid_stat(5))."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except ProcessLookupError:
        return False
    except OSError:
        return True
