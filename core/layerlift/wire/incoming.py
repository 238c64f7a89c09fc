"""RFC 6455 §5: the frames that a server sends, out of bytes that are cut anywhere.

Law: bytes in, whole messages and control frames out; answers nothing. What it holds is bounded by the largest message;
payloads are never overwritten later, and the large ones are read straight into their own memory.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
PROTOCOL_ERROR, UNSUPPORTED, INCONSISTENT, TOO_BIG = 1002, 1003, 1007, 1009
_SCRATCH = 16 * 1024
"""Bytes read while no frame is under way: enough for a burst of small messages, little to copy of a large one."""
_U16, _U64 = struct.Struct(">H"), struct.Struct(">Q")


class Bad(Exception):
    """The server broke RFC 6455: close with `code`."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Frame(NamedTuple):
    """A whole message (BINARY) or a control frame."""

    opcode: int
    payload: memoryview


class Incoming:
    """The frame under way, and the fragments of a message before it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._scratch = bytearray(_SCRATCH)
        self._header = bytearray()
        self._opcode, self._final = BINARY, True
        self._target: bytearray | None = None
        self._filled = 0
        self._message: bytearray | None = None

    def buffer(self) -> memoryview:
        """Where the next bytes should be written: the rest of a payload under way, else a scratch buffer."""
        if self._target is not None:
            return memoryview(self._target)[self._filled :]
        return memoryview(self._scratch)

    def written(self, count: int) -> Iterator[Frame]:
        """`count` bytes were written into `buffer()`. Raises Bad."""
        if self._target is None:
            yield from self.feed(memoryview(bytes(self._scratch[:count])))
            return
        self._filled += count
        yield from self._when_full()

    def feed(self, data: memoryview) -> Iterator[Frame]:
        """The next bytes, which nobody will change. Raises Bad."""
        while len(data):
            if self._target is not None:
                taken = data[: len(self._target) - self._filled]
                self._target[self._filled : self._filled + len(taken)] = taken
                self._filled += len(taken)
                data = data[len(taken) :]
                yield from self._when_full()
                continue
            length, data = self._head(data)
            if length is None:
                return
            if len(data) >= length:
                yield from self._deliver(data[:length])
                data = data[length:]
            else:
                self._target, self._filled = bytearray(length), 0

    def _when_full(self) -> Iterator[Frame]:
        if self._target is not None and self._filled == len(self._target):
            payload = memoryview(self._target)
            self._target = None
            yield from self._deliver(payload)

    def _head(self, data: memoryview) -> tuple[int | None, memoryview]:
        """Take the frame's header out of `data`: the payload's length (None: not all there yet), and the rest."""
        header = self._header
        while (missing := _needed(header) - len(header)) > 0:
            if len(data) == 0:
                return None, data
            header += data[:missing]
            data = data[missing:]
        length = self._checked(header)
        self._header = bytearray()
        return length, data

    def _checked(self, header: bytearray) -> int:
        self._final, self._opcode = bool(header[0] & 0x80), header[0] & 0x0F
        length = header[1] & 0x7F
        if length == 126:
            length = _U16.unpack_from(header, 2)[0]
        elif length == 127:
            length = _U64.unpack_from(header, 2)[0]
        if header[0] & 0x70 or header[1] & 0x80:
            raise Bad(PROTOCOL_ERROR, "A frame is masked or uses an extension.")
        if len(header) > _width(length):
            raise Bad(PROTOCOL_ERROR, "A frame's length is not written in the shortest way.")
        if self._opcode in (CLOSE, PING, PONG):
            if length > 125 or not self._final:
                raise Bad(PROTOCOL_ERROR, "A control frame is too long or fragmented.")
            return length
        self._check_order()
        if length + len(self._message or b"") > self._most:
            raise Bad(TOO_BIG, f"A message is longer than {self._most} bytes.")
        return length

    def _check_order(self) -> None:
        if self._opcode == TEXT:
            raise Bad(UNSUPPORTED, "Text messages are not part of the protocol.")
        if self._opcode not in (CONTINUATION, BINARY):
            raise Bad(PROTOCOL_ERROR, f"There is no frame of type {self._opcode}.")
        if (self._opcode == CONTINUATION) != (self._message is not None):
            raise Bad(PROTOCOL_ERROR, "A message's fragments are out of order.")

    def _deliver(self, payload: memoryview) -> Iterator[Frame]:
        if self._opcode in (CLOSE, PING, PONG):
            yield Frame(self._opcode, payload)
        elif self._final and self._message is None:
            yield Frame(BINARY, payload)
        else:
            self._message = self._message if self._message is not None else bytearray()
            self._message += payload
            if self._final:
                whole, self._message = self._message, None
                yield Frame(BINARY, memoryview(whole))


def _needed(header: bytearray) -> int:
    """How long a header is that begins like this."""
    if len(header) < 2:
        return 2
    return {126: 4, 127: 10}.get(header[1] & 0x7F, 2)


def _width(length: int) -> int:
    """How long the header of a payload of `length` bytes has to be."""
    if length < 126:
        return 2
    return 4 if length < 1 << 16 else 10
