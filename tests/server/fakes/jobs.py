"""Jobs that a test drives by hand: everything is remembered, nothing computes, no file is written."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from layerlift.wire.messages import Done, Failed, LayerReady, Message, Progress, Queued, Started, Submit
from layerlift.wire.problems import problem
from layerlift.wire.values import Bounds, DocumentInfo, EngineOffer, JobInfo, LayerInfo, Limits
from layerlift_server.jobs.port import LOCAL, Listener, Owner, Refusal


@dataclass
class FakeUpload:
    owner: Owner
    document: DocumentInfo
    content: bytearray
    have: int = 0
    open: int = 0
    full: bool = False

    @property
    def size(self) -> int:
        return len(self.content)

    def write(self, offset: int, data: memoryview) -> None:
        if self.full:
            raise Refusal(problem("disk-full"))
        assert offset == self.have, "the session must keep the order"
        self.content[offset : offset + len(data)] = data
        self.have += len(data)

    def close(self) -> None:
        self.open -= 1


@dataclass
class FakeDownload:
    content: bytes
    open: bool = True
    reads: int = 0

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self, offset: int, length: int) -> memoryview:
        assert self.open
        self.reads += 1
        return memoryview(self.content)[offset : offset + length]

    def close(self) -> None:
        assert self.open, "closed twice"
        self.open = False


@dataclass
class FakeJob:
    info: JobInfo
    owner: Owner
    order: Submit
    listeners: list[Listener] = field(default_factory=list)
    told: list[Message] = field(default_factory=list)
    layers: list[bytes] = field(default_factory=list)


class FakeJobs:
    """`tell`, `run` and `finish` play the worker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.uploads: dict[str, FakeUpload] = {}
        self.jobs: dict[str, FakeJob] = {}
        self.downloads: list[FakeDownload] = []
        self.forgotten: list[Owner] = []
        self.state = "new"
        self.grace: float | None = None
        self.linger = asyncio.Event()
        self.linger.set()

    async def start(self) -> None:
        self.state = "running"

    async def stop(self, *, grace: float) -> None:
        self.grace = grace
        if grace:
            await self.linger.wait()
        self.state = "stopped"

    def offers(self) -> Sequence[EngineOffer]:
        return [EngineOffer("quick", "Quick", ("decompose",), 16, default=True)]

    def limits(self) -> Limits:
        return Limits(side=30_000, pixels=10**8, upload=2**30, layers=64, jobs=32)

    def upload(self, upload: str, size: int, document: DocumentInfo, owner: Owner) -> FakeUpload:
        if size > self.limits().upload or document.width * document.height > self.limits().pixels:
            raise Refusal(problem("too-large"))
        found = self.uploads.setdefault(upload, FakeUpload(owner, document, bytearray(size)))
        if found.owner != owner or found.size != size:
            raise Refusal(problem("bad-params"))
        found.open += 1
        return found

    def submit(self, order: Submit, owner: Owner, client: str) -> JobInfo:
        if self.state != "running":
            raise Refusal(problem("shutting-down"))
        if order.job in self.jobs:
            return self._job(order.job, owner).info
        upload = self.uploads.get(order.upload or "")
        if upload is None or upload.owner != owner:
            raise Refusal(problem("unknown-upload"))
        info = JobInfo(order.job, upload.document.name, client, order.operation, "quick", "queued", 1.0, position=1)
        self.jobs[order.job] = FakeJob(info, owner, order, told=[Queued(order.job, 1)])
        return info

    def watch(self, job: str, owner: Owner, listener: Listener) -> Callable[[], None]:
        found = self._job(job, owner)
        for message in found.told:
            listener(message)
        found.listeners.append(listener)
        return lambda: found.listeners.remove(listener)

    def cancel(self, job: str, owner: Owner) -> None:
        found = self._job(job, owner)
        if found.info.state in ("queued", "running"):
            self.tell(Failed(job, "cancelled", problem("cancelled")))

    def drop(self, job: str, owner: Owner) -> None:
        self.cancel(job, owner)
        del self.jobs[job]

    def keep(self, job: str, owner: Owner, keep: bool) -> JobInfo:
        found = self._job(job, owner)
        found.info = replace(found.info, kept=keep)
        return found.info

    def list(self, owner: Owner, since: float) -> Sequence[JobInfo]:
        return [job.info for job in self.jobs.values() if owner in (LOCAL, job.owner) and job.info.created >= since]

    def download(self, job: str, owner: Owner, layer: int | None, native: bool = False) -> FakeDownload:
        found = self._job(job, owner)
        if layer is not None and layer >= len(found.layers):
            raise Refusal(problem("not-finished"))
        self.downloads.append(FakeDownload(b"" if layer is None else found.layers[layer]))
        return self.downloads[-1]

    async def export(self, job: str, owner: Owner, format: str) -> Path:
        if self._job(job, owner).info.state != "done":
            raise Refusal(problem("not-finished"))
        path = self.folder / f"{job}.{format}"
        path.write_bytes(f"{format} of {job}".encode())
        return path

    def forget_owner(self, owner: Owner) -> None:
        self.forgotten.append(owner)

    def figures(self) -> dict[str, float]:
        return {"queued": float(sum(job.info.state == "queued" for job in self.jobs.values()))}

    def tell(self, message: Message) -> None:
        found = self.jobs[message.job]  # type: ignore[attr-defined]
        if isinstance(message, Failed):
            found.info = replace(found.info, state=message.state)
        found.told.append(message)
        for listener in list(found.listeners):
            listener(message)

    def run(self, job: str) -> None:
        found = self.jobs[job]
        found.told.clear()
        found.info = replace(found.info, state="running")
        self.tell(Started(job, "quick"))
        self.tell(Progress(job, "looking", 0.5, 1.0))

    def finish(self, job: str, layers: Sequence[bytes]) -> None:
        """`layers`: each a row of RGBA pixels."""
        found = self.jobs[job]
        found.layers = list(layers)
        for index, pixels in enumerate(layers):
            bounds = Bounds(0, 0, len(pixels) // 4, 1)
            digest = hashlib.sha256(pixels).hexdigest()
            self.tell(LayerReady(job, LayerInfo(index, f"Layer {index}", "graphic", bounds, 8, len(pixels), digest)))
        found.info = replace(found.info, state="done")
        self.tell(Done(job, len(layers), 4, 4, 8, 0, 0.1))

    def _job(self, job: str, owner: Owner) -> FakeJob:
        found = self.jobs.get(job)
        if found is None or owner not in (LOCAL, found.owner):
            raise Refusal(problem("unknown-job"))
        return found
