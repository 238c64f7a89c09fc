"""One process at a time in a folder. Law: the operating system's own file lock, which ends with its process."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from layerlift.errors import OutputError, RequestError


@contextmanager
def only_here(path: Path) -> Iterator[None]:
    """Hold `path` as a lock. Raises RequestError at once when another process holds it, OutputError (disk)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as failure:
        raise OutputError(
            f"{path.parent} cannot be written: {failure.strerror or failure}.",
            "Check the folder and its rights, or name another with LAYERLIFT_MODELS.",
        ) from failure
    with file:
        try:
            _lock(file.fileno())
        except OSError:
            raise RequestError(
                f"Another Layerlift works on {path.parent.parent} now.", "Wait until it is done, or stop it."
            ) from None
        yield


def _lock(descriptor: int) -> None:
    try:
        fcntl: Any = importlib.import_module("fcntl")
    except ImportError:  # Windows
        msvcrt: Any = importlib.import_module("msvcrt")
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
