"""One connection's worth of talk: bytes in, bytes out, and each message to the exchange that it is meant for.

Law: sans-IO. Knows the websocket, the protocol and the exchanges; opens no socket, starts no thread, never waits. The
same conversation serves the blocking and the asyncio client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from layerlift.client.errors import ServerError, raised
from layerlift.client.exchanges.port import Exchange
from layerlift.client.masking import masked
from layerlift.client.timeouts import DIAL, LOST_AFTER, PING_AFTER
from layerlift.errors import LayerliftError, RequestError
from layerlift.wire import messages as m
from layerlift.wire.connection import Connection
from layerlift.wire.errors import LocalProtocolError, RemoteProtocolError
from layerlift.wire.limits import TRANSFERS
from layerlift.wire.websocket import Binary, Closed, Event, Opened, Rejected, Reply, WebSocket

_HOPELESS = {
    4400: ServerError("The server did not understand this client.", "Update Layerlift on both sides."),
    4401: ServerError("The server does not know this client.", "Pair it again.", code="unauthorized"),
    4409: ServerError("The server and this client lost count of a transfer.", "Please report it."),
    4413: ServerError("The server found a message of this client too large.", "Please report it."),
}
"""Close codes after which coming back would end the same way."""


_LATER = (0, 429, 502, 503)
"""HTTP answers after which trying again helps: hung up, too many, starting or ending."""


class Dropped(Exception):
    """The connection ended. `failure`: why coming back is no use; None: try."""

    def __init__(self, failure: LayerliftError | None = None) -> None:
        super().__init__(str(failure) if failure else "dropped")
        self.failure = failure


class Conversation:
    """Hand over what came, send what `outgoing` gives, `open` exchanges; `welcome` is set once the server agreed."""

    def __init__(self, host: str, port: int, hello: m.Hello, clock: Callable[[], float]) -> None:
        self._socket = WebSocket(f"[{host}]" if ":" in host else host, port, mask=masked)
        self._wire = Connection("client")
        self._hello, self._clock = hello, clock
        self._out: list[bytes | memoryview] = [self._socket.request()]
        self._begun = self._heard = self._asked = clock()
        self._transfers = 0
        self._over = False
        self._refusal: LayerliftError | None = None
        self._last_words: LayerliftError | None = None
        self.welcome: m.Welcome | None = None
        """Set once the server has agreed."""
        self.fruitful = False
        """Whether anything came after that: coming back to such a server is worth more than a few tries."""
        self.exchanges: list[Exchange] = []

    def open(self, exchange: Exchange) -> None:
        """Begin an exchange, now or as soon as the server has agreed."""
        exchange.opened = True
        exchange.begun = False
        self.exchanges.append(exchange)
        self._begin()

    def adopt(self, exchanges: Iterable[Exchange]) -> None:
        """Go on with what another connection left unfinished."""
        for exchange in exchanges:
            if not exchange.finished:
                self.open(exchange)

    def abandon(self, exchange: Exchange) -> None:
        """Forget an exchange that nobody waits for."""
        if exchange in self.exchanges:
            self.exchanges.remove(exchange)
            if exchange.begun and not self._over:
                exchange.abandon(self)
                self._begin()

    def buffer(self) -> memoryview:
        """Where to read the socket's next bytes into; say then how many have been `received`."""
        return self._socket.buffer()

    def received(self, count: int) -> None:
        """So many bytes were read into `buffer()`; 0: the socket has ended. Raises Dropped."""
        self._heed(self._socket.received(count))

    def receive(self, data: bytes) -> None:
        """These bytes came from the socket; none: it has ended. Raises Dropped."""
        self._heed(self._socket.receive(data))

    def outgoing(self) -> list[bytes | memoryview]:
        """What to send next, in pieces; nothing: nothing to say for now."""
        if not self._out and not self._over:
            any(exchange.begun and exchange.more(self) for exchange in self.exchanges)
        going, self._out = self._out, []
        return going

    def tick(self) -> None:
        """Time has passed: ask whether the server is still there, or conclude that it isn't. Raises Dropped."""
        now = self._clock()
        if now - self._heard > LOST_AFTER or (self.welcome is None and now - self._begun > DIAL):
            self._over = True
            raise Dropped
        if now - self._asked > PING_AFTER:
            self._asked = now
            self._out.append(self._socket.ping())

    def close(self) -> list[bytes | memoryview]:
        """Say goodbye; what to send."""
        return [*self._out, self._socket.close()] if self._socket.state == "open" else []

    # what exchanges may ask (exchanges.port.Talk)

    def say(self, message: m.Message) -> None:
        """Queue a message."""
        self._queue(self._wire.encode(message))

    def number(self) -> int:
        """A free transfer number: they count up."""
        self._transfers += 1
        return self._transfers

    def credit(self, transfer: int) -> int:
        """How many bytes of an upload may go out now."""
        return self._wire.credit(transfer)

    def send(self, transfer: int, data: memoryview) -> None:
        """Queue one chunk."""
        self._queue(*self._wire.chunk(transfer, data))

    def stored(self, transfer: int, offset: int) -> None:
        """Acknowledge when that is due."""
        if (ack := self._wire.stored(transfer, offset)) is not None:
            self._queue(ack)

    def _queue(self, *parts: bytes | memoryview) -> None:
        """Unless a close frame came with what we answer: nobody would hear it."""
        if self._socket.state == "open":
            self._out += self._socket.binary(*parts)

    def _heed(self, events: list[Event]) -> None:
        self._heard = self._asked = self._clock()
        try:
            for event in events:
                self._mind(event)
        except Dropped:
            self._over = True
            raise

    def _mind(self, event: Event) -> None:
        if isinstance(event, Binary):
            self._hear(event.payload)
        elif isinstance(event, Opened):
            self.say(self._hello)
        elif isinstance(event, Reply):
            self._out.append(event.data)
        elif isinstance(event, Rejected):
            raise Dropped(_turned_away(event))
        elif isinstance(event, Closed):
            hopeless = _HOPELESS.get(event.code)
            raise Dropped(self._refusal or (hopeless and (self._last_words or hopeless)))

    def _hear(self, payload: memoryview) -> None:
        try:
            message = self._wire.decode(payload)
        except RemoteProtocolError as wrong:
            raise Dropped(raised(wrong.problem)) from wrong
        if self.welcome is not None:
            self.fruitful = True
            self._deliver(message)
        elif isinstance(message, m.Welcome):
            self.welcome = message
            self._begin()
        elif isinstance(message, m.Refused):
            self._last_words = raised(message.problem)
            self._refusal = None if message.problem.retryable else self._last_words

    def _deliver(self, message: m.Message) -> None:
        for exchange in self.exchanges:
            if exchange.begun and not exchange.finished and exchange.take(message, self):
                break
        if any(exchange.finished for exchange in self.exchanges):
            self.exchanges = [exchange for exchange in self.exchanges if not exchange.finished]
            self._begin()

    def _begin(self) -> None:
        """Begin what may begin: everything once the server has agreed, but no more than so many transfers at once, and
        nothing any more on a connection that is over (it begins on the next one)."""
        if self.welcome is None or self._over:
            return
        room = TRANSFERS - sum(exchange.moves and exchange.begun for exchange in self.exchanges)
        for exchange in [each for each in self.exchanges if not each.begun]:
            if exchange.moves and room <= 0:
                continue
            room -= exchange.moves
            exchange.begun = True
            try:
                exchange.begin(self)
            except LocalProtocolError as wrong:
                exchange.fail(RequestError(f"The server cannot be asked that: {wrong}", "Change it, then try again."))
        self.exchanges = [exchange for exchange in self.exchanges if not exchange.finished]


def _turned_away(answer: Rejected) -> LayerliftError | None:
    if answer.status in _LATER:
        return None
    return ServerError(
        f"What listens there is no Layerlift server for us: {answer.reason}", "Check the address.", code="rejected"
    )
