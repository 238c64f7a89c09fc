"""One side of one conversation: bytes ⇄ messages, the greeting, and the transfers with their credit.

Law: sans-IO. Knows which side it plays; opens no socket, reads no clock, does no work. What it remembers is bounded: at
most `limits.TRANSFERS` transfers and a handful of numbers, whatever the other side says.
"""

from __future__ import annotations

from layerlift.wire import errors, frames, limits, problems
from layerlift.wire.errors import LocalProtocolError, RemoteProtocolError
from layerlift.wire.ledger import Fault, Ledger
from layerlift.wire.messages import FROM_CLIENT, FROM_SERVER, Ack, Hello, Message, Refused, Welcome
from layerlift.wire.states import Side, State, after
from layerlift.wire.transfers import Transfer
from layerlift.wire.values import Problem
from layerlift.wire.versions import agreed

_VOCABULARY: dict[Side, frozenset[type[Message]]] = {"client": frozenset(FROM_CLIENT), "server": frozenset(FROM_SERVER)}
_OTHER: dict[Side, Side] = {"client": "server", "server": "client"}


class Connection:
    """Pass every message that goes out through `encode` (bytes of a transfer through `chunk`), every payload that comes
    in through `decode`, and both sides agree on where they are.

    `state` is "greeting", "greeted" (Hello was said), "open" or "closed"; `protocol` the agreed version once open.
    Belongs to one thread at a time.
    """

    def __init__(self, side: Side) -> None:
        self.side: Side = side
        self.state: State = "greeting"
        self.protocol: int | None = None
        self._hello: Hello | None = None
        self._ledger = Ledger(side)
        self._last_words = False

    def encode(self, message: Message) -> bytes:
        """The payload of one websocket binary message that says `message`. Raises LocalProtocolError when it must not
        be said now. A server may say one Refused after `decode` raised: its last words before closing."""
        if self._last_words and isinstance(message, Refused):
            self._last_words = False
            return frames.encode(message)
        state = self._next(self.side, message)
        if state is None:
            raise LocalProtocolError(f"The {self.side} must not say {message.kind} while {self.state}.")
        payload = frames.encode(message)
        if fault := self._follow(self.side, message):
            raise LocalProtocolError(fault.sentence)
        self.state = state
        return payload

    def decode(self, payload: bytes | bytearray | memoryview) -> Message:
        """The message that the other side said. A Chunk's data is a view into `payload`. Messages about a transfer that
        this side ended may still come: ignore transfers that you don't know. Raises RemoteProtocolError; the
        conversation is closed then."""
        try:
            return self._heard(payload)
        except RemoteProtocolError:
            if self.state != "closed":
                self.state, self._last_words = "closed", self.side == "server"
            self._ledger.transfers.clear()
            raise

    def active(self, transfer: int) -> bool:
        """Whether this transfer was begun and is not over."""
        return transfer in self._ledger.transfers

    def position(self, transfer: int) -> int:
        """The offset of the transfer's next byte. Raises LocalProtocolError for one that is not active."""
        return self._known(transfer).moved

    def credit(self, transfer: int) -> int:
        """How many bytes of a transfer this side may send now; 0 also when it is not `active` (any more)."""
        found = self._ledger.transfers.get(transfer)
        return found.credit(self._ledger.window) if found and found.sender == self.side else 0

    def chunk(self, transfer: int, data: memoryview) -> tuple[bytes, memoryview]:
        """What to send, one after the other in one websocket message, for the transfer's next bytes: `data`, at most a
        chunk and the `credit`. Raises LocalProtocolError."""
        found = self._known(transfer)
        if data.nbytes > self._ledger.chunk or found.sender != self.side:
            raise LocalProtocolError(f"{data.nbytes} bytes are no chunk of transfer {transfer}.")
        prefix = frames.chunk_prefix(transfer, found.moved, data.nbytes)
        if wrong := found.move(found.moved, data.nbytes, self._ledger.window):
            raise LocalProtocolError(wrong)
        return prefix, data

    def stored(self, transfer: int, offset: int) -> bytes | None:
        """The receiver has `offset` bytes safe: the encoded Ack to send when one is due, else None (also when the
        transfer is not `active` any more)."""
        found = self._ledger.transfers.get(transfer)
        if found is None or offset == found.acked:
            return None
        if offset != found.size and offset - found.acked < self._ledger.window // 4:
            return None
        return self.encode(Ack(transfer, offset))

    def _known(self, transfer: int) -> Transfer:
        found = self._ledger.transfers.get(transfer)
        if found is None:
            raise LocalProtocolError(f"Transfer {transfer} is not active.")
        return found

    def _next(self, speaker: Side, message: Message) -> State | None:
        return after(self.state, speaker, message.kind) if type(message) in _VOCABULARY[speaker] else None

    def _heard(self, payload: bytes | bytearray | memoryview) -> Message:
        other = _OTHER[self.side]
        message = frames.decode(payload, most=limits.CONTROL if other == "client" else limits.MESSAGE)
        state = self._next(other, message)
        if state is None:
            raise frames.malformed(f"The {other} must not say {message.kind} while {self.state}.")
        if fault := self._follow(other, message):
            code = "too-many" if fault.close_code == errors.TOO_MANY else "malformed"
            raise RemoteProtocolError(fault.close_code, problems.problem(code, fault.sentence))
        self.state = state
        return message

    def _follow(self, speaker: Side, message: Message) -> Fault | None:
        if isinstance(message, Hello):
            return self._greet(message)
        if isinstance(message, Welcome):
            return self._open(message)
        return self._ledger.follow(speaker, message)

    def _greet(self, hello: Hello) -> Fault | None:
        self._hello = hello
        found = agreed(hello)
        if self.side == "server" and isinstance(found, Problem):
            raise RemoteProtocolError(errors.MALFORMED, found)
        return None

    def _open(self, welcome: Welcome) -> Fault | None:
        assert self._hello is not None  # the table lets welcome follow hello only
        if not self._hello.oldest <= welcome.protocol <= self._hello.protocol:
            return Fault("The server's protocol version is none that hello offered.")
        if welcome.chunk > welcome.window:
            return Fault("A chunk must not be larger than the window.")
        self.protocol = welcome.protocol
        self._ledger.chunk, self._ledger.window = welcome.chunk, welcome.window
        return None
