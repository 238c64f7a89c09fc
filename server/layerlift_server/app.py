"""The composition root: every part of a server, put together once, and its doors opened and closed.

Law: the only place that knows all parts. Knows no signal, no lock and no terminal; those are `lifecycle`'s.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web

from layerlift import __version__
from layerlift.wire import errors
from layerlift.wire.messages import PROTOCOL
from layerlift.wire.runtime import ServerFile
from layerlift_server import limits, refusals
from layerlift_server.conversation.house import House
from layerlift_server.doors.addresses import Door, host_name
from layerlift_server.doors.certificate import Certificate, given, made
from layerlift_server.doors.connections import Connections
from layerlift_server.doors.gate import Gate
from layerlift_server.doors.page import Page
from layerlift_server.doors.routes import Routes
from layerlift_server.figures.pulse import Pulse
from layerlift_server.figures.tally import Tally
from layerlift_server.jobs.port import Jobs
from layerlift_server.logs import Log
from layerlift_server.settings import Settings
from layerlift_server.trust import tokens
from layerlift_server.trust.devices import Devices
from layerlift_server.trust.doorkeeper import Doorkeeper
from layerlift_server.trust.pairing import PairingCode
from layerlift_server.trust.visits import Visits

_LEAVE_SECONDS = 3.0
"""For sessions to read their last words once the server closes."""


class Server:
    """One server over `jobs`. `start` opens its doors, `stop` closes them; between them `port` and `remote_port` are
    where it listens. `clock` (seconds, never going back) is what codes, keys and cookies expire by."""

    def __init__(self, settings: Settings, jobs: Jobs, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings, self.token = settings, tokens.fresh()
        self.port = 0
        self.remote_port: int | None = None
        self.certificate: Certificate | None = None
        tally, devices, code = Tally(), Devices(settings.data / "devices.json"), PairingCode(clock=clock)
        keeper = Doorkeeper(self.token, devices, code, tally.add)
        self.house = House(jobs, keeper, devices, code, tally, Log(), f"layerlift {__version__}")
        self.visits, self.connections, self.pulse = Visits(clock=clock), Connections(tally), Pulse()
        self._page = Page()
        self._runners: list[web.AppRunner] = []
        self._listening: list[asyncio.Server] = []
        self._beat: asyncio.Task[None] | None = None
        self._working = False

    async def start(self) -> None:
        """Be ready for clients. Raises OSError (an address is taken), CertificateError."""
        settings = self.settings
        if settings.remote:
            self._certify()
        await self.house.jobs.start()
        self._working = True
        self._beat = asyncio.create_task(self.pulse.beat())
        self.port = await self._listen(Door("http"), "127.0.0.1", 0 if settings.remote else settings.port, None)
        if self.certificate is not None:
            names = {name for name in (host_name(one) for one in (settings.host, *settings.names)) if name}
            door = Door("https", frozenset(names), remote=True)
            self.remote_port = await self._listen(door, settings.host, settings.port, self.certificate.context())

    async def stop(self) -> None:
        """Take nobody new, let the running job end or go back into the queue, say good-bye, close."""
        self.house.closing = True
        for listening in self._listening:
            listening.close()
        await self._farewell(self.settings.grace)

    async def abandon(self) -> None:
        """Close at once: the running job goes back into the queue."""
        await self._farewell(0.0)

    async def _farewell(self, grace: float) -> None:
        if self._working:
            await self.house.jobs.stop(grace=grace)
            self._working = False
        for session in list(self.house.sessions):
            session.expel(errors.UNAVAILABLE, refusals.SHUTTING_DOWN, about="server")
        deadline = asyncio.get_running_loop().time() + _LEAVE_SECONDS
        while self.house.sessions and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)
        for runner in self._runners:
            await runner.cleanup()
        if self._beat is not None:
            self._beat.cancel()
            with suppress(asyncio.CancelledError):
                await self._beat

    def card(self) -> ServerFile:
        """What the runtime file says."""
        return ServerFile(self.port, os.getpid(), self.token, PROTOCOL, __version__, None)

    def _certify(self) -> None:
        settings = self.settings
        if settings.certificate is not None and settings.key is not None:
            self.certificate = given(settings.certificate, settings.key)
        else:
            names = tuple(dict.fromkeys((socket.gethostname(), settings.host, *settings.names)))
            self.certificate = made(settings.data, tuple(name for name in names if name not in ("0.0.0.0", "::")))
        self.certificate.context()

    async def _listen(self, door: Door, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        bound = _bind(host, port)
        chosen = int(bound.getsockname()[1])
        cookie = f"layerlift-{chosen}"  # cookies know no port: two servers of one machine must not share one
        gate = Gate(door, self.visits, self.house.tally, cookie)
        application = web.Application(middlewares=[gate.check], client_max_size=limits.BODY_BYTES)
        application.on_response_prepare.append(gate.dress)
        routes = Routes(
            self.house, gate, self.visits, self.connections, self.pulse, self._page, cookie, tls is not None
        )
        application.router.add_routes(routes.table())
        runner = web.AppRunner(
            application,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=limits.KEEPALIVE_SECONDS,
            lingering_time=limits.CLOSE_SECONDS,
            max_line_size=limits.LINE_BYTES,
            max_field_size=limits.FIELD_BYTES,
            shutdown_timeout=limits.CLOSE_SECONDS,
        )
        await runner.setup()
        self._runners.append(runner)
        assert runner.server is not None
        self._listening.append(
            await asyncio.get_running_loop().create_server(
                self.connections.door(runner.server, remote=door.remote),
                sock=bound,
                ssl=tls,
                ssl_handshake_timeout=limits.HEADERS_SECONDS if tls is not None else None,
            )
        )
        return chosen


def _bind(host: str, port: int) -> socket.socket:
    """A listening address of our own. On Windows another program could otherwise take the same port beside us."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        bound.setsockopt(socket.SOL_SOCKET, exclusive if exclusive is not None else socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except BaseException:
        bound.close()
        raise
    return bound
