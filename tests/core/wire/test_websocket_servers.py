"""The websocket client against two servers that others wrote, over real loopback sockets: aiohttp's and websockets'."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import websockets.sync.server
from aiohttp import WSMsgType, web
from websockets.exceptions import ConnectionClosed

from layerlift.wire import limits
from layerlift.wire.websocket import Binary, Closed, Event, Opened, Pong, Rejected, Reply, WebSocket

SIZES = (0, 1, 125, 126, 65_535, 65_536, limits.CHUNK + limits.PREFIX, limits.MESSAGE)
DEADLINE = 30.0
ORDERS = {b"close": 4400, b"away": 1001}


class Wire:
    """A blocking shell around the sans-IO client, as small as one can be."""

    def __init__(self, port: int, path: str = "/ws", *, in_place: bool = True) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self.websocket = WebSocket("127.0.0.1", port, path)
        self.in_place = in_place
        self.events: list[Event] = []
        self.socket.sendall(self.websocket.request())

    def next(self) -> Event:
        """The next event that is no Reply; replies are sent."""
        while not self.events:
            for event in self.read():
                if isinstance(event, Reply):
                    with suppress(OSError):  # the answer to a close may find nobody
                        self.socket.sendall(event.data)
                else:
                    self.events.append(event)
        return self.events.pop(0)

    def read(self) -> list[Event]:
        """What the socket brought."""
        if self.in_place:
            return self.websocket.received(self.socket.recv_into(self.websocket.buffer()))
        return self.websocket.receive(self.socket.recv(65_536))

    def say(self, payload: bytes, *more: bytes) -> None:
        """Send one message."""
        for piece in self.websocket.binary(payload, *more):
            self.socket.sendall(piece)

    def hear(self) -> bytes:
        """The next message."""
        event = self.next()
        assert isinstance(event, Binary), event
        return bytes(event.payload)


@contextmanager
def aiohttp_server() -> Iterator[int]:
    """aiohttp's server, in a thread of its own."""

    async def echo(request: web.Request) -> web.WebSocketResponse:
        # aiohttp 3.14 refuses messages that are as long as its limit, not only longer ones
        response = web.WebSocketResponse(compress=False, max_msg_size=limits.MESSAGE + 1)
        await response.prepare(request)
        async for message in response:
            if message.type is not WSMsgType.BINARY:
                break
            if message.data in ORDERS:
                await response.close(code=ORDERS[message.data], message=b"because")
            elif message.data == b"ping":
                await response.ping(b"from the server")
                await response.send_bytes(b"pinged")
            else:
                await response.send_bytes(message.data)
        return response

    async def forbidden(_: web.Request) -> web.Response:
        return web.Response(status=403, text="No.")

    async def run() -> None:
        app = web.Application()
        app.router.add_get("/ws", echo)
        app.router.add_get("/no", forbidden)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port.append(runner.addresses[0][1])
        ready.set()
        await done.wait()
        await runner.cleanup()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(run())

    port: list[int] = []
    loop, ready, done = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(DEADLINE)
    yield port[0]
    loop.call_soon_threadsafe(done.set)
    thread.join(DEADLINE)
    loop.close()


@contextmanager
def websockets_server() -> Iterator[int]:
    """The websockets library's server, in a thread of its own. Its echoes come in three fragments."""

    def echo(connection: websockets.sync.server.ServerConnection) -> None:
        with suppress(ConnectionClosed):
            for message in connection:
                assert isinstance(message, bytes)
                if message in ORDERS:
                    connection.close(ORDERS[message], "because")
                elif message == b"ping":
                    connection.ping(b"from the server")
                    connection.send(b"pinged")
                else:
                    third = max(1, len(message) // 3)
                    connection.send(
                        [message[:third], message[third:-third], message[-third:]] if third > 1 else message
                    )

    def select(_: object, request: websockets.http11.Request) -> websockets.http11.Response | None:
        if request.path == "/no":
            return websockets.http11.Response(403, "Forbidden", websockets.datastructures.Headers())
        return None

    options = {"compression": None, "max_size": limits.MESSAGE, "process_request": select}
    with websockets.sync.server.serve(echo, "127.0.0.1", 0, **options) as server:  # type: ignore[arg-type]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.socket.getsockname()[1]
        server.shutdown()
        thread.join(DEADLINE)


@pytest.fixture(scope="module", params=[aiohttp_server, websockets_server], ids=["aiohttp", "websockets"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    with request.param() as port:
        yield port


@pytest.fixture(params=[True, False], ids=["in place", "received"])
def wire(port: int, request: pytest.FixtureRequest) -> Iterator[Wire]:
    wire = Wire(port, in_place=request.param)
    assert wire.next() == Opened()
    yield wire
    wire.socket.close()


def test_messages_of_every_length_come_back(wire: Wire) -> None:
    for size in SIZES:
        payload = os.urandom(size)
        wire.say(payload[:21], payload[21:])
        assert wire.hear() == payload


def test_many_messages_in_one_write(wire: Wire) -> None:
    payloads = [os.urandom(n * 7) for n in range(100)]
    wire.socket.sendall(b"".join(piece for payload in payloads for piece in wire.websocket.binary(payload)))
    assert [wire.hear() for _ in payloads] == payloads


def test_pings_both_ways(wire: Wire) -> None:
    wire.socket.sendall(wire.websocket.ping(b"from the client"))
    assert wire.next() == Pong(b"from the client")
    wire.say(b"ping")
    assert wire.hear() == b"pinged"
    wire.say(b"still here")
    assert wire.hear() == b"still here"


@pytest.mark.parametrize("order", ORDERS)
def test_the_server_closes_with_a_code(wire: Wire, order: bytes) -> None:
    wire.say(order)
    assert wire.next() == Closed(ORDERS[order], "because")


def test_we_close(wire: Wire) -> None:
    wire.socket.sendall(wire.websocket.close(1000, "done"))
    event = wire.next()
    assert isinstance(event, Closed)
    assert event.code == 1000


def test_a_refusal_comes_as_its_status(port: int) -> None:
    wire = Wire(port, "/no")
    event = wire.next()
    wire.socket.close()
    assert isinstance(event, Rejected)
    assert event.status == 403


def test_a_message_too_large_for_the_server_is_answered_with_1009(wire: Wire) -> None:
    with suppress(OSError):  # the server may close while we still write
        wire.say(bytes(limits.MESSAGE + 2))
    event = wire.next()
    assert isinstance(event, Closed)
    assert event.code == 1009
