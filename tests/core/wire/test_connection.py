"""One conversation: who may say what when, credit, offsets, and what a hostile side cannot do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from layerlift.wire import frames, limits
from layerlift.wire.connection import Connection
from layerlift.wire.errors import LocalProtocolError, RemoteProtocolError
from layerlift.wire.messages import (
    FROM_CLIENT,
    FROM_SERVER,
    Ack,
    Cancel,
    Chunk,
    Get,
    Hello,
    Jobs,
    Message,
    Put,
    Queued,
    Ready,
    Refused,
    Stop,
    Submit,
    Welcome,
)
from layerlift.wire.problems import problem
from layerlift.wire.values import ClientInfo, DocumentInfo
from vectors.examples import JOB, LIMITS, MESSAGES, TOKEN, UPLOAD

HELLO = Hello(ClientInfo("test", "1"), token=TOKEN)
WELCOME = Welcome(1, "test", limits.CHUNK, limits.WINDOW, (), LIMITS, True)
BLOCK = memoryview(bytes(limits.CHUNK))


def put(transfer: int = 1, size: int = 1000) -> Put:
    return Put(transfer, UPLOAD, size, DocumentInfo("d", "file"))


class Pair:
    """A client and a server whose payloads arrive at once."""

    def __init__(self, welcome: Welcome = WELCOME) -> None:
        self.client, self.server = Connection("client"), Connection("server")
        self.up(HELLO)
        self.down(welcome)

    def up(self, message: Message) -> Message:
        return self.server.decode(self.client.encode(message))

    def down(self, message: Message) -> Message:
        return self.client.decode(self.server.encode(message))

    def uploading(self, size: int, offset: int = 0) -> Pair:
        self.up(put(1, size))
        self.down(Ready(1, offset, size))
        return self

    def downloading(self, size: int, offset: int = 0) -> Pair:
        self.up(Get(1, JOB, 0, offset))
        self.down(Ready(1, offset, size))
        return self


def refused(side: Connection, payload: bytes) -> RemoteProtocolError:
    with pytest.raises(RemoteProtocolError) as caught:
        side.decode(payload)
    assert side.state == "closed"
    with pytest.raises(RemoteProtocolError):
        side.decode(frames.encode(Jobs()))
    return caught.value


# --- the greeting


def test_the_greeting_opens_both_sides() -> None:
    pair = Pair()
    assert (pair.client.state, pair.server.state) == ("open", "open")
    assert (pair.client.protocol, pair.server.protocol) == (1, 1)


@pytest.mark.parametrize("cls", FROM_CLIENT)
def test_nothing_comes_before_hello(cls: type[Message]) -> None:
    if cls is Hello:
        return
    said = next(message for message in MESSAGES.values() if type(message) is cls)
    error = refused(Connection("server"), frames.encode(said))
    assert error.close_code == 4400
    with pytest.raises(LocalProtocolError, match="while greeting"):
        Connection("client").encode(said)


@pytest.mark.parametrize(
    "name", [n for n, m in MESSAGES.items() if type(m) in FROM_SERVER and n != "refused, transfer"]
)
def test_nothing_but_welcome_or_refused_answers_hello(name: str) -> None:
    client = Connection("client")
    client.encode(HELLO)
    said = MESSAGES[name]
    if isinstance(said, (Welcome, Refused)):
        client.decode(frames.encode(said))
        assert client.state == ("open" if isinstance(said, Welcome) else "closed")
    else:
        assert refused(client, frames.encode(said)).close_code == 4400


@pytest.mark.parametrize("message", [HELLO, WELCOME, MESSAGES["queued"]], ids=lambda m: m.kind)
def test_a_client_cannot_say_it_again_or_speak_as_the_server(message: Message) -> None:
    pair = Pair()
    with pytest.raises(LocalProtocolError, match="must not say"):
        pair.client.encode(message)
    assert refused(pair.server, frames.encode(message)).close_code == 4400


def test_a_server_cannot_greet_twice_or_speak_as_the_client() -> None:
    for message in (WELCOME, HELLO, Jobs()):
        pair = Pair()
        with pytest.raises(LocalProtocolError, match="must not say"):
            pair.server.encode(message)
        assert refused(pair.client, frames.encode(message)).close_code == 4400


def test_a_server_may_refuse_before_hello() -> None:
    client, server = Connection("client"), Connection("server")
    said = client.decode(server.encode(Refused("hello", problem("too-many"))))
    assert isinstance(said, Refused)
    assert (client.state, server.state) == ("closed", "closed")
    with pytest.raises(LocalProtocolError, match="while closed"):
        client.encode(HELLO)


@pytest.mark.parametrize(
    ("hello", "code"), [((9, 2), "version-too-new"), ((1, 1), ""), ((9, 1), "")], ids=["newer", "same", "both"]
)
def test_versions_are_negotiated(hello: tuple[int, int], code: str) -> None:
    client, server = Connection("client"), Connection("server")
    payload = client.encode(replace(HELLO, protocol=hello[0], oldest=hello[1]))
    if not code:
        server.decode(payload)
        client.decode(server.encode(WELCOME))
        assert client.protocol == 1
        return
    with pytest.raises(RemoteProtocolError) as caught:
        server.decode(payload)
    assert caught.value.problem.code == code
    said = client.decode(server.encode(Refused("hello", caught.value.problem)))
    assert isinstance(said, Refused)
    assert said.problem.remedy


def test_welcome_must_choose_a_version_that_hello_offered() -> None:
    for welcome in (replace(WELCOME, protocol=2), replace(WELCOME, chunk=4096, window=4095)):
        client, server = Connection("client"), Connection("server")
        server.decode(client.encode(HELLO))
        with pytest.raises(LocalProtocolError):
            server.encode(welcome)
        assert server.state == "greeted"
        assert refused(client, frames.encode(welcome)).close_code == 4400


def test_after_a_violation_a_server_has_one_last_word() -> None:
    server = Pair().server
    error = refused(server, b"\xc1")
    assert server.encode(Refused("?", error.problem))
    with pytest.raises(LocalProtocolError):
        server.encode(Refused("?", error.problem))


def test_after_a_violation_a_client_has_none() -> None:
    client = Pair().client
    refused(client, b"\xc1")
    with pytest.raises(LocalProtocolError):
        client.encode(Cancel(JOB))


# --- transfers


@pytest.mark.parametrize("size", [1, limits.CHUNK, limits.ACK_EVERY, limits.WINDOW, 3 * limits.WINDOW + 77])
@pytest.mark.parametrize("way", ["up", "down"])
def test_a_transfer_arrives_under_credit(way: str, size: int) -> None:
    pair = Pair()
    pair.uploading(size) if way == "up" else pair.downloading(size)
    sender, receiver = (pair.client, pair.server) if way == "up" else (pair.server, pair.client)
    arrived = acked = 0
    while sender.active(1):
        step = min(sender.credit(1), limits.CHUNK)
        assert step, "the sender waits for an ack that never comes"
        said = receiver.decode(b"".join(sender.chunk(1, BLOCK[:step])))
        assert isinstance(said, Chunk)
        assert said.offset == arrived
        arrived += len(said.data)
        assert arrived - acked <= limits.ACK_EVERY
        if ack := receiver.stored(1, arrived):
            acked = arrived
            assert sender.decode(ack) == Ack(1, acked)
    assert arrived == size
    assert not receiver.active(1)
    assert sender.credit(1) == 0


def test_credit_ends_at_the_window_without_acks() -> None:
    pair = Pair().uploading(2 * limits.WINDOW)
    for _ in range(limits.WINDOW // limits.CHUNK):
        pair.server.decode(b"".join(pair.client.chunk(1, BLOCK)))
    assert pair.client.credit(1) == 0
    with pytest.raises(LocalProtocolError, match="credit"):
        pair.client.chunk(1, BLOCK[:1])
    error = refused(pair.server, frames.encode(Chunk(1, limits.WINDOW, b"x")))
    assert error.close_code == 4409


def test_an_ack_is_due_every_quarter_window_and_at_the_end() -> None:
    pair = Pair().uploading(limits.ACK_EVERY + 5)
    pair.server.decode(b"".join(pair.client.chunk(1, BLOCK[:5])))
    assert pair.server.stored(1, 0) is None
    assert pair.server.stored(1, 5) is None
    for _ in range(limits.ACK_EVERY // limits.CHUNK):
        pair.server.decode(b"".join(pair.client.chunk(1, BLOCK)))
    ack = pair.server.stored(1, limits.ACK_EVERY)
    assert ack is not None
    assert pair.client.decode(ack) == Ack(1, limits.ACK_EVERY)
    assert pair.server.stored(1, limits.ACK_EVERY) is None
    assert pair.server.active(1)
    assert pair.server.stored(1, limits.ACK_EVERY + 5) is not None
    assert pair.server.stored(1, limits.ACK_EVERY + 5) is None


def test_a_smaller_chunk_and_window_are_kept() -> None:
    pair = Pair(replace(WELCOME, chunk=10, window=25)).uploading(100)
    assert pair.client.credit(1) == 25
    with pytest.raises(LocalProtocolError, match="no chunk"):
        pair.client.chunk(1, BLOCK[:11])
    pair.server.decode(b"".join(pair.client.chunk(1, BLOCK[:10])))
    assert pair.server.stored(1, 10) is not None
    assert refused(pair.server, frames.encode(Chunk(1, 10, bytes(11)))).close_code == 4409


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_transfer_resumes_where_it_broke_off(way: str) -> None:
    pair = Pair()
    pair.uploading(100, 60) if way == "up" else pair.downloading(100, 60)
    sender = pair.client if way == "up" else pair.server
    assert sender.position(1) == 60
    assert sender.credit(1) == 40
    with pytest.raises(LocalProtocolError):
        sender.chunk(1, BLOCK[:41])


@pytest.mark.parametrize("size", [0, 100])
def test_nothing_left_to_move_ends_a_transfer_at_once(size: int) -> None:
    pair = Pair().downloading(size, size)
    assert not pair.client.active(1)
    assert not pair.server.active(1)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (Chunk(1, 1, b"x"), 4409),
        (Chunk(1, 0, bytes(101)), 4409),
        (Chunk(2, 0, b"x"), 4400),
        (Ack(1, 0), 4409),
        (Ack(2, 1), 4400),
        (Get(1, JOB), 4400),
        (Stop(2), 4400),
    ],
    ids=str,
)
def test_an_upload_out_of_step_closes(payload: Message, code: int) -> None:
    pair = Pair().uploading(100)
    assert refused(pair.server, frames.encode(payload)).close_code == code
    pair = Pair().uploading(100)
    with pytest.raises(LocalProtocolError):
        pair.client.encode(payload)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (Ready(1, 0, 99), 4400),
        (Ready(1, 101, 100), 4400),
        (Ready(2, 0, 100), 4400),
        (Refused("put", problem("disk-full"), transfer=2), 4400),
        (Ack(1, 1), 4409),
        (Chunk(1, 0, b"x"), 4409),
    ],
    ids=str,
)
def test_a_server_out_of_step_closes(payload: Message, code: int) -> None:
    pair = Pair()
    pair.up(put(1, 100))
    with pytest.raises(LocalProtocolError):
        pair.server.encode(payload)
    assert refused(pair.client, frames.encode(payload)).close_code == code


def test_a_download_begins_where_it_was_asked_to() -> None:
    pair = Pair()
    pair.up(Get(1, JOB, 0, 50))
    with pytest.raises(LocalProtocolError, match="another offset"):
        pair.server.encode(Ready(1, 0, 100))
    assert refused(pair.client, frames.encode(Ready(1, 0, 100))).close_code == 4400


def test_acks_go_forward_and_never_beyond_what_was_sent() -> None:
    for acks in ([5, 5], [6], [5, 4]):
        pair = Pair().uploading(100)
        pair.server.decode(b"".join(pair.client.chunk(1, BLOCK[:5])))
        for offset in acks[:-1]:
            pair.client.decode(frames.encode(Ack(1, offset)))
        assert refused(pair.client, frames.encode(Ack(1, acks[-1]))).close_code == 4409


def test_ready_is_said_once() -> None:
    pair = Pair().uploading(100)
    with pytest.raises(LocalProtocolError, match="twice"):
        pair.server.encode(Ready(1, 0, 100))
    assert refused(pair.client, frames.encode(Ready(1, 0, 100))).close_code == 4400


def test_transfers_are_few_and_their_numbers_grow() -> None:
    pair = Pair()
    for number in range(limits.TRANSFERS):
        pair.up(put(number * 2))
    with pytest.raises(LocalProtocolError, match="More than 16"):
        pair.client.encode(put(99))
    error = refused(pair.server, frames.encode(put(99)))
    assert (error.close_code, error.problem.code) == (4429, "too-many")
    pair = Pair()
    pair.up(put(5))
    with pytest.raises(LocalProtocolError, match="not newer"):
        pair.client.encode(put(5))
    assert refused(pair.server, frames.encode(put(4))).close_code == 4400


def test_the_receiver_does_not_send_and_the_sender_does_not_acknowledge() -> None:
    pair = Pair().downloading(100)
    assert pair.client.credit(1) == 0
    with pytest.raises(LocalProtocolError, match="no chunk"):
        pair.client.chunk(1, BLOCK[:1])
    assert refused(pair.server, frames.encode(Chunk(1, 0, b"x"))).close_code == 4409


# --- ends that cross on the way


def test_what_was_under_way_when_an_upload_was_refused_is_let_through_and_no_more() -> None:
    pair = Pair(replace(WELCOME, chunk=10, window=20)).uploading(100)
    late = [b"".join(pair.client.chunk(1, BLOCK[:10])) for _ in range(2)]
    pair.down(Refused("put", problem("disk-full"), transfer=1))
    assert not pair.client.active(1)
    for payload in late:
        assert isinstance(pair.server.decode(payload), Chunk)
    assert pair.server.stored(1, 20) is None
    assert refused(pair.server, frames.encode(Chunk(1, 20, b"x"))).close_code == 4409


@pytest.mark.parametrize("before_ready", [True, False])
def test_what_was_under_way_when_a_download_was_stopped_is_let_through_and_no_more(before_ready: bool) -> None:
    pair = Pair(replace(WELCOME, chunk=10, window=20))
    pair.up(Get(1, JOB, 0))
    ready = pair.server.encode(Ready(1, 0, 100))
    if not before_ready:
        pair.client.decode(ready)
    stop = pair.client.encode(Stop(1))
    late = [b"".join(pair.server.chunk(1, BLOCK[:10])) for _ in range(2)]
    for payload in [ready, *late] if before_ready else late:
        pair.client.decode(payload)
    pair.server.decode(stop)
    assert not pair.server.active(1)
    assert refused(pair.client, frames.encode(Chunk(1, 20, b"x"))).close_code == 4409


def test_nothing_comes_down_a_stopped_upload() -> None:
    pair = Pair().uploading(100)
    pair.client.encode(Stop(1))
    assert refused(pair.client, frames.encode(Chunk(1, 0, b"x"))).close_code == 4409


def test_late_words_about_a_transfer_that_is_over_are_harmless() -> None:
    pair = Pair().uploading(100)
    pair.server.decode(b"".join(pair.client.chunk(1, BLOCK[:100])))
    ack = pair.server.stored(1, 100)
    assert ack is not None
    stop = pair.client.encode(Stop(1))
    pair.client.decode(ack)
    pair.client.decode(frames.encode(Refused("put", problem("internal"), transfer=1)))
    assert isinstance(pair.server.decode(stop), Stop)
    assert pair.server.state == pair.client.state == "open"
    pair.client.encode(Stop(1))
    with pytest.raises(LocalProtocolError, match="is over"):
        pair.server.encode(Ready(1, 0, 100))
    with pytest.raises(LocalProtocolError, match="not active"):
        pair.client.chunk(1, BLOCK[:1])
    with pytest.raises(LocalProtocolError, match="not active"):
        pair.client.position(1)


def test_a_refusal_without_a_transfer_ends_none() -> None:
    pair = Pair().uploading(100)
    pair.down(Refused("submit", problem("unknown-upload"), JOB))
    assert pair.client.active(1)


def test_jobs_are_told_in_between() -> None:
    pair = Pair().uploading(100)
    assert pair.up(Submit(JOB)) == Submit(JOB)
    assert pair.down(Queued(JOB, 1)) == Queued(JOB, 1)


def test_a_clients_control_messages_are_short() -> None:
    fat = frames.encode(MESSAGES["preview"])[:-300]
    assert refused(Pair().server, fat.ljust(limits.CONTROL + 1, b"\0")).close_code == 4413
    assert refused(Pair().client, fat.ljust(limits.CONTROL + 1, b"\0")).close_code == 4400
    assert refused(Pair().client, fat.ljust(limits.MESSAGE + 1, b"\0")).close_code == 4413
