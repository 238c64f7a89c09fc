"""Connections that break off, servers that come back elsewhere, and those that don't."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from core.client.conftest import drawn
from core.client.standin import StandIn
from core.client.test_verbs import whole
from layerlift.client import ConnectionLost, NoServer, ServerError, connect, reconnect
from layerlift.errors import EngineError
from layerlift.wire import messages as m
from layerlift.wire.values import Problem

MIB = 1 << 20


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(reconnect, "BACKOFF", (0.0, 0.01, 0.01))


@pytest.mark.parametrize("cut", [1, 3 * MIB, 11 * MIB, 17 * MIB, 26 * MIB])
def test_a_cut_anywhere_loses_nothing(client, server, cut):
    """13.5 MiB go up and come down again: the cuts fall into both ways."""
    document = drawn(1900, 1860)
    server.cut = cut
    assert np.array_equal(whole(client.decompose(document, layers=3)), document.pixels)
    assert server.cuts == 1
    assert len(server.hellos) == 2
    (upload,) = server.uploads.values()
    assert len(upload.data) == upload.size, "resumed, not sent again"


def test_many_cuts(client, server):
    """Each connection brings something before it breaks, so that coming back is worth it every time."""
    document = drawn(1900, 1860)
    for _ in range(3):
        server.cut = 5 * MIB
        assert np.array_equal(whole(client.decompose(document, layers=1)), document.pixels)
    assert server.cuts == 3


def test_a_watch_goes_on_and_says_nothing_twice(client, server):
    server.hold = True
    job = client.submit(client.upload(drawn()), params={"layers": 3})
    events = client.watch(job)
    assert "started" in (event.kind for event in events)
    server.drop_lines()
    server.release()
    seen = [event.kind for event in events]
    assert seen.count("layer") == 3
    assert seen[-1] == "done"


def test_layers_come_again_when_the_job_begins_again(client, server):
    """The second attempt's layers replace those of the first."""
    server.hold = True
    document = drawn()
    job = client.submit(client.upload(document), params={"layers": 3})
    running = server.jobs[job]
    found = []
    waiting = threading.Thread(target=lambda: found.append(client.result(job)))
    waiting.start()
    server.hold = False
    server.do(lambda: server._finish(running))
    waiting.join(20)
    done = running.story.pop()
    running.story += [m.Started(job, "rows", 2), *[e for e in running.story if e.kind == "layer"], done]
    assert len(found[0].layers) == 3
    assert len(client.result(job).layers) == 3


def test_an_interrupted_job_is_submitted_once_more(client, server):
    server.fails = Problem("interrupted", "The server stopped.", "Again.", True)
    with pytest.raises(ServerError) as caught:
        client.decompose(drawn())
    assert caught.value.code == "interrupted"
    assert len(server.jobs) == 2
    first, second = server.jobs.values()
    assert first.order.upload == second.order.upload, "without sending it again"


def test_damaged_bytes_are_fetched_once_more(client, server):
    document = drawn()
    server.spoil = {1}
    assert np.array_equal(whole(client.decompose(document)), document.pixels)
    job = client.submit(client.upload(document))
    server.spoil = {1}
    assert not np.array_equal(whole(client.result(job, verify=False)), document.pixels), "unless nobody wants to know"


def test_bytes_that_stay_damaged_are_an_error(client, server, monkeypatch):
    job = client.submit(client.upload(drawn()))
    monkeypatch.setattr(server, "pixels", lambda job, info: bytes(info.size))
    with pytest.raises(ServerError, match="don't match their digest") as caught:
        client.result(job)
    assert (caught.value.code, caught.value.retryable) == ("damaged", True)


def test_a_layer_of_another_size_than_announced(client, server, monkeypatch):
    job = client.submit(client.upload(drawn()))
    monkeypatch.setattr(server, "pixels", lambda job, info: bytes(3))
    with pytest.raises(ServerError, match="3 bytes where 3600 were announced"):
        client.result(job)


def test_a_local_server_that_was_started_again_is_found_at_its_new_port(server, connecting, places):
    with connecting() as client:
        assert client.jobs() == []
        with StandIn() as second:
            second.write_runtime_file(places / "run")
            server.drop_lines()
            server.hang_up = (4503, "gone")
            document = drawn()
            assert np.array_equal(whole(client.decompose(document)), document.pixels)
            assert len(second.hellos) == 1


def test_a_server_that_stays_away(server, connecting, places, impatient):
    with connecting() as client:
        server.hang_up = (4503, "going away")
        server.drop_lines()
        with pytest.raises(ConnectionLost, match="could not be made again") as caught:
            client.jobs()
        assert caught.value.retryable
        server.hang_up = None
        assert client.jobs() == [], "the next verb tries afresh"


def test_a_server_that_was_never_there(places, connecting):
    with pytest.raises(NoServer, match=r"No Layerlift server runs on this machine\. Start it with: layerlift serve"):
        connecting()


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (4503, NoServer, "hung up before it said anything"),
        (4401, ServerError, "does not know this client"),
        (4400, ServerError, "did not understand"),
    ],
)
def test_a_server_that_hangs_up_at_once(server, connecting, code, error, words):
    server.hang_up = (code, "")
    with pytest.raises(error, match=words):
        connecting()
    assert len(server.hellos) == 1


def test_a_wrong_token(server, connecting):
    with pytest.raises(ServerError, match=r"Nobody knows you\. Pair again\.") as caught:
        connecting(address=f"127.0.0.1:{server.port}", token="w" * 43)
    assert caught.value.code == "unauthorized"


def test_a_wrong_pairing_code(server, connecting):
    with pytest.raises(ServerError, match=r"This code is wrong\. Let the server show a new one\."):
        connecting(address=f"127.0.0.1:{server.port}", code="654321", device="Laptop")


def test_nobody_at_that_port(places, connecting):
    with pytest.raises(NoServer, match="No Layerlift server of yours listens"):
        connecting(address="127.0.0.1:1")
    with pytest.raises(NoServer, match="No Layerlift server answers at"):
        connecting(address="127.0.0.1:1", token="w" * 43)


def test_an_engine_that_breaks_leaves_a_usable_client(client, server):
    server.fails = Problem("engine", "It broke.", "Again.", True)
    with pytest.raises(EngineError):
        client.decompose(drawn())
    server.fails = None
    assert len(client.decompose(drawn(), layers=2).layers) == 2


def test_a_closed_client_opens_again(server):
    client = connect()
    client.close()
    client.close()
    assert client.jobs() == []
    client.close()
