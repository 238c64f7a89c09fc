"""A server in miniature, in a thread of its own: real sockets, the real wire, jobs that need no engine.

It keeps what it is told across connections, cuts a connection when asked to, and takes a picture apart into rows:
layer i is the i-th strip, so that every byte of every layer is known.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import ssl
import threading
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import websockets
from websockets.asyncio.server import ServerConnection, serve

from layerlift.wire import messages as m
from layerlift.wire.connection import Connection
from layerlift.wire.runtime import ServerFile
from layerlift.wire.values import Bounds, Device, DocumentInfo, EngineOffer, JobInfo, LayerInfo, Limits, Problem

TOKEN = "t" * 43
DEVICE = "3f1e4a52-6b8c-4d7e-9a10-2b3c4d5e6f70"
LIMITS = Limits(30_000, 150_000_000, 1 << 30, 64, 8)
ENGINES = (EngineOffer("rows", "Rows", ("decompose",), 16, True),)


@dataclass
class Upload:
    document: DocumentInfo
    size: int
    data: bytearray = field(default_factory=bytearray)


@dataclass
class Job:
    order: m.Submit
    upload: Upload
    story: list[m.Message] = field(default_factory=list)
    ended: bool = False
    kept: bool = False


class StandIn:
    """`cut` bytes from now (in either direction) the connection breaks off; None: never. `hold` keeps jobs running."""

    def __init__(self, secured: ssl.SSLContext | None = None) -> None:
        self.uploads: dict[str, Upload] = {}
        self.jobs: dict[str, Job] = {}
        self.said: list[m.Message] = []
        self.hellos: list[m.Hello] = []
        self.devices = {DEVICE: Device(DEVICE, "Tablet", 1.0, 2.0)}
        self.cut: int | None = None
        self.cuts = 0
        self.hold = False
        self.spoil: set[int] = set()  # layers whose bytes are wrong the first time
        self.refuse: dict[str, Problem] = {}
        self.hang_up: tuple[int, str] | None = None
        self.fails: Problem | None = None
        self._secured = secured
        self._watchers: list[tuple[str, Talk]] = []
        self.talks: list[Talk] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> StandIn:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(20)

    def do(self, act: Any) -> Any:
        """Run `act()` in the server's thread."""

        async def later() -> Any:
            return act()

        return asyncio.run_coroutine_threadsafe(later(), self._loop).result(20)

    def release(self) -> None:
        """Let held jobs end."""
        self.hold = False
        self.do(lambda: [self._finish(job) for job in self.jobs.values() if not job.ended])

    def drop_lines(self) -> None:
        """Break every connection off."""
        self.do(lambda: [talk.socket.transport.abort() for talk in self.talks])

    def write_runtime_file(self, folder: Path) -> None:
        server = ServerFile(self.port, os.getpid(), TOKEN, 1, "0")
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / server.name).write_text(server.text)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        options: dict[str, Any] = {"compression": None, "max_size": 1 << 20, "ssl": self._secured, "close_timeout": 1}
        async with serve(self._meet, "127.0.0.1", 0, **options) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            self._ready.set()
            await self._over.wait()

    async def _meet(self, socket: ServerConnection) -> None:
        talk = Talk(self, socket)
        self.talks.append(talk)
        try:
            with contextlib.suppress(websockets.ConnectionClosed):
                async for payload in socket:
                    assert isinstance(payload, bytes)
                    await talk.hear(payload)
        finally:
            self.talks.remove(talk)
            self._watchers = [entry for entry in self._watchers if entry[1] is not talk]

    # jobs

    def submit(self, order: m.Submit, talk: Talk) -> None:
        if order.job not in self.jobs:
            job = self.jobs[order.job] = Job(order, self._material(order))
            self.tell(job, m.Queued(order.job, 2), m.Queued(order.job, 1), m.Started(order.job, "rows"))
            if not self.hold:
                self._finish(job)
        self.watch(order.job, talk)

    def _material(self, order: m.Submit) -> Upload:
        if order.upload is not None:
            return self.uploads[order.upload]
        if (source := order.params.get("source")) is not None:
            return self.jobs[str(source)].upload
        prompt, width, height = (order.params[name] for name in ("prompt", "width", "height"))
        document = DocumentInfo(str(prompt), "pixels", int(width or 0), int(height or 0), 8)
        return Upload(document, 0, bytearray(document.width * document.height * 4))

    def watch(self, job: str, talk: Talk) -> None:
        for event in self.jobs[job].story:
            talk.queue(event)
        self._watchers.append((job, talk))

    def tell(self, job: Job, *events: m.Message) -> None:
        job.story += events
        for name, talk in self._watchers:
            if name == job.order.job:
                for event in events:
                    talk.queue(event)

    def _finish(self, job: Job) -> None:
        job.ended, name = True, job.order.job
        if self.fails is not None:
            self.tell(job, m.Failed(name, "failed", self.fails))
            return
        document = job.upload.document
        self.tell(job, m.Progress(name, "Cutting rows", 0.5, 1.0), m.Preview(name, 1, 1, b"png"))
        layers = strips(document, job.order.params.get("layers") or 3)
        for info in layers:
            data = self.pixels(job, info)
            digest = hashlib.sha256(data).hexdigest()
            self.tell(job, m.LayerReady(name, with_digest(info, digest)))
        shape = (document.width, document.height, document.depth or 8)
        self.tell(job, m.Done(name, len(layers), *shape, document.icc, 0.1, ("A note.",), 0.25))

    def cancel(self, job: Job) -> None:
        if not job.ended:
            job.ended = True
            self.tell(job, m.Failed(job.order.job, "cancelled", Problem("cancelled", "Cancelled.")))

    def pixels(self, job: Job, info: LayerInfo) -> bytes:
        row = info.bounds.width * info.depth // 2
        return bytes(job.upload.data[info.bounds.y * row : (info.bounds.y + info.bounds.height) * row])

    def info(self, job: Job) -> JobInfo:
        name = job.upload.document.name
        state: Any = "done" if job.ended else "running"
        return JobInfo(job.order.job, name, "test", "decompose", "rows", state, 5.0, kept=job.kept)


class Talk:
    """One connection."""

    def __init__(self, server: StandIn, socket: ServerConnection) -> None:
        self.server, self.socket = server, socket
        self.wire = Connection("server")
        self._puts: dict[int, Upload] = {}
        self._gets: dict[int, memoryview] = {}
        self._queue: list[m.Message] = []

    def queue(self, message: m.Message) -> None:
        if not self._queue:
            asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(self._flush()))
        self._queue.append(message)

    async def _flush(self) -> None:
        while self._queue:
            await self.say(self._queue.pop(0))

    async def say(self, message: m.Message) -> None:
        await self._send(self.wire.encode(message))

    async def _send(self, *parts: bytes | memoryview) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            await self.socket.send(b"".join(parts))

    def _count(self, moved: int) -> None:
        server = self.server
        if server.cut is not None:
            server.cut -= moved
            if server.cut <= 0:
                server.cut, server.cuts = None, server.cuts + 1
                self.socket.transport.abort()

    async def hear(self, payload: bytes) -> None:
        message = self.wire.decode(payload)
        if not isinstance(message, m.Chunk | m.Ack):
            self.server.said.append(message)
        if message.kind in self.server.refuse:
            job, transfer = getattr(message, "job", None), getattr(message, "transfer", None)
            await self.say(m.Refused(message.kind, self.server.refuse[message.kind], job, transfer))
            return
        await getattr(self, f"_{message.kind}")(message)

    async def _hello(self, hello: m.Hello) -> None:
        self.server.hellos.append(hello)
        if self.server.hang_up is not None:
            await self.socket.close(*self.server.hang_up)
        elif hello.token == TOKEN or hello.code == "123456":
            token = "n" * 43 if hello.code else None
            await self.say(m.Welcome(1, "stand-in", 1 << 18, 8 << 20, ENGINES, LIMITS, hello.code is None, token))
        else:
            wrong_code = Problem(
                "unauthorized", "This code is wrong.", "Let the server show a new one.", retryable=True
            )
            stranger = Problem("unauthorized", "Nobody knows you.", "Pair again.")
            await self.say(m.Refused("hello", wrong_code if hello.code else stranger))
            await self.socket.close(4401)

    async def _put(self, put: m.Put) -> None:
        upload = self.server.uploads.setdefault(put.upload, Upload(put.document, put.size))
        self._puts[put.transfer] = upload
        await self.say(m.Ready(put.transfer, len(upload.data), upload.size))

    async def _chunk(self, chunk: m.Chunk) -> None:
        upload = self._puts[chunk.transfer]
        upload.data += chunk.data
        if (ack := self.wire.stored(chunk.transfer, len(upload.data))) is not None:
            await self._send(ack)
        self._count(len(chunk.data))

    async def _submit(self, order: m.Submit) -> None:
        self.server.submit(order, self)

    async def _watch(self, watch: m.Watch) -> None:
        if watch.job in self.server.jobs:
            self.server.watch(watch.job, self)
        else:
            await self.say(m.Refused("watch", Problem("unknown-job", "No such job."), watch.job))

    async def _get(self, get: m.Get) -> None:
        job = self.server.jobs[get.job]
        if get.layer is None:
            data = bytes(job.upload.data[-job.upload.document.icc :])
        else:
            event = [e for e in job.story if isinstance(e, m.LayerReady)][get.layer]
            data = self.server.pixels(job, event.layer)
            if get.layer in self.server.spoil:
                self.server.spoil.discard(get.layer)
                data = bytes([data[0] ^ 1]) + data[1:]
        self._gets[get.transfer] = memoryview(data)
        await self.say(m.Ready(get.transfer, get.offset, len(data)))
        await self._pour(get.transfer)

    async def _ack(self, ack: m.Ack) -> None:
        await self._pour(ack.transfer)

    async def _pour(self, number: int) -> None:
        while (credit := self.wire.credit(number)) > 0:
            offset = self.wire.position(number)
            piece = self._gets[number][offset : offset + min(credit, 1 << 18)]
            await self._send(*self.wire.chunk(number, piece))
            self._count(len(piece))

    async def _stop(self, stop: m.Stop) -> None:
        self._puts.pop(stop.transfer, None)

    async def _cancel(self, cancel: m.Cancel) -> None:
        if cancel.job not in self.server.jobs:
            await self.say(m.Refused("cancel", Problem("unknown-job", "No such job."), cancel.job))
            return
        job = self.server.jobs[cancel.job]
        self.server.cancel(job)
        await self.say(job.story[-1])

    async def _jobs(self, jobs: m.Jobs) -> None:
        await self.say(m.JobList(tuple(self.server.info(job) for job in self.server.jobs.values())))

    async def _drop(self, drop: m.Drop) -> None:
        if self.server.jobs.pop(drop.job, None) is None:
            await self.say(m.Refused("drop", Problem("unknown-job", "No such job."), drop.job))
        else:
            await self.say(m.Dropped(drop.job))

    async def _keep(self, keep: m.Keep) -> None:
        self.server.jobs[keep.job].kept = keep.keep
        await self.say(m.JobList((self.server.info(self.server.jobs[keep.job]),)))

    async def _pair(self, pair: m.Pair) -> None:
        await self.say(m.Pairing("123456", 120.0))

    async def _devices(self, devices: m.Devices) -> None:
        await self.say(m.DeviceList(tuple(self.server.devices.values())))

    async def _revoke(self, revoke: m.Revoke) -> None:
        self.server.devices.pop(revoke.device, None)
        await self._devices(m.Devices())


def strips(document: DocumentInfo, count: Any) -> list[LayerInfo]:
    edges = [document.height * index // count for index in range(count + 1)]
    made = []
    for index, (top, bottom) in enumerate(pairwise(edges)):
        bounds = Bounds(0, top, document.width, bottom - top)
        depth = document.depth or 8
        size = bounds.width * bounds.height * depth // 2
        made.append(LayerInfo(index, f"Row {index}", "graphic", bounds, depth, size, "0" * 64, group=("Rows",)))
    return made


def with_digest(info: LayerInfo, digest: str) -> LayerInfo:
    return LayerInfo(**{**info.__dict__, "digest": digest})


def forget(path: Path) -> None:
    path.write_text(json.dumps({}))
