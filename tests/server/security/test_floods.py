"""Many, slow, silent and unreading peers: none of them may take the server from the others."""

from __future__ import annotations

import asyncio
import select
import socket
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress

import pytest

from layerlift.wire.connection import Connection
from layerlift.wire.limits import CHUNK
from layerlift.wire.messages import Get, Hello, JobList, Jobs, Put, Queued, Ready, Submit, Welcome
from layerlift.wire.values import DocumentInfo, JobInfo
from layerlift.wire.websocket import WebSocket
from layerlift_server.app import Server
from layerlift_server.limits import FLOOD_MESSAGES, MESSAGES_AT_ONCE, MESSAGES_PER_SECOND, WAITING_BYTES
from layerlift_server.sockets import rate_limit, transport
from layerlift_server.sockets.rate_limit import RateLimit
from server.fakes.jobs import FakeJob, FakeJobs
from server.talk import DEADLINE, ME, Talker, Turned, http

PICTURE = DocumentInfo("a.png", kind="file")
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    with suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(), DEADLINE)
    return b""


async def drip(port: int, data: bytes, *, gap: float = 0.02) -> bytes:
    """Send one byte at a time until the server has enough; what it said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = asyncio.create_task(until_closed(reader))
    with suppress(ConnectionError):
        for byte in data:
            if said.done():
                break
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(gap)
    answer = await said
    writer.close()
    return answer


async def test_a_socket_that_says_nothing_is_closed(server: Server) -> None:
    server.connections.seconds = 0.2
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    assert await until_closed(reader) == b""
    writer.close()
    assert server.context.counters["connections refused"] == 1


async def test_headers_that_drip_are_cut_off(server: Server) -> None:
    server.connections.seconds = 0.3
    endless = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-A: b\r\n" * 10_000
    assert await drip(server.port, endless) == b""
    assert server.context.counters["connections refused"] == 1


async def test_endless_and_huge_headers_are_refused(server: Server) -> None:
    for head in (b"X: " + b"a" * 10_000 + b"\r\n", b"A: b\r\n" * 5_000, b"A" * 10_000):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        with suppress(ConnectionError):
            writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + head + b"\r\n")
            await writer.drain()
            answer = await asyncio.wait_for(reader.readline(), DEADLINE)
            assert answer.split()[1] == b"400"
        writer.close()


async def test_a_websocket_without_hello_is_closed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "HELLO_SECONDS", 0.2)
    async with Talker(server.port) as silent:
        gone = await silent.gone()
    assert gone.code == 4408
    assert "hello" in {getattr(message, "about", "") for message in silent.heard}


async def test_a_hello_that_drips_is_cut_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "HELLO_SECONDS", 0.3)
    frame = b"\x82\xff" + (60_000).to_bytes(8, "big") + bytes(4) + bytes(60_000)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    said = asyncio.create_task(until_closed(reader))
    with suppress(ConnectionError):
        for byte in frame:
            if said.done():
                break
            writer.write(bytes([byte]))
            await asyncio.sleep(0.01)
    assert b"\x11\x38" in await said, "the close frame says 4408"
    writer.close()


async def test_pings_do_not_replace_hello(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "HELLO_SECONDS", 0.3)
    async with Talker(server.port) as pinging:

        async def ping() -> None:
            while True:
                await pinging.raw(b"\x89\x80\x00\x00\x00\x00")
                await asyncio.sleep(0.02)

        pings = asyncio.create_task(ping())
        gone = await pinging.gone()
        pings.cancel()
    assert gone.code == 4408


async def test_too_many_sockets_are_turned_away_and_those_inside_go_on(server: Server) -> None:
    server.connections.most = 5
    async with AsyncExitStack() as stack:
        inside = [await stack.enter_async_context(Talker(server.port)) for _ in range(5)]
        for client in inside:
            await client.greet(token=server.token)
        for _ in range(20):
            assert (await http(server.port, "/health")).status == 503
            with pytest.raises(Turned) as turned:
                await stack.enter_async_context(Talker(server.port))
            assert turned.value.status == 503
        for client in inside:
            await client.say(Jobs())
            await client.hear(JobList)
    await settled(server, 0)
    assert (await http(server.port, "/health")).status == 200


async def test_strangers_cannot_use_up_the_places_of_those_who_are_known(server: Server) -> None:
    server.connections.unproven = 3
    async with AsyncExitStack() as stack:
        known = [await stack.enter_async_context(Talker(server.port)) for _ in range(3)]
        for client in known:
            await client.greet(token=server.token)
        for _ in range(3):
            await stack.enter_async_context(Talker(server.port))
        with pytest.raises(Turned):
            await stack.enter_async_context(Talker(server.port))
        await known[0].say(Jobs())
        await known[0].hear(JobList)


async def test_a_thousand_sockets_at_once_leave_the_server_standing(server: Server) -> None:
    """Those beyond the limit are answered and closed; a client that was inside notices nothing."""
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        opened = []
        for _ in range(1000):
            with suppress(OSError):
                opened.append(await asyncio.open_connection("127.0.0.1", server.port))
        assert len(server.connections) <= server.connections.unproven + 1
        await client.say(Jobs())
        await client.hear(JobList)
        for _, writer in opened:
            writer.close()


async def test_messages_that_come_too_fast_are_heard_later_and_none_is_lost() -> None:
    now = [0.0]
    limit = RateLimit(clock=lambda: now[0])
    waited, flooded = 0.0, []
    for count in range(MESSAGES_AT_ONCE + FLOOD_MESSAGES + 10):
        wait = limit.wait(b"\x81")
        waited += wait
        now[0] += wait
        flooded += [count] if limit.flooded else []
    assert waited == pytest.approx((FLOOD_MESSAGES + 10) / MESSAGES_PER_SECOND, rel=0.01)
    assert flooded[0] == pytest.approx(MESSAGES_AT_ONCE + FLOOD_MESSAGES, abs=5)
    now[0] += 60
    assert limit.wait(b"\x81") == 0
    assert not limit.flooded, "after a pause all is forgiven"
    full = b"\x94" + bytes(CHUNK)
    assert [limit.wait(full) for _ in range(10_000)] == [0.0] * 10_000, "an upload is not slowed"
    crumbs = [limit.wait(b"\x94" + bytes(30)) for _ in range(MESSAGES_AT_ONCE + 1)]
    assert crumbs[-1] > 0, "crumbs are"


async def test_a_flood_of_requests_does_not_keep_others_waiting_and_ends(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flood comes from a thread with sockets of its own: it never waits for anybody."""
    monkeypatch.setattr(rate_limit, "FLOOD_MESSAGES", 100)
    stop, flowing = threading.Event(), threading.Event()

    def flood() -> None:
        connection, sent = Connection("client"), 0
        web = WebSocket("127.0.0.1", server.port)
        with socket.create_connection(("127.0.0.1", server.port)) as door, suppress(ConnectionError):
            door.settimeout(DEADLINE)
            door.sendall(web.request())
            web.receive(door.recv(65536))
            door.sendall(b"".join(web.binary(connection.encode(Hello(ME, token=server.token)))))
            connection.state = "open"
            burst = memoryview(b"".join(b"".join(web.binary(connection.encode(Jobs()))) for _ in range(1000)))
            door.setblocking(False)
            while not stop.is_set():
                select.select([door], [door], [], 0.2)
                with suppress(BlockingIOError):
                    sent += door.send(burst[sent % len(burst) :])
                if sent > len(burst):
                    flowing.set()
                with suppress(BlockingIOError):
                    door.recv(1 << 20)

    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        flooding = asyncio.create_task(asyncio.to_thread(flood))
        assert await asyncio.to_thread(flowing.wait, DEADLINE), "more than the burst that is free has come"
        for _ in range(50):
            await client.say(Jobs())
            await client.hear(JobList)
        await until(lambda: server.context.counters["sessions expelled"] > 0)
        stop.set()
        await flooding


async def test_who_does_not_read_is_cut_before_memory_is_spent(server: Server, jobs: FakeJobs) -> None:
    for _ in range(100):
        job = str(uuid.uuid4())
        info = JobInfo(job, "n" * 200, "c" * 200, "decompose", "quick", "queued", 1.0, stage="s" * 90)
        jobs.jobs[job] = FakeJob(info, "local", Submit(job))
    async with Talker(server.port) as deaf:
        deaf.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await deaf.greet(token=server.token)
        [session] = server.context.sessions
        most = 0
        deadline = time.monotonic() + DEADLINE
        while session in server.context.sessions and time.monotonic() < deadline:
            with suppress(ConnectionError):
                await deaf.say(Jobs())
            most = max(most, session.outbox.waiting)
            await asyncio.sleep(0)
        assert session not in server.context.sessions
        assert most <= WAITING_BYTES + 2**17


async def test_a_download_is_never_further_than_its_credit(server: Server, jobs: FakeJobs) -> None:
    upload, job = str(uuid.uuid4()), str(uuid.uuid4())
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.put(upload, b"x", PICTURE)
        await client.say(Submit(job, upload=upload))
        await client.hear(Queued)
        jobs.run(job)
        jobs.finish(job, [bytes(64 * 2**20)])
        await client.say(Get(client.transfer(), job, 0))
        await client.hear(Ready)
        for _ in range(3):  # answers come while the download waits for its acks
            await client.say(Jobs())
            await client.hear(JobList)
        assert jobs.downloads[-1].reads <= 32


async def test_crumbs_of_an_upload_are_paced(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    original = RateLimit.wait

    def spy(pace: RateLimit, payload: bytes) -> float:
        waits.append(original(pace, payload))
        return 0.0

    monkeypatch.setattr(RateLimit, "wait", spy)
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.say(Put(1, str(uuid.uuid4()), 5000, PICTURE))
        await client.hear(Ready)
        for _ in range(3000):
            await client.send(*client.connection.chunk(1, memoryview(b"x")))
        await client.say(Jobs())
        await client.hear(JobList)
    assert max(waits) > 1, "three thousand one-byte chunks are two thousand too many"


async def test_the_server_lives_on_after_all_that(server: Server) -> None:
    async with Talker(server.port) as client:
        assert isinstance(await client.greet(token=server.token), Welcome)


async def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def settled(server: Server, connections: int) -> None:
    await until(lambda: max(len(server.connections), len(server.context.sessions)) <= connections)


@pytest.fixture(autouse=True)
async def nothing_left_behind(server: Server) -> AsyncIterator[None]:
    yield
    await settled(server, 0)
