"""Where a server is and how to be let in: from its runtime file, from what was paired before, or as typed.

Law: finds and parses, connects to nothing. A token never leaves this machine unencrypted: without TLS only loopback.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from layerlift.client.errors import NoServer, no_server
from layerlift.client.known_servers import KnownServers
from layerlift.errors import RequestError
from layerlift.wire import runtime

_TYPED = re.compile(
    r"(?:(?P<scheme>https?|wss?)://)?(?P<host>\[[0-9A-Fa-f:.%]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})/?", re.ASCII
)
_TLS = {"http": False, "ws": False, "https": True, "wss": True}


@dataclass(frozen=True)
class Address:
    """`token` None: not let in yet (pair first). `tls`: encrypted; `fingerprint` (hexadecimal SHA-256 of the
    certificate) pins it, None leaves it to the machine's certificate authorities."""

    host: str
    port: int
    token: str | None = None
    tls: bool = False
    fingerprint: str | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def find(
    typed: str | None = None,
    token: str | None = None,
    fingerprint: str | None = None,
    dead: Collection[Address] = (),
) -> Address:
    """The server at `typed` ("host:port"), or the newest of this machine's own that is not known to be `dead`. Raises
    NoServer, RequestError."""
    if typed is None:
        return _local(dead)
    address = parse(typed)
    known = KnownServers().get(str(address))
    if known is not None:
        address = replace(address, token=known.token, fingerprint=known.fingerprint, tls=address.tls or known.tls)
    elif token is None and is_loopback(address.host):
        address = _runtime_at(address)
    pinned = normal(fingerprint) if fingerprint is not None else address.fingerprint
    return replace(address, token=token or address.token, fingerprint=pinned, tls=address.tls or pinned is not None)


def parse(typed: str) -> Address:
    """ "host:port", "[::1]:port" or "https://host:port". Anything but loopback is TLS. Raises RequestError."""
    match = _TYPED.fullmatch(typed.strip())
    if match is None or not 0 < int(match["port"]) < 65536:
        raise RequestError(
            f"“{typed}” is not a server's address.", "Write it as host:port, for example 192.168.1.5:7860."
        )
    host = match["host"].strip("[]")
    tls = _TLS.get(match["scheme"] or "")
    if tls is False and not is_loopback(host):
        raise RequestError(f"“{typed}” would send pictures over the network unencrypted.", "Leave out http://.")
    return Address(host, int(match["port"]), tls=bool(tls) or not is_loopback(host))


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine and nothing else."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def normal(fingerprint: str) -> str:
    """A fingerprint as typed (colons, spaces, capitals) → 64 lower-case hexadecimal digits. Raises RequestError."""
    digits = re.sub(r"[\s:]|^sha-?256[=:/ ]", "", fingerprint.strip().lower())
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise RequestError("That is not a certificate's fingerprint.", "It has 64 hexadecimal digits (SHA-256).")
    return digits


def _local(dead: Collection[Address]) -> Address:
    for file in runtime.find():
        if (address := _of(file)) not in dead:
            return address
    raise no_server()


def _of(file: runtime.ServerFile) -> Address:
    return Address("127.0.0.1", file.port, file.token, file.tls is not None, file.tls)


def _runtime_at(address: Address) -> Address:
    """What this user's runtime files know about a loopback port."""
    for file in runtime.find():
        if file.port == address.port:
            return replace(_of(file), host=address.host)
    raise NoServer(f"No Layerlift server of yours listens at {address}.", "Leave the address out to find it.")
