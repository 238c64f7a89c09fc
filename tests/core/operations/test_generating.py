"""Pictures from words: sizes, over a picture, straight into layers; and harmonising, and splitting further."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.operations.pictures import Small, on_top, scene, selection
from layerlift.engines.fake import FakeEngine
from layerlift.engines.port import DecomposeRequest, EditRequest, GenerateRequest
from layerlift.errors import RequestError
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role
from layerlift.operations import run
from layerlift.operations.generating import generate, working_size
from layerlift.operations.harmonising import harmonise
from layerlift.progress import Progress


@given(st.integers(16, 300), st.integers(16, 300))
def test_a_picture_of_any_size(width, height):
    if max(width, height) > 8 * min(width, height):
        return
    stack = generate("a red dog", Extent(width, height), engine=Small())
    (layer,) = stack.layers
    assert layer.pixels.shape == (height, width, 4)
    assert (layer.pixels[..., 3] == 255).all()
    assert (stack.name, layer.role) == ("a red dog", Role.BACKGROUND)


def test_the_working_size_keeps_the_aspect_and_the_multiple():
    info = replace(FakeEngine.info, working_pixels=1328 * 1328, multiple=16)
    for extent in (Extent(1024, 768), Extent(64, 64), Extent(4000, 1000)):
        size = working_size(extent, info, None)
        assert size.width % 16 == size.height % 16 == 0
        assert size.area == pytest.approx(1328 * 1328, rel=0.03)
        assert size.width / size.height == pytest.approx(extent.width / extent.height, rel=0.02)
    assert working_size(Extent(500, 500), info, 640) == (640, 640)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_over_a_picture(dtype):
    document = scene(200, 90, dtype)

    class Copies(Small):
        def generate(self, request: GenerateRequest, progress: Progress) -> np.ndarray:
            assert request.start is not None
            assert request.start.shape[:2] == (request.extent.height, request.extent.width)
            return request.start

    params = {"prompt": "the same", "strength": 0.2}
    stack = run("generate", Copies(), document=document, params=params)
    assert (stack.extent, stack.depth, stack.name) == (document.extent, document.depth, "Scene")
    apart = np.abs(stack.layers[0].pixels.astype(float) - document.pixels) * 255 / np.iinfo(dtype).max
    assert apart[..., :3].mean() < 6  # nothing has moved; only the small size shows


def test_straight_into_layers():
    stack = generate("a poster", Extent(320, 200), layers=3, engine=FakeEngine())
    assert len(stack.layers) == 3
    flat = generate("a poster", Extent(320, 200), engine=FakeEngine()).layers[0].pixels
    assert np.abs(composite(stack).astype(int) - flat).max() <= 1
    assert len(generate("a poster", Extent(320, 200), layers=0, engine=FakeEngine()).layers) == 4


def test_who_cannot_take_apart_leaves_it_to_the_default_engine():
    class Draws(FakeEngine):
        info = replace(FakeEngine.info, name="draws", operations=("generate",))

    stack = generate("a poster", Extent(120, 80), layers=0, engine=Draws())
    assert stack.notes[-1] == "Drawn by “draws”, taken apart by “quick”."


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"width": 64, "height": 64}, "“prompt” is missing"),
        ({"prompt": "x", "width": 64}, "size of the new picture is missing"),
        ({"prompt": "x", "width": 99_000, "height": 99_000}, "were|was asked for"),
        ({"prompt": "x", "width": 8, "height": 64}, "Nothing can be drawn"),
        ({"prompt": "x", "width": 64, "height": 64, "strength": 2.0}, "“strength” cannot be 2.0"),
        ({"prompt": "x", "width": 64, "height": 64, "steps": 0}, "“steps” cannot be 0"),
        ({"prompt": "x" * 5000, "width": 64, "height": 64}, "too long"),
    ],
)
def test_what_cannot_be_drawn(params, words):
    with pytest.raises(RequestError, match=words):
        run("generate", FakeEngine(), params=params)
    with pytest.raises(RequestError, match="no operation called"):
        run("paint", FakeEngine())


class Warm(FakeEngine):
    """Warms the left half, and redraws a sharp line that must not get through."""

    info = replace(FakeEngine.info, working_pixels=180 * 120)

    def edit(self, request: EditRequest, progress: Progress) -> np.ndarray:
        out = request.images[0].astype(np.int32)
        out[:, : out.shape[1] // 2, 0] += 25
        out[60:62, :, :3] = 0
        return np.clip(out, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_harmonising_changes_light_and_leaves_lines(dtype):
    document = scene(360, 240, dtype)
    stack = harmonise(document, engine=Warm())
    (layer,) = stack.layers
    assert layer.bounds.right < 0.65 * 360
    seen = on_top(document, stack).astype(float) * 255 / np.iinfo(dtype).max
    before = document.pixels.astype(float) * 255 / np.iinfo(dtype).max
    quiet = (slice(10, 80), slice(10, 150))
    assert (seen - before)[quiet][..., 0].mean() == pytest.approx(25, abs=3)
    assert np.abs((seen - before)[quiet][..., 1:3]).mean() < 1
    assert (seen[:, 240:] == before[:, 240:]).all()
    assert seen[122, 40, 1] > 60  # the black line is not there


def test_harmonising_a_selection_stays_near_it():
    document = scene(360, 240)
    mask = selection(document)
    layer = harmonise(document, mask, engine=Warm()).layers[0]
    alpha = layer.on(document.extent)[..., 3]
    far = cv2.dilate(mask, np.ones((21, 21), np.uint8)) == 0
    assert not alpha[far].any()
    assert alpha[mask == 255].mean() > 200
    with pytest.raises(RequestError, match="The selection is empty"):
        harmonise(document, np.zeros_like(mask), engine=Warm())


def test_nothing_to_harmonise_is_said():
    class Same(Warm):
        def edit(self, request: EditRequest, progress: Progress) -> np.ndarray:
            return request.images[0]

    stack = harmonise(scene(), engine=Same())
    assert not stack.layers[0].pixels[..., 3].any()
    assert "match already" in stack.notes[-1]


def test_a_layer_is_taken_apart_in_its_place():
    document = scene()
    pixels = np.random.default_rng(0).integers(0, 256, (50, 60, 4), np.uint8)
    pixels[..., 3] = 255
    middle = Layer("Card", Role.GRAPHIC, Bounds(70, 30, 60, 50), pixels, opacity=0.6, group=("Things",))
    top = Layer("Dot", Role.GRAPHIC, Bounds(80, 40, 5, 5), np.full((5, 5, 4), 200, np.uint8))
    ground = Layer("Background", Role.BACKGROUND, Bounds.of(document.extent), document.pixels)
    stack = LayerStack(document.extent, (ground, middle, top), "Scene")
    apart = run("decompose", FakeEngine(), stack=stack, params={"layer": 1, "layers": 3})
    assert apart.layers[0] is ground
    assert apart.layers[-1] is top
    assert {layer.group for layer in apart.layers[1:-1]} == {("Things", "Card")}
    assert len(apart.layers) == 4  # two bands; of a translucent card's ground nothing shows, and nothing is kept
    assert np.abs(composite(apart).astype(int) - composite(stack)).max() <= 1
    whole = run("decompose", FakeEngine(), stack=stack, params={})
    assert np.abs(composite(whole).astype(int) - composite(stack)).max() <= 1


@pytest.mark.parametrize(("others", "able", "asked"), [(1, 10, None), (1, 64, 63), (60, 10, 4)])
def test_how_many_parts_is_left_to_the_engine_while_there_is_room(others, able, asked):
    class Able(FakeEngine):
        info = replace(FakeEngine.info, max_layers=able)
        asked = ()

        def decompose(self, request: DecomposeRequest, progress: Progress) -> LayerStack:
            self.asked += (request.layers,)
            return super().decompose(replace(request, layers=2), progress)

    document, engine = scene(60, 40), Able()
    layer = Layer("Card", Role.GRAPHIC, Bounds.of(document.extent), document.pixels)
    stack = LayerStack(document.extent, (layer,) * (1 + others), "Scene")
    apart = run("decompose", engine, stack=stack, params={"layer": others})
    assert engine.asked == (asked,)
    assert len(apart.layers) == others + 2
