"""What the action needs from the room around it: a host that reads and inserts, a link that speaks to the server.

Law: types only. Nothing behind these ports may block: what takes long is an iterator whose every step is short.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from layerlift.wire.messages import Message
from layerlift.wire.values import LayerInfo, Native, NativePixels, Param
from layerlift_krita.action.sheaf import Sheaf

Scope = Literal["layer", "image", "selection"]
Steps = Iterator["float | None"]
"""Work cut into short steps: each yields the fraction done, or None when it has to wait for the host a moment."""


SIDES = ("left", "top", "right", "bottom")


class Say:
    """A sentence for the user, translated where it is shown."""

    def __init__(self, text: str, **values: object) -> None:
        self.text, self.values = text, values

    def __str__(self) -> str:
        return self.text.format(**self.values) if self.values else self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Say) and (self.text, self.values) == (other.text, other.values)

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Say({str(self)!r})"


class ShowsThrough(Say):
    """The sentence that the source shows through the result: whoever shows it can offer to hide the source."""


class Trouble(Exception):
    """Something the user should hear: a sentence, and what would help."""

    def __init__(self, sentence: Say, remedy: Say | None = None) -> None:
        super().__init__(str(sentence))
        self.sentence, self.remedy = sentence, remedy


class Moved(Trouble):
    """The place is not what it was: the result is kept and offered."""


@dataclass(frozen=True)
class Wish:
    """What the user asked for: an operation of the wire and its `params` (layerlift.wire.params), on what of the
    document (`scope`), by which `engine` (None: the server's choice)."""

    operation: str = "decompose"
    scope: Scope = "layer"
    engine: str | None = None
    params: Mapping[str, Param] = field(default_factory=dict)

    @property
    def margins(self) -> tuple[int, int, int, int]:
        """By how many pixels the canvas grows: left, top, right, bottom."""
        left, top, right, bottom = (int(self.params.get(side) or 0) for side in SIDES)
        return left, top, right, bottom


class Place(Protocol):
    """Where a result belongs. Survives the host's restart as `saved()`."""

    @property
    def name(self) -> str:
        """What was taken apart, in the user's words (a layer's name, a document's)."""
        ...

    def saved(self) -> dict[str, Any]:
        """Itself in JSON's types."""
        ...


class Snapshot(Protocol):
    """The pixels as they were when the user clicked; later strokes do not reach it.

    The payload is what the wire's DocumentInfo describes: straight RGBA rows, then the mask, then the ICC profile, then
    (`native`) the host's own numbers and a table; empty where the server needs to see nothing. `notes` may grow while
    it is read.
    """

    place: Place
    title: str
    width: int
    height: int
    depth: Literal[8, 16]
    x: int
    y: int
    mask: bool
    icc: bytes
    native: Native | None
    notes: tuple[Say, ...]

    @property
    def size(self) -> int:
        """Bytes of the payload."""
        ...

    def offer(self, native: bool) -> None:
        """Whether the server takes the host's own numbers beside RGB: settles `native`, `size` and `notes`. Said before
        the payload is announced."""
        ...

    def read(self, offset: int, length: int) -> memoryview:
        """At most `length` bytes of the payload from `offset` on; at least one. Short: a band at a time."""
        ...

    def seal(self) -> str:
        """A fingerprint of what was read, to tell later whether the source changed; empty before all was read."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def pulled(info: LayerInfo) -> LayerInfo | NativePixels:
    """Which of a layer's pixels we want: those in the document's own numbers, where they are there."""
    return info.native or info


@dataclass
class Piece:
    """One layer on its way into the host: what it is, its bytes as they arrive (straight RGBA, or the document's own
    numbers where `info.native` says so), and the running digest of those."""

    info: LayerInfo
    pixels: Sheaf = field(default_factory=Sheaf)
    digest: Any = field(default_factory=hashlib.sha256)


class Host(Protocol):
    """The program we sit in."""

    def snapshot(self, wish: Wish, place: Place | None = None) -> Snapshot:
        """Take what the user means now, or what is at `place`, at once. Raises Trouble (nothing open, …)."""
        ...

    def insert(self, place: Place, seal: str, pieces: Sequence[Piece], anyway: bool) -> Steps:
        """Put the pieces (bottom first) where they belong, as one group (or one layer) in one undo step. Raises Moved
        when the place is not what it was, unless `anyway`, and Trouble."""
        ...

    def insert_new(self, place: Place, pieces: Sequence[Piece]) -> Steps:
        """Put the pieces into a new document of their own."""
        ...

    def hide(self, place: Place) -> None:
        """Hide what the result was made from, in an undo step of its own. Raises Moved."""
        ...

    def place(self, saved: dict[str, Any]) -> Place | None:
        """A place that was saved; None if it makes no sense any more."""
        ...


class Link(Protocol):
    """The way to the server: one connection, made again when it breaks."""

    def open(self, start: bool) -> None:
        """Be connected soon: find the server or, if `start`, start it. Ends in the action's `connected` or `lost`."""
        ...

    def say(self, message: Message) -> None:
        """Say it. Only while connected."""
        ...

    def number(self) -> int:
        """A transfer number that this connection has not used."""
        ...

    def room(self, transfer: int) -> int:
        """How many bytes of an upload can go out at once now; 0 when its credit or the socket's buffer is used up."""
        ...

    def chunk(self, transfer: int, data: memoryview) -> None:
        """Send an upload's next bytes, at most `room`."""
        ...

    def give_up(self, transfer: int) -> None:
        """Stop a transfer, if it still goes."""
        ...

    def stored(self, transfer: int, offset: int) -> None:
        """A download's bytes up to `offset` are here; acknowledges them when it is time to."""
        ...
