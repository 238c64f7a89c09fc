"""A conversation over a real socket: every message of a client is answered as its dataclass says."""

from __future__ import annotations

import asyncio
import os
import uuid

import pytest

from layerlift.wire.limits import CHUNK, WINDOW
from layerlift.wire.messages import (
    FROM_CLIENT,
    Ack,
    Cancel,
    Chunk,
    Done,
    Drop,
    Dropped,
    Failed,
    Get,
    Hello,
    JobList,
    Jobs,
    Keep,
    LayerReady,
    Progress,
    Put,
    Queued,
    Ready,
    Started,
    Stop,
    Submit,
    Watch,
)
from layerlift.wire.problems import problem
from layerlift.wire.values import DocumentInfo
from layerlift_server.app import Server
from layerlift_server.jobs.port import Refusal
from layerlift_server.sockets import session
from layerlift_server.sockets.handlers import HANDLERS
from server.fakes.jobs import FakeDownload, FakeJobs
from server.talk import Talker

PICTURE = DocumentInfo("a.png", kind="file")
NOBODYS = "00000000-0000-4000-8000-000000000000"


def fresh() -> str:
    return str(uuid.uuid4())


def test_every_message_of_a_client_has_its_errand() -> None:
    assert {*HANDLERS, Hello, Chunk} == set(FROM_CLIENT)


async def test_welcome_says_what_the_server_is(server: Server) -> None:
    async with Talker(server.port) as client:
        welcome = await client.greet(token=server.token)
    assert (welcome.chunk, welcome.window, welcome.owner, welcome.token) == (CHUNK, WINDOW, True, None)
    assert welcome.server.startswith("layerlift ")
    assert [offer.name for offer in welcome.engines] == ["quick"]
    assert welcome.limits.layers == 64


async def test_a_document_goes_up_and_its_layers_come_down(server: Server, jobs: FakeJobs) -> None:
    payload, upload, job = os.urandom(3 * WINDOW + 12345), fresh(), fresh()
    layers = [os.urandom(4 * 700_000), os.urandom(40)]
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.put(upload, payload, PICTURE)
        assert bytes(jobs.uploads[upload].content) == payload
        assert jobs.uploads[upload].open == 0, "a complete upload is let go"
        await client.say(Submit(job, upload=upload))
        assert (await client.hear(Queued)).position == 1
        jobs.run(job)
        assert (await client.hear(Started)).engine == "quick"
        assert (await client.hear(Progress)).fraction == 0.5
        jobs.finish(job, layers)
        assert [(await client.hear(LayerReady)).layer.index for _ in layers] == [0, 1]
        assert (await client.hear(Done)).layers == 2
        for index, pixels in enumerate(layers):
            assert await client.get(job, index) == pixels
        assert await client.get(job, 0, offset=1_000_000) == layers[0][1_000_000:]
        assert await client.get(job, None) == b""
        await client.say(Keep(job))
        assert (await client.hear(JobList)).jobs[0].kept
        await client.say(Jobs())
        assert [info.job for info in (await client.hear(JobList)).jobs] == [job]
        await client.say(Drop(job))
        assert (await client.hear(Dropped)).job == job
    assert not any(download.open for download in jobs.downloads)


async def test_an_upload_goes_on_where_the_cut_connection_left_it(server: Server, jobs: FakeJobs) -> None:
    payload, upload = os.urandom(5 * CHUNK), fresh()
    async with Talker(server.port) as cut:
        await cut.greet(token=server.token)
        await cut.say(Put(1, upload, len(payload), PICTURE))
        await cut.hear(Ready)
        for at in (0, CHUNK):
            await cut.send(*cut.connection.chunk(1, memoryview(payload)[at : at + CHUNK]))
        await cut.say(Jobs())  # answered after the chunks were stored
        await cut.hear(JobList)
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.say(Put(1, upload, len(payload), PICTURE))
        ready = await client.hear(Ready)
        assert ready.offset == 2 * CHUNK
        for at in range(ready.offset, len(payload), CHUNK):
            await client.send(*client.connection.chunk(1, memoryview(payload)[at : at + CHUNK]))
        assert (await client.hear(Ack)).offset == len(payload)
        await client.say(Put(2, upload, len(payload), PICTURE))
        assert (await client.hear(Ready)).offset == len(payload), "complete, and known to be"
    assert bytes(jobs.uploads[upload].content) == payload


async def test_a_second_connection_takes_an_upload_over(server: Server, jobs: FakeJobs) -> None:
    payload, upload = os.urandom(3 * CHUNK), fresh()
    async with Talker(server.port) as old, Talker(server.port) as new:
        for client in (old, new):
            await client.greet(token=server.token)
            await client.say(Put(1, upload, len(payload), PICTURE))
            await client.hear(Ready)
        refused = await old.refused()
        assert (refused.transfer, refused.problem.code) == (1, "interrupted")
        for at in range(0, len(payload), CHUNK):
            await new.send(*new.connection.chunk(1, memoryview(payload)[at : at + CHUNK]))
        assert (await new.hear(Ack)).offset == len(payload)
        await old.say(Jobs())
        await old.hear(JobList)
    assert jobs.uploads[upload].open == 0


async def test_a_full_disk_ends_the_upload_and_not_the_conversation(server: Server, jobs: FakeJobs) -> None:
    upload = fresh()
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.say(Put(1, upload, 4 * CHUNK, PICTURE))
        await client.hear(Ready)
        jobs.uploads[upload].full = True
        for _ in range(3):
            await client.send(*client.connection.chunk(1, memoryview(bytes(CHUNK))))
        refused = await client.refused()
        assert (refused.about, refused.transfer, refused.problem.code) == ("chunk", 1, "disk-full")
        assert refused.problem.retryable
        await client.say(Jobs())
        await client.hear(JobList)


async def test_stop_ends_a_download(server: Server, jobs: FakeJobs) -> None:
    job = await finished(server, jobs, [os.urandom(4 * WINDOW)])
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.say(Get(1, job, 0))
        await client.hear(Chunk)
        await client.say(Stop(1))
        await client.say(Jobs())
        await client.hear(JobList)
        assert not jobs.downloads[-1].open
        assert jobs.downloads[-1].reads <= WINDOW // CHUNK, "never beyond the window"


async def test_dropping_a_job_ends_its_downloads(server: Server, jobs: FakeJobs) -> None:
    job = await finished(server, jobs, [os.urandom(4 * WINDOW)])
    async with Talker(server.port) as reading, Talker(server.port) as client:
        await reading.greet(token=server.token)
        await client.greet(token=server.token)
        await reading.say(Get(1, job, 0))
        await reading.hear(Chunk)
        await client.say(Drop(job))
        await client.hear(Dropped)
        assert (await reading.refused()).problem.code == "unknown-job"
        assert not jobs.downloads[-1].open


async def test_cancel_is_answered_by_the_end_even_unwatched(server: Server, jobs: FakeJobs) -> None:
    job = await submitted(server, jobs)
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.say(Cancel(job))
        failed = await client.hear(Failed)
        assert (failed.job, failed.state) == (job, "cancelled")


async def test_watch_tells_all_and_leaving_stops_it(server: Server, jobs: FakeJobs) -> None:
    job = await submitted(server, jobs)
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.say(Watch(job))
        await client.hear(Queued)
        await client.say(Watch(job))
        await client.hear(Queued)
        assert len(jobs.jobs[job].listeners) == 1
        jobs.run(job)
        jobs.finish(job, [bytes(4)])
        await client.hear(Done)
        await client.say(Jobs())
        await client.hear(JobList)
        assert jobs.jobs[job].listeners == [], "an ended job is not watched any more"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (Watch(NOBODYS), "unknown-job"),
        (Cancel(NOBODYS), "unknown-job"),
        (Drop(NOBODYS), "unknown-job"),
        (Keep(NOBODYS), "unknown-job"),
        (Get(7, NOBODYS), "unknown-job"),
        (Submit(NOBODYS, upload=NOBODYS), "unknown-upload"),
        (Put(8, NOBODYS, 2**40, PICTURE), "too-large"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_what_cannot_be_done_is_refused_in_words(server: Server, message: object, code: str) -> None:
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.say(message)
        refused = await client.refused()
        assert (refused.about, refused.problem.code) == (message.kind, code)
        assert refused.problem.sentence
        assert refused.job == getattr(message, "job", None)
        assert refused.transfer == getattr(message, "transfer", None)
        await client.say(Jobs())
        await client.hear(JobList)


async def test_a_get_beyond_the_end_is_refused(server: Server, jobs: FakeJobs) -> None:
    job = await finished(server, jobs, [bytes(40)])
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.say(Get(1, job, 0, offset=41))
        assert (await client.refused()).problem.code == "bad-params"
    assert not jobs.downloads[-1].open


async def test_a_disk_that_fails_ends_the_download_and_not_the_conversation(
    server: Server, jobs: FakeJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> memoryview:
        raise Refusal(problem("internal"))

    job = await finished(server, jobs, [bytes(400)])
    monkeypatch.setattr(FakeDownload, "read", failing)
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.say(Get(1, job, 0))
        refused = await client.refused()
        assert (refused.about, refused.transfer, refused.problem.code) == ("get", 1, "internal")
        await client.say(Jobs())
        await client.hear(JobList)


async def test_an_event_that_cannot_be_said_is_let_go(server: Server, jobs: FakeJobs) -> None:
    job = await submitted(server, jobs)
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.say(Watch(job))
        await client.hear(Queued)
        jobs.tell(Progress(job, "s" * 10_000, 7.0))
        jobs.run(job)
        assert (await client.hear(Progress)).fraction == 0.5
        jobs.tell(Done(job, 10**9, 1, 1, 8, 0, 1.0))
        assert (await client.hear(Failed)).problem.code == "internal", "an end is told in any case"


async def test_only_so_many_jobs_are_watched_at_once(
    server: Server, jobs: FakeJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "WATCHED", 2)
    several = [await submitted(server, jobs) for _ in range(3)]
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        for job in several:
            await client.say(Watch(job))
        refused = await client.refused()
        assert (refused.job, refused.problem.code) == (several[2], "too-many")
    assert await left(jobs, several)


async def left(jobs: FakeJobs, several: list[str]) -> bool:
    """Whether nobody listens any more, once the connection's end has been noticed."""
    for _ in range(1000):
        if not any(jobs.jobs[job].listeners for job in several):
            return True
        await asyncio.sleep(0.01)
    return False


async def submitted(server: Server, jobs: FakeJobs) -> str:
    upload, job = fresh(), fresh()
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.put(upload, b"picture", PICTURE)
        await client.say(Submit(job, upload=upload, detached=True))
        await client.hear(Queued)
    return job


async def finished(server: Server, jobs: FakeJobs, layers: list[bytes]) -> str:
    job = await submitted(server, jobs)
    jobs.run(job)
    jobs.finish(job, layers)
    return job
