"""Which servers there are: LAYERLIFT_REMOTE, and how they are spoken to.

Law: text in, values out; opens nothing. A key is never sent where others can read it: over plain http to this computer
alone.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast
from urllib.parse import urlsplit

from layerlift.engines.port import Operation

SERVERS, KEY, PATIENCE = "LAYERLIFT_REMOTE", "LAYERLIFT_REMOTE_KEY", "LAYERLIFT_REMOTE_TIMEOUT"
"""Environment variables: addresses, bearer keys, seconds that one job may take on a server."""
KNOWN: tuple[Operation, ...] = ("decompose", "edit", "generate", "inpaint")
USUAL: tuple[Operation, ...] = ("decompose", "edit", "generate")
"""What a server without a word before its address may be asked for, until its model is known. Filling a hole needs a
model that heeds the mask, which its name does not say."""
_LONGEST = 1800.0
"""Seconds: half an hour is what 1024², ten layers and fifty steps take on a slow card."""


class Unusable(Exception):
    """The settings cannot be used; says why, and what to do."""


@dataclass(frozen=True)
class Endpoint:
    """One server. `operations`: what it was said to be for (None: its model tells)."""

    secure: bool
    host: str
    port: int
    base: str = ""
    operations: frozenset[Operation] | None = None
    key: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}{self.base}"

    @property
    def loopback(self) -> bool:
        """Whether it is this computer."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@dataclass(frozen=True)
class Settings:
    """Everything that can be set."""

    endpoints: tuple[Endpoint, ...]
    patience: float = _LONGEST

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """What the environment says. Raises Unusable."""
        words = [word.strip() for word in environ.get(SERVERS, "").split(",") if word.strip()]
        if not words:
            raise Unusable(f"No server is named. Set {SERVERS}, for instance to http://gpu.example:8000.")
        endpoints = _with_keys([_endpoint(word) for word in words], environ.get(KEY, ""))
        if len({str(endpoint) for endpoint in endpoints}) < len(endpoints):
            raise Unusable(f"{SERVERS} names a server twice. Join its operations with +, as in edit+inpaint=ADDRESS.")
        return cls(endpoints, _patience(environ.get(PATIENCE, "")))


def _endpoint(word: str) -> Endpoint:
    before, equals, address = word.rpartition("=") if "=" in word.partition("://")[0] else ("", "", word)
    url = urlsplit(address)
    try:
        port = url.port
    except ValueError:
        raise Unusable(f"{SERVERS}: “{_shown(address)}” has no valid port. Correct it.") from None
    if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
        raise Unusable(f"{SERVERS}: “{_shown(address)}” is no address. Write it as http://HOST:PORT or https://HOST.")
    if url.username is not None or url.password is not None:
        raise Unusable(f"{SERVERS}: an address must not contain a password. Put the key into {KEY}.")
    secure, port = url.scheme == "https", port or (443 if url.scheme == "https" else 80)
    base = url.path.rstrip("/").removesuffix("/v1")
    return Endpoint(secure, url.hostname, port, base, _operations(before) if equals else None)


def _operations(text: str) -> frozenset[Operation]:
    named = [name.strip() for name in text.split("+")]
    if unknown := [name for name in named if name not in KNOWN]:
        raise Unusable(f"{SERVERS}: “{unknown[0][:40]}” is no operation. Known are {', '.join(KNOWN)}.")
    return frozenset(cast("list[Operation]", named))


def _with_keys(endpoints: list[Endpoint], text: str) -> tuple[Endpoint, ...]:
    """The servers with their keys: HOST=KEY or HOST:PORT=KEY is one server's, a key alone everybody's (keys may contain
    "=", so what stands before the first one must be a server's name)."""
    keys: dict[str, str] = {}
    names = {name for endpoint in endpoints for name in _names(endpoint)}
    for word in filter(None, (word.strip() for word in text.split(","))):
        host, _, key = word.partition("=")
        keys.update({host.lower(): key} if host.lower() in names else {"": word})
    if any(not key.isascii() or not key.isprintable() or " " in key or not key for key in keys.values()):
        raise Unusable(f"{KEY} contains a character that no key has. Copy it again.")
    return tuple(_with_key(endpoint, keys) for endpoint in endpoints)


def _with_key(endpoint: Endpoint, keys: Mapping[str, str]) -> Endpoint:
    key = next((keys[name] for name in (*_names(endpoint), "") if name in keys), None)
    if key is not None and not endpoint.secure and not endpoint.loopback:
        raise Unusable(
            f"The key would travel to {endpoint} for everybody to read. Use https there, or write HOST=KEY for others."
        )
    return replace(endpoint, key=key)


def _names(endpoint: Endpoint) -> tuple[str, str]:
    return f"{endpoint.host}:{endpoint.port}", endpoint.host


def _patience(text: str) -> float:
    try:
        seconds = float(text or _LONGEST)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 86400:
        raise Unusable(f"{PATIENCE} is a number of seconds, from 1 to 86400.")
    return seconds


def _shown(address: str) -> str:
    """An address for a message, without what may be a password."""
    return address.rpartition("@")[2][:80]
