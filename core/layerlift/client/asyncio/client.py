"""`connect` and the `AsyncClient`.

Law: waits, and nothing else: what is said is `plans`', what it means is the exchanges'. Verbs may run at the same time
in as many tasks as one likes. When the connection drops it comes back by itself and every verb goes on where it was.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import cast

import numpy as np
from numpy.typing import NDArray

from layerlift.client import orders, plans
from layerlift.client.address import Address
from layerlift.client.asyncio.transport import Transport, connected
from layerlift.client.conversation import Conversation, Dropped
from layerlift.client.errors import NoServer, closed, raised
from layerlift.client.exchanges.port import Exchange
from layerlift.client.exchanges.watching import Event, Watching
from layerlift.client.login import Login
from layerlift.client.orders import TextGrouping
from layerlift.client.payload import Picture, payload
from layerlift.client.plans import Plan, T
from layerlift.client.reconnect import Reconnect
from layerlift.client.timeouts import TICK
from layerlift.imaging.layer import Layer, LayerStack
from layerlift.progress import Progress
from layerlift.wire import messages as m
from layerlift.wire.values import ClientInfo, Device, JobInfo, Operation, Param


async def connect(
    address: str | None = None,
    *,
    token: str | None = None,
    start: bool = False,
    fingerprint: str | None = None,
    code: str | None = None,
    device: str | None = None,
    who: ClientInfo | None = None,
) -> AsyncClient:
    """Connect to this machine's server (with `start`, start one if none runs) or to the one at `address` ("host:port").

    Elsewhere than on this machine the connection is TLS; `fingerprint` (SHA-256) pins the certificate. `code` pairs as
    `device` and keeps token and fingerprint for next time. Raises NoServer, Untrusted, ServerError, RequestError.
    """
    client = AsyncClient(Login(who or orders.library(), address, token, fingerprint, start, code, device))
    await client.open()
    return client


class AsyncClient:
    """A conversation with a server, for asyncio. Use it as an async context manager, or `close` it."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._transport: Transport | None = None
        self._talk: Conversation | None = None
        self._left: list[Exchange] = []
        self._life: asyncio.Task[None] | None = None
        self._news: asyncio.Future[None] | None = None

    # the verbs

    @property
    def welcome(self) -> m.Welcome:
        """What the server said of itself: its engines and limits, and whether we are its owner. Once connected."""
        if self._talk is None or self._talk.welcome is None:
            raise closed()
        return self._talk.welcome

    async def upload(
        self,
        picture: Picture,
        *,
        mask: NDArray[np.uint8] | None = None,
        at: tuple[int, int] = (0, 0),
        progress: Progress | None = None,
    ) -> str:
        """Send a Document or a picture's file; returns the upload's id. `mask` is a selection (255: selected), `at`
        where the picture lies on the host's canvas."""
        return await self._run(plans.upload(payload(picture, mask=mask, at=at), progress))

    async def submit(
        self,
        upload: str | None,
        *,
        operation: Operation = "decompose",
        engine: str | None = None,
        params: dict[str, Param] | None = None,
        job: str | None = None,
        detached: bool = False,
    ) -> str:
        """Ask for work; returns the job's id (`job`, a UUID, if given: said twice it is the same job). A `detached` job
        goes on without us."""
        order = orders.order(upload, operation, engine, params, job, detached)
        await self._run(plans.ask(order))
        return order.job

    async def watch(self, job: str) -> AsyncIterator[Event]:
        """All that has happened to a job and all that does, to its Done or Failed."""
        watching = Watching(job)
        try:
            while (event := await self._run(plans.happening(watching))) is not None:
                yield event
        finally:
            self._abandon([watching])

    async def layers(self, job: str, *, verify: bool = True) -> AsyncIterator[Layer]:
        """A job's layers, bottom first, each fetched when it is ready. Raises what the job failed with."""
        async for event in self.watch(job):
            if isinstance(event, m.LayerReady):
                yield await self._run(plans.pull(job, event.layer, verify))
            elif isinstance(event, m.Failed):
                raise raised(event.problem)

    async def result(self, job: str, *, verify: bool = True, progress: Progress | None = None) -> LayerStack:
        """A job's whole result, waiting for its end. Raises what it failed with."""
        return await self._run(plans.finished(job, verify, progress or Progress()))

    async def decompose(
        self,
        picture: Picture,
        *,
        engine: str | None = None,
        layers: int | None = None,
        what: str | None = None,
        text_grouping: TextGrouping = "block",
        seed: int = 0,
        progress: Progress | None = None,
        verify: bool = True,
        drop: bool = True,
    ) -> LayerStack:
        """`layerlift.decompose`, done by the server. With `drop` it forgets the result once we have it. Raises
        InputError, RequestError, EngineError, Cancelled, ServerError."""
        order = orders.decompose(engine, layers, what, text_grouping, seed)
        plan = plans.decompose(payload(picture), order, progress or Progress(), verify=verify, drop=drop)
        return await self._run(plan)

    async def cancel(self, job: str) -> None:
        """Stop a job and wait until it has ended, one way or another."""
        await self._run(plans.ask(m.Cancel(job)))

    async def jobs(self, since: float = 0.0) -> list[JobInfo]:
        """The jobs touched at or after `since` (seconds since 1970), newest first."""
        return list(cast(m.JobList, await self._run(plans.ask(m.Jobs(since)))).jobs)

    async def drop(self, job: str) -> None:
        """Forget a job and delete its result."""
        await self._run(plans.ask(m.Drop(job)))

    async def keep(self, job: str, keep: bool = True) -> JobInfo:
        """Exempt a result from expiry, or take that back."""
        return cast(m.JobList, await self._run(plans.ask(m.Keep(job, keep)))).jobs[0]

    async def pair(self) -> m.Pairing:
        """A code for a new device. Owner only."""
        return cast(m.Pairing, await self._run(plans.ask(m.Pair())))

    async def devices(self) -> list[Device]:
        """The paired devices. Owner only."""
        return list(cast(m.DeviceList, await self._run(plans.ask(m.Devices()))).devices)

    async def revoke(self, device: str) -> list[Device]:
        """Take a device's token back; returns those that are left. Owner only."""
        return list(cast(m.DeviceList, await self._run(plans.ask(m.Revoke(device)))).devices)

    # the connection

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

    async def __aenter__(self) -> AsyncClient:
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
