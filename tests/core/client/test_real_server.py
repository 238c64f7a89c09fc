"""The client against the product's own server, with the engine that needs no model."""

from __future__ import annotations

import os
import signal
import sys

import numpy as np
import pytest

import layerlift
from core.client.conftest import drawn
from core.client.real import running, server_pid
from layerlift import formats
from layerlift.client import NoServer, ServerError, connect, launch
from layerlift.client.known_servers import KnownServers
from layerlift.errors import EngineUnavailable, InputError, RequestError
from layerlift.wire import messages as m

pytest.importorskip("aiohttp")


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    with running(tmp_path_factory.mktemp("server")) as folder:
        yield folder


@pytest.fixture
def client(places, connecting):
    with connecting() as client:
        yield client


def same(one, other):
    assert (one.extent, one.name, one.icc, one.depth) == (other.extent, other.name, other.icc, other.depth)
    assert len(one.layers) == len(other.layers)
    for a, b in zip(one.layers, other.layers, strict=True):
        assert (a.name, a.role, a.bounds, a.opacity, a.blend_mode, a.group) == (
            *(b.name, b.role, b.bounds, b.opacity, b.blend_mode, b.group),
        )
        assert np.array_equal(a.pixels, b.pixels)


@pytest.mark.parametrize("deep", [False, True])
def test_the_same_layers_as_without_a_server(client, deep):
    document = drawn(320, 200, deep=deep)
    there = client.decompose(document, engine="fake", layers=4)
    here = layerlift.decompose(document, engine="fake", layers=4)
    same(there, here)
    assert there.notes == here.notes
    assert there.drift.mean == pytest.approx(here.drift.mean)


def test_a_picture_s_file(client, tmp_path):
    from PIL import Image

    Image.fromarray(drawn(120, 90).pixels[..., :3]).save(tmp_path / "photo.png")
    same(
        client.decompose(tmp_path / "photo.png", engine="fake"),
        layerlift.decompose(tmp_path / "photo.png", engine="fake"),
    )
    (tmp_path / "diary.png").write_text("Dear diary")
    with pytest.raises(InputError):
        client.decompose(tmp_path / "diary.png", engine="fake")


def test_what_the_server_has(client):
    offers = {offer.name: offer for offer in client.welcome.engines}
    assert offers["quick"].default
    assert offers["fake"].missing is None
    assert client.welcome.owner


def test_refusals(client):
    with pytest.raises(RequestError):
        client.decompose(drawn(), engine="fake", layers=999)
    with pytest.raises(EngineUnavailable, match="magic"):
        client.decompose(drawn(), engine="magic")


def test_a_detached_job_outlives_its_client(places, connecting):
    document = drawn(200, 100, opaque=True)
    with connecting() as client:
        job = client.submit(client.upload(document), engine="fake", params={"layers": 3}, detached=True)
    with connecting() as client:
        same(client.result(job), layerlift.decompose(document, engine="fake", layers=3))
        (info,) = [info for info in client.jobs() if info.job == job]
        assert (info.state, info.layers, info.engine, info.name) == ("done", 3, "fake", "Drawn")
        assert client.keep(job).kept
        client.drop(job)
        assert job not in [info.job for info in client.jobs()]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_killed_and_started_again_it_still_has_the_result(places, connecting):
    document = drawn(200, 100)
    with connecting(start=True) as client:
        job = client.submit(client.upload(document), engine="fake", detached=True)
        assert [event.kind for event in client.watch(job)][-1] == "done"
        os.kill(server_pid(), signal.SIGKILL)
        same(client.result(job), layerlift.decompose(document, engine="fake"))


def test_pairing_over_loopback(places, connecting):
    with connect() as owner:
        code, port = owner.pair().code, launch.find().port
        with connecting(address=f"127.0.0.1:{port}", code=code, device="Test device") as paired:
            assert not paired.welcome.owner
            with pytest.raises(ServerError) as caught:
                paired.devices()
            assert caught.value.code == "owner-only"
        (device,) = [device for device in owner.devices() if device.name == "Test device"]
        with connecting(address=f"127.0.0.1:{port}") as again:
            assert not again.welcome.owner
        owner.revoke(device.device)
        with pytest.raises(ServerError) as caught:
            connecting(address=f"127.0.0.1:{port}")
        assert caught.value.code == "unauthorized"
    KnownServers().forget(f"127.0.0.1:{port}")  # other tests speak to it as its owner


def test_layers_arrive_as_files_hold_them(client, tmp_path):
    stack = client.decompose(drawn(64, 48), engine="fake")
    formats.write(stack, tmp_path / "a.ora")
    same(formats.read(tmp_path / "a.ora"), formats.read(tmp_path / "a.ora"))
    assert isinstance(client.welcome, m.Welcome)


def test_starting_twice_finds_the_first(places):
    first = launch.find()
    assert launch.start() == first


def test_a_server_that_cannot_start_says_why(tmp_path, monkeypatch):
    monkeypatch.setenv("LAYERLIFT_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("LAYERLIFT_DATA_DIR", str(tmp_path / "data"))
    words = [sys.executable, "-c", "import sys; sys.exit('layerlift: The disk is full. Make room.')"]
    with pytest.raises(NoServer, match=r"could not be started: The disk is full\. Make room\."):
        launch.start(words)
    with pytest.raises(NoServer, match="it said nothing"):
        launch.start([sys.executable, "-c", ""])
    with pytest.raises(NoServer, match="could not be started: No such file"):
        launch.start([str(tmp_path / "nothing")])
    process = [sys.executable, "-c", "import sys; sys.stdin.read(); import time; time.sleep(60)"]
    with pytest.raises(NoServer, match="has not answered yet"):
        launch.start(process, patience=0.2)
    launch._started[0].kill()
    launch._started[0].wait(20)
