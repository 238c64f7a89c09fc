"""One transfer: how far it is, how far it may go, and what its receiver has safe.

Law: numbers; knows no message and no socket. `window` bytes at most are under way beyond the last Ack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from layerlift.wire.states import Leg, Side

Direction = Literal["up", "down"]


@dataclass
class Transfer:
    """A put ("up") or a get ("down"). Until `ready`, `size` is what a put announced (None for a get) and `moved` the
    offset that a get asked for."""

    direction: Direction
    size: int | None
    moved: int = 0
    acked: int = 0
    leg: Leg = "asked"

    @property
    def sender(self) -> Side:
        """Whose bytes these are."""
        return "client" if self.direction == "up" else "server"

    def ready(self, offset: int, size: int) -> str:
        """The server said where it begins. Returns what is wrong with that, or nothing."""
        if self.leg != "asked":
            return "A transfer was made ready twice."
        if offset > size:
            return "A transfer begins after its end."
        if self.direction == "up" and size != self.size:
            return "An upload was made ready with another size."
        if self.direction == "down" and offset != self.moved:
            return "A download was made ready at another offset."
        self.moved = self.acked = offset
        self.size = size
        self.leg = "over" if offset == size else "flowing"
        return ""

    def credit(self, window: int) -> int:
        """How many more bytes may go out now."""
        if self.leg != "flowing" or self.size is None:
            return 0
        return min(self.acked + window, self.size) - self.moved

    def move(self, offset: int, length: int, window: int) -> str:
        """`length` bytes at `offset` go over the wire. Returns what is wrong with that, or nothing."""
        if self.leg != "flowing":
            return "Bytes came before their transfer was ready."
        if offset != self.moved:
            return f"Bytes came at {offset}, but {self.moved} were next."
        if length > self.credit(window):
            return "Bytes came without credit, or beyond their transfer's size."
        self.moved += length
        return ""

    def ack(self, offset: int) -> str:
        """The receiver has `offset` bytes safe. Returns what is wrong with that, or nothing."""
        if self.leg != "flowing":
            return "An ack came before its transfer was ready."
        if not self.acked < offset <= self.moved:
            return f"An ack for {offset} came, between {self.acked} acknowledged and {self.moved} sent."
        self.acked = offset
        if offset == self.size:
            self.leg = "over"
        return ""
