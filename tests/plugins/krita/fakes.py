"""A host and a link in memory. The link speaks real protocol: two sans-IO connections, every message encoded and
decoded; on the other end sits a small server that keeps what it is given."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from layerlift.wire.connection import Connection
from layerlift.wire.limits import CHUNK, LATTICE
from layerlift.wire.messages import (
    Ack,
    Cancel,
    Chunk,
    Done,
    Drop,
    Failed,
    Get,
    Hello,
    LayerReady,
    Message,
    Progress,
    Put,
    Queued,
    Ready,
    Refused,
    Started,
    Stop,
    Submit,
    Watch,
    Welcome,
)
from layerlift.wire.problems import problem
from layerlift.wire.values import Bounds, ClientInfo, DocumentInfo, EngineOffer, LayerInfo, Limits, Native, NativePixels
from layerlift_krita.action.action import Action
from layerlift_krita.action.ports import Moved, Piece, Place, Say, Trouble, Wish, pulled

LIMITS = Limits(side=30_000, pixels=200_000_000, upload=2**32, layers=64, jobs=16)
QUICK = EngineOffer("quick", "Quick", ("decompose",), 32, default=True)


@dataclass(frozen=True)
class FakePlace:
    """A place is its name."""

    name: str = "Layer"

    def saved(self) -> dict[str, Any]:
        return {"name": self.name}


class FakeSnapshot:
    """`size` bytes that count."""

    def __init__(self, place: FakePlace, width: int = 40, height: int = 30) -> None:
        self.place, self.title, self.width, self.height = place, place.name, width, height
        self.depth, self.x, self.y, self.mask, self.icc, self.notes = 8, 3, 4, False, b"", ()
        self.own: Native | None = None
        self.native: Native | None = None
        self.payload = bytes(i % 251 for i in range(width * height * 4))
        self.closed = False
        self._read = 0

    @property
    def size(self) -> int:
        return len(self.payload)

    def offer(self, native: bool) -> None:
        rgb = self.payload[: self.width * self.height * 4]
        self.native = self.own if native else None
        beside = 0 if self.native is None else (len(rgb) // 4 + LATTICE**3) * (self.native.channels + 1)
        self.payload = rgb + bytes(i % 13 for i in range(beside))

    def read(self, offset: int, length: int) -> memoryview:
        assert not self.closed
        data = memoryview(self.payload)[offset : offset + min(length, 1000)]
        self._read = max(self._read, offset + len(data))
        return data

    def seal(self) -> str:
        return "whole" if self._read == self.size else ""

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeHost:
    """Remembers what was inserted where."""

    trouble: Trouble | None = None
    moved: bool = False
    own: Native | None = None
    inserted: list[tuple[str, str, list[bytes]]] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    snapshots: list[FakeSnapshot] = field(default_factory=list)

    def snapshot(self, wish: Wish, place: Place | None = None) -> FakeSnapshot:
        if self.trouble is not None:
            raise self.trouble
        shot = FakeSnapshot(FakePlace("Layer" if place is None else place.name))
        shot.own = self.own
        if "width" in wish.params:
            shot.payload = b""
        self.snapshots.append(shot)
        return shot

    def insert(self, place: Place, seal: str, pieces: Sequence[Piece], anyway: bool) -> Iterator[float | None]:
        yield None
        for number, piece in enumerate(pieces):
            assert len(piece.pixels) == pulled(piece.info).size
            yield number / len(pieces)
        if self.moved and not anyway:
            raise Moved(Say("“{name}” was changed meanwhile.", name=place.name))
        self.inserted.append((place.name, seal, [bytes(piece.pixels) for piece in pieces]))

    def insert_new(self, place: Place, pieces: Sequence[Piece]) -> Iterator[float | None]:
        yield 0.5
        self.fresh.append(place.name)

    def hide(self, place: Place) -> None:
        if self.moved:
            raise Moved(Say("The layer “{name}” is gone.", name=place.name))
        self.hidden.append(place.name)

    def place(self, saved: dict[str, Any]) -> FakePlace | None:
        return FakePlace(saved["name"]) if "name" in saved else None


class FakeServer:
    """One connection's other end. Jobs stop where `hold` says, until `go_on`."""

    def __init__(self, layers: int = 2) -> None:
        self.layers = [self._layer(i) for i in range(layers)]
        self.uploads: dict[str, tuple[int, bytearray]] = {}
        self.jobs: dict[str, str] = {}
        self.dropped: list[str] = []
        self.hold: str | None = None
        self.corrupt = False
        self.refuse: str | None = None
        self.submits: list[Submit] = []
        self.offers: tuple[EngineOffer, ...] = ()
        self.native = False
        self.documents: list[DocumentInfo] = []

    def _layer(self, index: int) -> tuple[LayerInfo, bytes]:
        pixels = bytes((index * 7 + i) % 256 for i in range(10 * 8 * 4))
        digest = hashlib.sha256(pixels).hexdigest()
        info = LayerInfo(index, f"Layer {index}", "graphic", Bounds(index, 0, 10, 8), 8, len(pixels), digest)
        return info, pixels

    @staticmethod
    def inks(pixels: bytes) -> bytes:
        """A layer's pixels in CMYKA, as far as anybody looks here."""
        return bytes(len(pixels) // 4) + pixels

    def answer(self, message: Message, wire: Connection) -> Iterator[Message]:
        """What it says to that."""
        if isinstance(message, Hello):
            offers = self.offers or (QUICK,)
            yield Welcome(1, "fake 1", CHUNK, 8 * CHUNK, offers, LIMITS, owner=True, native=self.native)
        elif isinstance(message, Put):
            _, have = self.uploads.setdefault(message.upload, (message.size, bytearray()))
            self._putting = message.upload
            self.documents.append(message.document)
            yield Ready(message.transfer, len(have), message.size)
        elif isinstance(message, Chunk):
            _, have = self.uploads[self._putting]
            have += message.data
            ack = wire.stored(message.transfer, len(have))
            if ack is not None:
                yield _Raw(ack)
        elif isinstance(message, Submit):
            self.submits.append(message)
            if self.refuse is not None:
                yield Refused("submit", problem(self.refuse), job=message.job)
                return
            self.jobs[message.job] = "queued"
            yield from self.state(message.job)
        elif isinstance(message, Watch):
            if message.job not in self.jobs:
                yield Refused("watch", problem("unknown-job"), job=message.job)
            else:
                yield from self.state(message.job)
        elif isinstance(message, Get):
            _, pixels = self.layers[message.layer or 0]
            if message.native:
                pixels = self.inks(pixels)
            yield Ready(message.transfer, message.offset, len(pixels))
            if self.hold != "fetching":
                data = memoryview(pixels)[message.offset :]
                yield Chunk(message.transfer, message.offset, bytes(len(data)) if self.corrupt else data)
        elif isinstance(message, Cancel):
            self.jobs[message.job] = "cancelled"
            yield Failed(message.job, "cancelled", problem("cancelled"))
        elif isinstance(message, Drop):
            self.dropped.append(message.job)
        elif not isinstance(message, Ack | Stop):
            raise AssertionError(f"the plug-in said {message.kind}, which the fake does not know")

    def state(self, job: str) -> Iterator[Message]:
        """Everything about a job, as far as it may go."""
        yield Queued(job, 1)
        if self.hold == "queued":
            return
        yield Started(job, "quick")
        yield Progress(job, "Reading text", 0.5, 3.0)
        if self.hold == "working":
            return
        self.jobs[job] = "done"
        native = self.documents[-1].native if self.documents else None
        for info, pixels in self.layers:
            data = self.inks(pixels)
            beside = NativePixels(4, 8, len(data), hashlib.sha256(data).hexdigest())
            yield LayerReady(job, replace(info, native=beside if native is not None else None))
        yield Done(job, len(self.layers), 40, 30, 8, 0, 1.0, ("A note.",))


class _Raw(Message):
    """Bytes that are encoded already."""

    def __init__(self, data: bytes) -> None:
        object.__setattr__(self, "data", data)


class FakeLink:
    """The link of `action.ports`, without a socket: whatever is said is answered at the next `turn`."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.action: Action | None = None
        self.mine, self.theirs = Connection("client"), Connection("server")
        self.opened: list[bool] = []
        self._out: list[bytes] = []
        self._number = 0
        self.up = False

    def open(self, start: bool) -> None:
        self.opened.append(start)

    def connect(self) -> None:
        """The server is there (again)."""
        self.mine, self.theirs, self._out, self._number = Connection("client"), Connection("server"), [], 0
        self.up = True
        self.say(Hello(ClientInfo("test", "1"), token="t" * 43))
        self.turn()

    def cut(self) -> None:
        """The connection breaks; what was said last is lost."""
        self.up, self._out = False, []
        assert self.action is not None
        self.action.lost(None)

    def say(self, message: Message) -> None:
        if self.up:
            self._out.append(self.mine.encode(message))

    def number(self) -> int:
        self._number += 1
        return self._number

    def room(self, transfer: int) -> int:
        return min(self.mine.credit(transfer), CHUNK) if self.up else 0

    def chunk(self, transfer: int, data: memoryview) -> None:
        prefix, data = self.mine.chunk(transfer, data)
        self._out.append(prefix + data)

    def give_up(self, transfer: int) -> None:
        if self.mine.active(transfer):
            self.say(Stop(transfer))

    def stored(self, transfer: int, offset: int) -> None:
        ack = self.mine.stored(transfer, offset)
        if ack is not None:
            self._out.append(ack)

    def turn(self) -> bool:
        """Carry everything over and the answers back. Returns whether there was anything."""
        said, self._out = self._out, []
        for payload in said:
            for reply in self.server.answer(self.theirs.decode(payload), self.theirs):
                data = reply.data if isinstance(reply, _Raw) else self.theirs.encode(reply)  # type: ignore[attr-defined]
                if not self.up:
                    return True
                self._hear(self.mine.decode(data))
        return bool(said)

    def _hear(self, message: Message) -> None:
        assert self.action is not None
        if isinstance(message, Welcome):
            self.action.connected(message)
        else:
            self.action.heard(message)


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.words: list[tuple[str, bool]] = []
        self.changes = 0

    def changed(self) -> None:
        self.changes += 1

    def said(self, sentence: Say, remedy: Say | None, bad: bool) -> None:
        self.words.append((str(sentence), bad))


@dataclass
class Stage:
    """An action with everything around it."""

    host: FakeHost = field(default_factory=FakeHost)
    server: FakeServer = field(default_factory=FakeServer)
    heard: Heard = field(default_factory=Heard)

    def __post_init__(self) -> None:
        self.link = FakeLink(self.server)
        self.action = Action(self.host, self.link, self.heard)
        self.link.action = self.action

    def play(self, turns: int = 500) -> None:
        """Let everything happen that happens by itself."""
        for _ in range(turns):
            moved = self.link.turn()
            busy = self.action.step()
            if not moved and not busy and all(task.state != "inserting" for task in self.action.tasks):
                return
        raise AssertionError("it never comes to rest")
