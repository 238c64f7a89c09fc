"""The sans-IO room by itself: no socket, no thread, a clock of our own."""

from __future__ import annotations

import pytest

from layerlift.client import reconnect
from layerlift.client.conversation import Conversation, Dropped
from layerlift.client.errors import ConnectionLost, NoServer, ServerError
from layerlift.client.exchanges.port import Exchange
from layerlift.client.exchanges.pull import Pull
from layerlift.client.exchanges.question import Question
from layerlift.client.exchanges.watching import Watching
from layerlift.client.timeouts import BACKOFF, DIAL, LOST_AFTER, PING_AFTER
from layerlift.wire import handshake, limits
from layerlift.wire import messages as m
from layerlift.wire.connection import Connection
from layerlift.wire.values import Bounds, ClientInfo, LayerInfo, Limits, Problem

JOB = "3f1e4a52-6b8c-4d7e-9a10-2b3c4d5e6f70"
HELLO = m.Hello(ClientInfo("test", "1"), token="t" * 43)
WELCOME = m.Welcome(1, "server", 1 << 18, 8 << 20, (), Limits(1, 1, 1, 1, 1))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Pair:
    """A conversation and the server's side of it, in memory."""

    def __init__(self, *, welcome: bool = True) -> None:
        self.clock = Clock()
        self.talk = Conversation("127.0.0.1", 1, HELLO, self.clock)
        self.wire = Connection("server")
        self.answer_handshake()
        assert self.heard() == [HELLO]
        if welcome:
            self.say(WELCOME)

    def answer_handshake(self) -> None:
        request = b"".join(self.talk.outgoing()).decode()
        key = next(line.partition(": ")[2] for line in request.splitlines() if line.startswith("Sec-WebSocket-Key"))
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        answer = "\r\n".join([*lines, f"Sec-WebSocket-Accept: {handshake.acceptance(key)}", "", ""])
        self.talk.receive(answer.encode())

    def say(self, *messages: m.Message) -> None:
        for message in messages:
            self.talk.receive(frame(2, self.wire.encode(message)))

    def heard(self) -> list[m.Message]:
        """What the client has said since."""
        data = b""
        while going := self.talk.outgoing():
            data += b"".join(bytes(part) for part in going)
        return [self.wire.decode(payload) for opcode, payload in unmasked(data) if opcode == 2]


def frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    head = bytes((0x80 | opcode,))
    if size < 126:
        return head + bytes((size,)) + payload
    return head + (b"\x7e" + size.to_bytes(2, "big") if size < 1 << 16 else b"\x7f" + size.to_bytes(8, "big")) + payload


def unmasked(data: bytes) -> list[tuple[int, bytes]]:
    frames = []
    while data:
        opcode, size, at = data[0] & 15, data[1] & 127, 2
        if size >= 126:
            wide = 2 if size == 126 else 8
            size, at = int.from_bytes(data[2 : 2 + wide], "big"), 2 + wide
        key, data = data[at : at + 4], data[at + 4 :]
        frames.append((opcode, bytes(byte ^ key[index & 3] for index, byte in enumerate(data[:size]))))
        data = data[size:]
    return frames


def layer(index: int) -> m.LayerReady:
    info = LayerInfo(index, f"Layer {index}", "graphic", Bounds(0, 0, 4, 4), 8, 64, "0" * 64)
    return m.LayerReady(JOB, info)


def done(layers: int) -> m.Done:
    return m.Done(JOB, layers, 4, 4, 8, 0, 0.5)


# silence


def test_silence_is_asked_about_and_then_given_up():
    pair = Pair()
    pair.clock.now += PING_AFTER + 1
    pair.talk.tick()
    assert [opcode for opcode, _ in unmasked(b"".join(pair.talk.outgoing()))] == [9]
    pair.talk.tick()
    assert pair.talk.outgoing() == [], "asked once"
    pair.talk.receive(frame(10, b""))
    pair.clock.now += LOST_AFTER - 1
    pair.talk.tick()
    pair.clock.now += 2
    with pytest.raises(Dropped) as caught:
        pair.talk.tick()
    assert caught.value.failure is None


def test_a_server_that_never_welcomes_is_given_up_soon():
    pair = Pair(welcome=False)
    pair.clock.now += DIAL - 1
    pair.talk.tick()
    pair.clock.now += 2
    with pytest.raises(Dropped):
        pair.talk.tick()


def test_pings_are_answered():
    pair = Pair()
    pair.heard()
    pair.talk.receive(frame(9, b"there?"))
    assert unmasked(b"".join(pair.talk.outgoing())) == [(10, b"there?")]


# ends


@pytest.mark.parametrize(
    ("status", "hopeless"),
    [("421 Misdirected Request", True), ("403 Forbidden", True), ("503 Busy", False), ("429 Many", False)],
)
def test_turned_away_at_the_door(status, hopeless):
    talk = Conversation("::1", 1, HELLO, Clock())
    assert b"Host: [::1]:1\r\n" in b"".join(talk.outgoing())
    with pytest.raises(Dropped) as caught:
        talk.receive(f"HTTP/1.1 {status}\r\n\r\n".encode())
    assert (caught.value.failure is not None) == hopeless
    if hopeless:
        assert isinstance(caught.value.failure, ServerError)
        assert caught.value.failure.code == "rejected"


@pytest.mark.parametrize(
    ("code", "hopeless"),
    [
        (1001, False),
        (1006, False),
        (4408, False),
        (4429, False),
        (4503, False),
        (4400, True),
        (4401, True),
        (4409, True),
        (4413, True),
    ],
)
def test_which_ends_are_final(code, hopeless):
    pair = Pair()
    with pytest.raises(Dropped) as caught:
        pair.talk.receive(frame(8, code.to_bytes(2, "big")) if code != 1006 else b"")
    assert (caught.value.failure is not None) == hopeless
    assert pair.talk.close() == [], "there is nobody to say goodbye to"


def test_what_the_server_said_before_it_hung_up_is_the_reason():
    pair = Pair(welcome=False)
    pair.say(m.Refused("hello", Problem("version-too-old", "Too old.", "Update.")))
    with pytest.raises(Dropped) as caught:
        pair.talk.receive(frame(8, (4400).to_bytes(2, "big")))
    assert str(caught.value.failure) == "Too old. Update."


def test_nonsense_ends_the_conversation():
    pair = Pair()
    with pytest.raises(Dropped) as caught:
        pair.talk.receive(frame(2, b"\xc1"))
    assert isinstance(caught.value.failure, ServerError)
    assert caught.value.failure.code == "malformed"


def test_a_polite_end():
    pair = Pair()
    assert [opcode for opcode, _ in unmasked(b"".join(pair.talk.close()))][-1] == 8


# coming back


def ended(talk: Conversation | None, clock: Clock, again: reconnect.Reconnect) -> None:
    again.ended(Dropped(), talk)
    clock.now += again.wait


def test_the_first_connection_must_succeed():
    clock = Clock()
    with pytest.raises(NoServer, match="hung up before"):
        reconnect.Reconnect(clock).ended(Dropped(), Conversation("a", 1, HELLO, clock))
    nobody = NoServer("Nobody.")
    with pytest.raises(NoServer) as caught:
        reconnect.Reconnect(clock).ended(nobody, None)
    assert caught.value is nobody


def test_later_ones_may_fail_a_few_times_in_a_row():
    pair = Pair()
    again, before = reconnect.Reconnect(pair.clock), pair.clock.now
    ended(pair.talk, pair.clock, again)
    for _ in BACKOFF[1:]:
        ended(None, pair.clock, again)
    assert pair.clock.now - before == pytest.approx(sum(BACKOFF))
    with pytest.raises(ConnectionLost):
        again.ended(Dropped(), None)


def test_a_refused_token_is_final_unless_the_next_may_be_another():
    """A local server that was started again has a new token; a file that is read a moment too early has the old one."""
    refused = Dropped(ServerError("Who?", code="unauthorized"))
    pair = Pair()
    again = reconnect.Reconnect(pair.clock, fresh=True)
    ended(pair.talk, pair.clock, again)
    for _ in BACKOFF[1:]:
        again.ended(refused, None)
    with pytest.raises(ServerError, match="Who"):
        again.ended(refused, None)
    for never in (reconnect.Reconnect(pair.clock, fresh=True), reconnect.Reconnect(pair.clock)):
        with pytest.raises(ServerError, match="Who"):
            never.ended(refused, None)


def test_a_connection_that_brought_something_resets_the_count():
    pair = Pair()
    pair.talk.open(Question(m.Jobs()))
    pair.heard()
    pair.say(m.JobList(()))
    again = reconnect.Reconnect(pair.clock)
    for _ in range(5 * len(BACKOFF)):
        ended(pair.talk, pair.clock, again)


# exchanges


def test_exchanges_wait_for_the_welcome_and_begin_again_elsewhere():
    pair = Pair(welcome=False)
    question = Question(m.Jobs())
    pair.talk.open(question)
    assert pair.heard() == []
    pair.say(WELCOME)
    assert pair.heard() == [m.Jobs()]
    second = Pair()
    second.talk.adopt(pair.talk.exchanges)
    assert second.heard() == [m.Jobs()]
    second.say(m.JobList(()))
    assert (question.finished, question.answer) == (True, m.JobList(()))


def test_nothing_begins_on_a_connection_that_is_over():
    """Between its end and the next connection verbs may be called, and given up."""
    pair = Pair()
    watching = Watching(JOB, m.Submit(JOB))
    pair.talk.open(watching)
    with pytest.raises(Dropped):
        pair.talk.receive(frame(8, (1001).to_bytes(2, "big")))
    question = Question(m.Jobs())
    pair.talk.open(question)
    pair.talk.abandon(watching)
    assert (question.failure, question.finished) == (None, False)
    second = Pair()
    second.talk.adopt(pair.talk.exchanges)
    assert second.heard() == [m.Jobs()]


def test_last_words_and_the_end_in_one_breath():
    """What comes together with a close frame is heard, and answered to nobody."""
    pair = Pair()
    memory = bytearray(4)
    pull = Pull(JOB, 0, memoryview(memory))
    pair.talk.open(pull)
    (get,) = pair.heard()
    last = [m.Ready(get.transfer, 0, 4), m.Chunk(get.transfer, 0, b"abcd")]
    data = b"".join(frame(2, pair.wire.encode(message)) for message in last) + frame(8, (1001).to_bytes(2, "big"))
    with pytest.raises(Dropped):
        pair.talk.receive(data)
    assert (pull.finished, bytes(memory)) == (True, b"abcd")


def test_answers_come_in_the_order_of_the_questions():
    pair = Pair()
    first, second = Question(m.Jobs()), Question(m.Keep(JOB))
    pair.talk.open(first)
    pair.talk.open(second)
    pair.heard()
    pair.say(m.JobList(()))
    assert (first.finished, second.finished) == (True, False)
    pair.say(m.Refused("keep", Problem("unknown-job", "No."), JOB))
    assert isinstance(second.failure, ServerError)


def test_answers_for_others_are_left_to_them():
    pair = Pair()
    question = Question(m.Drop(JOB))
    pair.talk.open(question)
    pair.heard()
    other = JOB.replace("3f", "4f")
    pair.say(
        m.Dropped(other),
        m.Refused("drop", Problem("unknown-job", "No."), other),
        m.Refused("keep", Problem("internal", "No.")),
    )
    assert not question.finished


def test_no_more_transfers_at_once_than_a_connection_takes():
    pair = Pair()
    pulls = [Pull(JOB, index, memoryview(bytearray(4))) for index in range(limits.TRANSFERS + 3)]
    for pull in pulls:
        pair.talk.open(pull)
    asked = pair.heard()
    assert len(asked) == limits.TRANSFERS
    number = asked[0].transfer
    pair.say(m.Ready(number, 0, 4), m.Chunk(number, 0, b"abcd"))
    assert [type(message) for message in pair.heard()] == [m.Ack, m.Get]
    pair.talk.abandon(pulls[1])
    assert [type(message) for message in pair.heard()] == [m.Stop, m.Get]
    pair.talk.abandon(pulls[-1])
    assert pair.heard() == [], "what has not begun need not be stopped"
    pair.talk.abandon(pulls[-1])


def test_a_watch_takes_things_in_their_order_only():
    """The tail of one telling, then the whole story."""
    pair = Pair()
    watching = Watching(JOB)
    pair.talk.open(watching)
    pair.heard()
    pair.say(layer(2), done(3), m.Started(JOB, "e"), layer(0), layer(1), layer(2), done(3))
    kinds = [event.layer.index if isinstance(event, m.LayerReady) else event.kind for event in watching.events]
    assert kinds == ["started", 0, 1, 2, "done"]
    assert watching.finished


def test_an_attempt_that_begins_again_brings_its_layers_again():
    pair = Pair()
    watching = Watching(JOB)
    pair.talk.open(watching)
    pair.heard()
    pair.say(m.Started(JOB, "e"), layer(0), m.Started(JOB, "e", 2), layer(0), layer(1), done(2))
    assert [event.kind for event in watching.events] == ["started", "layer", "started", "layer", "layer", "done"]


def test_a_result_whose_layers_never_come_is_an_error_and_no_endless_wait():
    pair = Pair()
    watching = Watching(JOB)
    pair.talk.open(watching)
    pair.heard()
    pair.say(done(3))
    assert not watching.finished
    pair.say(layer(0), done(3))
    with pytest.raises(ServerError, match="result of 3 layers of which 1 came"):
        watching.check()


@pytest.mark.parametrize("detached", [False, True])
def test_an_abandoned_order_is_cancelled_unless_it_is_detached(detached):
    pair = Pair()
    watching = Watching(JOB, m.Submit(JOB, detached=detached))
    pair.talk.open(watching)
    assert pair.heard() == [m.Submit(JOB, detached=detached)]
    pair.talk.abandon(watching)
    assert pair.heard() == ([] if detached else [m.Cancel(JOB)])


def test_an_exchange_is_no_more_than_its_promises():
    bare = Exchange()
    assert not bare.more(Pair().talk)
    for act in (lambda: bare.begin(Pair().talk), lambda: bare.take(WELCOME, Pair().talk)):
        with pytest.raises(NotImplementedError):
            act()
