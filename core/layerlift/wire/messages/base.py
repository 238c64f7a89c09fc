"""What both sides may say, and the root of all messages. Law: the vocabulary only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from layerlift.wire.fields import Size, Transfer

PROTOCOL = 1
OLDEST = 1


@dataclass(frozen=True)
class Message:
    """Anything that can be said."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True)
class Ack(Message):
    """`offset` bytes of this transfer have arrived and are safe. The sender keeps at most `window` bytes beyond it."""

    kind: ClassVar[str] = "ack"
    transfer: Transfer
    offset: Size


@dataclass(frozen=True)
class Chunk(Message):
    """Bytes of a transfer: `data` lies at `offset`. At most `chunk` bytes, in order, without gaps."""

    kind: ClassVar[str] = "chunk"
    transfer: Transfer
    offset: Size
    data: bytes | bytearray | memoryview = field(repr=False)
