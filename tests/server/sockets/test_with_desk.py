"""The whole server, with the real jobs behind it: a picture up, layers down; bombs, strangers and restarts."""

from __future__ import annotations

import asyncio
import hashlib
import os
import struct
import sys
import uuid
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from layerlift.wire.limits import CHUNK
from layerlift.wire.messages import (
    Cancel,
    Done,
    Drop,
    Dropped,
    Failed,
    Get,
    JobList,
    Jobs,
    Keep,
    LayerReady,
    Message,
    Put,
    Ready,
    Submit,
    Watch,
)
from layerlift.wire.values import DocumentInfo
from layerlift_server.app import Server
from layerlift_server.jobs.desk import Desk
from layerlift_server.jobs.settings import JobSettings
from layerlift_server.settings import Settings
from server.talk import Talker, http


@pytest.fixture(autouse=True)
def no_main_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """A spawned worker runs its parent's main script again: not pytest's, please."""
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[Server]:
    running = Server(settings, Desk(settings.data, JobSettings(prestart=False)))
    await running.start()
    yield running
    await asyncio.wait_for(running.stop(), 30)


def fresh() -> str:
    return str(uuid.uuid4())


def png(side: int) -> bytes:
    """A picture of `side` × `side` black pixels, one bit each, in a few kilobytes."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows, deflate = b"\0" * ((side + 7) // 8 + 1), zlib.compressobj(9)
    pixels = b"".join(deflate.compress(rows) for _ in range(side)) + deflate.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", pixels) + part(b"IEND", b"")


def noise(side: int) -> bytes:
    """An opaque picture of which no two pixels are alike."""
    return b"".join(os.urandom(3) + b"\xff" for _ in range(side * side))


async def end_of(client: Talker, job: str) -> tuple[list[LayerReady], Done | Failed]:
    layers = []
    while True:
        message = await asyncio.wait_for(client.next(), 60)
        if isinstance(message, LayerReady):
            layers.append(message)
        if isinstance(message, Done | Failed) and message.job == job:
            return layers, message


async def test_a_picture_goes_up_and_comes_down_in_layers(server: Server, settings: Settings) -> None:
    side, upload, job = 256, fresh(), fresh()
    pixels = noise(side)
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.put(upload, pixels, DocumentInfo("../../x\0", "pixels", side, side, 8, mask=False))
        await client.say(Submit(job, engine="fake", upload=upload, params={"layers": 3}))
        layers, end = await end_of(client, job)
        assert isinstance(end, Done)
        assert end.layers == len(layers) == 3
        for ready in layers:
            found = await client.get(job, ready.layer.index)
            assert len(found) == ready.layer.size
            assert hashlib.sha256(found).hexdigest() == ready.layer.digest
            cut = ready.layer.size // 2
            assert await client.get(job, ready.layer.index, offset=cut) == found[cut:]
        await client.say(Keep(job))
        assert (await client.hear(JobList)).jobs[0].kept
        bearer = {"Authorization": f"Bearer {server.token}"}
        answer = await http(server.port, f"/export/{job}.ora", bearer)
        assert (answer.status, answer.body[:2]) == (200, b"PK")
        await client.say(Drop(job))
        await client.hear(Dropped)
    outside = [path for path in settings.data.parent.rglob("x*") if settings.data not in path.parents]
    assert not outside, "a document's name is no path"


async def test_a_bomb_in_a_file_fails_alone(server: Server) -> None:
    """900 million pixels in 110 KB: judged in the worker by the header, before anything is inflated."""
    upload, job = fresh(), fresh()
    bomb = png(30_000)
    assert len(bomb) < 300_000
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.put(upload, bomb, DocumentInfo("bomb.png", kind="file"))
        await client.say(Submit(job, engine="fake", upload=upload))
        _, end = await end_of(client, job)
        assert isinstance(end, Failed)
        assert end.problem.code in ("input", "too-large")
        assert end.problem.sentence
        await client.say(Jobs())
        await client.hear(JobList)


@pytest.mark.parametrize("side", [500_000, 100_001, 13_000])
async def test_declared_pixels_beyond_the_limits_are_refused_at_once(
    server: Server, settings: Settings, side: int
) -> None:
    size = side * side * 4
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        if size < 2**40:
            await client.say(Put(1, fresh(), size, DocumentInfo("lie", "pixels", side, side, 8)))
            assert (await client.refused()).problem.code == "too-large"
        wide = DocumentInfo("wide", "pixels", side, 1, 8)
        await client.say(Put(2, fresh(), side * 4, wide))
        if side > 100_000:
            assert (await client.refused()).problem.code == "too-large"
        else:
            assert (await client.hear(Ready)).offset == 0
    uploads = settings.data / "uploads"
    assert sum(path.stat().st_size for path in uploads.rglob("*") if path.is_file()) <= 13_000 * 4


async def test_nobody_touches_anothers_work(server: Server) -> None:
    tokens = []
    for name in ("mine", "theirs"):
        code, _ = server.context.code.show()
        async with Talker(server.port) as client:
            tokens.append((await client.greet(code=code, device=name)).token)
    upload, job = fresh(), fresh()
    async with Talker(server.port) as owner, Talker(server.port) as thief:
        await owner.greet(token=tokens[0])
        await thief.greet(token=tokens[1])
        await owner.put(upload, os.urandom(64 * 64 * 4), DocumentInfo("a", "pixels", 64, 64, 8))
        await owner.say(Submit(job, engine="fake", upload=upload, params={"layers": 2}))
        attempts: list[Message] = [Watch(job), Cancel(job), Drop(job), Keep(job), Get(1, job, 0)]
        for attempt in attempts:
            await thief.say(attempt)
            assert (await thief.refused()).problem.code == "unknown-job"
        for attempt in (Submit(job, engine="fake", upload=upload), Submit(fresh(), engine="fake", upload=upload)):
            await thief.say(attempt)
            assert (await thief.refused()).problem.code in ("unknown-upload", "bad-params")
        await thief.say(Put(2, upload, 64 * 64 * 4, DocumentInfo("a", "pixels", 64, 64, 8)))
        assert (await thief.refused()).problem.code in ("unknown-upload", "bad-params")
        await thief.say(Jobs())
        assert (await thief.hear(JobList)).jobs == ()
        _, end = await end_of(owner, job)
        assert isinstance(end, Done)
        bearer = {"Authorization": f"Bearer {tokens[1]}"}
        assert (await http(server.port, f"/export/{job}.psd", bearer)).status == 404


async def test_uploads_and_results_outlive_the_server(settings: Settings) -> None:
    half, done, job = fresh(), fresh(), fresh()
    side = 512
    pixels = noise(side)
    assert len(pixels) == 4 * CHUNK
    document = DocumentInfo("a", "pixels", side, side, 8)
    first = Server(settings, Desk(settings.data, JobSettings(prestart=False)))
    await first.start()
    async with Talker(first.port) as client:
        await client.greet(token=first.token)
        await client.put(done, pixels, document)
        await client.say(Submit(job, engine="fake", upload=done, params={"layers": 2}))
        layers, end = await end_of(client, job)
        assert isinstance(end, Done)
        found = await client.get(job, 1)
        transfer = client.transfer()
        await client.say(Put(transfer, half, len(pixels), document))
        await client.hear(Ready)
        await client.send(*client.connection.chunk(transfer, memoryview(pixels)[:CHUNK]))
        await client.say(Jobs())
        await client.hear(JobList)
    await asyncio.wait_for(first.stop(), 30)
    second = Server(settings, Desk(settings.data, JobSettings(prestart=False)))
    await second.start()
    async with Talker(second.port) as client:
        await client.greet(token=second.token)
        await client.say(Watch(job))
        again, end = await end_of(client, job)
        assert isinstance(end, Done)
        assert [ready.layer for ready in again] == [ready.layer for ready in layers]
        assert await client.get(job, 1) == found
        await client.say(Put(client.transfer() + 10, half, len(pixels), document))
        assert (await client.hear(Ready)).offset == CHUNK
    await asyncio.wait_for(second.stop(), 30)


async def test_quitting_at_once_leaves_nothing_running(settings: Settings, tmp_path: Path) -> None:
    server = Server(settings, Desk(settings.data, JobSettings()))
    await server.start()
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    await asyncio.wait({stopping})
    await asyncio.wait_for(server.abandon(), 30)
    import multiprocessing

    assert not multiprocessing.active_children()
