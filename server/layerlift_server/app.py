"""The composition root: every part of a server, put together once, and its listening sockets.

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
from layerlift_server import limits, problems
from layerlift_server.http.middleware import Middleware
from layerlift_server.http.routes import Routes
from layerlift_server.http.static_files import Page
from layerlift_server.jobs.port import Jobs
from layerlift_server.observe.counters import Counters
from layerlift_server.observe.logs import Log
from layerlift_server.observe.loop_lag import LoopLag
from layerlift_server.security import tokens
from layerlift_server.security.authentication import Authenticator
from layerlift_server.security.certificate import Certificate, given, made
from layerlift_server.security.cookies import Cookies
from layerlift_server.security.devices import Devices
from layerlift_server.security.origins import Endpoint
from layerlift_server.security.pairing import PairingCode
from layerlift_server.settings import Settings
from layerlift_server.sockets.connection_limit import ConnectionLimit
from layerlift_server.sockets.context import Context

_LEAVE_SECONDS = 3.0
"""For sessions to read their last words once the server closes."""


class Server:
    """One server over `jobs`. `start` begins to listen, `stop` ends it; between them `port` and `remote_port` are
    where it listens. `clock` (seconds, never going back) is what codes, keys and cookies expire by."""

    def __init__(self, settings: Settings, jobs: Jobs, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings, self.token = settings, tokens.fresh()
        self.port = 0
        self.remote_port: int | None = None
        self.certificate: Certificate | None = None
        counters, devices, code = Counters(), Devices(settings.data / "devices.json"), PairingCode(clock=clock)
        authenticator = Authenticator(self.token, devices, code, counters.add)
        self.context = Context(jobs, authenticator, devices, code, counters, Log(), f"layerlift {__version__}")
        self.cookies, self.connections, self.loop_lag = Cookies(clock=clock), ConnectionLimit(counters), LoopLag()
        self._page = Page()
        self._runners: list[web.AppRunner] = []
        self._listening: list[asyncio.Server] = []
        self._measuring: asyncio.Task[None] | None = None
        self._working = False

    async def start(self) -> None:
        """Be ready for clients. Raises OSError (an address is taken), CertificateError."""
        settings = self.settings
        if settings.remote:
            self._certify()
        await self.context.jobs.start()
        self._working = True
        self._measuring = asyncio.create_task(self.loop_lag.measure())
        self.port = await self._listen(Endpoint("http"), "127.0.0.1", 0 if settings.remote else settings.port, None)
        if self.certificate is not None:
            endpoint = Endpoint("https", frozenset(name.lower() for name in settings.remote_names), remote=True)
            self.remote_port = await self._listen(endpoint, settings.host, settings.port, self.certificate.context())

    async def stop(self) -> None:
        """Take nobody new, let the running job end or go back into the queue, say good-bye, close."""
        self.context.closing = True
        for listening in self._listening:
            listening.close()
        await self._close_sessions(self.settings.grace)

    async def abandon(self) -> None:
        """Close at once: the running job goes back into the queue."""
        await self._close_sessions(0.0)

    async def _close_sessions(self, grace: float) -> None:
        if self._working:
            await self.context.jobs.stop(grace=grace)
            self._working = False
        for session in list(self.context.sessions):
            session.expel(errors.UNAVAILABLE, problems.SHUTTING_DOWN, about="server")
        deadline = asyncio.get_running_loop().time() + _LEAVE_SECONDS
        while self.context.sessions and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)
        for runner in self._runners:
            await runner.cleanup()
        if self._measuring is not None:
            self._measuring.cancel()
            with suppress(asyncio.CancelledError):
                await self._measuring

    def card(self) -> ServerFile:
        """What the runtime file says."""
        return ServerFile(self.port, os.getpid(), self.token, PROTOCOL, __version__, None)

    def _certify(self) -> None:
        settings = self.settings
        if settings.certificate is not None and settings.key is not None:
            self.certificate = given(settings.certificate, settings.key)
        else:
            self.certificate = made(settings.data, settings.remote_names)
        self.certificate.context()

    async def _listen(self, endpoint: Endpoint, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        bound = _bind(host, port)
        chosen = int(bound.getsockname()[1])
        cookie = f"layerlift-{chosen}"  # cookies know no port: two servers of one machine must not share one
        middleware = Middleware(endpoint, self.cookies, self.context.counters, cookie)
        application = web.Application(middlewares=[middleware.check], client_max_size=limits.BODY_BYTES)
        application.on_response_prepare.append(middleware.add_headers)
        routes = Routes(
            self.context, middleware, self.cookies, self.connections, self.loop_lag, self._page, cookie, tls is not None
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
                self.connections.protocol_factory(runner.server, remote=endpoint.remote),
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
