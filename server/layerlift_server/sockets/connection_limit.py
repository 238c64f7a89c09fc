"""In front of the HTTP server: how many sockets, how long one may take to say what it wants.

Law: asyncio protocols only; hands every byte on unread. Needed because an HTTP server's own timeouts begin after the
first request: a socket that sends nothing, or one header letter a second, would be held for ever (slow loris).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import cast

from layerlift_server import limits
from layerlift_server.observe.counters import Counters

_WORDS = b"Too many connections; wait a moment.\n"
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Type: text/plain\r\n"
_FULL += b"Content-Length: %d\r\n\r\n%b" % (len(_WORDS), _WORDS)


class ConnectionLimit:
    """The sockets of a whole server, whichever endpoint they came through."""

    def __init__(
        self,
        counters: Counters,
        *,
        most: int = limits.CONNECTIONS,
        unproven: int = limits.UNPROVEN,
        of_one_address: int = limits.CONNECTIONS_OF_ONE_ADDRESS,
        seconds: float = limits.HEADERS_SECONDS,
    ) -> None:
        self.counters, self.seconds = counters, seconds
        self.most, self.unproven, self.of_one_address = most, unproven, of_one_address
        self._open: set[LimitedProtocol] = set()
        self._proven: set[LimitedProtocol] = set()
        self._addresses: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def protocol_factory(
        self, inner: Callable[[], asyncio.Protocol], *, remote: bool
    ) -> Callable[[], asyncio.Protocol]:
        """A protocol factory for `loop.create_server` around that of an HTTP server."""
        return lambda: LimitedProtocol(self, inner, remote)

    def enter(self, socket: LimitedProtocol) -> str | None:
        """Why a socket is turned away, None when it is in."""
        if len(self._open) >= self.most:
            return "connections"
        if len(self._open) - len(self._proven) >= self.unproven:
            return "unproven"
        if socket.remote and self._addresses[socket.address] >= self.of_one_address:
            return "address"
        self._open.add(socket)
        self._addresses[socket.address] += 1
        return None

    def prove(self, socket: LimitedProtocol) -> None:
        """A socket has said who it is (or is a plain request that was answered): it no longer counts as unproven."""
        if socket in self._open:
            self._proven.add(socket)

    def leave(self, socket: LimitedProtocol) -> None:
        """A socket is gone."""
        if socket in self._open:
            self._open.discard(socket)
            self._proven.discard(socket)
            self._addresses[socket.address] -= 1
            if not self._addresses[socket.address]:
                del self._addresses[socket.address]


class LimitedProtocol(asyncio.Protocol):
    """One socket on its way to the HTTP server."""

    def __init__(self, connections: ConnectionLimit, inner: Callable[[], asyncio.Protocol], remote: bool) -> None:
        self._connections, self._make = connections, inner
        self._inner: asyncio.Protocol | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.remote, self.address = remote, ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the socket in, or answer 503 and close."""
        transport = cast(asyncio.Transport, transport)
        self.address = str((transport.get_extra_info("peername") or ("",))[0])
        why = self._connections.enter(self)
        if why is not None:
            self._connections.counters.add("connections refused", why=why)
            transport.write(_FULL)
            transport.close()
            return
        self._connections.counters.add("connections")
        self._timer = asyncio.get_running_loop().call_later(self._connections.seconds, self._too_slow, transport)
        self._inner = self._make()
        self._inner.connection_made(transport)

    def request_began(self) -> None:
        """A whole request has arrived: the clock stops."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def proved(self) -> None:
        """Whoever holds this socket has proved who it is."""
        self._connections.prove(self)

    def data_received(self, data: bytes) -> None:
        """Hand it on."""
        if self._inner is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Hand it on."""
        return self._inner.eof_received() if self._inner is not None else None

    def pause_writing(self) -> None:
        """Hand it on."""
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Hand it on."""
        if self._inner is not None:
            self._inner.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is gone."""
        self.request_began()
        self._connections.leave(self)
        if self._inner is not None:
            self._inner.connection_lost(error)

    def _too_slow(self, transport: asyncio.Transport) -> None:
        self._timer = None
        self._connections.counters.add("connections refused", why="slow")
        transport.abort()


def limited_protocol(transport: asyncio.BaseTransport | None) -> LimitedProtocol | None:
    """The protocol through which a request's transport came, if any."""
    protocol = transport.get_protocol() if isinstance(transport, asyncio.BaseTransport) else None
    return protocol if isinstance(protocol, LimitedProtocol) else None


def request_arrived(transport: asyncio.BaseTransport | None) -> None:
    """Tell the connection that a whole request has arrived."""
    found = limited_protocol(transport)
    if found is not None:
        found.request_began()
