"""By which names this server may be called, and from which pages: the check against DNS rebinding and foreign sites.

Law: strings only; knows no HTTP library. A browser tells the truth about Host, Origin, Sec-Fetch-Site and Referer, and
a browser is whom these checks are against: a program that lies about them still needs a token.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from layerlift_server.settings import LOOPBACK_NAMES

HOSTLESS_ORIGINS = ("file://",)
"""Origins of programs that are no web pages: Photoshop's UXP panels say this. They need a token like any program; a
local HTML file that says the same gets no further than they."""

# strict on purpose: urllib takes "[::1].evil" for ::1
_HOST = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\]|(?P<name>[A-Za-z0-9_.-]+))(?::(?P<port>[0-9]{1,5}))?", re.ASCII
)
_FROM_HERE = ("none", "same-origin")


@dataclass(frozen=True)
class Endpoint:
    """One listening address: its `scheme`, and the host names by which a request may call it; `literal`: the numeric
    address that a connection arrived at counts too (rebinding needs a name). `remote` endpoints serve no page."""

    scheme: str
    names: frozenset[str] = frozenset(LOOPBACK_NAMES)
    remote: bool = False

    def known(self, host: str, arrived_at: str = "") -> bool:
        """Whether a request may carry this Host header."""
        name = host_name(host)
        if name is None:
            return False
        return name in self.names or (self.remote and name == arrived_at and _numeric(name))


def host_name(host: str) -> str | None:
    """The name in a Host header, lower-case, without port and brackets; None when it is not one."""
    found = _HOST.fullmatch(host)
    if found is None or not 0 < int(found["port"] or 80) < 65_536:
        return None
    return (found["six"] or found["name"]).lower()


def objection(
    headers: Mapping[str, str], endpoint: Endpoint, *, arrived_at: str = "", socket: bool = False
) -> str | None:
    """Why a request is not answered, None when it is: "host" (421), "origin", "site" or "referrer" (403). `headers`
    ignores case; `socket`: it asks for the websocket, where programs with an origin of their own are expected."""
    host = headers.get("Host", "")
    if not endpoint.known(host, arrived_at):
        return "host"
    own = f"{endpoint.scheme}://{host.lower()}"
    origin = headers.get("Origin")
    if origin is not None and not same_origin(origin, own) and not (socket and origin in HOSTLESS_ORIGINS):
        return "origin"
    if headers.get("Sec-Fetch-Site", "none") not in _FROM_HERE and not (socket and origin in HOSTLESS_ORIGINS):
        return "site"
    referrer = headers.get("Referer")
    if referrer is not None and not same_origin(origin_of(referrer), own):
        return "referrer"
    return None


def same_origin(origin: str, own: str) -> bool:
    """Whether an Origin header names our own page."""
    return origin.lower() == own


def origin_of(address: str) -> str:
    """The origin of an address, for comparing; empty when it is no address."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()


def _numeric(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
