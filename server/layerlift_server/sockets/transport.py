"""One websocket ⇄ one session.

Law: the only file that reads and writes aiohttp's websockets; knows no message. One task always reads and never waits
for work (a socket that is not read misses its heartbeat and is closed 1006 in the middle of a burst), one writes under
the socket's own backpressure.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

import aiohttp
from aiohttp import WSMsgType, web

from layerlift.wire import errors
from layerlift.wire.limits import HELLO_SECONDS, MESSAGE
from layerlift.wire.text import clipped
from layerlift_server import limits, problems
from layerlift_server.security.authentication import Peer
from layerlift_server.sockets.connection_limit import limited_protocol
from layerlift_server.sockets.context import Context
from layerlift_server.sockets.rate_limit import RateLimit
from layerlift_server.sockets.session import Session

_REASON = 123
"""Most bytes of a close frame's reason (RFC 6455, 5.5: 125 with the code)."""


OLDEST_AIOHTTP = (3, 14, 1)
"""The first that refuses a websocket frame by its declared length; those before buffer whatever is declared."""


def new_enough() -> bool:
    """Whether this aiohttp is one that bounds what it buffers."""
    numbers = tuple(int(part) for part in re.findall(r"[0-9]+", aiohttp.__version__)[:3])
    return numbers >= OLDEST_AIOHTTP


def fast_reader() -> bool:
    """Whether aiohttp's compiled websocket reader is in use. Without it unmasking an upload in Python is a hundred
    times slower."""
    from aiohttp._websocket import reader

    return reader.WebSocketReader.__module__.endswith("reader_c")


async def converse(request: web.Request, context: Context, peer: Peer) -> web.WebSocketResponse:
    """Serve one websocket until either side has enough."""
    socket = web.WebSocketResponse(
        compress=False,  # inflating is a bomb's way in, and pixels are not worth deflating on loopback
        max_msg_size=MESSAGE,
        heartbeat=limits.HEARTBEAT_SECONDS,
        timeout=limits.CLOSE_SECONDS,
    )
    await socket.prepare(request)
    transport, counted = request.transport, limited_protocol(request.transport)
    session = Session(
        context,
        peer,
        proved=counted.proved if counted is not None else lambda: None,
        cut=transport.abort if transport is not None else lambda: None,
    )
    writing = asyncio.create_task(_write(socket, session))
    try:
        await _read(socket, session)
    finally:
        session.disconnected()
        if transport is not None:
            # a peer that reads nothing would keep a closing socket, and us, for ever
            asyncio.get_running_loop().call_later(2 * limits.CLOSE_SECONDS, transport.abort)
        with suppress(asyncio.CancelledError):
            await writing
    return socket


async def _read(socket: web.WebSocketResponse, session: Session) -> None:
    # not `receive(timeout=…)`: that clock begins anew with every ping
    patience = asyncio.get_running_loop().call_later(HELLO_SECONDS, _too_late, session)
    rate = RateLimit()
    try:
        message = await socket.receive()
        while message.type is WSMsgType.BINARY:
            session.receive(message.data)
            if session.ending is not None:
                return
            wait = rate.wait(message.data)
            if rate.flooded:
                session.expel(errors.TOO_MANY, problems.TOO_FAST, about="message")
                return
            if wait:
                await asyncio.sleep(wait)
            message = await socket.receive()
    finally:
        patience.cancel()
    if message.type is WSMsgType.TEXT:
        session.expel(errors.MALFORMED, problems.NOT_BINARY, about="message")


def _too_late(session: Session) -> None:
    if session.identity is None:
        session.expel(errors.TOO_SLOW, problems.NO_HELLO, about="hello")


async def _write(socket: web.WebSocketResponse, session: Session) -> None:
    with suppress(ConnectionError, RuntimeError):  # gone: the reader notices and ends the session
        while (payload := await session.outbox.take()) is not None:
            await socket.send_bytes(payload)
            # a fast reader never makes `send_bytes` wait: without this one download would keep everybody else out
            await asyncio.sleep(0)
        code, reason = session.ending or (errors.NORMAL, "")
        await socket.close(code=code, message=clipped(reason, _REASON).encode())
