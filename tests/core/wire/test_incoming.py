"""A server's frames, cut anywhere; what RFC 6455 forbids; bounded memory."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.wire.spoken import messages
from layerlift.wire import frames, limits
from layerlift.wire.incoming import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Bad, Frame, Incoming
from layerlift.wire.messages import Message


def spell(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """One frame as a server writes it."""
    first = (0x80 if final else 0) | opcode
    if len(payload) < 126:
        return bytes((first, len(payload))) + payload
    if len(payload) < 1 << 16:
        return bytes((first, 126)) + struct.pack(">H", len(payload)) + payload
    return bytes((first, 127)) + struct.pack(">Q", len(payload)) + payload


def fragmented(payload: bytes, cuts: list[int]) -> bytes:
    """One message in several frames, with a ping between each."""
    places = sorted({0, len(payload), *(cut % (len(payload) + 1) for cut in cuts)})
    parts = [payload[a:b] for a, b in itertools.pairwise(places)] or [b""]
    opcodes = [BINARY] + [CONTINUATION] * (len(parts) - 1)
    last = len(parts) - 1
    spelled = [spell(o, p, final=n == last) for n, (o, p) in enumerate(zip(opcodes, parts, strict=True))]
    return spell(PING, b"?").join(spelled)


def read(incoming: Incoming, data: bytes, sizes: list[int]) -> list[Frame]:
    """Feed `data` cut into pieces of `sizes`, in turn; negative sizes go through the buffer."""
    seen: list[Frame] = []
    turn = 0
    while data:
        size = sizes[turn % len(sizes)]
        turn += 1
        if size < 0:
            room = incoming.buffer()
            taken = data[: min(-size, len(room))]
            room[: len(taken)] = taken
            seen += incoming.written(len(taken))
        else:
            taken = data[:size]
            seen += incoming.feed(memoryview(taken))
        data = data[len(taken) :]
    return seen


sizes = st.lists(
    (st.integers(1, 40) | st.integers(1, 300_000)).flatmap(lambda n: st.sampled_from((n, -n))), min_size=1, max_size=5
)


@settings(max_examples=200)
@given(st.lists(messages(), min_size=1, max_size=4), st.lists(st.integers(0, 10**6), max_size=3), sizes)
def test_any_messages_survive_any_fragments_and_any_cuts(
    said: list[Message], cuts: list[int], pieces: list[int]
) -> None:
    stream = b"".join(fragmented(frames.encode(message), cuts) for message in said)
    if len(stream) > 20_000:  # a large chunk byte by byte takes minutes and shows nothing more
        pieces = [size * 1000 if abs(size) < 1000 else size for size in pieces]
    seen = read(Incoming(limits.MESSAGE), stream, pieces)
    heard = [frames.decode(bytes(frame.payload)) for frame in seen if frame.opcode == BINARY]
    assert heard == said
    assert all(frame.opcode == BINARY or (frame.opcode, bytes(frame.payload)) == (PING, b"?") for frame in seen)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, limits.MESSAGE])
@pytest.mark.parametrize("piece", [-100_000, 100_000, 7])
def test_every_length_is_read(size: int, piece: int) -> None:
    payload = bytes(n % 253 for n in range(size))
    [frame] = read(Incoming(limits.MESSAGE), spell(BINARY, payload), [piece])
    assert bytes(frame.payload) == payload


def test_payloads_are_never_overwritten() -> None:
    incoming = Incoming(limits.MESSAGE)
    stream = b"".join(spell(BINARY, bytes([n]) * size) for n, size in enumerate((5, 40_000, 20, 100_000, 3)))
    seen = read(incoming, stream, [-9_999])
    assert [set(frame.payload) for frame in seen] == [{0}, {1}, {2}, {3}, {4}]


def test_large_payloads_are_read_in_place() -> None:
    incoming = Incoming(limits.MESSAGE)
    data = spell(BINARY, b"x" * 100_000)
    assert list(incoming.feed(memoryview(data)[:50])) == []
    room = incoming.buffer()
    assert len(room) == 100_000 - 40
    room[:] = b"y" * len(room)
    [frame] = incoming.written(len(room))
    assert frame.payload.obj is room.obj


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (spell(0x3, b""), 1002),
        (spell(0xB, b""), 1002),
        (spell(TEXT, b"hi"), 1003),
        (b"\xc2\x00", 1002),
        (b"\xa2\x00", 1002),
        (b"\x92\x00", 1002),
        (b"\x82\x80abcd", 1002),
        (spell(PING, b"", final=False), 1002),
        (spell(CLOSE, b"", final=False), 1002),
        (b"\x8a\x7e\x00\x7e" + bytes(126), 1002),
        (b"\x82\x7e\x00\x7d" + bytes(125), 1002),
        (b"\x82\x7f" + struct.pack(">Q", 65_535), 1002),
        (b"\x82\x7f" + struct.pack(">Q", 1001), 1002),
        (b"\x82\x7e\x03\xe9", 1009),
        (b"\x82\x7f" + struct.pack(">Q", 2**63), 1009),
        (b"\x82\x7f" + b"\xff" * 8, 1009),
        (spell(CONTINUATION, b"x"), 1002),
        (spell(BINARY, b"x", final=False) + spell(BINARY, b"x"), 1002),
        (spell(BINARY, b"x" * 600, final=False) + spell(CONTINUATION, b"x" * 401), 1009),
    ],
    ids=lambda v: v.hex()[:12] if isinstance(v, bytes) else str(v),
)
@pytest.mark.parametrize("piece", [10_000, 1, -10_000])
def test_what_the_rfc_forbids(data: bytes, code: int, piece: int) -> None:
    incoming = Incoming(1000)
    with pytest.raises(Bad) as caught:
        read(incoming, data, [piece])
    assert caught.value.code == code


def test_frames_before_a_bad_one_are_delivered() -> None:
    feed = Incoming(1000).feed(memoryview(spell(BINARY, b"good") + spell(PONG, b"p") + b"\xff\x00"))
    assert bytes(next(feed).payload) == b"good"
    assert next(feed) == (PONG, b"p")
    with pytest.raises(Bad):
        next(feed)


def test_a_lying_length_allocates_no_more_than_the_largest_message() -> None:
    incoming = Incoming(limits.MESSAGE)
    assert list(incoming.feed(memoryview(b"\x82\x7f" + struct.pack(">Q", limits.MESSAGE) + b"x"))) == []
    assert len(incoming.buffer()) == limits.MESSAGE - 1
    with pytest.raises(Bad):
        list(Incoming(limits.MESSAGE).feed(memoryview(b"\x82\x7f" + struct.pack(">Q", limits.MESSAGE + 1))))
