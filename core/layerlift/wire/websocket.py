"""RFC 6455, the client's side, sans-IO: bytes from the socket → events, messages → bytes for the socket.

Law: knows websockets, not what is said over them; opens no socket, reads no clock. The shell sends `request()`, then
what `binary`, `ping`, `close` and every `Reply` say, and feeds what it reads to `receive` (bytes) or, where it owns a
socket, reads into `buffer()` and calls `received(count)`, which saves a copy. No text messages, no extensions.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from layerlift.wire import handshake, limits, masking
from layerlift.wire.errors import LocalProtocolError
from layerlift.wire.incoming import BINARY, CLOSE, INCONSISTENT, PING, PONG, PROTOCOL_ERROR, Bad, Frame, Incoming
from layerlift.wire.text import clipped

_FINAL, _MASKED = 0x80, 0x80
_LARGE = 64 * 1024
_U16, _U64 = struct.Struct(">H"), struct.Struct(">Q")
_SILENT = (1005, 1006, 1015)  # §7.4.1: never sent in a close frame


@dataclass(frozen=True)
class Opened:
    """The server accepted: messages may go out now."""


@dataclass(frozen=True)
class Rejected:
    """The server did not accept: HTTP `status` (0 when it spoke no HTTP, 101 when it broke the handshake) and why."""

    status: int
    reason: str


@dataclass(frozen=True)
class Binary:
    """One whole message. The view is the receiver's to keep."""

    payload: memoryview


@dataclass(frozen=True)
class Reply:
    """Send these bytes (a pong, or the answer to a close)."""

    data: bytes


@dataclass(frozen=True)
class Pong:
    """The answer to our ping."""

    payload: bytes


@dataclass(frozen=True)
class Closed:
    """The conversation is over; close the socket. `code` 1006: the socket ended without a close frame."""

    code: int
    reason: str = ""


Event: TypeAlias = Opened | Rejected | Binary | Reply | Pong | Closed


class WebSocket:
    """One websocket. `most` is the size of the largest message taken; `mask` XORs (see `masking`: its own, one
    that uses numpy, or `unmasked` for loopback)."""

    def __init__(
        self,
        host: str,
        port: int,
        path: str = "/ws",
        headers: Mapping[str, str] | None = None,
        *,
        most: int = limits.MESSAGE,
        mask: masking.Mask = masking.masked,
    ) -> None:
        self.state: Literal["new", "connecting", "open", "closing", "closed"] = "new"
        self._key = handshake.new_key()
        self._request = handshake.request(host, port, path, headers or {}, self._key)
        self._head = bytearray()
        self._incoming = Incoming(most)
        self._mask = mask

    def request(self) -> bytes:
        """The first bytes to send."""
        self.state = "connecting"
        return self._request

    def buffer(self) -> memoryview:
        """Where to read the socket's next bytes into (never empty)."""
        return self._incoming.buffer()

    def received(self, count: int) -> list[Event]:
        """`count` bytes were read into `buffer()`; 0 means that the socket has ended."""
        if count == 0:
            return self._ended()
        if self.state in ("open", "closing"):
            return self._heard(self._incoming.written(count))
        return self.receive(bytes(self._incoming.buffer()[:count]))

    def receive(self, data: bytes | bytearray | memoryview) -> list[Event]:
        """These bytes came from the socket; no bytes means that it has ended. `bytes` are not copied."""
        if len(data) == 0:
            return self._ended()
        data = data if isinstance(data, bytes) else bytes(data)
        if self.state == "connecting":
            return self._answered(data)
        if self.state in ("open", "closing"):
            return self._heard(self._incoming.feed(memoryview(data)))
        return []

    def binary(self, *parts: bytes | bytearray | memoryview) -> list[masking.Piece]:
        """What to send for one binary message made of `parts`. Raises LocalProtocolError unless open."""
        if self.state != "open":
            raise LocalProtocolError(f"A message cannot be sent on a websocket that is {self.state}.")
        return self._frame(BINARY, parts)

    def ping(self, payload: bytes = b"") -> bytes:
        """What to send to hear whether the server lives; it answers with the same `payload` (at most 125 bytes)."""
        if self.state != "open" or len(payload) > 125:
            raise LocalProtocolError("A ping needs an open websocket and at most 125 bytes.")
        return b"".join(self._frame(PING, (payload,)))

    def close(self, code: int = 1000, reason: str = "") -> bytes:
        """What to send to end the conversation; `Closed` follows when the server has answered."""
        if self.state != "open":
            raise LocalProtocolError(f"A websocket that is {self.state} cannot be closed.")
        self.state = "closing"
        return self._closing(code, reason)

    def _answered(self, data: bytes) -> list[Event]:
        self._head += data
        end = self._head.find(handshake.END)
        if end < 0 and len(self._head) <= limits.HEADERS:
            return []
        try:
            if not 0 <= end <= limits.HEADERS:
                raise handshake.NotAWebSocket(0, "The server's answer is too long.")
            handshake.check(bytes(self._head[:end]), self._key)
        except handshake.NotAWebSocket as error:
            self.state = "closed"
            return [Rejected(error.status, error.sentence)]
        self.state = "open"
        rest = bytes(self._head[end + len(handshake.END) :])
        self._head.clear()
        return [Opened(), *(self.receive(rest) if rest else [])]

    def _heard(self, frames: Iterator[Frame]) -> list[Event]:
        events: list[Event] = []
        try:
            for frame in frames:
                events += self._event(frame)
                if self.state == "closed":
                    break
        except Bad as bad:
            if self.state == "open":
                events.append(Reply(self._closing(bad.code, bad.sentence)))
            self.state = "closed"
            events.append(Closed(bad.code, bad.sentence))
        return events

    def _event(self, frame: Frame) -> list[Event]:
        if frame.opcode == BINARY:
            return [Binary(frame.payload)]
        if frame.opcode == PONG:
            return [Pong(bytes(frame.payload))]
        if frame.opcode == PING:
            return [Reply(b"".join(self._frame(PONG, (frame.payload,))))] if self.state == "open" else []
        code, reason = _close_reason(bytes(frame.payload))
        answer: list[Event] = [Reply(self._closing(code, ""))] if self.state == "open" else []
        self.state = "closed"
        return [*answer, Closed(code, reason)]

    def _ended(self) -> list[Event]:
        before, self.state = self.state, "closed"
        if before == "connecting":
            return [Rejected(0, "The server hung up during the handshake.")]
        return [] if before == "closed" else [Closed(1006, "The connection broke off.")]

    def _closing(self, code: int, reason: str) -> bytes:
        payload = b"" if code in _SILENT else _U16.pack(code) + clipped(reason, 123).encode()
        return b"".join(self._frame(CLOSE, (payload,)))

    def _frame(self, opcode: int, parts: Sequence[bytes | bytearray | memoryview]) -> list[masking.Piece]:
        views = [memoryview(part).cast("B") for part in parts]
        length = sum(map(len, views))
        if length < 126:
            head = bytes((_FINAL | opcode, _MASKED | length))
        elif length < 1 << 16:
            head = bytes((_FINAL | opcode, _MASKED | 126)) + _U16.pack(length)
        else:
            head = bytes((_FINAL | opcode, _MASKED | 127)) + _U64.pack(length)
        plain = opcode == BINARY and self._mask is masking.unmasked
        key = masking.ZERO if plain else masking.fresh_key()
        mask = self._mask if opcode == BINARY else masking.masked
        pieces: list[masking.Piece] = [head + key]
        for view in views:
            pieces += mask(view, key)
            turn = len(view) % masking.KEY  # the next part goes on where this one ended within the key
            key = key[turn:] + key[:turn]
        return _gathered(pieces)


def _gathered(pieces: Sequence[masking.Piece]) -> list[masking.Piece]:
    """The same bytes in few pieces: each costs a call here and a reading there. Only large ones are not copied."""
    gathered: list[masking.Piece] = []
    small: list[masking.Piece] = []
    for piece in pieces:
        if len(piece) < _LARGE:
            small.append(piece)
            continue
        gathered += [b"".join(small), piece]
        small = []
    return [*gathered, b"".join(small)] if small else gathered


def _close_reason(payload: bytes) -> tuple[int, str]:
    """Code and reason of a close frame (§5.5.1, §7.4). Raises Bad."""
    if not payload:
        return 1005, ""
    if len(payload) == 1:
        raise Bad(PROTOCOL_ERROR, "A close frame is too short.")
    code = _U16.unpack_from(payload)[0]
    if not (3000 <= code < 5000 or (1000 <= code < 1015 and code not in (1004, *_SILENT))):
        raise Bad(PROTOCOL_ERROR, f"{code} is no close code.")
    try:
        return code, payload[2:].decode("utf-8")
    except UnicodeDecodeError:
        raise Bad(INCONSISTENT, "A close frame's reason is not valid UTF-8.") from None
