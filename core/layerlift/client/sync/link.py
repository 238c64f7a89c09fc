"""A connection that comes back by itself, and plans driven over it: what the blocking `Client` stands on.

Law: waits, and nothing else: what is said is `plans`', what it means is the exchanges'. A link belongs to one thread at
a time. When its connection drops it comes back by itself and every plan goes on where it was.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import TypeVar, cast

from layerlift.client.address import Address
from layerlift.client.conversation import Conversation, Dropped
from layerlift.client.errors import NoServer
from layerlift.client.exchanges.port import Exchange
from layerlift.client.login import Login
from layerlift.client.plans import Plan, T
from layerlift.client.reconnect import Reconnect
from layerlift.client.sync.transport import Transport
from layerlift.client.timeouts import TICK

L = TypeVar("L", bound="Link")


class Link:
    """A conversation with a server, blocking. Use it as a context manager, or `close` it."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._transport: Transport | None = None
        self._talk: Conversation | None = None
        self._address: Address | None = None
        self._reconnect: Reconnect | None = None
        self._left: list[Exchange] = []

    def open(self) -> None:
        """Connect, unless that is done. Raises NoServer, Untrusted, ServerError."""
        while self._talk is None or self._talk.welcome is None:
            self._step(TICK)

    def close(self) -> None:
        """Hang up. Jobs that are not detached are stopped by the server soon."""
        if self._transport is not None and self._talk is not None:
            self._transport.close(self._talk.close())
        self._transport = self._talk = self._reconnect = None

    def __enter__(self: L) -> L:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, plan: Plan[T]) -> T:
        """Drive a plan to its end."""
        begun: list[Exchange] = []
        try:
            while True:
                exchange = next(plan)
                begun.append(exchange)
                self._wait(exchange)
        except StopIteration as stop:
            return cast(T, stop.value)
        except BaseException:
            self._abandon(begun)
            raise
        finally:
            plan.close()

    def _wait(self, exchange: Exchange) -> None:
        """Until the exchange is ready, or for a TICK."""
        if not exchange.opened:
            self._begin(exchange)
        until = time.monotonic() + TICK
        while not exchange.ready and (left := until - time.monotonic()) > 0:
            self._step(left)

    def _step(self, patience: float) -> None:
        """Move bytes, or connect anew. Raises ServerError when that is hopeless; the next verb starts afresh."""
        self._reconnect = self._reconnect or Reconnect(time.monotonic, fresh=self._login.typed is None)
        try:
            if self._transport is None or self._talk is None:
                time.sleep(min(patience, self._reconnect.wait))
                if self._reconnect.wait == 0:
                    self._connect()
                return
            self._transport.step(self._talk, patience)
            self._greet(self._talk)
        except (Dropped, NoServer) as why:
            talk = self._hang_up()
            try:
                self._reconnect.ended(why, talk)
            except BaseException:
                self._reconnect = None
                raise

    def _connect(self) -> None:
        self._address, self._transport = self._dial()
        hello = self._login.hello(self._address)
        self._talk = Conversation(self._address.host, self._address.port, hello, time.monotonic)
        self._talk.adopt(self._left)
        self._left = []

    def _dial(self) -> tuple[Address, Transport]:
        while True:
            address = self._login.find()
            try:
                return address, Transport(address)
            except NoServer:
                if not self._login.another(address):
                    raise

    def _greet(self, talk: Conversation) -> None:
        if self._address is not None and talk.welcome is not None:
            self._login.welcomed(self._address, talk.welcome)
            self._address = None

    def _hang_up(self) -> Conversation | None:
        """Let go of a connection that is over, but not of what it has left unfinished."""
        transport, talk, self._transport, self._talk = self._transport, self._talk, None, None
        if transport is not None:
            transport.close()
        if talk is not None:
            self._left = talk.exchanges
        return talk

    def _begin(self, exchange: Exchange) -> None:
        exchange.opened = True
        if self._talk is not None:
            self._talk.open(exchange)
        else:
            self._left.append(exchange)

    def _abandon(self, exchanges: list[Exchange]) -> None:
        """Nobody waits for these any more."""
        self._left = [exchange for exchange in self._left if exchange not in exchanges]
        if self._talk is not None:
            for exchange in exchanges:
                self._talk.abandon(exchange)
