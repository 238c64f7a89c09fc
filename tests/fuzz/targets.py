"""What the fuzzers run: each target takes any bytes and raises nothing unless the protocol's code is wrong.

The only exceptions that hostile bytes may cause are RemoteProtocolError (`Bad` inside the websocket layer) and, where a
target plays an honest side that is asked for nonsense, LocalProtocolError. Everything else is a finding.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from layerlift.wire import frames, limits, msgpack, runtime
from layerlift.wire.connection import Connection
from layerlift.wire.errors import LocalProtocolError, RemoteProtocolError
from layerlift.wire.handshake import acceptance
from layerlift.wire.incoming import Bad, Incoming
from layerlift.wire.messages import Ack, Chunk, Get, Hello, Message, Put, Ready, Refused, Stop, Welcome
from layerlift.wire.problems import problem
from layerlift.wire.values import ClientInfo, DocumentInfo, Limits
from layerlift.wire.websocket import Binary, Closed, Rejected, Reply, WebSocket

JOB = "01234567-89ab-cdef-0123-456789abcdef"
BLOCK = memoryview(bytes(limits.CHUNK))
HELLO = Hello(ClientInfo("fuzz", "1"))
WELCOME = Welcome(1, "fuzz", limits.CHUNK, limits.WINDOW, (), Limits(1, 1, 1, 1, 1))
STEPS = (1, 2, 255, 65_536, limits.CHUNK, limits.ACK_EVERY, limits.WINDOW, limits.WINDOW + 1)

decodes = 0
"""How many payloads were decoded so far."""


def decoder(data: bytes) -> None:
    """One payload. What it means must survive being said again."""
    global decodes
    decodes += 1
    try:
        message = frames.decode(data)
    except RemoteProtocolError as error:
        frames.encode(Refused(str(error.close_code), error.problem))  # every problem can be told
        return
    assert frames.decode(frames.encode(message)) == message


def codec(data: bytes) -> None:
    """msgpack without the schema: what is read, written again, reads the same (NaN aside)."""
    global decodes
    decodes += 1
    try:
        value = msgpack.unpack(data)
    except msgpack.Malformed:
        return
    written = msgpack.pack(value)
    assert len(written) <= len(data) + 4 * data.count(0xCA)  # float 32 becomes float 64; nothing else may grow
    assert repr(msgpack.unpack(written)) == repr(value)


def websocket(data: bytes) -> None:
    """What a hostile server sends after the handshake, cut in two ways; both must see the same messages."""
    at_once = list(_frames(data, len(data) + 1))
    assert at_once == list(_frames(data, 1 + sum(data[:1]) % 7))


def _frames(data: bytes, step: int) -> list[tuple[int, bytes] | int]:
    incoming = Incoming(1024)
    seen: list[tuple[int, bytes] | int] = []
    try:
        for begin in range(0, len(data), step):
            for frame in incoming.feed(memoryview(data[begin : begin + step])):
                assert len(frame.payload) <= 1024
                seen.append((frame.opcode, bytes(frame.payload)))
    except Bad as bad:
        seen.append(bad.code)
    return seen


def handshake(data: bytes) -> None:
    """What a hostile server sends from its first byte on. "PROOF" stands for the right proof: frames can follow it;
    whatever happens, the client ends in a state that says so, and answers only with whole frames."""
    socket = WebSocket("localhost", 1, most=1024)
    socket.request()
    half = len(data) // 2
    for part in (data[:half], data[half:]):
        for event in socket.receive(part.replace(b"PROOF", acceptance(socket._key).encode())):
            assert not isinstance(event, Reply) or event.data[1] & 0x80
            assert not isinstance(event, Binary) or len(event.payload) <= 1024
            assert not isinstance(event, (Closed, Rejected)) or socket.state == "closed"
    assert len(socket._head) <= limits.HEADERS + len(data) + 64


def runtime_file(data: bytes) -> None:
    """A runtime file with any content: no server, or one that can be written down again."""
    server = runtime.parse(data)
    assert server is None or runtime.parse(server.text.encode()) == server


def conversation(data: bytes) -> None:
    """Three bytes a step (what, transfer, amount): an honest side says or a hostile one invents a message. Whatever
    comes, the books stay bounded, no credit is negative, and nothing but a protocol error is raised."""
    global decodes
    server, client = opened()
    for what, transfer, amount in itertools.islice(zip(data[::3], data[1::3], data[2::3], strict=False), 24):
        target, speaker = (server, client) if what & 0x80 else (client, server)
        decodes += 1
        try:
            message = _invented(what & 0x07, transfer % 20, amount)
            payload = speaker.encode(message) if what & 0x40 else frames.encode(message)
            target.decode(payload)
        except (RemoteProtocolError, LocalProtocolError):
            pass
        for side in (server, client):
            assert len(side._ledger.transfers) <= limits.TRANSFERS
            assert all(side.credit(number) >= 0 for number in side._ledger.transfers)
        if "closed" in (server.state, client.state):
            return


def opened() -> tuple[Connection, Connection]:
    """A server and a client after the greeting."""
    server, client = Connection("server"), Connection("client")
    server.decode(client.encode(HELLO))
    client.decode(server.encode(WELCOME))
    return server, client


def _invented(what: int, transfer: int, amount: int) -> Message:
    offset = STEPS[amount % 8] * (amount >> 3)
    made: tuple[Callable[[], Message], ...] = (
        lambda: Put(transfer, JOB, max(1, offset), DocumentInfo("d", "file")),
        lambda: Get(transfer, JOB, None, offset),
        lambda: Ready(transfer, 0 if amount & 1 else offset, offset + STEPS[amount % 8]),
        lambda: Chunk(transfer, offset, BLOCK[: min(STEPS[amount % 8], limits.CHUNK)]),
        lambda: Ack(transfer, offset),
        lambda: Stop(transfer),
        lambda: Refused("put", problem("disk-full"), transfer=transfer),
        lambda: HELLO,
    )
    return made[what]()


TARGETS: tuple[Callable[[bytes], None], ...] = (decoder, codec, websocket, conversation, handshake, runtime_file)


def any_target(data: bytes) -> None:
    """One fuzzing execution: the first byte chooses the target; most values are the decoder's, few the slow
    conversation's."""
    if data:
        chosen = 0 if data[0] >= 42 else (data[0] + 6) >> 3 if data[0] >= 26 else min(data[0] >> 3, 3)
        TARGETS[chosen](data[1:])
