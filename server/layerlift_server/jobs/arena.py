"""Private files that pixels pass through: written in place, read in place, mapped by the worker, deleted off the loop.

Law: knows paths and bytes. Folders are 0700 and files 0600 (POSIX; on Windows the user's own profile
folder is private already). Nothing here remembers anything: what a file means is `uploads`' and `results`' business.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from layerlift_server.security import private_files

_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)


def open_for_writing(path: Path) -> int:
    """A descriptor to write at any offset; the file is made 0600 if it is missing, and never a link. Raises OSError."""
    return os.open(path, os.O_RDWR | os.O_CREAT | _BINARY | _NO_LINKS, 0o600)


def private_file(path: Path) -> Path:
    """Make `path` if it is missing, for this user only. Raises OSError."""
    os.close(open_for_writing(path))
    return path


def open_for_reading(path: Path) -> int:
    """A descriptor to read at any offset. Raises OSError."""
    return os.open(path, os.O_RDONLY | _BINARY | _NO_LINKS)


def write_at(file: int, offset: int, data: memoryview) -> None:
    """Put all of `data` at `offset`. Raises OSError (ENOSPC: the disk is full)."""
    while data:
        if hasattr(os, "pwrite"):
            written = os.pwrite(file, data, offset)
        else:  # Windows: one thread per descriptor, so moving first is the same
            os.lseek(file, offset, os.SEEK_SET)
            written = os.write(file, data)
        offset += written
        data = data[written:]


def read_at(file: int, offset: int, length: int) -> bytes:
    """At most `length` bytes from `offset`; fewer only at the end. Raises OSError."""
    if hasattr(os, "pread"):
        data: bytes = os.pread(file, length, offset)
        return data
    os.lseek(file, offset, os.SEEK_SET)
    return os.read(file, length)


def mapped(path: Path) -> mmap.mmap:
    """The whole file, read-only, as memory: pixels are used where they lie. Raises OSError, ValueError when empty."""
    file = open_for_reading(path)
    try:
        return mmap.mmap(file, 0, access=mmap.ACCESS_READ)
    finally:
        os.close(file)


class Trash:
    """Where unwanted files go at once (a rename), to be deleted by a thread: unlinking gigabytes takes a while."""

    def __init__(self, folder: Path) -> None:
        self._folder = private_files.folder(folder)
        self._sweeper = ThreadPoolExecutor(1, "layerlift-trash")
        for left in self._folder.iterdir():
            self._sweep(left)

    def discard(self, path: Path) -> None:
        """Make `path` (a file or a folder) disappear now and its bytes soon. Nothing happens if it is not there."""
        target = self._folder / secrets.token_hex(8)
        try:
            path.rename(target)
        except FileNotFoundError:
            return
        except OSError:  # Windows, while somebody still has a file in it open: then in place; the rest at next start
            target = path
        self._sweep(target)

    def close(self) -> None:
        """Wait until everything is gone."""
        self._sweeper.shutdown(wait=True)

    def _sweep(self, path: Path) -> None:
        with contextlib.suppress(RuntimeError):  # closed: the next start sweeps
            self._sweeper.submit(_delete, path)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
