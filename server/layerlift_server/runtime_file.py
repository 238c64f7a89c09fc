"""That one server runs, and where: a lock that dies with its process, and the file by which plugins find it.

Law: files of this user's alone; opens no socket. What the file says is `layerlift.wire.runtime`'s.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path

from layerlift.wire import runtime
from layerlift.wire.runtime import ServerFile
from layerlift_server.security import private_files

LOCK = "serve.lock"
_TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


class Lock:
    """A file that one process at a time can hold. The system lets go of it however the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> bool:
        """Whether it is ours now. Raises OSError when the file cannot be made."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        file = os.open(self._path, flags, 0o600)
        try:
            _lock(file)
        except OSError as error:
            os.close(file)
            if error.errno in _TAKEN:
                return False
            raise
        self._file = file
        return True

    def release(self) -> None:
        """Let go. The file stays: removing it would let two processes hold two files of one name."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class RuntimeFile:
    """A server's runtime file in `folder`, which is made private. Call `announce` only while holding `lock`."""

    def __init__(self, folder: Path) -> None:
        self.folder = private_files.folder(folder)
        self.lock = Lock(folder / LOCK)
        self._file: Path | None = None

    def announce(self, server: ServerFile) -> Path:
        """Write the runtime file, new and whole: its readers see none or all of it. What dead servers left is cleared
        away first; who holds the lock is the only living one here."""
        for left in self.folder.glob("server-*.json"):
            left.unlink(missing_ok=True)
        path = self.folder / server.name
        private_files.replace(path, server.text.encode())
        self._file = path
        return path

    def withdraw(self) -> None:
        """Remove the runtime file."""
        if self._file is not None:
            with suppress(OSError):
                self._file.unlink()
            self._file = None


def present(folder: Path) -> ServerFile | None:
    """The server that runs according to `folder`, if any."""
    for path in sorted(folder.glob("server-*.json")):
        server = runtime.read(path)
        if server is not None and runtime.alive(server.pid):
            return server
    return None


def _lock(file: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
