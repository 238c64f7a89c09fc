"""Edits: exact commands without an engine; an engine's drawing only where it changed something; whole stacks."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from core.operations.pictures import Narrow, Small, scene
from layerlift.engines.fake import FakeEngine
from layerlift.engines.port import DRAWN, EditRequest
from layerlift.errors import Cancelled, EngineError, RequestError
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Document, Layer, LayerStack, Role
from layerlift.operations import run
from layerlift.operations.drawing import brought, draw
from layerlift.operations.editing import arrange, edit, edit_stack
from layerlift.progress import Progress

DISC = (slice(36, 84), slice(30, 78))


class Painter(FakeEngine):
    """Paints a square, and repaints everything as a codec does: a little noise, a little brighter, a little soft."""

    info = replace(FakeEngine.info, working_pixels=90 * 60)
    calls = 0

    def edit(self, request: EditRequest, progress: Progress) -> np.ndarray:
        type(self).calls += 1
        image = request.images[0].astype(np.float32)
        height, width = image.shape[:2]
        image[..., :3] = cv2.GaussianBlur(image[..., :3], (0, 0), 0.5) * 1.01 + 2
        image[..., :3] += np.random.default_rng(5).normal(0, 1.5, image[..., :3].shape)
        image[height // 4 : height // 2, 2 * width // 3 : width - 8, :3] = (20, 200, 40)
        return np.clip(np.rint(image), 0, 255).astype(np.uint8)


class Forbidden(FakeEngine):
    """Exact commands need no engine."""

    info = replace(FakeEngine.info, missing="it must not be asked.")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_the_engine_did_not_change_keeps_its_bits(dtype):
    document = scene(360, 240, dtype)
    stack = edit(document, "a green square", engine=Painter())
    (layer,) = stack.layers
    assert (layer.bounds, stack.extent, stack.depth) == (Bounds(0, 0, 360, 240), document.extent, document.depth)
    same = (layer.pixels == document.pixels).all(axis=2)
    assert same[:, :200].all()
    assert same[160:].all()
    inside = layer.pixels[70:110, 260:310, :3].astype(float) * 255 / np.iinfo(dtype).max
    assert np.abs(inside.mean(axis=(0, 1)) - (20, 200, 40)).max() < 8
    assert 0.5 > 1 - same.mean() > 0.05
    assert "the rest kept its pixels" in stack.notes[-1]


def test_a_picture_changed_as_a_whole_is_taken_as_a_whole():
    class Night(Painter):
        def edit(self, request: EditRequest, progress: Progress) -> np.ndarray:
            out = request.images[0].copy()
            out[..., :3] = out[..., :3] // 3
            return out

    document = scene(360, 240)
    pixels = edit(document, "make it night", engine=Night()).layers[0].pixels
    wanted = document.pixels[..., :3].astype(float) / 3
    assert np.abs(pixels[..., :3] - wanted).mean() < 2


def test_fine_detail_survives_a_recolouring_at_half_size():
    """Lines of one pixel that the engine, at half the size, sees as grey."""

    class Tint(Painter):
        def edit(self, request: EditRequest, progress: Progress) -> np.ndarray:
            out = request.images[0].astype(np.float32)
            out[..., 0] *= 0.5
            return np.rint(out).astype(np.uint8)

    pixels = np.full((240, 360, 4), 255, np.uint8)
    pixels[..., :3] = 150
    x = np.mgrid[0:240, 0:360][1]
    waves = np.rint(40 * np.sin(x / 3) + 40 * np.sin(x * 2.4))
    pixels[..., :3] = np.clip(150 + waves[..., None], 0, 255)
    result = edit(Document(pixels), "bluer", engine=Tint()).layers[0].pixels[..., 0].astype(float)
    true = pixels[..., 0] * 0.5
    fine = np.abs(np.diff(result, axis=1)).mean() / np.abs(np.diff(true, axis=1)).mean()
    assert 0.8 < fine < 1.2
    assert np.abs(result - true).mean() < 5


def test_alpha_is_kept_or_taken_over():
    class Bigger(Painter):
        def edit(self, request: EditRequest, progress: Progress) -> np.ndarray:
            out = request.images[0].copy()
            out[..., :3] = (10, 20, 200)
            out[10:50, 10:80, 3] = 255
            return out

    document = scene()
    pixels = document.pixels.copy()
    pixels[..., 3] = 0
    pixels[DISC][..., 3] = 200
    cut = Document(pixels, "Disc")
    kept = edit(cut, "paint it blue-ish somehow", engine=Bigger()).layers[0]
    assert (kept.on(cut.extent)[..., 3] == pixels[..., 3]).all()
    assert kept.role is Role.SUBJECT
    matted = edit(cut, "paint it blue-ish somehow", alpha="matte", engine=Bigger())
    alpha = matted.layers[0].on(cut.extent)[..., 3]
    assert alpha[24:96, 24:156].min() > 250
    assert alpha[:8].max() == 0
    assert "found anew" in matted.notes[-1]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("flip", lambda p: p[:, ::-1]),
        ("rotate the picture 180°", lambda p: p[::-1, ::-1]),
        ("flip the scene vertically", lambda p: p[::-1]),
        ("水平翻转图片", lambda p: p[:, ::-1]),
    ],
)
def test_exact_commands_need_no_engine(prompt, expected):
    document = scene(dtype=np.uint16)
    stack = run("edit", Forbidden(), document=document, params={"prompt": prompt})
    assert (stack.layers[0].pixels == expected(document.pixels)).all()
    assert stack.notes[-1].startswith("Done exactly: ")


def test_a_cut_out_is_the_thing_that_is_meant():
    pixels = scene().pixels.copy()
    pixels[..., 3] = 0
    pixels[DISC][..., 3] = 255
    stack = edit(Document(pixels, "Layer 7"), "move the ball 10 px right and 5 px up", engine=Forbidden())
    (layer,) = stack.layers
    assert layer.bounds == Bounds(40, 31, 48, 48)
    assert (layer.pixels == pixels[DISC]).all()


def test_a_thing_in_a_flat_picture_is_lifted_first():
    document = scene()
    stack = edit(document, "move band 2 to the back and move band 2 40 px right", engine=FakeEngine())
    assert "taken apart by “fake”" in stack.notes[-1]
    assert len(stack.layers) == 1
    before = Painter.calls
    edit(document, "move the elephant 10 px right", engine=Painter())  # nobody knows one: the engine may
    assert Painter.calls == before + 1
    with pytest.raises(RequestError, match="No layer is called “elephant”"):
        run("edit", "quick", document=document, params={"prompt": "move the elephant 10 px right"})


def test_engines_that_cannot_edit():
    with pytest.raises(RequestError, match="cannot edit pictures in words"):
        run("edit", Narrow(), document=scene(), params={"prompt": "make it night"})
    with pytest.raises(RequestError, match="exact commands only"):
        run("edit", "quick", document=scene(), params={"prompt": "make it night"})
    with pytest.raises(RequestError, match="“prompt” is missing"):
        run("edit", "quick", document=scene(), params={"prompt": " "})


def test_an_answer_that_is_none_is_the_engine_s_defect():
    class Broken(Painter):
        def edit(self, request: EditRequest, progress: Progress) -> np.ndarray:
            return request.images[0][:-1]

    with pytest.raises(EngineError, match="defect"):
        edit(scene(), "make it night", engine=Broken())


def test_a_cancel_is_heard():
    progress = Progress(lambda report: progress.cancel() if report.fraction > 0.2 else None)
    with pytest.raises(Cancelled):
        edit(scene(), "make it night", engine=Small(), progress=progress)


def stack_of(document: Document) -> LayerStack:
    disc = Layer("Disc", Role.SUBJECT, Bounds(30, 36, 48, 48), document.pixels[DISC].copy())
    bar = Layer("Bar", Role.GRAPHIC, Bounds(100, 10, 40, 10), np.full((10, 40, 4), 255, np.uint8), opacity=0.5)
    ground = Layer("Background", Role.BACKGROUND, Bounds.of(document.extent), document.pixels)
    return LayerStack(document.extent, (ground, disc, bar), "Scene")


def test_a_stack_comes_back_whole_with_one_layer_changed():
    stack = stack_of(scene())
    moved = edit_stack(stack, "move the disc 30 px right and shrink it 50 %", engine=Forbidden())
    assert [layer.name for layer in moved.layers] == ["Background", "Disc", "Bar"]
    assert moved.layers[1].bounds == Bounds(72, 48, 24, 24)
    assert moved.layers[0] is stack.layers[0]
    assert moved.layers[2] is stack.layers[2]
    drawn = edit_stack(stack, "give the disc a hat", engine=FakeEngine())
    assert (drawn.layers[1].pixels[..., 3] == stack.layers[1].pixels[..., 3]).all()
    assert (drawn.layers[1].pixels != stack.layers[1].pixels).any()
    assert drawn.layers[0] is stack.layers[0]
    assert edit_stack(stack, "give it a hat", 2, engine=FakeEngine()).layers[1] is stack.layers[1]


def test_an_outline_that_is_found_anew_has_room_to_grow():
    class Hat(Painter):
        def edit(self, request: EditRequest, progress: Progress) -> np.ndarray:
            out = request.images[0].copy()
            out[:8] = (200, 0, 0, 255)
            return out

    stack = stack_of(scene())
    grown = edit_stack(stack, "give the disc a hat", alpha="matte", engine=Hat())
    assert grown.layers[1].bounds.y == 36 - 12
    assert grown.layers[1].on(stack.extent)[60, 60, 3] == 255
    kept = edit_stack(stack, "give the disc a hat", engine=Hat())
    assert kept.layers[1].bounds == stack.layers[1].bounds


def test_orders_hides_and_deletions():
    stack = stack_of(scene())

    def names(prompt: str) -> list[str]:
        from layerlift.operations import commands

        found = commands.parse(prompt)
        assert found is not None
        return [layer.name for layer in arrange(stack, found).layers]

    assert names("bring the disc to the front") == ["Background", "Bar", "Disc"]
    assert names("send the bar backward") == ["Background", "Bar", "Disc"]
    assert names("send the bar to the back") == ["Bar", "Background", "Disc"]
    assert names("bring the background forward, then delete the bar") == ["Disc", "Background"]
    hidden = edit_stack(stack, "hide the disc", engine=Forbidden())
    assert (composite(hidden) == composite(replace(stack, layers=(stack.layers[0], stack.layers[2])))).all()
    with pytest.raises(RequestError, match="Nothing would be left"):
        edit_stack(stack, "delete everything", engine=Forbidden())


def test_everything_turns_about_the_middle_of_the_canvas():
    stack = stack_of(scene())
    flipped = edit_stack(stack, "flip everything", engine=Forbidden())
    assert (composite(flipped) == composite(stack)[:, ::-1]).all()
    upside = edit_stack(stack, "rotate the picture upside down", engine=Forbidden())
    assert (composite(upside) == composite(stack)[::-1, ::-1]).all()
    half = edit_stack(stack, "把所有图层缩小到一半", engine=Forbidden())
    assert half.layers[0].bounds == Bounds(45, 30, 90, 60)
    assert half.layers[1].bounds == Bounds(60, 48, 24, 24)


def test_who_is_not_said_is_asked_for():
    stack = stack_of(scene())
    with pytest.raises(RequestError, match="Which layer to change is not said") as caught:
        edit_stack(stack, "flip", engine=Forbidden())
    assert "1: “Disc”" in caught.value.remedy
    assert edit_stack(stack, "flip it", 1, engine=Forbidden()).layers[1].bounds == stack.layers[1].bounds


def test_the_change_is_measured():
    document = scene(360, 240)
    drawn = draw(document, "x", Painter(), "edit", DRAWN, Progress())
    _, share = brought(document, drawn, "keep", Progress())
    assert 0.05 < share < 0.2
