"""One server per data folder: a lock that the system takes back when its holder dies.

Law: stdlib only. flock(2) on POSIX, msvcrt.locking on Windows; the file itself means nothing and stays.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from layerlift_server.jobs import arena


class InUse(Exception):
    """Another server uses this folder."""


class FolderLock:
    """Held from its making until `close`."""

    def __init__(self, folder: Path) -> None:
        """Take it. Raises InUse, OSError."""
        self._file = arena.open_for_writing(folder / "lock")
        try:
            _take(self._file)
        except OSError as error:
            os.close(self._file)
            raise InUse(f"another server uses {folder}") from error

    def close(self) -> None:
        """Give it back."""
        os.close(self._file)


def _take(file: int) -> None:
    """Raises OSError when somebody has it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
