"""Servers that this user has paired with: their tokens and certificates, in one file that only the user can read.

Law: the file and nothing else. Like ssh's known_hosts, but with the token beside the fingerprint; written whole or not
at all. The folder: LAYERLIFT_DATA_DIR, else the platform's place for a user's data.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from layerlift.errors import OutputError


@dataclass(frozen=True)
class Known:
    """One paired server. `fingerprint`: hexadecimal SHA-256 of its certificate."""

    token: str
    fingerprint: str | None = None
    tls: bool = True


class KnownServers:
    """The paired servers, by "host:port"."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or folder() / "servers.json"

    def get(self, address: str) -> Known | None:
        """What is known about a server. A damaged entry or file is as good as none: pairing again mends it."""
        entry = self._read().get(address)
        if not isinstance(entry, dict) or not isinstance(entry.get("token"), str):
            return None
        fingerprint = entry.get("fingerprint")
        return Known(
            entry["token"], fingerprint if isinstance(fingerprint, str) else None, entry.get("tls") is not False
        )

    def remember(self, address: str, known: Known) -> None:
        """Keep a server. Raises OutputError."""
        self._write({**self._read(), address: asdict(known)})

    def forget(self, address: str) -> None:
        """Drop a server. Raises OutputError."""
        self._write({name: entry for name, entry in self._read().items() if name != address})

    def _read(self) -> dict[str, object]:
        try:
            entries = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return entries if isinstance(entries, dict) else {}

    def _write(self, entries: dict[str, object]) -> None:
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside.unlink(missing_ok=True)
            # 0600 from the start: on Windows the user's own folder is what protects it
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(entries, file, indent=1)
            beside.replace(self._path)
        except OSError as wrong:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise OutputError(
                f"{self._path} cannot be written: {wrong.strerror}.", "Check the disk and the folder's rights."
            ) from wrong


def folder() -> Path:
    """Where this user's Layerlift keeps its things."""
    if chosen := os.environ.get("LAYERLIFT_DATA_DIR"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "layerlift"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "layerlift"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "layerlift"
