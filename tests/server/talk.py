"""A client for tests, on real sockets, that can say everything, also what must not be said."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeVar

from layerlift.wire import frames
from layerlift.wire.connection import Connection
from layerlift.wire.limits import CHUNK
from layerlift.wire.messages import Ack, Chunk, Get, Hello, Message, Put, Ready, Refused, Welcome
from layerlift.wire.values import ClientInfo, DocumentInfo
from layerlift.wire.websocket import Binary, Closed, Event, Opened, Rejected, Reply, WebSocket

DEADLINE = 20.0
ME = ClientInfo("tester", "1")
T = TypeVar("T", bound=Message)


class Gone(Exception):
    """The server closed: `code`, `reason`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


class Turned(Exception):
    """The server did not upgrade."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


@dataclass
class Talker:
    """One websocket. `async with` opens and closes it; `hear` waits for one kind and keeps the others in `heard`."""

    port: int
    host: str = "127.0.0.1"
    headers: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    path: str = "/ws"

    async def __aenter__(self) -> Talker:
        self.connection = Connection("client")
        self.heard: list[Message] = []
        self._events: list[Event] = []
        self._next = 0
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port, ssl=self.tls)
        self._socket = WebSocket("127.0.0.1", self.port, self.path, dict(self.headers))
        self.writer.write(self._socket.request())
        event = await asyncio.wait_for(self._event(), DEADLINE)
        if isinstance(event, Rejected):
            self.writer.close()
            raise Turned(event.status)
        assert isinstance(event, Opened)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await self.writer.wait_closed()

    async def greet(self, **proof: Any) -> Welcome:
        await self.say(Hello(ME, **proof))
        return await self.hear(Welcome)

    async def say(self, message: Message) -> None:
        await self.send(self.connection.encode(message))

    async def send(self, *parts: bytes | memoryview) -> None:
        """One binary message, whatever is in it."""
        for piece in self._socket.binary(*parts):
            self.writer.write(piece)
        with suppress(ConnectionError):
            await self.writer.drain()

    async def raw(self, data: bytes) -> None:
        self.writer.write(data)
        with suppress(ConnectionError):
            await self.writer.drain()

    async def hear(self, kind: type[T]) -> T:
        """The next message of this kind. Raises Gone."""
        for message in self.heard:
            if isinstance(message, kind):
                self.heard.remove(message)
                return message
        while True:
            message = await self.next()
            if isinstance(message, kind):
                return message
            self.heard.append(message)

    async def next(self) -> Message:
        event = await asyncio.wait_for(self._event(), DEADLINE)
        if isinstance(event, Closed):
            raise Gone(event.code, event.reason)
        assert isinstance(event, Binary), event
        return self.connection.decode(event.payload)

    async def gone(self) -> Gone:
        """Read until the server closes."""
        try:
            while True:
                event = await asyncio.wait_for(self._event(), DEADLINE)
                if isinstance(event, Binary):
                    with suppress(Exception):
                        self.heard.append(frames.decode(event.payload))
                elif isinstance(event, Closed):
                    return Gone(event.code, event.reason)
        except ConnectionError:
            return Gone(1006, "")

    def transfer(self) -> int:
        self._next += 1
        return self._next

    async def put(self, upload: str, payload: bytes, document: DocumentInfo) -> None:
        transfer = self.transfer()
        await self.say(Put(transfer, upload, len(payload), document))
        at = (await self.hear(Ready)).offset
        while self.connection.active(transfer):
            while credit := self.connection.credit(transfer):
                piece = memoryview(payload)[at : at + min(credit, CHUNK)]
                await self.send(*self.connection.chunk(transfer, piece))
                at += len(piece)
            await self.hear(Ack)

    async def get(self, job: str, layer: int | None, offset: int = 0) -> bytes:
        transfer = self.transfer()
        await self.say(Get(transfer, job, layer, offset))
        ready = await self.hear(Ready)
        found = bytearray()
        while offset + len(found) < ready.size:
            chunk = await self.hear(Chunk)
            found += chunk.data
            if ack := self.connection.stored(transfer, offset + len(found)):
                await self.send(ack)
        return bytes(found)

    async def refused(self) -> Refused:
        return await self.hear(Refused)

    async def _event(self) -> Event:
        while True:
            if self._events:
                event = self._events.pop(0)
                if isinstance(event, Reply):
                    self.writer.write(event.data)
                    continue
                return event
            self._events += self._socket.receive(await self.reader.read(1 << 18))


async def ask(port: int, request: bytes, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> bytes:
    """Send bytes, read until the server closes."""
    reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    try:
        writer.write(request)
        return await asyncio.wait_for(reader.read(), DEADLINE)
    finally:
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


async def http(
    port: int,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """One request; `headers` may replace Host."""
    given = {"Host": f"127.0.0.1:{port}", "Connection": "close", **(headers or {})}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items() if value), "", ""]
    head, _, body = (await ask(port, "\r\n".join(lines).encode("latin-1"), tls=tls)).partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    found = dict(line.split(": ", 1) for line in rest)
    return Answer(int(first.split()[1]), {name.lower(): value for name, value in found.items()}, body)
