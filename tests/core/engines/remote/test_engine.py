"""Every operation through the engine, against servers of both makers."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from core.engines.remote.conftest import engine
from core.engines.remote.fake_server import FakeServer
from layerlift.decomposition import decompose
from layerlift.engines.port import (
    DecomposeRequest,
    EditRequest,
    GenerateRequest,
    InpaintRequest,
    Operation,
    Sampling,
)
from layerlift.engines.remote.engine import RemoteEngine
from layerlift.errors import EngineError, EngineUnavailable, RequestError
from layerlift.imaging.alpha import over, premultiply, to_float
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.progress import Progress

EDITOR, PAINTER = "Qwen/Qwen-Image-Edit-2511", "Qwen/Qwen-Image-2512"
MAKERS = pytest.mark.parametrize("maker", ["vllm", "sglang"])


def picture(width: int = 320, height: int = 256) -> np.ndarray:
    """A smooth opaque picture."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 255 // width, y * 255 // height, (x + y) % 256, np.full_like(x, 255)]
    return np.stack(planes, 2).astype(np.uint8)


def disc(size: int = 96) -> np.ndarray:
    """A layer: a blue disc with a soft edge on nothing."""
    y, x = np.mgrid[0:size, 0:size] - size / 2
    alpha = np.clip((size / 3 - np.hypot(x, y)) / 2 + 0.5, 0, 1)
    out = np.zeros((size, size, 4), np.uint8)
    out[..., :3], out[..., 3] = (30, 60, 200), np.rint(alpha * 255)
    return out


@MAKERS
def test_a_picture_is_taken_apart_at_its_own_size(serve: Callable[..., FakeServer], maker: str) -> None:
    fake = serve(maker=maker)
    stack = engine(fake).decompose(DecomposeRequest(picture()), Progress())
    assert stack.extent == (320, 256)
    assert [str(layer.role) for layer in stack.layers] == ["background", "subject", "subject", "subject"]
    assert stack.layers[0].bounds == Bounds(0, 0, 320, 256)
    assert (stack.layers[0].pixels[..., 3] == 255).all()
    assert [layer.bounds.x for layer in stack.layers[1:]] == [0, 106, 213]
    assert stack.notes[0] == f"Taken apart by {fake.address}."
    assert stack.drift is not None
    assert 0 < stack.drift.mean < 1
    [sent] = fake.pictures[0]
    assert Image.open(io.BytesIO(sent)).size == (320, 256)


@MAKERS
def test_the_heart_makes_it_exact(serve: Callable[..., FakeServer], maker: str) -> None:
    source = picture(200, 150)
    stack = decompose(source, engine=engine(serve(maker=maker)), layers=3)
    whole = np.zeros((150, 200, 4), np.float32)
    for layer in stack.layers:
        whole = over(premultiply(to_float(layer.on(stack.extent))), whole)
    assert np.abs(whole - to_float(source)).max() <= 1.01 / 255
    assert len(stack.layers) <= 3


@MAKERS
def test_how_to_draw_reaches_the_server(serve: Callable[..., FakeServer], maker: str) -> None:
    fake = serve(maker=maker)
    sampling = Sampling(steps=7, guidance=2.5, negative="blur, Ünschärfe", resolution=1024, seed=5)
    told = "the dog\r\n--x\r\nand the 标题"
    engine(fake).decompose(DecomposeRequest(picture(), layers=6, what=told, sampling=sampling), Progress())
    asked = fake.asked[0]
    assert (asked["layers"], asked["num_frames"], asked["resolution"]) == ("6", "6", "1024")
    assert (asked["num_inference_steps"], asked["true_cfg_scale"], asked["guidance_scale"]) == ("7", "2.5", "2.5")
    assert (asked["negative_prompt"], asked["seed"], asked["prompt"]) == ("blur, Ünschärfe", "5", told)
    engine(fake).decompose(DecomposeRequest(picture(), layers=1, sampling=Sampling(fast=True)), Progress())
    assert fake.asked[1]["layers"] == "3"  # fewer are merged from these
    assert fake.asked[1]["num_inference_steps"] == "25"
    assert "true_cfg_scale" not in fake.asked[1]


def test_same_seed_same_layers(serve: Callable[..., FakeServer]) -> None:
    one = engine(serve())
    stacks = [
        one.decompose(DecomposeRequest(picture(64, 64), sampling=Sampling(seed=seed)), Progress()) for seed in (1, 1, 2)
    ]
    first, again, other = ([layer.pixels.tobytes() for layer in stack.layers] for stack in stacks)
    assert first == again != other


@MAKERS
def test_an_opaque_picture_is_edited_and_stays_opaque(serve: Callable[..., FakeServer], maker: str) -> None:
    fake, source = serve(EDITOR, maker), picture(300, 201)
    found = engine(fake).edit(EditRequest((source, disc()), "把它变成红色"), Progress())
    assert found.shape == source.shape
    assert (found[..., 3] == 255).all()
    assert len({tuple(pixel) for pixel in found[20:180, 5:80].reshape(-1, 4)}) == 1  # what the fake painted
    assert np.abs(found[50:150, 150:250].astype(int) - source[50:150, 150:250]).mean() < 16
    assert fake.asked[0]["prompt"] == "把它变成红色"
    assert len(fake.pictures[0]) == 2
    width, height = (int(side) for side in fake.asked[0]["size"].split("x"))
    assert width % 32 == height % 32 == 0
    assert width * height > 0.9 * 640 * 640  # smaller than this the model was not trained


def test_a_layer_is_laid_on_a_ground_and_taken_off_again(serve: Callable[..., FakeServer]) -> None:
    fake, layer = serve(EDITOR), disc()
    found = engine(fake).edit(EditRequest((layer,), "make it shiny"), Progress())
    assert found.shape == layer.shape
    assert "Keep the plain" in fake.asked[0]["prompt"]
    sent = np.asarray(Image.open(io.BytesIO(fake.pictures[0][0])))
    assert sent.shape[2] == 3
    assert np.linalg.norm(sent[2, 2].astype(int) - (30, 60, 200)) > 100
    inside = found[40:56, 60:66]
    assert (inside[..., 3] > 250).all()
    assert np.abs(inside[..., :3].astype(int) - (30, 60, 200)).max() <= 12


def test_a_picture_is_drawn_from_words(serve: Callable[..., FakeServer]) -> None:
    fake = serve(PAINTER)
    found = engine(fake).generate(GenerateRequest("a dog", Extent(500, 300), sampling=Sampling(seed=3)), Progress())
    assert found.shape == (300, 500, 4)
    assert (found[..., 3] == 255).all()
    assert fake.asked[0]["seed"] == 3
    with pytest.raises(RequestError, match="from words alone"):
        engine(fake).generate(GenerateRequest("a dog", Extent(500, 300), start=picture(500, 300)), Progress())


def test_a_hole_is_filled_where_somebody_promised_to(serve: Callable[..., FakeServer]) -> None:
    fake, source = serve("some/Inpainter"), picture(640, 640)
    mask = np.zeros((640, 640), np.uint8)
    mask[100:200, 300:400] = 255
    with pytest.raises(EngineUnavailable, match="No remote server can inpaint"):
        engine(fake).inpaint(InpaintRequest(source, mask), Progress())
    able = RemoteEngine({"LAYERLIFT_REMOTE": f"inpaint={fake.address}"})
    assert able.info.operations == ("inpaint", "extend")
    found = able.inpaint(InpaintRequest(source, mask), Progress())
    assert len({tuple(pixel) for pixel in found[105:195, 305:395].reshape(-1, 4)}) == 1
    np.testing.assert_array_equal(found[300:, :, :3], source[300:, :, :3])
    assert "nothing had ever been there" in fake.asked[0]["prompt"]
    able.inpaint(InpaintRequest(source, mask, "a cat"), Progress())
    assert fake.asked[1]["prompt"] == "a cat"


def test_each_operation_goes_to_a_server_with_a_model_for_it(serve: Callable[..., FakeServer]) -> None:
    layered, editor, painter = serve(), serve(EDITOR), serve(PAINTER)
    one = engine(layered, editor, painter)
    one.decompose(DecomposeRequest(picture()), Progress())
    one.edit(EditRequest((picture(),), "red"), Progress())
    one.generate(GenerateRequest("a dog", Extent(640, 640)), Progress())
    assert [len(fake.asked) for fake in (layered, editor, painter)] == [1, 1, 1]
    with pytest.raises(EngineUnavailable, match=r"No remote server can edit: there is .*Qwen-Image-Layered"):
        engine(layered).edit(EditRequest((picture(),), "red"), Progress())


def test_what_it_is_costs_no_connection() -> None:
    info = RemoteEngine({"LAYERLIFT_REMOTE": "http://192.0.2.1:8000"}).info  # the tests' guard would object
    assert info.missing is None
    assert info.operations == ("decompose", "edit", "generate", "harmonise")
    assert set(info.operations) <= set(get_args(Operation))
    assert RemoteEngine({"LAYERLIFT_REMOTE": "decompose=http://a,edit=http://b"}).info.operations == (
        "decompose",
        "edit",
        "harmonise",
    )


def test_without_settings_it_says_what_to_set() -> None:
    one = RemoteEngine({})
    assert one.info.missing is not None
    assert "LAYERLIFT_REMOTE" in one.info.missing
    assert "decompose" in one.info.operations
    with pytest.raises(EngineUnavailable, match="LAYERLIFT_REMOTE"):
        one.decompose(DecomposeRequest(picture()), Progress())
    with pytest.raises(EngineUnavailable, match="LAYERLIFT_REMOTE"):
        decompose(picture(), engine=one)


def test_an_edit_without_words_is_refused() -> None:
    with pytest.raises(RequestError, match="no words"):
        RemoteEngine({}).edit(EditRequest((picture(),), " "), Progress())


def test_blank_layers_are_left_out_and_said_so(serve: Callable[..., FakeServer]) -> None:
    fake = serve()
    fake.faults = ["blank"]
    stack = engine(fake).decompose(DecomposeRequest(picture(), layers=3), Progress())
    assert [layer.name for layer in stack.layers] == ["Background", "Layer 1"]
    assert "1 of 3 layers came back blank and was left out." in stack.notes


def test_an_engine_error_has_a_remedy(serve: Callable[..., FakeServer]) -> None:
    fake = serve()
    fake.faults = ["500", "500"]
    with pytest.raises(EngineError) as failed:
        engine(fake).decompose(DecomposeRequest(picture()), Progress())
    assert "CUDA error" in failed.value.sentence
    assert "\x1b" not in failed.value.sentence
    assert failed.value.remedy
