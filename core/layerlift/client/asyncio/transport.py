"""A socket for a conversation, on an event loop. Law: moves bytes both ways at once; understands none of them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

from layerlift.client.address import Address
from layerlift.client.conversation import Conversation, Dropped
from layerlift.client.errors import ServerError
from layerlift.client.timeouts import DIAL, TICK
from layerlift.client.tls import check, context, unreachable
from layerlift.wire.limits import CHUNK

RECEIVE = CHUNK + 4096
"""Bytes asked of the socket at once: one chunk with its headers."""


class Transport:
    """A connected socket; `connected` makes one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._something_to_say = asyncio.Event()

    def wake(self) -> None:
        """The conversation has something to say."""
        self._something_to_say.set()

    async def carry(self, talk: Conversation, news: Callable[[], None]) -> None:
        """Move bytes both ways until the connection ends; `news` is called when something came. Raises Dropped."""
        tasks = [
            asyncio.ensure_future(each) for each in (self._receive(talk, news), self._send(talk), self._tick(talk))
        ]
        try:
            finished, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in finished:
                task.result()
        except (OSError, EOFError) as wrong:
            raise Dropped from wrong
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self, parting: list[bytes | memoryview] | None = None) -> None:
        """Say the last words if the socket takes them at once, and hang up."""
        try:
            if parting:
                self._writer.writelines(parting)
                await asyncio.wait_for(self._writer.drain(), 1.0)
            self._writer.close()
            await asyncio.wait_for(self._writer.wait_closed(), 1.0)
        except (OSError, asyncio.TimeoutError):
            self._writer.transport.abort()

    async def _receive(self, talk: Conversation, news: Callable[[], None]) -> None:
        while True:
            talk.receive(await self._reader.read(RECEIVE))
            self.wake()
            news()

    async def _send(self, talk: Conversation) -> None:
        """Nothing is produced before what was said is gone."""
        while True:
            while going := talk.outgoing():
                self._writer.writelines(going)
                await self._writer.drain()
            await self._something_to_say.wait()
            self._something_to_say.clear()

    async def _tick(self, talk: Conversation) -> None:
        while True:
            await asyncio.sleep(10 * TICK)
            talk.tick()
            self.wake()


async def connected(address: Address) -> Transport:
    """A transport to `address`. Raises NoServer or Untrusted."""
    secured = await asyncio.to_thread(context, address) if address.tls else None
    try:
        opening = asyncio.open_connection(address.host, address.port, limit=2 * RECEIVE, ssl=secured)
        reader, writer = await asyncio.wait_for(opening, DIAL)
    except (OSError, asyncio.TimeoutError) as wrong:
        raise unreachable(address, wrong) from wrong
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    transport = Transport(reader, writer)
    shown: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    try:
        check(address, shown.getpeercert(binary_form=True) if shown is not None else None)
    except ServerError:
        await transport.close()
        raise
    return transport
