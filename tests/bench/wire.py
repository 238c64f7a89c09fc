"""How fast bytes go over a websocket: the stdlib client that plug-ins embed, beside raw TCP and two libraries.

    python -m tests.bench.wire [--mib 256] [--runs 3]

Law: every row talks to a server in a process of its own over loopback; all websocket rows to the same aiohttp server,
in messages of 256 KiB. "up" ends when the server has counted every byte and said so, "down" when the client has.
"Protocol" adds what a plug-in really does: Connection on both sides, credit, acks, and a copy into its final place on
the receiving side. Rows take turns; the best of the runs counts; the last columns are multiples of raw TCP's own. Times
suffer when others use the machine; the client's CPU time hardly does.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from typing import Any

from layerlift.client import masking as client_masking
from layerlift.wire import limits, masking
from layerlift.wire.connection import Connection
from layerlift.wire.messages import Chunk, Get, Hello, Put, Ready, Welcome
from layerlift.wire.values import ClientInfo, DocumentInfo, Limits
from layerlift.wire.websocket import Binary, Opened, Reply, WebSocket

JOB = "0b51c1c0-5e1f-4b6e-9c0a-7a1b2c3d4e5f"
WELCOME = Welcome(1, "bench", limits.CHUNK, limits.WINDOW, (), Limits(1, 1, 1, 1, 1))
MIB = 1 << 20
BLOCK = memoryview(bytes(range(256)) * (limits.CHUNK // 256))
Row = Callable[[int, int, int], None]
"""(port, bytes up, bytes down): connect, move that many bytes, make sure that they have arrived."""


def serve(pipe: Pipe) -> None:
    """A raw TCP server and an aiohttp server; their ports go through `pipe`, whose end stops them."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: Pipe) -> None:
    from aiohttp import web

    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0))
    thread = loop.run_in_executor(None, _raw_server, listener)
    app = web.Application()
    app.router.add_get("/plain", _plain)
    app.router.add_get("/ws", _protocol)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pipe.send((listener.getsockname()[1], runner.addresses[0][1]))
    await loop.run_in_executor(None, pipe.recv)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    await runner.cleanup()
    await thread


def _raw_server(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            up, down = (int(word) for word in connection.recv(64).split())
            connection.sendall(b"go")
            buffer = bytearray(limits.CHUNK)
            while up:
                up -= connection.recv_into(buffer)
            for length in lengths(down):
                connection.sendall(BLOCK[:length])
            connection.sendall(b".")
            connection.recv(1)


async def _websocket(request: Any) -> Any:
    from aiohttp import web

    response = web.WebSocketResponse(compress=False, max_msg_size=limits.MESSAGE)
    await response.prepare(request)
    return response


async def _plain(request: Any) -> Any:
    response = await _websocket(request)
    up, down = (int(word) for word in (await response.receive_bytes()).split())
    while up:
        up -= len(await response.receive_bytes())
    for length in lengths(down):
        await response.send_bytes(BLOCK[:length])
    await response.send_bytes(b".")
    await response.receive()
    return response


async def _protocol(request: Any) -> Any:
    response = await _websocket(request)
    side = Connection("server")
    side.decode(await response.receive_bytes())
    await response.send_bytes(side.encode(WELCOME))
    asked = side.decode(await response.receive_bytes())
    assert isinstance(asked, (Put, Get))
    if isinstance(asked, Put):
        await response.send_bytes(side.encode(Ready(asked.transfer, 0, asked.size)))
        place, have = bytearray(asked.size), 0
        while side.active(asked.transfer):
            chunk = side.decode(await response.receive_bytes())
            assert isinstance(chunk, Chunk)
            place[have : have + len(chunk.data)] = chunk.data
            have += len(chunk.data)
            if ack := side.stored(asked.transfer, have):
                await response.send_bytes(ack)
    else:
        size = asked.transfer * MIB  # the bench's own way to say how much
        await response.send_bytes(side.encode(Ready(asked.transfer, 0, size)))
        while side.active(asked.transfer):
            while step := min(side.credit(asked.transfer), limits.CHUNK):
                await response.send_bytes(b"".join(side.chunk(asked.transfer, BLOCK[:step])))
            side.decode(await response.receive_bytes())
    await response.receive()
    return response


def lengths(total: int) -> Iterator[int]:
    """`total` in pieces of one chunk."""
    while total:
        yield min(total, limits.CHUNK)
        total -= min(total, limits.CHUNK)


def raw(port: int, up: int, down: int) -> None:
    """A TCP socket, the limit."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"%d %d" % (up, down))
        connection.recv(2)
        for length in lengths(up):
            connection.sendall(BLOCK[:length])
        buffer = bytearray(limits.CHUNK)
        while down:
            down -= connection.recv_into(buffer, min(down, limits.CHUNK))
        connection.recv(1)


@contextmanager
def ours(port: int, path: str, mask: masking.Mask) -> Iterator[tuple[socket.socket, WebSocket]]:
    """The stdlib client, open."""
    websocket = WebSocket("127.0.0.1", port, path, mask=mask)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(websocket.request())
        events = websocket.received(connection.recv_into(websocket.buffer()))
        assert events == [Opened()]
        yield connection, websocket


def say(connection: socket.socket, websocket: WebSocket, *parts: bytes | memoryview) -> None:
    """Send one message."""
    for piece in websocket.binary(*parts):
        connection.sendall(piece)


def payloads(connection: socket.socket, websocket: WebSocket) -> Iterator[memoryview]:
    """What comes."""
    while True:
        for event in websocket.received(connection.recv_into(websocket.buffer())):
            if isinstance(event, Reply):
                connection.sendall(event.data)
            elif isinstance(event, Binary):
                yield event.payload


def stdlib(mask: masking.Mask) -> Row:
    """The stdlib client, plain messages."""

    def row(port: int, up: int, down: int) -> None:
        with ours(port, "/plain", mask) as (connection, websocket):
            say(connection, websocket, b"%d %d" % (up, down))
            for length in lengths(up):
                say(connection, websocket, BLOCK[:length])
            for payload in payloads(connection, websocket):
                down -= len(payload)
                if down < 0:  # the server's "." at the end
                    return

    return row


def protocol(mask: masking.Mask) -> Row:
    """The stdlib client with Connection, credit and acks."""

    def row(port: int, up: int, down: int) -> None:
        side = Connection("client")
        with ours(port, "/ws", mask) as (connection, websocket):
            heard = payloads(connection, websocket)
            say(connection, websocket, side.encode(Hello(ClientInfo("bench", "1"))))
            side.decode(next(heard))
            number = max(up, down) // MIB
            ask = Put(number, JOB, up, DocumentInfo("bench", "file")) if up else Get(number, JOB)
            say(connection, websocket, side.encode(ask))
            side.decode(next(heard))
            while up and side.active(number):
                while step := min(side.credit(number), limits.CHUNK):
                    say(connection, websocket, *side.chunk(number, BLOCK[:step]))
                side.decode(next(heard))
            place, have = bytearray(down), 0
            while down and side.active(number):
                chunk = side.decode(next(heard))
                assert isinstance(chunk, Chunk)
                place[have : have + len(chunk.data)] = chunk.data
                have += len(chunk.data)
                if ack := side.stored(number, have):
                    say(connection, websocket, ack)

    return row


def websockets_sync(port: int, up: int, down: int) -> None:
    """The websockets library, blocking, with its C extension."""
    from websockets.sync.client import connect

    with connect(f"ws://127.0.0.1:{port}/plain", compression=None, max_size=limits.MESSAGE) as connection:
        connection.send(b"%d %d" % (up, down))
        for length in lengths(up):
            connection.send(BLOCK[:length])
        for _ in lengths(down):
            connection.recv()
        connection.recv()


def aiohttp_client(port: int, up: int, down: int) -> None:
    """aiohttp's client, with its C extension."""
    asyncio.run(_aiohttp_client(port, up, down))


async def _aiohttp_client(port: int, up: int, down: int) -> None:
    import aiohttp

    url = f"http://127.0.0.1:{port}/plain"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=limits.MESSAGE) as connection:
        await connection.send_bytes(b"%d %d" % (up, down))
        for length in lengths(up):
            await connection.send_bytes(BLOCK[:length])
        for _ in lengths(down):
            await connection.receive_bytes()
        await connection.receive_bytes()


ROWS: dict[str, tuple[bool, Row]] = {
    "raw TCP": (True, raw),
    "ours, stdlib only": (False, stdlib(masking.masked)),
    "ours, numpy mask": (False, stdlib(client_masking.masked)),
    "ours, key 0 (loopback setting)": (False, stdlib(masking.unmasked)),
    "ours, protocol, stdlib only": (False, protocol(masking.masked)),
    "ours, protocol, numpy mask": (False, protocol(client_masking.masked)),
    "ours, protocol, key 0 (loopback setting)": (False, protocol(masking.unmasked)),
    "websockets, sync, C": (False, websockets_sync),
    "aiohttp, C": (False, aiohttp_client),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("--mib", 256), ("--runs", 3)):
        parser.add_argument(name, type=int, default=default)
    options = parser.parse_args()
    size = options.mib * MIB
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    server = spawn.Process(target=serve, args=(there,))
    server.start()
    raw_port, web_port = here.recv()
    best: dict[str, list[float]] = {name: [float("inf")] * 4 for name in ROWS}
    for _ in range(options.runs):
        for name, (is_raw, row) in ROWS.items():
            port = raw_port if is_raw else web_port
            for way, amounts in enumerate(((size, 0), (0, size))):
                began, worked = time.perf_counter(), time.process_time()
                row(port, *amounts)
                for at, spent in ((way, time.perf_counter() - began), (way + 2, time.process_time() - worked)):
                    best[name][at] = min(best[name][at], spent)
    here.send(None)
    server.join()
    print(f"Python {sys.version.split()[0]}, {options.mib} MiB, best of {options.runs}\n")
    print("| client | up MB/s | down MB/s | time up | time down | CPU up | CPU down |\n|---|---|---|---|---|---|---|")
    for name, spent in best.items():
        speeds = " | ".join(f"{size / seconds / 1e6:.0f}" for seconds in spent[:2])
        ratios = " | ".join(f"{mine / limit:.2f}" for mine, limit in zip(spent, best["raw TCP"], strict=True))
        print(f"| {name} | {speeds} | {ratios} |")


if __name__ == "__main__":
    main()
