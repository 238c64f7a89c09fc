"""One HTTP request and its answer, which can be dropped at any moment.

Law: knows sockets, no pictures and no operations. The request runs in a thread of its own, so that whoever waits hears
a cancel within a tenth of a second and closes the socket under it (what the servers make of that: docs/scale-out.md).
Redirects are not followed (a key must not travel on), proxies are not used. A computer that loses its power does not
say so: TCP keep-alive finds out in under a minute (RFC 1122, 4.2.3.6).
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from layerlift.engines.remote.settings import Endpoint
from layerlift.engines.remote.trouble import Kind, Trouble

CONNECT = 5.0
"""Seconds to find a server; one in the same building answers in milliseconds."""
_TICK = 0.1
"""Seconds between two looks at whether the job is still wanted."""
_IDLE, _EVERY, _TIMES = 20, 10, 3
"""Keep-alive: seconds of silence before the first probe, between probes, and how many may fail."""
_PIECE = 1 << 16


@dataclass(frozen=True)
class Request:
    """What is asked; at most `limit` bytes of answer are taken."""

    method: str
    path: str
    body: bytes = b""
    content_type: str = ""
    limit: int = 1 << 20


@dataclass(frozen=True)
class Answer:
    """What came back, whole. `after`: its Retry-After in seconds, if there was one."""

    status: int
    body: bytes
    after: float | None = None


def exchange(endpoint: Endpoint, request: Request, patience: float, tick: Callable[[], None]) -> Answer:
    """Ask and wait. `tick` is called several times a second meanwhile; what it raises drops the connection and passes
    through. Raises Trouble."""
    running = _Running(endpoint, request, patience)
    thread = threading.Thread(target=running.run, name="layerlift-remote", daemon=True)
    deadline = time.monotonic() + patience
    thread.start()
    try:
        while not running.over.wait(_TICK):
            tick()
            if time.monotonic() > deadline:
                raise Trouble(Kind.SLOW, f"no answer within {patience:.0f} s")
    except BaseException:
        running.drop()
        raise
    if running.answer is None:
        raise running.trouble
    return running.answer


class _Running:
    def __init__(self, endpoint: Endpoint, request: Request, patience: float) -> None:
        self._endpoint, self._request, self._patience = endpoint, request, patience
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._dropped = False
        self.over = threading.Event()
        self.answer: Answer | None = None
        self.trouble = Trouble(Kind.DROPPED, "the connection was lost")

    def run(self) -> None:
        """In the thread: leaves either an answer or a trouble."""
        try:
            self.answer = self._ask()
        except Trouble as trouble:
            self.trouble = trouble
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.trouble = Trouble(Kind.DROPPED, f"the connection was lost ({_words(error)})")
        finally:
            self.over.set()

    def drop(self) -> None:
        """From any thread: close the socket now."""
        with self._lock:
            self._dropped = True
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)  # wakes the reader; closing alone would not

    def _ask(self) -> Answer:
        connection = self._connect()
        try:
            return self._asked(connection)
        finally:
            with self._lock:
                self._socket = None
            connection.close()

    def _asked(self, connection: http.client.HTTPConnection) -> Answer:
        request, endpoint = self._request, self._endpoint
        headers = {"Accept": "application/json", "User-Agent": "layerlift", "Connection": "close"}
        if request.content_type:
            headers["Content-Type"] = request.content_type
        if endpoint.key is not None and (endpoint.secure or endpoint.loopback):
            headers["Authorization"] = f"Bearer {endpoint.key}"
        connection.request(request.method, endpoint.base + request.path, request.body or None, headers)
        with connection.getresponse() as response:
            after = response.getheader("Retry-After", "")
            return Answer(response.status, self._read(response), float(after) if after.isdigit() else None)

    def _connect(self) -> http.client.HTTPConnection:
        endpoint = self._endpoint
        connection: http.client.HTTPConnection
        if endpoint.secure:
            connection = http.client.HTTPSConnection(
                endpoint.host, endpoint.port, timeout=CONNECT, context=ssl.create_default_context()
            )
        else:
            connection = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=CONNECT)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise Trouble(Kind.UNREACHABLE, _words(error)) from error
        connection.sock.settimeout(self._patience)
        _keep_alive(connection.sock)
        with self._lock:
            self._socket = connection.sock
            if self._dropped:
                connection.close()
                raise Trouble(Kind.DROPPED, "nobody waits any more")
        return connection

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        """All of it, at most the limit."""
        pieces, length, most = [], response.length or 0, self._request.limit
        if length > most:
            raise Trouble(Kind.GARBAGE, f"its answer has {length / 1e6:.0f} MB, more than {most / 1e6:.0f}")
        length = 0
        while piece := response.read(_PIECE):
            length += len(piece)
            if length > most:
                raise Trouble(Kind.GARBAGE, f"its answer has more than {most / 1e6:.0f} MB")
            pieces.append(piece)
        if response.length:  # http.client gives back what came before the end without a word
            raise Trouble(Kind.DROPPED, "the connection was lost in the middle of the answer")
        return b"".join(pieces)


def _keep_alive(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        idle = getattr(socket, "TCP_KEEPIDLE", None) or getattr(socket, "TCP_KEEPALIVE", None)  # the latter: macOS
        for option, value in (
            (idle, _IDLE),
            (getattr(socket, "TCP_KEEPINTVL", None), _EVERY),
            (getattr(socket, "TCP_KEEPCNT", None), _TIMES),
        ):
            if option is not None:
                sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return "there is no computer of that name"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:120]
