"""Every operation of the model family end to end: the client, the server's process, its worker, real pipelines with
tiny random weights."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from core.client.real import running
from core.operations.pictures import on_top, scene, selection
from layerlift.client import Client, Drawing, connect
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.layer import LayerStack
from layerlift.wire import messages as m
from layerlift.wire.values import Operation, Param

pytest.importorskip("aiohttp", reason="the server needs aiohttp")
pytest.importorskip("torch", reason="the models need torch")
pytest.importorskip("diffusers", reason="the models need diffusers")

pytestmark = pytest.mark.xdist_group("the models' server")
SERVING = [sys.executable, str(Path(__file__).with_name("serving.py"))]
LIST = "1. Background\n2. A dog\n3. The title"
FEW = Drawing(steps=2, seed=1)
DOCUMENT = scene(96, 64)
MASK = selection(DOCUMENT)
PLACES = ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HF_HOME", "LOCALAPPDATA", "USERPROFILE")

Act = Callable[[Client], LayerStack]
ACTS: dict[str, Act] = {
    "decompose": lambda client: client.decompose(DOCUMENT, layers=2, drawing=FEW, engine="qwen"),
    "decompose, automatically": lambda client: client.decompose(DOCUMENT, drawing=FEW, engine="qwen"),
    "split": lambda client: split(client)[1],
    "edit": lambda client: client.edit(DOCUMENT, "make it a winter night", drawing=FEW, engine="qwen"),
    "harmonise": lambda client: client.harmonise(DOCUMENT, mask=MASK, drawing=FEW, engine="qwen"),
    "generate": lambda client: client.generate("a fox", 90, 50, drawing=FEW, engine="qwen"),
    "inpaint": lambda client: client.inpaint(DOCUMENT, mask=MASK, prompt="a hat", drawing=FEW, engine="qwen"),
    "extend": lambda client: client.extend(DOCUMENT, left=32, drawing=FEW, engine="qwen"),
    "generate layers": lambda client: client.generate("a fox", 90, 50, layers=3, drawing=FEW, engine="qwen"),
}


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models as a user would give one in LAYERLIFT_MODELS."""
    from models import tiny

    folder = tmp_path_factory.mktemp("models")
    tiny.layered(folder / "qwen-image-layered", says=LIST)
    tiny.edit(folder / "qwen-image-edit-2511")
    tiny.image(folder / "qwen-image-2512")
    return folder


@pytest.fixture(scope="module")
def places(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A user with all of the family, who insists on the processor, and a running server of theirs."""
    folder = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch:
        for name in PLACES:
            patch.setenv(name, str(folder))
        for name in ("LAYERLIFT_CAPTIONS", "HF_HUB_CACHE"):
            patch.delenv(name, raising=False)
        patch.setenv("LAYERLIFT_MODELS", str(weights))
        patch.setenv("LAYERLIFT_FORCE_CPU", "1")
        patch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
        with running(folder, SERVING):
            yield folder


@pytest.fixture
def client(places: Path) -> Iterator[Client]:
    with connect() as client:
        yield client


@pytest.fixture(scope="module")
def usual(places: Path) -> dict[str, LayerStack]:
    """What each act gives the first time."""
    with connect() as client:
        return {name: act(client) for name, act in ACTS.items()}


def split(client: Client) -> tuple[LayerStack, LayerStack]:
    """A picture in two layers, and the same with the upper one in three."""
    job = client.submit(
        client.upload(DOCUMENT), engine="qwen", params={"layers": 2, "steps": 2, "seed": 1}, detached=True
    )
    try:
        return client.result(job), client.decompose(source=job, layer=1, layers=3, drawing=FEW, engine="qwen")
    finally:
        client.drop(job)


def digest(stack: LayerStack) -> str:
    """Of everything that is seen of it and said about it."""
    seen = hashlib.sha256(repr((stack.extent, stack.name, stack.notes)).encode())
    for layer in stack.layers:
        seen.update(repr((layer.name, layer.role, layer.bounds, layer.opacity, layer.blend_mode, layer.group)).encode())
        seen.update(np.ascontiguousarray(layer.pixels).tobytes())
    return seen.hexdigest()


def off(stack: LayerStack, pixels: np.ndarray) -> int:
    """Largest difference between what the stack shows and the opaque `pixels`, in levels."""
    return int(np.abs(composite(stack).astype(np.int32) - pixels).max())


def submitted(client: Client, operation: Operation, **params: Param) -> str:
    """A job of the engine, on the picture where the operation takes one."""
    upload = None if operation == "generate" else client.upload(DOCUMENT, mask=MASK if operation == "inpaint" else None)
    return client.submit(upload, operation=operation, engine="qwen", params={"seed": 1, **params})


def cancelled(client: Client, operation: Operation, at: int, **params: Param) -> None:
    """A long job, cancelled once it has drawn `at` steps of 200."""
    job = submitted(client, operation, steps=200, **params)
    for event in client.watch(job):
        step = re.search(r"step (\d+) of 200", event.stage) if isinstance(event, m.Progress) else None
        if step and int(step[1]) > at:
            client.cancel(job)
    assert isinstance(event, m.Failed)
    assert (event.state, event.problem.code) == ("cancelled", "cancelled")
    (info,) = [info for info in client.jobs() if info.job == job]
    assert (info.state, info.layers) == ("cancelled", 0)
    client.drop(job)


def left(client: Client) -> str:
    """What is in the worker: see `engines.Tally`."""
    (note,) = client.decompose(DOCUMENT, engine="tally").notes
    assert re.fullmatch(r"Worker \d+: [1-9]\d* tensors of [1-9]\d* numbers\.", note)
    return note


def test_the_server_offers_what_the_weights_can_do(usual, client):
    assert usual  # a new server knows its engines once its first job has run
    offer = next(offer for offer in client.welcome.engines if offer.name == "qwen")
    assert offer.missing is None
    assert set(offer.operations) == {"decompose", "edit", "generate", "inpaint", "extend", "harmonise"}
    assert offer.default


@pytest.mark.parametrize("act", ACTS)
def test_the_same_twice(client, usual, act):
    assert digest(ACTS[act](client)) == digest(usual[act])


def test_the_same_in_another_process_and_another_order(usual, tmp_path):
    """No job's result hangs on what the worker has done before."""
    with running(tmp_path, SERVING), connect() as client:
        assert {act: digest(ACTS[act](client)) for act in reversed(ACTS)} == {
            act: digest(stack) for act, stack in usual.items()
        }


def test_layers_add_up_to_the_picture(usual):
    for act in ("decompose", "decompose, automatically", "split"):
        assert off(usual[act], DOCUMENT.pixels) <= 1
    assert [layer.name for layer in usual["decompose"].layers] == ["Background", "Layer 2"]
    assert [layer.name for layer in usual["decompose, automatically"].layers] == ["Background", "A dog", "The title"]


def test_a_layer_s_parts_take_its_place_and_show_what_it_showed(client):
    before, after = split(client)
    assert len(after.layers) == len(before.layers) + 1  # of the three the ground that it was shown on is none
    assert np.array_equal(after.layers[0].pixels, before.layers[0].pixels)
    assert {layer.group for layer in after.layers[1:]} == {("Layer 2",)}
    assert off(after, composite(before)) <= 1


def test_what_was_not_asked_for_stays(usual):
    pixels = DOCUMENT.pixels
    filled = on_top(DOCUMENT, usual["inpaint"])
    assert np.array_equal(filled[MASK == 0], pixels[MASK == 0])
    assert not np.array_equal(filled[MASK > 0], pixels[MASK > 0])
    wider = usual["extend"]
    assert tuple(wider.extent) == (128, 64)
    assert np.array_equal(on_top(DOCUMENT, wider, (32, 0))[:, 32:], pixels)
    assert (on_top(DOCUMENT, wider, (32, 0))[..., 3] == 255).all()


def test_edits_and_new_pictures_have_the_size_and_the_outline_that_was_asked_for(usual):
    (edited,) = usual["edit"].layers
    assert (edited.on(usual["edit"].extent)[..., 3] == 255).all()
    assert not np.array_equal(edited.pixels, DOCUMENT.pixels)
    assert usual["harmonise"].extent == DOCUMENT.extent
    assert usual["harmonise"].layers[0].pixels[..., 3].any()
    (drawn,) = usual["generate"].layers
    assert drawn.pixels.shape == (50, 90, 4)
    assert drawn.pixels[..., :3].std() > 5
    layers = usual["generate layers"]
    assert len(layers.layers) == 3
    assert off(layers, drawn.pixels) <= 1


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("decompose", {"layers": 2}),
        ("edit", {"prompt": "make it a winter night"}),
        ("harmonise", {}),
        ("generate", {"prompt": "a fox", "width": 90, "height": 50}),
        ("inpaint", {"prompt": "a hat"}),
        ("extend", {"left": 32}),
    ],
)
def test_a_cancel_while_drawing_frees_everything(client, usual, places, operation, params):
    results = places / "data" / "results"
    ACTS[operation](client)  # the model is loaded and has read the words
    cancelled(client, operation, 5, **params)  # by the third step there are rows for all of them, and these may stay
    before = left(client), set(results.iterdir())
    cancelled(client, operation, 30, **params)
    assert (left(client), set(results.iterdir())) == before, "the same worker holds what it held"
    assert digest(ACTS[operation](client)) == digest(usual[operation])
    assert {info.state for info in client.jobs()} <= {"done"}
