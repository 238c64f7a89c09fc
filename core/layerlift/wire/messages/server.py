"""What the server says. Law: the vocabulary only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from layerlift.wire import limits
from layerlift.wire.fields import (
    Between,
    Bytes,
    Count,
    Fraction,
    FullSide,
    Id,
    Layers,
    Name,
    PairingCode,
    Position,
    Profile,
    Seconds,
    Sentence,
    Size,
    Token,
    Transfer,
    Version,
    Word,
)
from layerlift.wire.messages.base import Message
from layerlift.wire.values import Device, EngineOffer, JobInfo, LayerInfo, Limits, Problem


@dataclass(frozen=True)
class Welcome(Message):
    """The answer to Hello: the version both speak from here on, who the server is, its engines and limits, the bytes of
    one chunk at most and the bytes in flight at most. `token` only after pairing: keep it. `native`: documents may come
    with their own numbers beside RGB."""

    kind: ClassVar[str] = "welcome"
    protocol: Version
    server: Name
    chunk: Annotated[int, Between(1, limits.CHUNK)]
    window: Annotated[int, Between(1, limits.WINDOW)]
    engines: Annotated[tuple[EngineOffer, ...], Count(0, limits.ENGINES)]
    limits: Limits
    owner: bool = False
    token: Token | None = field(default=None, repr=False)
    native: bool = False


@dataclass(frozen=True)
class Ready(Message):
    """A transfer stands: `offset` bytes are there already (put) or will be left out (get), of `size`."""

    kind: ClassVar[str] = "ready"
    transfer: Transfer
    offset: Size
    size: Size


@dataclass(frozen=True)
class Queued(Message):
    """The job waits; `position` counts from 1 (next)."""

    kind: ClassVar[str] = "queued"
    job: Id
    position: Position


@dataclass(frozen=True)
class Started(Message):
    """The job runs. `attempt` is 2 after a crash of the first."""

    kind: ClassVar[str] = "started"
    job: Id
    engine: Word
    attempt: Position = 1


@dataclass(frozen=True)
class Progress(Message):
    """Where the job is: `stage` in words, `fraction` of the whole (0–1), `eta` in seconds while known."""

    kind: ClassVar[str] = "progress"
    job: Id
    stage: Word
    fraction: Fraction
    eta: Seconds | None = None


@dataclass(frozen=True)
class Preview(Message):
    """A small picture of the work so far, encoded as PNG, at most one chunk long."""

    kind: ClassVar[str] = "preview"
    job: Id
    width: FullSide
    height: FullSide
    png: Annotated[bytes, Bytes(limits.CHUNK)] = field(repr=False)


@dataclass(frozen=True)
class LayerReady(Message):
    """A layer is finished and can be pulled. Layers come bottom first."""

    kind: ClassVar[str] = "layer"
    job: Id
    layer: LayerInfo


@dataclass(frozen=True)
class Done(Message):
    """The job is finished and its `layers` layers are on disk. `icc` is the size of the profile (0: sRGB), `drift` how
    far the engine's rough composite was from the document (mean, 0–1; None: not measured), `notes` sentences for the
    user."""

    kind: ClassVar[str] = "done"
    job: Id
    layers: Layers
    width: FullSide
    height: FullSide
    depth: Literal[8, 16]
    icc: Profile
    seconds: Seconds
    notes: Annotated[tuple[Sentence, ...], Count(0, limits.NOTES)] = ()
    drift: Fraction | None = None


@dataclass(frozen=True)
class Failed(Message):
    """The job ended without a result, and why."""

    kind: ClassVar[str] = "failed"
    job: Id
    state: Literal["failed", "cancelled", "interrupted"]
    problem: Problem


@dataclass(frozen=True)
class JobList(Message):
    """The answer to Jobs and Keep."""

    kind: ClassVar[str] = "job_list"
    jobs: Annotated[tuple[JobInfo, ...], Count(0, limits.JOBS)]


@dataclass(frozen=True)
class Dropped(Message):
    """The job is forgotten and its files are gone."""

    kind: ClassVar[str] = "dropped"
    job: Id


@dataclass(frozen=True)
class Pairing(Message):
    """The code to type into the new device, and for how many more seconds it is good."""

    kind: ClassVar[str] = "pairing"
    code: PairingCode = field(repr=False)
    seconds: Seconds


@dataclass(frozen=True)
class DeviceList(Message):
    """The paired devices."""

    kind: ClassVar[str] = "device_list"
    devices: Annotated[tuple[Device, ...], Count(0, limits.DEVICES)]


@dataclass(frozen=True)
class Refused(Message):
    """The message of kind `about` was not followed; the connection lives on unless a close frame follows."""

    kind: ClassVar[str] = "refused"
    about: Word
    problem: Problem
    job: Id | None = None
    transfer: Transfer | None = None
