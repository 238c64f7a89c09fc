"""A connection that comes back by itself, and plans driven over it: what the `AsyncClient` stands on.

Law: waits, and nothing else: what is said is `plans`', what it means is the exchanges'. Plans may run at the same time
in as many tasks as one likes. When the connection drops it comes back by itself and every plan goes on where it was.
"""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import TypeVar, cast

from layerlift.client.address import Address
from layerlift.client.asyncio.transport import Transport, connected
from layerlift.client.conversation import Conversation, Dropped
from layerlift.client.errors import NoServer, closed
from layerlift.client.exchanges.port import Exchange
from layerlift.client.login import Login
from layerlift.client.plans import Plan, T
from layerlift.client.reconnect import Reconnect
from layerlift.client.timeouts import TICK

L = TypeVar("L", bound="AsyncLink")


class AsyncLink:
    """A conversation with a server, for asyncio. Use it as an async context manager, or `close` it."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._transport: Transport | None = None
        self._talk: Conversation | None = None
        self._left: list[Exchange] = []
        self._life: asyncio.Task[None] | None = None
        self._news: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Connect, unless that is done. Raises NoServer, Untrusted, ServerError."""
        if self._life is None or self._life.done():
            self._news = asyncio.get_running_loop().create_future()
            self._life = asyncio.ensure_future(self._live())
        while self._talk is None or self._talk.welcome is None:
            await self._tick()

    async def close(self) -> None:
        """Hang up. Jobs that are not detached are stopped by the server soon."""
        life, self._life = self._life, None
        if life is not None:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)

    async def __aenter__(self: L) -> L:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _run(self, plan: Plan[T]) -> T:
        """Drive a plan to its end."""
        begun: list[Exchange] = []
        try:
            await self.open()
            while True:
                exchange = next(plan)
                begun.append(exchange)
                await self._wait(exchange)
        except StopIteration as stop:
            return cast(T, stop.value)
        except BaseException:
            self._abandon(begun)
            raise
        finally:
            plan.close()

    async def _wait(self, exchange: Exchange) -> None:
        """Until something came that may make the exchange ready, or for a TICK."""
        if not exchange.opened:
            self._begin(exchange)
        if not exchange.ready:
            await self._tick()

    async def _tick(self) -> None:
        """Until there is news, or for a TICK. Raises what ended the connection for good."""
        life, news = self._life, self._news
        if life is None or news is None:
            raise closed()
        await asyncio.wait([news, life], timeout=TICK, return_when=asyncio.FIRST_COMPLETED)
        if life.done() and not life.cancelled():
            life.result()

    async def _live(self) -> None:
        """Be connected, again and again. Ends by raising what makes that useless."""
        reconnect, own = Reconnect(time.monotonic, fresh=self._login.typed is None), asyncio.current_task()
        while self._life is own:  # `wait_for` may swallow a cancellation before Python 3.12 (bpo-37658)
            await asyncio.sleep(reconnect.wait)
            talk = None
            try:
                address, transport = await self._dial()
                if self._life is not own:
                    await transport.close()
                    break
                talk = Conversation(address.host, address.port, self._login.hello(address), time.monotonic)
                await self._carry(address, transport, talk)
            except (Dropped, NoServer) as why:
                reconnect.ended(why, talk)

    async def _dial(self) -> tuple[Address, Transport]:
        while True:
            address = await asyncio.to_thread(self._login.find)
            try:
                return address, await connected(address)
            except NoServer:
                if not self._login.another(address):
                    raise

    async def _carry(self, address: Address, transport: Transport, talk: Conversation) -> None:
        """One connection, from its first byte to its last."""
        greeted = False

        def heard() -> None:
            nonlocal greeted
            if not greeted and talk.welcome is not None:
                greeted = True
                self._login.welcomed(address, talk.welcome)
            self._tell()

        talk.adopt(self._left)
        self._left, self._transport, self._talk = [], transport, talk
        parting = None
        try:
            await transport.carry(talk, heard)
        except asyncio.CancelledError:
            parting = talk.close()
            raise
        finally:
            self._left, self._transport, self._talk = talk.exchanges, None, None
            await transport.close(parting)

    def _tell(self) -> None:
        """Wake whoever waits."""
        news, self._news = self._news, asyncio.get_running_loop().create_future()
        if news is not None and not news.done():
            news.set_result(None)

    def _begin(self, exchange: Exchange) -> None:
        exchange.opened = True
        if self._talk is not None and self._transport is not None:
            self._talk.open(exchange)
            self._transport.wake()
        else:
            self._left.append(exchange)

    def _abandon(self, exchanges: list[Exchange]) -> None:
        """Nobody waits for these any more."""
        self._left = [exchange for exchange in self._left if exchange not in exchanges]
        if self._talk is not None and self._transport is not None:
            for exchange in exchanges:
                self._talk.abandon(exchange)
            self._transport.wake()
