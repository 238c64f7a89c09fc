"""What a session may ask of the jobs: the one seam between the conversation and the work.

Law: types only. Every call belongs to the event loop's thread and returns at once unless it is `async`. An `Owner` is
who asks: "local" (the runtime file's token, or the page) sees and commands everything, a device id only its own.
Refusals are raised as `Refusal` and become the wire's Refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

from layerlift.wire.messages import Message, Submit
from layerlift.wire.values import DocumentInfo, EngineOffer, JobInfo, Limits, Problem

Owner: TypeAlias = str
LOCAL: Owner = "local"
Listener: TypeAlias = Callable[[Message], None]
"""Receives Queued, Started, Progress, Preview, LayerReady, Done or Failed of one job, in the event loop's thread."""


class Refusal(Exception):
    """The request was understood and is not followed; `problem` says why and what would help."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence)
        self.problem = problem


class Upload(Protocol):
    """Bytes on their way up. Survives its connection; deleted when unused for a while."""

    @property
    def size(self) -> int:
        """Bytes validation."""
        ...

    @property
    def have(self) -> int:
        """Bytes that are there, from the start, without gaps."""
        ...

    def write(self, offset: int, data: memoryview) -> None:
        """Put `data` at `offset`, which must be `have`. Raises Refusal (disk full, beyond `size`)."""
        ...

    def close(self) -> None:
        """This connection is done with it (complete, stopped or cut). What is there stays for a while."""
        ...


class Download(Protocol):
    """A finished layer's bytes (or a profile's)."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        ...

    def read(self, offset: int, length: int) -> memoryview:
        """At most `length` bytes from `offset` (256 KiB a time is best); valid until `close`. Raises Refusal when the
        disk fails."""
        ...

    def close(self) -> None:
        """Let go of the file; the memory views become invalid."""
        ...


class Jobs(Protocol):
    """Everything a session can ask for."""

    async def start(self) -> None:
        """Open the store, mark what a dead server left running as interrupted, be ready for work."""
        ...

    async def stop(self, *, grace: float) -> None:
        """Take no more work, let the running job end within `grace` seconds, else put it back into the queue."""
        ...

    def offers(self) -> Sequence[EngineOffer]:
        """The engines here, at once: what the worker said last (it is remembered across restarts); before it has ever
        spoken, the embedded engine."""
        ...

    def limits(self) -> Limits:
        """What is taken here, for Welcome."""
        ...

    def upload(self, upload: str, size: int, document: DocumentInfo, owner: Owner) -> Upload:
        """Begin or resume an upload: same id, size and document continue where it was. Raises Refusal (limits)."""
        ...

    def submit(self, order: Submit, owner: Owner, client: str) -> JobInfo:
        """Take a job; the same id again is the same job. Raises Refusal."""
        ...

    def watch(self, job: str, owner: Owner, listener: Listener) -> Callable[[], None]:
        """Tell `listener` the job's whole state now (before this returns) and all that comes. Returns how to stop. A
        job that is not `detached` is cancelled when nobody has watched it for a grace period. Raises Refusal (unknown
        job)."""
        ...

    def cancel(self, job: str, owner: Owner) -> None:
        """Ask the job to stop. Raises Refusal (unknown job)."""
        ...

    def drop(self, job: str, owner: Owner) -> None:
        """Forget it and delete its files, cancelling it first if it runs. Raises Refusal (unknown job)."""
        ...

    def keep(self, job: str, owner: Owner, keep: bool) -> JobInfo:
        """Exempt its result from expiry, or take that back. Raises Refusal (unknown job)."""
        ...

    def list(self, owner: Owner, since: float) -> Sequence[JobInfo]:
        """Jobs touched at or after `since`, newest first, at most 100."""
        ...

    def download(self, job: str, owner: Owner, layer: int | None, native: bool = False) -> Download:
        """The pixels of a layer that LayerReady announced (its job may still run; `native`: in its document's own
        numbers), or a done job's profile. Raises Refusal (unknown, not finished)."""
        ...

    async def export(self, job: str, owner: Owner, format: str) -> Path:
        """The result as a file (psd, ora, pptx, zip), made once and kept beside it. Cancelling the call lets the file
        be finished for whoever asks next. Raises Refusal."""
        ...

    def forget_owner(self, owner: Owner) -> None:
        """A device was revoked: cancel and drop what is its own."""
        ...

    def figures(self) -> dict[str, float]:
        """Counters and gauges for /metrics: queued, running, done, failed, …, bytes on disk, worker restarts."""
        ...
