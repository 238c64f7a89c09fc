"""What can be set about a server, once, before it starts.

Law: a frozen value; reads the environment, touches no file. The command line is `layerlift.cli`'s.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from layerlift.wire import runtime
from layerlift_server.limits import GRACE_SECONDS

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where uploads, jobs and results live: LAYERLIFT_DATA_DIR, else the platform's place for a user's data (XDG Base
    Directory on Linux, Application Support on macOS, Local AppData on Windows)."""
    if environ.get("LAYERLIFT_DATA_DIR"):
        return Path(environ["LAYERLIFT_DATA_DIR"]).expanduser()
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "layerlift" / "server"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "layerlift" / "server"
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "layerlift" / "server"


@dataclass(frozen=True)
class Settings:
    """One server.

    `host` and `port`: where it listens; any name of this machine for itself means 127.0.0.1, where plugins look. A host
    other than loopback opens a second endpoint with TLS there, for paired devices; `certificate` and `key` (PEM) are
    its own or None to have one made, `names` further host names by which it is reached. `grace`: seconds that a
    quitting server gives the running job; `patience`: minutes that an engine may be silent at a job before it is given
    up (0: as long as it likes). `cluster`: the Ray cluster ("HOST:PORT" or "auto") whose computers do the work, None:
    this machine does; `workers`: jobs at a time (None: one here; in a cluster as many as it has GPUs). `log`: "human"
    lines or "json"; `verbose` adds every message, its pixels left out.
    """

    host: str = "127.0.0.1"
    port: int = 0
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    data: Path = field(default_factory=data_folder)
    runtime: Path = field(default_factory=runtime.folder)
    log: Literal["human", "json"] = "human"
    verbose: bool = False
    grace: float = GRACE_SECONDS
    patience: float = 60.0
    cluster: str | None = None
    workers: int | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ, **given: Any) -> Settings:
        """What LAYERLIFT_PORT, LAYERLIFT_LOG and LAYERLIFT_PATIENCE say, with what was `given` over it. Raises
        ValueError."""
        found: dict[str, Any] = {"data": data_folder(environ)}
        if environ.get("LAYERLIFT_RUNTIME_DIR"):
            found["runtime"] = Path(environ["LAYERLIFT_RUNTIME_DIR"]).expanduser()
        if environ.get("LAYERLIFT_PORT"):
            found["port"] = int(environ["LAYERLIFT_PORT"])
        if environ.get("LAYERLIFT_LOG") in ("human", "json"):
            found["log"] = environ["LAYERLIFT_LOG"]
        if environ.get("LAYERLIFT_PATIENCE"):
            with suppress(ValueError):
                found["patience"] = max(0.0, float(environ["LAYERLIFT_PATIENCE"]))
        return cls(**{**found, **given})

    @property
    def remote_names(self) -> tuple[str, ...]:
        """By which names and addresses other machines reach this one; a connection's own numeric address counts too."""
        names = dict.fromkeys((socket.gethostname(), self.host, *self.names))
        return tuple(name for name in names if name and name not in ("0.0.0.0", "::"))

    @property
    def remote(self) -> bool:
        """Whether the server is to be reached from other machines."""
        if self.host in LOOPBACK_NAMES:
            return False
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return True
