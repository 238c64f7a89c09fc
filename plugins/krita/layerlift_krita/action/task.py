"""One thing the user asked for, from the click to the layers: what it is and where it stands.

Law: data and a table. `errand` moves tasks; whoever shows them reads them.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Literal

from layerlift.wire.values import LayerInfo, Problem
from layerlift_krita.action.ports import Piece, Place, Say, ShowsThrough, Snapshot, Wish

State = Literal[
    "connecting",
    "sending",
    "queued",
    "working",
    "fetching",
    "inserting",
    "inserted",
    "kept",
    "lost",
    "failed",
    "cancelled",
]

MOVES: dict[State, tuple[State, ...]] = {
    "connecting": ("sending", "lost", "failed", "cancelled"),
    "sending": ("connecting", "queued", "working", "fetching", "lost", "failed", "cancelled"),
    "queued": ("working", "fetching", "kept", "lost", "failed", "cancelled"),
    "working": ("queued", "fetching", "kept", "lost", "failed", "cancelled"),
    "fetching": ("inserting", "kept", "lost", "failed", "cancelled"),
    "inserting": ("inserted", "kept", "failed", "cancelled"),
    "kept": ("fetching", "lost", "failed"),
    "lost": ("queued", "working", "fetching", "kept", "failed", "cancelled", "sending", "connecting"),
    "inserted": ("fetching", "failed"),
    "failed": (),
    "cancelled": (),
}
"""Where a task may go from where it stands. `kept`: the result waits on the server for the user's word. `lost`: the
server is away; what it has of the task is unknown. `inserted` results can be fetched once more."""

RUNNING: tuple[State, ...] = ("connecting", "sending", "queued", "working", "fetching", "inserting")
"""States in which something happens by itself, and cancelling means something."""

_SHARE: dict[State, tuple[float, float]] = {
    "connecting": (0.0, 0.01),
    "sending": (0.01, 0.08),
    "queued": (0.08, 0.08),
    "working": (0.08, 0.88),
    "fetching": (0.88, 0.95),
    "inserting": (0.95, 1.0),
    "inserted": (1.0, 1.0),
    "kept": (1.0, 1.0),
}


@dataclass
class Fetch:
    """The layer under way."""

    index: int
    transfer: int


@dataclass
class Task:
    """One wish. `job` and `upload` are UUIDs: saying them twice asks for nothing twice."""

    wish: Wish
    place: Place
    snapshot: Snapshot | None = None
    job: str = field(default_factory=lambda: str(uuid.uuid4()))
    upload: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: float = field(default_factory=time.time)
    state: State = "connecting"
    stage: str = ""
    fraction: float = 0.0
    eta: float | None = None
    position: int | None = None
    seal: str = ""
    submitted: bool = False
    asked: bool = True
    """Whether the user waits for it to be inserted; False for results of an earlier session until they say so."""
    anyway: bool = False
    """Insert even though the place changed: the user said so."""
    fresh: bool = False
    """Insert as a new document."""
    transfer: int | None = None
    sent: int = 0
    layers: dict[int, LayerInfo] = field(default_factory=dict)
    expected: int = 0
    pieces: dict[int, Piece] = field(default_factory=dict)
    fetch: Fetch | None = None
    notes: list[Say] = field(default_factory=list)
    trouble: Say | None = None
    remedy: Say | None = None
    told: bool = False

    def move(self, state: State) -> None:
        """Go to `state`. Raises ValueError for a move that the table has not."""
        if state == self.state:
            return
        if state not in MOVES[self.state]:
            raise ValueError(f"A task cannot go from {self.state} to {state}.")
        self.state = state
        self.fraction, self.eta, self.position, self.stage = 0.0, None, None, ""

    def follow(self, state: State) -> bool:
        """Go to `state` because the server says so; what does not fit where the task stands is not followed."""
        fits = state == self.state or state in MOVES[self.state]
        if fits:
            self.move(state)
        return fits

    @property
    def name(self) -> str:
        """What is taken apart, in the user's words."""
        return self.place.name

    @property
    def through(self) -> bool:
        """Whether the source shows through the result, and could be hidden."""
        return any(isinstance(note, ShowsThrough) for note in self.notes)

    @property
    def outcome(self) -> Say:
        """What there is now that it is inserted."""
        if self.wish.operation == "extend":
            return Say("“{name}” has a larger canvas; what is new lies on a layer of its own.", name=self.name)
        if self.expected == 1 and self.wish.operation != "decompose":
            return Say("“{name}”: the result is a layer of its own.", name=self.name)
        return Say("“{name}” is now {count} layers.", name=self.name, count=self.expected)

    @property
    def running(self) -> bool:
        """Whether something happens by itself."""
        return self.state in RUNNING

    @property
    def whole(self) -> float:
        """The fraction done of everything, from the click to the layers."""
        begin, end = _SHARE.get(self.state, (0.0, 0.0))
        return begin + (end - begin) * min(1.0, max(0.0, self.fraction))

    def fail(self, problem: Problem) -> None:
        """It ended without a result, because of `problem`, in the server's words."""
        self.stop("cancelled" if problem.code == "cancelled" else "failed")
        self.trouble = Say(problem.sentence)
        self.remedy = Say(problem.remedy) if problem.remedy else None

    def stop(self, state: State) -> None:
        """Be at an end: let go of everything large."""
        self.move(state)
        self.release()
        self.pieces.clear()
        self.fetch = None

    def release(self) -> None:
        """Let go of the snapshot."""
        if self.snapshot is not None:
            self.snapshot.close()
            self.snapshot = None

    def saved(self) -> dict[str, Any]:
        """What must survive the host's restart, in JSON's types."""
        said = {"job": self.job, "created": self.created, "operation": self.wish.operation, "seal": self.seal}
        return {**said, "place": self.place.saved()}
