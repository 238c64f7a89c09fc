"""The websocket client without a socket: handshake, masking, pings, closing."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.wire.test_incoming import spell
from layerlift.wire import handshake, limits, masking
from layerlift.wire.errors import LocalProtocolError
from layerlift.wire.incoming import BINARY, CLOSE, PING, PONG, TEXT
from layerlift.wire.websocket import Binary, Closed, Event, Opened, Pong, Rejected, Reply, WebSocket


def key_of(request: bytes) -> str:
    """The Sec-WebSocket-Key of a request."""
    [line] = [line for line in request.decode().split("\r\n") if line.startswith("Sec-WebSocket-Key: ")]
    return line.split(": ")[1]


def accepting(key: str, *extra: str) -> bytes:
    """A server's answer."""
    accept = handshake.acceptance(key)
    lines = ["HTTP/1.1 101 Switching Protocols", "upgrade: WebSocket", "Connection: keep-alive, Upgrade"]
    return "\r\n".join([*lines, f"SEC-WEBSOCKET-ACCEPT: {accept}", *extra, "", ""]).encode()


def opened(**options: int) -> WebSocket:
    """A websocket after its handshake."""
    socket = WebSocket("127.0.0.1", 8188, **options)  # type: ignore[arg-type]
    assert socket.receive(accepting(key_of(socket.request()))) == [Opened()]
    return socket


def unmasked(pieces: bytes | list[bytes | memoryview]) -> tuple[int, bytes]:
    """Opcode and payload of one client frame, spelled as RFC 6455 says."""
    data = b"".join(pieces) if isinstance(pieces, list) else pieces
    assert data[0] & 0xF0 == 0x80
    assert data[1] & 0x80
    length, at = data[1] & 0x7F, 2
    if length == 126:
        length, at = struct.unpack_from(">H", data, 2)[0], 4
        assert length >= 126
    elif length == 127:
        length, at = struct.unpack_from(">Q", data, 2)[0], 10
        assert length >= 1 << 16
    key, masked = data[at : at + 4], data[at + 4 :]
    assert len(masked) == length
    return data[0] & 0x0F, bytes(byte ^ key[n % 4] for n, byte in enumerate(masked))


# --- the handshake


def test_the_request_is_what_rfc_6455_asks_for() -> None:
    socket = WebSocket("127.0.0.1", 8188, "/ws", {"Origin": "null", "User-Agent": "layerlift"})
    head, end = socket.request().split(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert (first, end) == ("GET /ws HTTP/1.1", b"")
    fields = dict(line.split(": ", 1) for line in lines)
    assert len(base64.b64decode(fields.pop("Sec-WebSocket-Key"))) == 16
    assert fields == {
        "Host": "127.0.0.1:8188",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Origin": "null",
        "User-Agent": "layerlift",
    }


def test_the_rfcs_own_example_is_accepted() -> None:
    assert handshake.acceptance("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_keys_are_fresh() -> None:
    assert len({key_of(WebSocket("localhost", 1).request()) for _ in range(20)}) == 20
    assert len({masking.fresh_key() for _ in range(20)}) > 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: WebSocket("evil\r\nX: y", 1),
        lambda: WebSocket("a b", 1),
        lambda: WebSocket("::1", 1),
        lambda: WebSocket("host", 0),
        lambda: WebSocket("host", 65_536),
        lambda: WebSocket("host", 1, "ws"),
        lambda: WebSocket("host", 1, "/w s"),
        lambda: WebSocket("host", 1, headers={"A": "x\r\nB: y"}),
        lambda: WebSocket("host", 1, headers={"A\r\nB": "y"}),
        lambda: WebSocket("host", 1, headers={"": "y"}),
    ],
)
def test_nothing_smuggles_a_header(make: Callable[[], WebSocket]) -> None:
    with pytest.raises(LocalProtocolError):
        make()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "gpu-box.local"])
def test_hosts(host: str) -> None:
    assert f"\r\nHost: {host}:99\r\n".encode() in WebSocket(host, 99).request()


@given(st.lists(st.integers(1, 60), min_size=1))
def test_an_answer_may_come_in_pieces_with_a_message_behind_it(sizes: list[int]) -> None:
    socket = WebSocket("localhost", 80)
    data = accepting(key_of(socket.request())) + spell(BINARY, b"welcome")
    events: list[Event] = []
    turn = 0
    while data:
        size = sizes[turn % len(sizes)]
        events += socket.receive(data[:size])
        data, turn = data[size:], turn + 1
    assert events[0] == Opened()
    assert [bytes(event.payload) for event in events[1:] if isinstance(event, Binary)] == [b"welcome"]
    assert len(events) == 2


def test_the_buffer_takes_the_answer_too() -> None:
    socket = WebSocket("localhost", 80)
    data = accepting(key_of(socket.request())) + spell(BINARY, b"welcome")
    socket.buffer()[: len(data)] = data
    first, second = socket.received(len(data))
    assert first == Opened()
    assert isinstance(second, Binary)
    socket.buffer()[:4] = spell(BINARY, b"ok")
    [third] = socket.received(4)
    assert isinstance(third, Binary)
    assert (bytes(second.payload), bytes(third.payload)) == (b"welcome", b"ok")


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", 403, "403 Forbidden"),
        (b"HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n", 421, "421"),
        (b"HTTP/1.1 503\r\n\r\n", 503, "answered 503."),
        (b"HTTP/1.0 101 Switching Protocols\r\n\r\n", 0, "not HTTP/1.1"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", 0, "not HTTP/1.1"),
        (b"HTTP/1.1 101 x\r\n\r\n", 101, "upgrade to websocket"),
        (b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n", 101, "upgrade the connection"),
        (b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 101, "prove"),
        (b"HTTP/1.1 101 x\r\nno colon\r\n\r\n", 101, "malformed"),
        (b"HTTP/1.1 101 x\r\n folded: x\r\n\r\n", 101, "malformed"),
        (b"HTTP/1.1 101 x\r\nA: " + b"a" * limits.HEADERS + b"\r\n\r\n", 0, "too long"),
        (b"x" * (limits.HEADERS + 1), 0, "too long"),
    ],
    ids=lambda v: v[:30].decode() if isinstance(v, bytes) else "",
)
def test_other_answers_are_rejected(answer: bytes, status: int, words: str) -> None:
    socket = WebSocket("localhost", 80)
    socket.request()
    [event] = socket.receive(answer)
    assert isinstance(event, Rejected)
    assert event.status == status
    assert words in event.reason
    assert socket.state == "closed"
    assert socket.receive(b"more") == []
    assert socket.receive(b"") == []


@pytest.mark.parametrize("extra", ["Sec-WebSocket-Extensions: permessage-deflate", "Sec-WebSocket-Protocol: chat"])
def test_nothing_is_agreed_that_nobody_offered(extra: str) -> None:
    socket = WebSocket("localhost", 80)
    [event] = socket.receive(accepting(key_of(socket.request()), extra))
    assert isinstance(event, Rejected)
    assert "nobody offered" in event.reason


def test_an_accept_that_is_said_twice_is_no_proof() -> None:
    socket = WebSocket("localhost", 80)
    key = key_of(socket.request())
    [event] = socket.receive(accepting(key, f"Sec-WebSocket-Accept: {handshake.acceptance(key)}"))
    assert isinstance(event, Rejected)


def test_a_wrong_proof_is_rejected() -> None:
    socket = WebSocket("localhost", 80)
    socket.request()
    [event] = socket.receive(accepting(handshake.new_key()))
    assert isinstance(event, Rejected)
    assert "prove" in event.reason


# --- what goes out


@pytest.mark.parametrize("size", [0, 1, 4, 125, 126, 65_535, 65_536, limits.MESSAGE])
def test_a_message_is_one_masked_frame(size: int) -> None:
    payload = bytes(n % 253 for n in range(size))
    assert unmasked(opened().binary(payload)) == (BINARY, payload)


@given(st.lists(st.binary(max_size=50) | st.integers(0, 40_000).map(bytes), max_size=4))
def test_parts_are_masked_as_one_message(parts: list[bytes]) -> None:
    assert unmasked(opened().binary(*parts)) == (BINARY, b"".join(parts))
    assert unmasked(opened().binary(*map(memoryview, parts))) == (BINARY, b"".join(parts))


@given(st.binary(max_size=70_000), st.binary(min_size=4, max_size=4))
def test_masking_is_xor(data: bytes, key: bytes) -> None:
    masked = b"".join(masking.masked(memoryview(data), key))
    assert masked == bytes(byte ^ key[n % 4] for n, byte in enumerate(data))


def test_a_message_goes_out_in_few_pieces() -> None:
    assert len(opened().binary(bytes(21), bytes(limits.CHUNK))) == 1
    large = bytes(100_000)
    socket = WebSocket("localhost", 80, mask=lambda data, key: [large if len(data) == len(large) else data])
    socket.receive(accepting(key_of(socket.request())))
    head, first, between, second, tail = socket.binary(b"ab", large, b"cd", b"ef", large, b"gh")
    assert (first, second) == (large, large)
    assert (head[-2:], between, tail) == (b"ab", b"cdef", b"gh")


def test_every_frame_has_a_key_of_its_own() -> None:
    socket = opened()
    assert len({socket.binary(bytes(8))[0][2:6] for _ in range(20)}) > 1


def test_another_mask_may_be_brought() -> None:
    def mask(data: memoryview, key: bytes) -> list[bytes]:
        return [bytes(byte ^ key[n % 4] for n, byte in enumerate(data))]

    socket = WebSocket("localhost", 80, mask=mask)
    socket.receive(accepting(key_of(socket.request())))
    assert unmasked(socket.binary(b"abcde", b"fg")) == (BINARY, b"abcdefg")


def test_unmasked_messages_have_the_key_zero_and_are_not_copied() -> None:
    socket = WebSocket("localhost", 80, mask=masking.unmasked)
    socket.receive(accepting(key_of(socket.request())))
    data = bytearray(b"pixels" * 20_000)
    head, large = socket.binary(b"ab", data)
    data[0] = ord("P")
    assert unmasked([head, large]) == (BINARY, b"ab" + data)
    assert head[-6:] == b"\0\0\0\0ab"
    assert len({socket.ping()[2:6] for _ in range(20)}) > 1
    assert len({socket.close()[2:6]}) == 1


def test_nothing_goes_out_before_the_handshake_or_after_closing() -> None:
    socket = WebSocket("localhost", 80)
    for _ in range(2):
        for say in (lambda: socket.binary(b"x"), socket.ping, socket.close):
            with pytest.raises(LocalProtocolError):
                say()
        socket.request()
    socket.receive(accepting(key_of(socket.request())))
    socket.close()
    for say in (lambda: socket.binary(b"x"), socket.ping, socket.close):
        with pytest.raises(LocalProtocolError):
            say()


# --- control frames


def test_pings_are_answered_in_turn() -> None:
    events = opened().receive(spell(BINARY, b"a") + spell(PING, b"are you there") + spell(BINARY, b"b"))
    assert [type(event) for event in events] == [Binary, Reply, Binary]
    assert isinstance(events[1], Reply)
    assert unmasked(events[1].data) == (PONG, b"are you there")


def test_we_can_ping() -> None:
    socket = opened()
    assert unmasked(socket.ping(b"x")) == (PING, b"x")
    assert socket.receive(spell(PONG, b"x")) == [Pong(b"x")]
    with pytest.raises(LocalProtocolError):
        socket.ping(bytes(126))


@pytest.mark.parametrize(
    ("payload", "code", "reason"),
    [
        (b"", 1005, ""),
        (b"\x03\xe8", 1000, ""),
        (struct.pack(">H", 4400) + "über".encode(), 4400, "über"),
        (struct.pack(">H", 1011), 1011, ""),
    ],
)
def test_the_server_closes(payload: bytes, code: int, reason: str) -> None:
    socket = opened()
    reply, closed = socket.receive(spell(CLOSE, payload) + spell(BINARY, b"too late"))
    assert closed == Closed(code, reason)
    assert isinstance(reply, Reply)
    assert unmasked(reply.data) == (CLOSE, payload[:2])
    assert socket.state == "closed"
    assert socket.receive(b"x") == []
    assert socket.received(0) == []


def test_we_close() -> None:
    socket = opened()
    assert unmasked(socket.close(1000, "done")) == (CLOSE, b"\x03\xe8done")
    assert socket.receive(spell(PING, b"")) == []
    [late] = socket.receive(spell(BINARY, b"still under way"))
    assert isinstance(late, Binary)
    assert socket.receive(spell(CLOSE, b"\x03\xe8")) == [Closed(1000, "")]


def test_a_reason_is_cut_to_what_a_close_frame_carries() -> None:
    opcode, payload = unmasked(opened().close(4400, "ä" * 200))
    assert opcode == CLOSE
    assert len(payload) <= 125
    assert payload[2:].decode().endswith("…")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (spell(CLOSE, b"\x03"), 1002),
        (spell(CLOSE, struct.pack(">H", 999)), 1002),
        (spell(CLOSE, struct.pack(">H", 1005)), 1002),
        (spell(CLOSE, struct.pack(">H", 1006)), 1002),
        (spell(CLOSE, struct.pack(">H", 2000)), 1002),
        (spell(CLOSE, struct.pack(">H", 5000)), 1002),
        (spell(CLOSE, b"\x03\xe8\xff"), 1007),
        (spell(TEXT, b"{}"), 1003),
        (spell(BINARY, bytes(2000)), 1009),
        (b"\x83\x00", 1002),
    ],
)
def test_a_server_that_breaks_the_rfc_is_told_and_left(frame: bytes, code: int) -> None:
    socket = opened(most=1000)
    reply, closed = socket.receive(frame)
    assert isinstance(reply, Reply)
    assert isinstance(closed, Closed)
    opcode, payload = unmasked(reply.data)
    assert (opcode, struct.unpack(">H", payload[:2])[0], closed.code) == (CLOSE, code, code)
    assert socket.state == "closed"
    closing = opened(most=1000)
    closing.close()
    assert [type(event) for event in closing.receive(frame)] == [Closed]


def test_a_connection_that_breaks_off() -> None:
    connecting = WebSocket("localhost", 80)
    connecting.request()
    [event] = connecting.received(0)
    assert isinstance(event, Rejected)
    assert event.status == 0
    socket = opened()
    assert socket.receive(b"") == [Closed(1006, "The connection broke off.")]


def test_mutable_data_is_copied_and_bytes_are_not() -> None:
    data = bytearray(spell(BINARY, b"abc"))
    [event] = opened().receive(data)
    data[-1] = 0
    assert isinstance(event, Binary)
    assert bytes(event.payload) == b"abc"
    frozen = bytes(spell(BINARY, b"abc"))
    [event] = opened().receive(frozen)
    assert isinstance(event, Binary)
    assert event.payload.obj is frozen
