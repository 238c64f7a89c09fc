"""What the server says. Law: the vocabulary only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from layerlift.wire.messages.base import Message
from layerlift.wire.values import Device, EngineOffer, JobInfo, LayerInfo, Limits, Problem


@dataclass(frozen=True)
class Welcome(Message):
    """The answer to Hello: the version both speak from here on, who the server is, its engines and limits, the bytes of
    one chunk at most and the bytes in flight at most. `token` only after pairing: keep it."""

    kind: ClassVar[str] = "welcome"
    protocol: int
    server: str
    chunk: int
    window: int
    engines: tuple[EngineOffer, ...]
    limits: Limits
    owner: bool = False
    token: str | None = None


@dataclass(frozen=True)
class Ready(Message):
    """A transfer stands: `offset` bytes are there already (put) or will be left out (get), of `size`."""

    kind: ClassVar[str] = "ready"
    transfer: int
    offset: int
    size: int


@dataclass(frozen=True)
class Queued(Message):
    """The job waits; `position` counts from 1 (next)."""

    kind: ClassVar[str] = "queued"
    job: str
    position: int


@dataclass(frozen=True)
class Started(Message):
    """The job runs. `attempt` is 2 after a crash of the first."""

    kind: ClassVar[str] = "started"
    job: str
    engine: str
    attempt: int = 1


@dataclass(frozen=True)
class Progress(Message):
    """Where the job is: `stage` in words, `fraction` of the whole (0–1), `eta` in seconds while known."""

    kind: ClassVar[str] = "progress"
    job: str
    stage: str
    fraction: float
    eta: float | None = None


@dataclass(frozen=True)
class Preview(Message):
    """A small picture of the work so far, encoded as PNG, at most one chunk long."""

    kind: ClassVar[str] = "preview"
    job: str
    width: int
    height: int
    png: bytes


@dataclass(frozen=True)
class LayerReady(Message):
    """A layer is finished and can be pulled. Layers come bottom first."""

    kind: ClassVar[str] = "layer"
    job: str
    layer: LayerInfo


@dataclass(frozen=True)
class Done(Message):
    """The job is finished and its `layers` layers are on disk. `icc` is the size of the profile (0: sRGB), `drift` how
    far the engine's rough composite was from the document (mean, 0–1; None: not measured), `notes` sentences for the
    user."""

    kind: ClassVar[str] = "done"
    job: str
    layers: int
    width: int
    height: int
    depth: Literal[8, 16]
    icc: int
    seconds: float
    notes: tuple[str, ...] = ()
    drift: float | None = None


@dataclass(frozen=True)
class Failed(Message):
    """The job ended without a result, and why."""

    kind: ClassVar[str] = "failed"
    job: str
    state: Literal["failed", "cancelled", "interrupted"]
    problem: Problem


@dataclass(frozen=True)
class JobList(Message):
    """The answer to Jobs and Keep."""

    kind: ClassVar[str] = "job_list"
    jobs: tuple[JobInfo, ...]


@dataclass(frozen=True)
class Dropped(Message):
    """The job is forgotten and its files are gone."""

    kind: ClassVar[str] = "dropped"
    job: str


@dataclass(frozen=True)
class Pairing(Message):
    """The code to type into the new device, and for how many more seconds it is good."""

    kind: ClassVar[str] = "pairing"
    code: str
    seconds: float


@dataclass(frozen=True)
class DeviceList(Message):
    """The paired devices."""

    kind: ClassVar[str] = "device_list"
    devices: tuple[Device, ...]


@dataclass(frozen=True)
class Refused(Message):
    """The message of kind `about` was not followed; the connection lives on unless a close frame follows."""

    kind: ClassVar[str] = "refused"
    about: str
    problem: Problem
    job: str | None = None
    transfer: int | None = None
