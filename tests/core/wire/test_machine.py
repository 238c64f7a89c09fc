"""Client and server joined in memory, messages under way in both directions: a state machine for hypothesis to walk.

Whatever honest sides do in whatever order, with whatever delays, neither ever finds fault with the other, every byte
arrives once, and nothing stays behind in the books.
"""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.wire.test_connection import HELLO, WELCOME
from layerlift.wire import limits
from layerlift.wire.connection import Connection
from layerlift.wire.messages import Ack, Chunk, Get, Jobs, Put, Ready, Refused, Stop
from layerlift.wire.problems import problem
from layerlift.wire.values import DocumentInfo

CHUNK, WINDOW = 16, 64
ROUNDS = 3000  # each brings a chunk of one transfer further: enough for every byte that 60 steps can begin
pick = st.integers(0, 10_000)


class Conversation(RuleBasedStateMachine):
    """`up` and `down` are the payloads under way. `source` is what each transfer's sender has, `sink` what arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.client, self.server = Connection("client"), Connection("server")
        self.up: deque[bytes] = deque()
        self.down: deque[bytes] = deque()
        self.next = 1
        self.source: dict[int, bytes] = {}
        self.sink: dict[int, bytearray] = {}
        self.asked: list[Put | Get] = []
        self.given_up: set[int] = set()

    @initialize()
    def greet(self) -> None:
        self.server.decode(self.client.encode(HELLO))
        self.client.decode(self.server.encode(replace(WELCOME, chunk=CHUNK, window=WINDOW)))

    @rule(size=st.integers(1, 300))
    def put(self, size: int) -> None:
        self.begin(Put(self.next, str(uuid.UUID(int=self.next)), size, DocumentInfo("d", "file")), size)

    @rule(size=st.integers(0, 300), data=pick)
    def get(self, size: int, data: int) -> None:
        self.begin(Get(self.next, str(uuid.UUID(int=self.next)), 0, data % (size + 1)), size)

    def begin(self, message: Put | Get, size: int) -> None:
        if len(self.client._ledger.transfers) == limits.TRANSFERS:
            return
        self.up.append(self.client.encode(message))
        self.source[self.next] = bytes((self.next + i) % 251 for i in range(size))
        self.next += 1

    @precondition(lambda self: self.asked)
    @rule(data=pick, agree=st.integers(0, 9))
    def answer(self, data: int, agree: int) -> None:
        message = self.asked.pop(0)
        number = message.transfer
        if not self.server.active(number):
            return
        size = len(self.source[number])
        if agree == 0:
            self.given_up.add(number)
            self.down.append(self.server.encode(Refused(message.kind, problem("disk-full"), transfer=number)))
            return
        offset = message.offset if isinstance(message, Get) else data % (size + 1)
        self.sink[number] = bytearray(self.source[number][:offset])
        self.down.append(self.server.encode(Ready(number, offset, size)))

    @rule(data=pick, length=st.integers(1, CHUNK), from_client=st.booleans())
    def send(self, data: int, length: int, from_client: bool) -> None:
        side, line = (self.client, self.up) if from_client else (self.server, self.down)
        able = [number for number in side._ledger.transfers if side.credit(number)]
        if able:
            number = able[data % len(able)]
            at, length = side.position(number), min(length, side.credit(number))
            line.append(b"".join(side.chunk(number, memoryview(self.source[number])[at : at + length])))

    @precondition(lambda self: self.client._ledger.transfers)
    @rule(data=pick)
    def stop(self, data: int) -> None:
        active = sorted(self.client._ledger.transfers)
        self.given_up.add(active[data % len(active)])
        self.up.append(self.client.encode(Stop(active[data % len(active)])))

    @precondition(lambda self: self.server._ledger.transfers)
    @rule(data=pick)
    def refuse(self, data: int) -> None:
        active = sorted(self.server._ledger.transfers)
        self.given_up.add(active[data % len(active)])
        said = Refused("chunk", problem("disk-full"), transfer=active[data % len(active)])
        self.down.append(self.server.encode(said))

    @rule()
    def ask_something_else(self) -> None:
        self.up.append(self.client.encode(Jobs()))

    @precondition(lambda self: self.up)
    @rule()
    def arrive_at_the_server(self) -> None:
        message = self.server.decode(self.up.popleft())
        if isinstance(message, (Put, Get)):
            self.asked.append(message)
        if isinstance(message, Chunk):
            self.store(self.server, message, self.down)

    @precondition(lambda self: self.down)
    @rule()
    def arrive_at_the_client(self) -> None:
        message = self.client.decode(self.down.popleft())
        if isinstance(message, Chunk):
            self.store(self.client, message, self.up)

    def store(self, side: Connection, chunk: Chunk, line: deque[bytes]) -> None:
        if not side.active(chunk.transfer):
            assert chunk.transfer in self.given_up
            return
        sink = self.sink[chunk.transfer]
        assert chunk.offset == len(sink)
        sink += chunk.data
        if ack := side.stored(chunk.transfer, len(sink)):
            line.append(ack)

    @invariant()
    def books_are_sound(self) -> None:
        for side in (self.client, self.server):
            assert side.state in ("open", "greeting")
            assert len(side._ledger.transfers) <= limits.TRANSFERS
            for transfer in side._ledger.transfers.values():
                assert transfer.acked <= transfer.moved
                assert 0 <= transfer.credit(WINDOW) <= WINDOW

    def teardown(self) -> None:
        """Let everything arrive: what nobody gave up is complete, and no book holds anything."""
        if self.client.state != "open":
            return
        for _ in range(ROUNDS):
            while self.up:
                self.arrive_at_the_server()
            while self.asked:
                self.answer(data=0, agree=1)
            while self.down:
                self.arrive_at_the_client()
            for side in (True, False):
                self.send(data=0, length=CHUNK, from_client=side)
            if not (self.up or self.down or self.client._ledger.transfers or self.server._ledger.transfers):
                break
        else:
            raise AssertionError("the conversation is stuck")
        for number in set(self.source) - self.given_up:
            assert bytes(self.sink[number]) == self.source[number]


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)


def test_the_sink_says_nothing_about_acks() -> None:
    """The machine above would not notice acks that never come if windows were never full: they are."""
    client, server = Connection("client"), Connection("server")
    server.decode(client.encode(HELLO))
    client.decode(server.encode(replace(WELCOME, chunk=CHUNK, window=WINDOW)))
    server.decode(client.encode(Put(1, str(uuid.UUID(int=1)), 300, DocumentInfo("d", "file"))))
    client.decode(server.encode(Ready(1, 0, 300)))
    for _ in range(WINDOW // CHUNK):
        server.decode(b"".join(client.chunk(1, memoryview(bytes(CHUNK)))))
    assert client.credit(1) == 0
    client.decode(server.encode(Ack(1, WINDOW)))
    assert client.credit(1) == WINDOW
