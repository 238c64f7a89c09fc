"""`connect` and the blocking `Client`.

Law: waits, and nothing else: what is said is `plans`', what it means is the exchanges'. A client belongs to one thread
at a time. When its connection drops it comes back by itself and every verb goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import TracebackType
from typing import cast

import numpy as np
from numpy.typing import NDArray

from layerlift.client import orders, plans
from layerlift.client.address import Address
from layerlift.client.conversation import Conversation, Dropped
from layerlift.client.errors import NoServer, raised
from layerlift.client.exchanges.port import Exchange
from layerlift.client.exchanges.watching import Event, Watching
from layerlift.client.login import Login
from layerlift.client.orders import TextGrouping
from layerlift.client.payload import Picture, payload
from layerlift.client.plans import Plan, T
from layerlift.client.reconnect import Reconnect
from layerlift.client.sync.transport import Transport
from layerlift.client.timeouts import TICK
from layerlift.imaging.layer import Layer, LayerStack
from layerlift.progress import Progress
from layerlift.wire import messages as m
from layerlift.wire.values import ClientInfo, Device, JobInfo, Operation, Param


def connect(
    address: str | None = None,
    *,
    token: str | None = None,
    start: bool = False,
    fingerprint: str | None = None,
    code: str | None = None,
    device: str | None = None,
    who: ClientInfo | None = None,
) -> Client:
    """Connect to this machine's server (with `start`, start one if none runs) or to the one at `address` ("host:port").

    Elsewhere than on this machine the connection is TLS; `fingerprint` (SHA-256) pins the certificate. `code` pairs as
    `device` and keeps token and fingerprint for next time. Raises NoServer, Untrusted, ServerError, RequestError.
    """
    client = Client(Login(who or orders.library(), address, token, fingerprint, start, code, device))
    client.open()
    return client


class Client:
    """A conversation with a server, blocking. Use it as a context manager, or `close` it."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._transport: Transport | None = None
        self._talk: Conversation | None = None
        self._address: Address | None = None
        self._reconnect: Reconnect | None = None
        self._left: list[Exchange] = []

    # the verbs

    @property
    def welcome(self) -> m.Welcome:
        """What the server said of itself: its engines and limits, and whether we are its owner."""
        self.open()
        assert self._talk is not None
        assert self._talk.welcome is not None
        return self._talk.welcome

    def upload(
        self,
        picture: Picture,
        *,
        mask: NDArray[np.uint8] | None = None,
        at: tuple[int, int] = (0, 0),
        progress: Progress | None = None,
    ) -> str:
        """Send a Document or a picture's file; returns the upload's id. `mask` is a selection (255: selected), `at`
        where the picture lies on the host's canvas."""
        return self._run(plans.upload(payload(picture, mask=mask, at=at), progress))

    def submit(
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
        self._run(plans.ask(order))
        return order.job

    def watch(self, job: str) -> Iterator[Event]:
        """All that has happened to a job and all that does, to its Done or Failed."""
        watching = Watching(job)
        try:
            while (event := self._run(plans.happening(watching))) is not None:
                yield event
        finally:
            self._abandon([watching])

    def layers(self, job: str, *, verify: bool = True) -> Iterator[Layer]:
        """A job's layers, bottom first, each fetched when it is ready. Raises what the job failed with."""
        for event in self.watch(job):
            if isinstance(event, m.LayerReady):
                yield self._run(plans.pull(job, event.layer, verify))
            elif isinstance(event, m.Failed):
                raise raised(event.problem)

    def result(self, job: str, *, verify: bool = True, progress: Progress | None = None) -> LayerStack:
        """A job's whole result, waiting for its end. Raises what it failed with."""
        return self._run(plans.finished(job, verify, progress or Progress()))

    def decompose(
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
        return self._run(plan)

    def cancel(self, job: str) -> None:
        """Stop a job and wait until it has ended, one way or another."""
        self._run(plans.ask(m.Cancel(job)))

    def jobs(self, since: float = 0.0) -> list[JobInfo]:
        """The jobs touched at or after `since` (seconds since 1970), newest first."""
        return list(cast(m.JobList, self._run(plans.ask(m.Jobs(since)))).jobs)

    def drop(self, job: str) -> None:
        """Forget a job and delete its result."""
        self._run(plans.ask(m.Drop(job)))

    def keep(self, job: str, keep: bool = True) -> JobInfo:
        """Exempt a result from expiry, or take that back."""
        return cast(m.JobList, self._run(plans.ask(m.Keep(job, keep)))).jobs[0]

    def pair(self) -> m.Pairing:
        """A code for a new device. Owner only."""
        return cast(m.Pairing, self._run(plans.ask(m.Pair())))

    def devices(self) -> list[Device]:
        """The paired devices. Owner only."""
        return list(cast(m.DeviceList, self._run(plans.ask(m.Devices()))).devices)

    def revoke(self, device: str) -> list[Device]:
        """Take a device's token back; returns those that are left. Owner only."""
        return list(cast(m.DeviceList, self._run(plans.ask(m.Revoke(device)))).devices)

    # the connection

    def open(self) -> None:
        """Connect, unless that is done. Raises NoServer, Untrusted, ServerError."""
        while self._talk is None or self._talk.welcome is None:
            self._step(TICK)

    def close(self) -> None:
        """Hang up. Jobs that are not detached are stopped by the server soon."""
        if self._transport is not None and self._talk is not None:
            self._transport.close(self._talk.close())
        self._transport = self._talk = self._reconnect = None

    def __enter__(self) -> Client:
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
