"""`connect` and the `AsyncClient`.

Law: the verbs, one plan each; how they wait is `link`'s. Verbs may run at the same time in as many tasks as one likes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from layerlift.client import orders, plans
from layerlift.client.asyncio.link import AsyncLink
from layerlift.client.errors import closed, raised
from layerlift.client.exchanges.watching import Event, Watching
from layerlift.client.login import Login
from layerlift.client.operating import Operating
from layerlift.client.payload import Picture, payload
from layerlift.imaging.layer import Layer, LayerStack
from layerlift.progress import Progress
from layerlift.wire import messages as m
from layerlift.wire.params import Drawing
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


class AsyncClient(AsyncLink, Operating[Coroutine[Any, Any, LayerStack]]):
    """A conversation with a server, for asyncio. Use it as an async context manager, or `close` it."""

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

    async def perform(
        self,
        operation: Operation,
        picture: Picture | None = None,
        params: Mapping[str, Param] | None = None,
        *,
        mask: NDArray[np.uint8] | None = None,
        engine: str | None = None,
        drawing: Drawing | None = None,
        progress: Progress | None = None,
        verify: bool = True,
        drop: bool = True,
    ) -> LayerStack:
        """Any operation: send, wait, fetch, forget."""
        order = orders.work(operation, engine, params or {}, drawing, picture is not None)
        sent = None if picture is None else payload(picture, mask=mask)
        return await self._run(plans.perform(sent, order, progress or Progress(), verify=verify, drop=drop))

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
