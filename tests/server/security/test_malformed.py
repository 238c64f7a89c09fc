"""Lying and broken bytes: every one is answered by a close, none by an allocation, a crash or a hang."""

from __future__ import annotations

import asyncio
import os
import struct
import uuid

import pytest

from layerlift.wire import frames, msgpack
from layerlift.wire.limits import CHUNK, CONTROL, MESSAGE, WINDOW
from layerlift.wire.messages import Ack, Get, Hello, JobList, Jobs, Message, Put, Ready, Stop, Submit
from layerlift.wire.values import DocumentInfo
from layerlift_server.app import Server
from server.fakes.jobs import FakeJobs
from server.talk import ME, Talker

PICTURE = DocumentInfo("a.png", kind="file")
DEEP = b"\x91" * 100_000 + b"\xc0"


def packed(**fields: object) -> bytes:
    return msgpack.pack(fields)  # type: ignore[arg-type]


GARBAGE = {
    "nothing": b"",
    "noise": os.urandom(1000),
    "100k deep": DEEP,
    "100k deep maps": b"\x81\xa1a" * 30_000 + b"\xc0",
    "array of 4 G": b"\xdd\xff\xff\xff\xff",
    "map of 4 G": b"\xdf\xff\xff\xff\xff",
    "text of 4 G": b"\xdb\xff\xff\xff\xff",
    "binary of 4 G": b"\xc6\xff\xff\xff\xff",
    "extension": b"\xc7\x01\x05\x00",
    "timestamp": b"\xd6\xff\x00\x00\x00\x00",
    "no type": packed(job="x"),
    "unknown type": packed(type="format-disk"),
    "type is a number": packed(type=1),
    "a server's message": packed(type="done", job="x"),
    "wrong field": packed(type="watch", job=5),
    "missing field": packed(type="watch"),
    "job is a path": packed(type="watch", job="../../etc/passwd"),
    "many keys": packed(type="jobs", **{f"k{index}": 0 for index in range(20_000)})[:CONTROL],
    "chunk without transfer": frames.chunk_prefix(9, 0, 4) + b"1234",
    "chunk that lies low": frames.chunk_prefix(9, 0, 100) + b"1234",
    "chunk that lies high": frames.chunk_prefix(9, 0, CHUNK) + b"1234",
    "chunk of 4 G": b"\x94\x01\xce" + bytes(4) + b"\xcf" + bytes(8) + b"\xc6\xff\xff\xff\xff1234",
    "bad utf-8": b"\x81\xa4type\xa1\xff",
    "not a number": b"\x82\xa4type\xa4jobs\xa5since\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",
}


@pytest.mark.parametrize("payload", GARBAGE.values(), ids=GARBAGE.keys())
@pytest.mark.parametrize("greeted", [False, True], ids=["before hello", "after hello"])
async def test_garbage_closes_the_connection_and_nothing_else(server: Server, payload: bytes, greeted: bool) -> None:
    async with Talker(server.port) as bystander, Talker(server.port) as client:
        await bystander.greet(token=server.token)
        if greeted:
            await client.greet(token=server.token)
        await client.send(payload)
        gone = await client.gone()
        assert gone.code in (4400, 4409, 4413)
        assert gone.reason
        await bystander.say(Jobs())
        await bystander.hear(JobList)
    assert not server.context.counters["stumbled"]


async def test_a_control_message_beyond_its_limit_is_too_large(server: Server) -> None:
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.send(b"\x81\xa4type\xdb" + struct.pack(">I", CONTROL) + bytes(CONTROL))
        assert (await client.gone()).code == 4413


async def test_a_frame_beyond_the_limit_is_refused_at_its_header(server: Server) -> None:
    for declared in (MESSAGE + 1, 2**40, 2**62):
        async with Talker(server.port) as client:
            await client.greet(token=server.token)
            await client.raw(b"\x82\xff" + declared.to_bytes(8, "big") + bytes(4))
            assert (await client.gone()).code in (1002, 1009), "before any of it has come"


async def test_fragments_do_not_add_up_beyond_the_limit(server: Server) -> None:
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        piece = b"\xff" + (100_000).to_bytes(8, "big") + bytes(4) + bytes(100_000)
        await client.raw(b"\x02" + piece)
        for _ in range(3):
            await client.raw(b"\x00" + piece)
        assert (await client.gone()).code == 1009


async def test_compression_is_never_agreed_to(server: Server) -> None:
    """A few bytes cannot inflate to gigabytes: no extension, and a frame that claims to be compressed is an error."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101")
    assert b"extensions" not in head.lower()
    writer.write(b"\xc2\x84\x00\x00\x00\x00\x00\x00\x00\x00")
    assert (await asyncio.wait_for(reader.read(), 20))[2:4] == (1002).to_bytes(2, "big")
    writer.close()


async def test_a_request_body_is_not_inflated(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"POST /link HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Encoding: gzip\r\n"
        f"Content-Length: {10**12}\r\nConnection: close\r\n\r\n".encode()
        + bytes(1000)
    )
    assert (await asyncio.wait_for(reader.readline(), 20)).split()[1] == b"401"
    writer.close()


async def test_a_text_message_is_refused(server: Server) -> None:
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.raw(b"\x81\x82\x00\x00\x00\x00hi")
        assert (await client.gone()).code == 4400


async def test_unmasked_and_reserved_frames_do_not_break_the_server(server: Server) -> None:
    for frame in (
        b"\x82\x01\x00",
        b"\x8f\x80\x00\x00\x00\x00",
        b"\xf2\x80\x00\x00\x00\x00",
        b"\x09\x80\x00\x00\x00\x00",
    ):
        async with Talker(server.port) as client:
            await client.greet(token=server.token)
            await client.raw(frame)
            assert (await client.gone()).code in (1002, 4400, 1006)
    async with Talker(server.port) as client:
        await client.greet(token=server.token)


@pytest.mark.parametrize(
    "document",
    [
        DocumentInfo("lie", "pixels", 10**6, 10**6, 8),
        DocumentInfo("lie", "pixels", 500_000, 500_000, 8),
        DocumentInfo("lie", "pixels", 1_000_000, 200_000, 8),
    ],
    ids=["10^12 pixels", "2.5·10^11 pixels", "2·10^11 pixels"],
)
async def test_declared_pixels_are_judged_before_anything_is_made(
    server: Server, jobs: FakeJobs, document: DocumentInfo
) -> None:
    size = document.width * document.height * 4
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        if size > 2**40:
            stated = {"name": "lie", "kind": "pixels", "width": 10**6, "height": 10**6, "depth": 8}
            await client.send(packed(type="put", transfer=1, upload=str(uuid.uuid4()), size=size, document=stated))
            assert (await client.gone()).code == 4400
        else:
            await client.say(Put(1, str(uuid.uuid4()), size, document))
            assert (await client.refused()).problem.code == "too-large"
    assert not jobs.uploads


async def test_a_size_that_does_not_fit_the_pixels_is_malformed(server: Server, jobs: FakeJobs) -> None:
    stated = {"name": "lie", "kind": "pixels", "width": 100, "height": 100, "depth": 8}
    for size in (39_999, 40_001, 0, 2**30):
        async with Talker(server.port) as client:
            await client.greet(token=server.token)
            await client.send(packed(type="put", transfer=1, upload=str(uuid.uuid4()), size=size, document=stated))
            assert (await client.gone()).code == 4400
    assert not jobs.uploads


async def sent(server: Server, *payloads: bytes) -> int:
    """Begin an upload of three windows, say these, and see how the server closes."""
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.say(Put(1, str(uuid.uuid4()), 3 * WINDOW, PICTURE))
        await client.hear(Ready)
        for payload in payloads:
            await client.send(payload)
        return (await client.gone()).code


async def test_bytes_out_of_step_close_the_connection(server: Server) -> None:
    full = bytes(CHUNK)
    assert await sent(server, frames.chunk_prefix(1, 5, CHUNK) + full) == 4409
    first = frames.chunk_prefix(1, 0, CHUNK) + full
    assert await sent(server, first, first) == 4409
    assert await sent(server, frames.chunk_prefix(2, 0, CHUNK) + full) in (4400, 4409)


async def test_bytes_beyond_the_credit_close_the_connection(server: Server, jobs: FakeJobs) -> None:
    """The server acknowledges as it stores, so credit can only be overrun where nothing is stored: beyond the end."""
    small = Put(1, str(uuid.uuid4()), 10, PICTURE)
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.say(small)
        await client.hear(Ready)
        await client.send(frames.chunk_prefix(1, 0, 11) + bytes(11))
        assert (await client.gone()).code == 4409
    assert jobs.uploads[small.upload].have == 0
    assert jobs.uploads[small.upload].open == 0, "let go when the connection ended"


async def test_acks_that_lie_close_the_connection(server: Server) -> None:
    for lie in (Ack(1, 5), Ack(7, 0), Stop(99)):
        async with Talker(server.port) as client:
            await client.greet(token=server.token)
            await client.say(Put(1, str(uuid.uuid4()), 100, PICTURE))
            await client.hear(Ready)
            await client.send(frames.encode(lie))
            assert (await client.gone()).code in (4400, 4409)


@pytest.mark.parametrize("count", [17, 100])
async def test_too_many_transfers_at_once_close_the_connection(server: Server, jobs: FakeJobs, count: int) -> None:
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        for transfer in range(1, count + 1):
            await client.send(frames.encode(Put(transfer, str(uuid.uuid4()), 100, PICTURE)))
        assert (await client.gone()).code == 4429
    assert [upload.open for upload in jobs.uploads.values()] == [0] * 16


async def test_a_request_that_breaks_the_server_is_answered_and_survived(
    server: Server, jobs: FakeJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        for fault, code in ((broken, "internal"), (full, "disk-full")):
            monkeypatch.setattr(jobs, "list", fault)
            await client.say(Jobs())
            refused = await client.refused()
            assert (refused.about, refused.problem.code) == ("jobs", code)
            assert "bug" not in refused.problem.sentence
        monkeypatch.undo()
        await client.say(Jobs())
        await client.hear(JobList)


@pytest.mark.parametrize("message", [Get(1, str(uuid.uuid4()), 0), Submit(str(uuid.uuid4()))], ids=lambda m: m.kind)
async def test_versions_that_do_not_meet_are_told_why(server: Server, message: Message) -> None:
    async with Talker(server.port) as client:
        hello = Hello(ME, token=server.token, protocol=99, oldest=98)
        await client.send(frames.encode(hello))
        await client.send(frames.encode(message))
        assert (await client.gone()).code == 4400
    assert [getattr(said, "problem", None) and said.problem.code for said in client.heard] == ["version-too-new"]
