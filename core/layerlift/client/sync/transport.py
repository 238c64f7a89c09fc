"""A socket for a conversation, blocking. Law: moves bytes both ways at once; understands none of them."""

from __future__ import annotations

import selectors
import socket
import ssl
from collections import deque

from layerlift.client.address import Address
from layerlift.client.conversation import Conversation, Dropped
from layerlift.client.errors import ServerError
from layerlift.client.timeouts import DIAL
from layerlift.client.tls import check, context, unreachable

BURST = 16
"""Reads in a row: two a chunk, so that about an acknowledgement's worth of bytes (2 MiB) comes in between."""


class Transport:
    """A connected socket. Raises NoServer or Untrusted when it cannot be had."""

    def __init__(self, address: Address) -> None:
        self._socket = _connected(address)
        self._socket.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._going: deque[memoryview] = deque()
        self._wanted = selectors.EVENT_READ

    def step(self, talk: Conversation, patience: float) -> None:
        """Send what there is, wait up to `patience` seconds for more, hand over what came. Raises Dropped."""
        try:
            self._send(talk)
            self._wait(patience)
            self._receive(talk)
            self._send(talk)
        except (OSError, EOFError) as wrong:
            raise Dropped from wrong
        talk.tick()

    def close(self, parting: list[bytes | memoryview] | None = None) -> None:
        """Say the last words if the socket takes them at once, and hang up."""
        try:
            if parting:
                self._socket.settimeout(1.0)
                self._socket.sendall(b"".join(parting))
        except OSError:
            pass
        finally:
            self._selector.close()
            self._socket.close()

    def _wait(self, patience: float) -> None:
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._going else 0)
        if wanted != self._wanted:
            self._selector.modify(self._socket, wanted)
            self._wanted = wanted
        if not (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
            self._selector.select(patience)

    def _send(self, talk: Conversation) -> None:
        """As much as the socket takes now. Nothing is produced before what was said is gone."""
        while True:
            if not self._going:
                self._going.extend(memoryview(part).cast("B") for part in talk.outgoing() if len(part))
                if not self._going:
                    return
            try:
                sent = self._socket.send(self._going[0])
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            if sent == len(self._going[0]):
                self._going.popleft()
            else:
                self._going[0] = self._going[0][sent:]

    def _receive(self, talk: Conversation) -> None:
        """What is there, but no more than BURST reads: acknowledgements must go out in between."""
        for _ in range(BURST):
            try:
                count = self._socket.recv_into(talk.buffer())
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            talk.received(count)


def _connected(address: Address) -> socket.socket:
    try:
        plain = socket.create_connection((address.host, address.port), DIAL)
    except OSError as wrong:
        raise unreachable(address, wrong) from wrong
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not address.tls:
        return plain
    try:
        secured = context(address).wrap_socket(plain, server_hostname=address.host)
    except OSError as wrong:
        plain.close()
        raise unreachable(address, wrong) from wrong
    try:
        check(address, secured.getpeercert(binary_form=True))
    except ServerError:
        secured.close()
        raise
    return secured
