"""Where a running server says how to reach it: one file per server in a folder that only its user can read.

Law: paths, one small JSON file and whether a process lives; opens no socket. The file holds the token, so that whoever
can read it is the owner. Linux: $XDG_RUNTIME_DIR/layerlift (in memory, gone at logout), else the user's data folder;
macOS: ~/Library/Application Support/layerlift/run; Windows: %LOCALAPPDATA%\\layerlift\\run.
$LAYERLIFT_RUNTIME_DIR overrides all.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from layerlift.wire import limits

OVERRIDE = "LAYERLIFT_RUNTIME_DIR"
_NAME = re.compile(r"server-([1-9][0-9]{0,9})\.json")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,200}")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ServerFile:
    """A running server: its `port` on 127.0.0.1, process id, `token`, newest `protocol`, program `version`, and, where
    it speaks TLS, the certificate's SHA-256 as 64 lower-case hexadecimal digits."""

    port: int
    pid: int
    token: str = field(repr=False)
    protocol: int
    version: str
    tls: str | None = None

    def __str__(self) -> str:
        return f"server {self.version} (pid {self.pid}) on port {self.port}"

    @property
    def name(self) -> str:
        """Its file's name."""
        return f"server-{self.pid}.json"

    @property
    def text(self) -> str:
        """Its file's content."""
        return json.dumps(asdict(self))


def folder() -> Path:
    """Where this user's servers write their files. It may not exist; whoever makes it makes it 0700."""
    return folders()[0]


def folders() -> list[Path]:
    """Every folder to look in, the one to write to first: a server and a host may see different environments."""
    if override := os.environ.get(OVERRIDE):
        return [Path(override)]
    home = Path.home()
    if sys.platform == "win32":
        return [Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "layerlift" / "run"]
    if sys.platform == "darwin":
        return [home / "Library" / "Application Support" / "layerlift" / "run"]
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "layerlift" / "run"
    session = os.environ.get("XDG_RUNTIME_DIR")
    return [Path(session) / "layerlift", data] if session else [data]


def find() -> list[ServerFile]:
    """The servers that run now, the one started last first. Files of dead processes, files that others could have
    written and files that make no sense are passed over."""
    found: dict[int, tuple[float, ServerFile]] = {}
    for place in folders():
        for path in _files(place):
            written, server = _written(path), read(path)
            if server is not None and alive(server.pid):
                found.setdefault(server.pid, (written, server))
    return [server for _, server in sorted(found.values(), key=lambda entry: -entry[0])]


def read(path: Path) -> ServerFile | None:
    """What a runtime file says, None when it is unreadable, unsafe or makes no sense."""
    try:
        with path.open("rb") as file:
            if not _ours(os.fstat(file.fileno())):
                return None
            text = file.read(limits.RUNTIME_FILE + 1)
    except OSError:
        return None
    server = parse(text)
    return server if server is not None and server.name == path.name else None


def parse(text: bytes) -> ServerFile | None:
    """The server that a runtime file's content describes, None when it makes no sense. Unknown keys are ignored."""
    if len(text) > limits.RUNTIME_FILE:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    fields: dict[str, Any] = {name: found.get(name) for name in ServerFile.__dataclass_fields__}
    return ServerFile(**fields) if _sound(fields) else None


def alive(pid: int) -> bool:
    """Whether a process of this number exists (on Windows: that we may look at)."""
    if sys.platform == "win32":
        return _alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's: not a server of ours
        return False
    return True


def _files(place: Path) -> list[Path]:
    try:
        if not _ours(place.stat()):
            return []
        return [path for path in place.iterdir() if _NAME.fullmatch(path.name)]
    except OSError:
        return []


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # its server is just quitting
        return 0.0


def _ours(status: os.stat_result) -> bool:
    """Whether it belongs to this user and nobody else can write to it. Windows' user folders are private by default."""
    if sys.platform == "win32":
        return True
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _sound(fields: dict[str, Any]) -> bool:
    tls = fields["tls"]
    return (
        _whole(fields["port"], 1, 65_535)
        and _whole(fields["pid"], 1, 2**31 - 1)
        and _whole(fields["protocol"], 1, 65_535)
        and _matches(_TOKEN, fields["token"])
        and isinstance(fields["version"], str)
        and len(fields["version"]) <= limits.WORD
        and (tls is None or _matches(_FINGERPRINT, tls))
    )


def _whole(value: object, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _alive_on_windows(pid: int) -> bool:
    import ctypes

    query, still_active = 0x1000, 259  # PROCESS_QUERY_LIMITED_INFORMATION; STILL_ACTIVE
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    kernel.OpenProcess.restype = ctypes.c_void_p
    kernel.GetExitCodeProcess.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    kernel.CloseHandle.argtypes = (ctypes.c_void_p,)
    handle = kernel.OpenProcess(query, False, pid)
    if not handle:
        return False
    code = ctypes.c_ulong()
    known = kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return bool(known) and code.value == still_active
