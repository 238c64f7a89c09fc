"""Files and folders that only this user may read.

Law: stdlib only; knows no secret's meaning. On POSIX folders are 0700 and files 0600 from their first byte; on Windows
the profile's inherited access list does the same and modes are ignored by the system.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

POSIX = os.name == "posix"


def folder(path: Path) -> Path:
    """`path` as a folder of this user's alone. Raises OSError, also when it is somebody else's or a link."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if POSIX:
        state = os.lstat(path)
        if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid():
            raise PermissionError(13, "not a folder of this user", str(path))
        if stat.S_IMODE(state.st_mode) & 0o077:
            path.chmod(0o700)
    return path


def exposed(path: Path) -> bool:
    """Whether others may read or write `path` (POSIX; False elsewhere and when there is nothing)."""
    if not POSIX or not path.exists():
        return False
    state = path.stat()
    return state.st_uid != os.geteuid() or bool(stat.S_IMODE(state.st_mode) & 0o077)


def create(path: Path, content: bytes) -> None:
    """Make a new file (O_EXCL: never one that somebody put there). Raises FileExistsError, OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, content: bytes) -> None:
    """Write `path` whole or not at all. Raises OSError."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        create(beside, content)
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
