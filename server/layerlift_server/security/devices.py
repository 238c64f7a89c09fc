"""The paired devices: who else may come in, kept across restarts.

Law: one private file and its meaning; knows no connection. Tokens are kept as digests: who reads the file cannot come
in with it. A damaged file is set aside, never guessed at: those devices pair again.
"""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path

from layerlift.wire.values import Device
from layerlift_server.limits import DEVICES
from layerlift_server.security import private_files, tokens
from layerlift_server.security.names import plain

SEEN_EVERY = 60.0
"""Seconds between two writings of a device's last visit: a reconnecting plugin must not wear the disk."""


@dataclass(frozen=True)
class _Entry:
    device: Device
    digest: str


class Full(Exception):
    """As many devices are paired as are taken."""


class Devices:
    """The devices in `path`. Raises OSError from `add` and `revoke` when the file cannot be written."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        self._entries: dict[str, _Entry] = {}
        self.damaged: Path | None = None
        """Where a file that could not be understood was put."""
        self._load()

    def add(self, name: str) -> tuple[str, str]:
        """Pair a device; gives its id and its token, which is not kept. Raises Full, OSError."""
        if len(self._entries) >= DEVICES:
            raise Full
        token, device, now = tokens.fresh(), str(uuid.uuid4()), self._clock()
        shown = plain(name) or "Unnamed device"
        self._keep({**self._entries, device: _Entry(Device(device, shown, now, now), tokens.digest(token))})
        return device, token

    def find(self, token: str) -> str | None:
        """The device that holds `token`. Every entry is compared, so that time tells nothing."""
        given, found = tokens.digest(token), None
        for device, entry in self._entries.items():
            if tokens.same(given, entry.digest):
                found = device
        if found is not None:
            self._seen(found)
        return found

    def revoke(self, device: str) -> bool:
        """Forget a device. Says whether there was one. Raises OSError (then it is still paired, and stays shown)."""
        if device not in self._entries:
            return False
        self._keep({name: entry for name, entry in self._entries.items() if name != device})
        return True

    def list(self) -> tuple[Device, ...]:
        """All of them, the longest paired first."""
        return tuple(entry.device for entry in self._entries.values())

    def _seen(self, device: str) -> None:
        entry, now = self._entries[device], self._clock()
        if now - entry.device.last_seen >= SEEN_EVERY:
            seen = _Entry(changed(entry.device, last_seen=now), entry.digest)
            with suppress(OSError):  # a full disk must not keep a paired device out
                self._keep({**self._entries, device: seen})

    def _keep(self, entries: dict[str, _Entry]) -> None:
        listed = [{**vars(entry.device), "digest": entry.digest} for entry in entries.values()]
        private_files.replace(self._path, json.dumps({"devices": listed}, indent=1).encode())
        self._entries = entries

    def _load(self) -> None:
        try:
            listed = json.loads(self._path.read_bytes())["devices"]
            for one in listed:
                device = Device(str(one["device"]), str(one["name"]), float(one["paired"]), float(one["last_seen"]))
                self._entries[device.device] = _Entry(device, str(one["digest"]))
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError, RecursionError):
            self._entries = {}
            self.damaged = self._path.with_name(f"{self._path.name}.damaged-{secrets.token_hex(4)}")
            self._path.replace(self.damaged)
