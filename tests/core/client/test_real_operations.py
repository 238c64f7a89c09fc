"""Every operation through the client and the product's own server, with the engine that needs no model."""

from __future__ import annotations

import os
import signal
import sys

import numpy as np
import pytest

from core.client.conftest import drawn
from core.client.real import running, server_pid
from core.client.test_real_server import same
from layerlift import operations
from layerlift.client import Drawing, ServerError, connect
from layerlift.engines.fake import FakeEngine
from layerlift.errors import Cancelled, RequestError
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.layer import LayerStack
from layerlift.progress import Progress, Report

pytest.importorskip("aiohttp")
POLYGON = "40,30 120,30 120,90 40,90"
MASK = np.zeros((200, 320), np.uint8)
MASK[30:90, 40:120] = 255
ON_A_PICTURE = {
    "edit": {"prompt": "make it look like dusk", "steps": 3},
    "inpaint": {"prompt": "a hat", "seed": 7},
    "extend": {"right": 31, "top": 4},
    "harmonise": {"prompt": "evening light"},
    "decompose": {"layers": 3},
}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    with running(tmp_path_factory.mktemp("server")) as folder:
        with connect() as client:  # a new server knows its engines once its first job has run
            client.decompose(drawn(), engine="fake")
        yield folder


@pytest.fixture
def client(places, connecting):
    with connecting() as client:
        yield client


def here(operation: str, params, document=None, mask=None, stack=None) -> LayerStack:
    return operations.run(operation, FakeEngine(), document=document, mask=mask, stack=stack, params=params)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("operation", ON_A_PICTURE)
def test_the_same_as_without_a_server(client, operation, deep):
    document, params = drawn(320, 200, deep=deep), ON_A_PICTURE[operation]
    mask = MASK if operation == "inpaint" else None
    before = {info.job for info in client.jobs()}
    there = client.perform(operation, document, params, mask=mask, engine="fake")
    local = here(operation, params, document, mask)
    same(there, local)
    assert there.notes == local.notes
    assert {info.job for info in client.jobs()} <= before, "forgotten"


def test_each_verb_says_what_it_takes(client):
    document = drawn(320, 200)
    same(
        client.inpaint(document, selection=POLYGON, prompt="a hat", drawing=Drawing(seed=7), engine="fake"),
        here("inpaint", ON_A_PICTURE["inpaint"], document, MASK),
    )
    same(
        client.harmonise(document, mask=MASK, engine="fake"),
        here("harmonise", {}, document, MASK),
    )
    same(client.extend(document, right=31, top=4, engine="fake"), here("extend", ON_A_PICTURE["extend"], document))
    stack = client.generate("a boat", 160, 120, layers=3, engine="fake")
    same(stack, here("generate", {"prompt": "a boat", "width": 160, "height": 120, "layers": 3}))
    over = client.generate("a boat", start=document, strength=0.5, engine="fake")
    assert np.array_equal(composite(over), composite(here("generate", {"prompt": "a boat", "strength": 0.5}, document)))


def test_a_file_and_a_polygon(client, tmp_path):
    from PIL import Image

    Image.fromarray(drawn(320, 200).pixels[..., :3]).save(tmp_path / "photo.png")
    stack = client.inpaint(tmp_path / "photo.png", selection=POLYGON, engine="fake")
    (fill,) = stack.layers
    assert (fill.bounds.x, fill.bounds.y, fill.bounds.width, fill.bounds.height) == (40, 30, 80, 60)
    assert stack.name == "photo"


def test_a_chain_of_finished_jobs_each_made_of_the_last(client):
    document = drawn(320, 200)
    first = client.submit(client.upload(document), engine="fake", params={"layers": 4})
    stack = client.result(first)
    split = client.decompose(source=first, layer=2, layers=2, engine="fake")
    same(split, here("decompose", {"layer": 2, "layers": 2}, stack=stack))
    edited = client.edit(None, "move it 3 px right", source=first, layer=1, engine="quick")
    assert edited.layers[1].bounds.x == stack.layers[1].bounds.x + 3
    job = client.submit(None, operation="extend", engine="fake", params={"source": first, "left": 10})
    client.drop(first)
    extended = client.result(job)
    assert extended.extent.width == 330
    assert [layer.bounds.x for layer in extended.layers[:-1]] == [layer.bounds.x + 10 for layer in stack.layers]
    with pytest.raises(ServerError, match="no such job"):
        client.edit(None, "dusk", source=first)
    filled = client.inpaint(None, source=job, selection=POLYGON, engine="fake")
    assert len(filled.layers) == len(extended.layers) + 1
    client.drop(job)


def test_refusals_name_a_remedy(client):
    with pytest.raises(RequestError, match="cannot harmonise"):
        client.harmonise(drawn(), engine="quick")
    with pytest.raises(RequestError, match="Nothing is selected"):
        client.inpaint(drawn(), engine="fake")
    job = client.submit(client.upload(drawn()), engine="fake")
    client.result(job)
    with pytest.raises(RequestError, match="not clear"):
        client.edit(None, "dusk", source=job, engine="fake")
    client.drop(job)


@pytest.mark.parametrize("operation", ["edit", "generate", "inpaint", "extend", "harmonise"])
@pytest.mark.parametrize("stage", ["Sending", "Starting", "Fetching layers"])
def test_a_cancel_at_any_stage_leaves_nothing_running(client, operation, stage):
    if (operation, stage) == ("generate", "Sending"):
        pytest.skip("nothing is sent")
    progress: Progress

    def listen(report: Report) -> None:
        if report.stage == stage:
            progress.cancel()

    progress = Progress(listen)
    params = {**ON_A_PICTURE, "generate": {"prompt": "x", "width": 640, "height": 480}}[operation]
    picture, mask = (None, None) if operation == "generate" else (drawn(320, 200), None)
    if operation == "inpaint":
        mask = MASK
    before = {info.job for info in client.jobs()}
    with pytest.raises(Cancelled):
        client.perform(operation, picture, params, mask=mask, engine="fake", progress=progress)
    assert {info.state for info in client.jobs() if info.job not in before} <= {"cancelled", "done"}


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_server_still_has_what_was_made_and_what_it_was_made_of(places, connecting):
    document = drawn(320, 200)
    with connecting(start=True) as client:
        source = client.submit(client.upload(document), engine="fake", detached=True)
        stack = client.result(source)
        job = client.submit(None, operation="harmonise", engine="fake", params={"source": source}, detached=True)
        os.kill(server_pid(), signal.SIGKILL)
        made = client.result(job)
        assert [layer.name for layer in made.layers][: len(stack.layers)] == [layer.name for layer in stack.layers]
        again = client.harmonise(None, source=source, engine="fake")
        assert len(again.layers) == len(made.layers)
