"""Our client joined in memory with the websockets library's sans-IO server, bytes cut anywhere in both directions."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import CloseCode, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from core.wire.spoken import messages
from layerlift.wire import frames, limits, masking
from layerlift.wire.messages import Message
from layerlift.wire.websocket import Binary, Closed, Event, Opened, Reply, WebSocket

SIZES = st.lists(st.integers(1, 60) | st.integers(1, 300_000), min_size=1, max_size=4)


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """`data` in pieces of `sizes`, in turn."""
    if len(data) > 20_000:  # byte by byte takes minutes and shows nothing more
        sizes = [size if size > 500 else size * 1000 for size in sizes]
    at = turn = 0
    while at < len(data):
        yield data[at : at + sizes[turn % len(sizes)]]
        at += sizes[turn % len(sizes)]
        turn += 1


class Joined:
    """Both sides, and what each has heard."""

    def __init__(self, sizes: list[int], mask: masking.Mask) -> None:
        self.sizes = sizes
        self.client, self.server = WebSocket("localhost", 8188, mask=mask), ServerProtocol(max_size=limits.MESSAGE)
        self.events: list[Event] = []
        self.heard: list[bytes] = []
        self.up(self.client.request())

    def up(self, data: bytes) -> None:
        """From the client to the server, and what comes back at once."""
        for piece in cut(data, self.sizes):
            self.server.receive_data(piece)
        fragments = b""
        for event in self.server.events_received():
            if isinstance(event, Request):
                self.server.send_response(self.server.accept(event))
                continue
            fragments += event.data if event.opcode in (Opcode.BINARY, Opcode.CONT) else b""
            if event.opcode in (Opcode.BINARY, Opcode.CONT) and event.fin:
                self.heard.append(fragments)
                fragments = b""
        self.down()

    def down(self) -> None:
        """What the server has to send."""
        for piece in cut(b"".join(self.server.data_to_send()), self.sizes):
            for event in self.client.receive(piece):
                if isinstance(event, Reply):
                    self.up(event.data)
                else:
                    self.events.append(event)


@settings(max_examples=100)
@given(st.lists(messages(), max_size=3), st.lists(messages(), max_size=3), SIZES, st.booleans(), st.integers(0, 9))
def test_any_message_survives_in_both_directions(
    up: list[Message], down: list[Message], sizes: list[int], plain: bool, parts: int
) -> None:
    joined = Joined(sizes, masking.unmasked if plain else masking.masked)
    assert joined.events == [Opened()]
    for message in up:
        payload = frames.encode(message)
        joined.up(b"".join(joined.client.binary(payload[:parts], payload[parts:])))
    for message in down:
        payload = frames.encode(message)
        joined.server.send_binary(payload[: len(payload) // 2], fin=False)
        joined.server.send_ping(b"in between")
        joined.server.send_continuation(payload[len(payload) // 2 :], fin=True)
        joined.down()
    assert [frames.decode(payload) for payload in joined.heard] == up
    said = [frames.decode(event.payload) for event in joined.events if isinstance(event, Binary)]
    assert said == down
    assert joined.server.state.name == "OPEN"


@settings(max_examples=50)
@given(st.binary(max_size=100), SIZES)
def test_both_close_in_order(payload: bytes, sizes: list[int]) -> None:
    ours = Joined(sizes, masking.masked)
    ours.up(b"".join(ours.client.binary(payload)))
    ours.up(ours.client.close(1000, "done"))
    assert (ours.server.close_rcvd.code, ours.server.close_rcvd.reason) == (CloseCode.NORMAL_CLOSURE, "done")
    assert ours.heard == [payload]
    assert isinstance(ours.events[-1], Closed)
    theirs = Joined(sizes, masking.masked)
    theirs.server.send_close(4400, "because")
    theirs.down()
    assert theirs.events[-1] == Closed(4400, "because")
    assert theirs.server.close_rcvd.code == 4400
