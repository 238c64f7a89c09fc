"""RFC 6455 §4: the HTTP/1.1 request that asks for a websocket, and the check of its answer.

Law: bytes only; opens no socket. The answer is read strictly, because it decides whom we trust with a token.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Mapping

from layerlift.wire.errors import LocalProtocolError

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_TARGET = re.compile(r"/[\x21-\x7e]*")
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_STATUS = re.compile(r"HTTP/1\.1 ([0-9]{3})(?: ([\t\x20-\x7e\x80-\xff]*))?")
END = b"\r\n\r\n"


class NotAWebSocket(Exception):
    """The answer is no proper "101 Switching Protocols": its `status` (0 where there is none) and what is wrong."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def new_key() -> str:
    """Sixteen random bytes in base64 (§4.1, 7)."""
    return base64.b64encode(os.urandom(16)).decode("ascii")


def acceptance(key: str) -> str:
    """What a server that understood `key` answers (§4.2.2, 5.4)."""
    return base64.b64encode(hashlib.sha1((key + _GUID).encode("ascii"), usedforsecurity=False).digest()).decode("ascii")


def request(host: str, port: int, path: str, headers: Mapping[str, str], key: str) -> bytes:
    """The request. `host` as a name, an IPv4 address or a bracketed IPv6 address. Raises LocalProtocolError for
    anything that could smuggle a header."""
    wrong = not _HOST.fullmatch(host) or not 0 < port < 65_536 or not _TARGET.fullmatch(path)
    if wrong or not all(_TOKEN.fullmatch(name) and _VALUE.fullmatch(value) for name, value in headers.items()):
        raise LocalProtocolError("A websocket's host, port, path or headers hold what HTTP does not allow.")
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode("ascii") + END


def check(head: bytes, key: str) -> None:
    """Check the answer's `head` (without the empty line). Raises NotAWebSocket."""
    first, *lines = head.decode("latin-1").split("\r\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        raise NotAWebSocket(0, "The answer is not HTTP/1.1.")
    if status[1] != "101":
        raise NotAWebSocket(int(status[1]), f"The server answered {status[1]} {status[2] or ''}".rstrip() + ".")
    fields = _fields(lines)
    if fields.get("upgrade", "").lower() != "websocket":
        raise NotAWebSocket(101, "The server did not upgrade to websocket.")
    if "upgrade" not in [word.strip().lower() for word in fields.get("connection", "").split(",")]:
        raise NotAWebSocket(101, "The server did not upgrade the connection.")
    if fields.get("sec-websocket-accept") != acceptance(key):
        raise NotAWebSocket(101, "The server did not prove that it read our request.")
    if "sec-websocket-extensions" in fields or "sec-websocket-protocol" in fields:
        raise NotAWebSocket(101, "The server chose an extension or protocol that nobody offered.")


def _fields(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name):
            raise NotAWebSocket(101, "The answer's headers are malformed.")
        key, value = name.lower(), value.strip(" \t")
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found
