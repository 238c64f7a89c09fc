"""All transfers of one conversation, kept alike on both sides by watching what is said.

Law: knows the messages that move transfers, and who said them; no bytes, no socket. Remembers at most
`limits.TRANSFERS` transfers and two numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from layerlift.wire import errors, limits
from layerlift.wire.messages import Ack, Chunk, Get, Message, Put, Ready, Refused, Stop
from layerlift.wire.states import Side
from layerlift.wire.transfers import Transfer


@dataclass(frozen=True)
class Fault:
    """What is wrong with a message, and how to close for it."""

    sentence: str
    close_code: int = errors.MALFORMED


class Ledger:
    """`side` is whose book this is. Numbers of transfers only ever grow, so that a late message about a transfer that
    is over can be told from one about a transfer that never was."""

    def __init__(self, side: Side) -> None:
        self.side: Side = side
        self.chunk, self.window = limits.CHUNK, limits.WINDOW
        self.transfers: dict[int, Transfer] = {}
        self.latest = -1
        self.stray = 0  # bytes that may still arrive for transfers that this side ended

    def follow(self, speaker: Side, message: Message) -> Fault | None:
        """`speaker` says `message`: move the transfer it speaks of, or say what is wrong and change nothing."""
        if isinstance(message, (Put, Get)):
            return self._begin(message)
        if isinstance(message, Refused) and message.transfer is None:
            return None
        if not isinstance(message, (Ready, Ack, Chunk, Stop, Refused)):
            return None
        number = message.transfer
        assert number is not None
        transfer = self.transfers.get(number)
        if transfer is None:
            return self._late(speaker, message, number)
        return self._move(speaker, message, transfer, number)

    def _begin(self, message: Put | Get) -> Fault | None:
        if message.transfer <= self.latest:
            return Fault(f"Transfer {message.transfer} is not newer than {self.latest}.")
        if len(self.transfers) >= limits.TRANSFERS:
            return Fault(f"More than {limits.TRANSFERS} transfers were begun at once.", errors.TOO_MANY)
        begun = Transfer("up", message.size) if isinstance(message, Put) else Transfer("down", None, message.offset)
        self.transfers[message.transfer] = begun
        self.latest = message.transfer
        return None

    def _late(self, speaker: Side, message: Message, number: int) -> Fault | None:
        """About a transfer that is over. From the other side that can be a crossing on the way; bytes only so many as
        could be on the way."""
        if number > self.latest:
            return Fault(f"There is no transfer {number}.")
        if speaker == self.side:
            return None if isinstance(message, Stop) else Fault(f"Transfer {number} is over.")
        if isinstance(message, Chunk):
            length = memoryview(message.data).nbytes
            if length > self.stray:
                return Fault(f"Bytes came for transfer {number}, which is over.", errors.OUT_OF_STEP)
            self.stray -= length
        return None

    def _move(self, speaker: Side, message: Message, transfer: Transfer, number: int) -> Fault | None:
        wrong = ""
        if isinstance(message, Chunk):
            wrong = self._chunk(speaker, message, transfer)
        elif isinstance(message, Ack):
            wrong = transfer.ack(message.offset) if speaker != transfer.sender else "An ack came from the sender."
        elif isinstance(message, Ready):
            if sentence := transfer.ready(message.offset, message.size):
                return Fault(sentence)
        else:
            self._give_up(speaker, transfer)
        if wrong:
            return Fault(wrong, errors.OUT_OF_STEP)
        if transfer.leg == "over":
            del self.transfers[number]
        return None

    def _chunk(self, speaker: Side, message: Chunk, transfer: Transfer) -> str:
        length = memoryview(message.data).nbytes
        if speaker != transfer.sender:
            return "Bytes came from the receiver."
        if length > self.chunk:
            return f"A chunk of {length} bytes is longer than the agreed {self.chunk}."
        return transfer.move(message.offset, length, self.window)

    def _give_up(self, speaker: Side, transfer: Transfer) -> None:
        """Stop or Refused. What the other side has credit for can still be on its way to us."""
        if speaker == self.side != transfer.sender:
            unknown = transfer.leg == "asked" and transfer.direction == "down"
            self.stray += self.window if unknown else transfer.credit(self.window)
        transfer.leg = "over"
