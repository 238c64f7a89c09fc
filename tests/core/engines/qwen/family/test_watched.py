"""Every operation, watched: progress, looks, cancelling at every moment, broken numbers, and nothing left behind."""

from __future__ import annotations

import gc
import operator
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from layerlift.engines.port import EditRequest, GenerateRequest, InpaintRequest, Sampling
from layerlift.engines.qwen.family.editing import edit
from layerlift.engines.qwen.family.painting import generate, inpaint
from layerlift.errors import Cancelled, EngineError
from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import LayerStack
from layerlift.progress import Progress, Report

torch = pytest.importorskip("torch", reason="the model family needs torch and diffusers (the [gpu] extra)")

QUICKLY = Sampling(steps=4, resolution=64, seed=7)
Picture = NDArray[np.uint8]
Draw = Callable[[Any, Progress], Picture]
OPERATIONS = ("edit", "generate", "redraw", "inpaint", "fill by orders")


@pytest.fixture(params=OPERATIONS)
def operation(
    request: pytest.FixtureRequest, edit_model: Any, image_model: Any, photo: Picture, layer: Picture
) -> tuple[Any, Draw]:
    """A loaded model and one operation of it: as `draw(sampling, progress)`."""
    mask = np.zeros(photo.shape[:2], np.uint8)
    mask[10:30, 15:50] = 255
    extent = Extent(72, 56)

    def from_words(sampling: Sampling, progress: Progress) -> Picture:
        return generate(image_model, GenerateRequest("a cat", extent, sampling=sampling), progress)

    made: dict[str, tuple[Any, Draw]] = {
        "edit": (edit_model, lambda s, p: edit(edit_model, EditRequest((layer, photo), "Red!", s), p)),
        "generate": (image_model, from_words),
        "redraw": (image_model, lambda s, p: generate(image_model, GenerateRequest("a cat", extent, photo, 0.8, s), p)),
        "inpaint": (image_model, lambda s, p: inpaint(image_model, InpaintRequest(photo, mask, sampling=s), p)),
        "fill by orders": (edit_model, lambda s, p: inpaint(edit_model, InpaintRequest(photo, mask, sampling=s), p)),
    }
    return made[request.param]


def test_progress_only_goes_forward_and_names_what_is_done(operation: tuple[Any, Draw]) -> None:
    _, draw = operation
    reports: list[Report] = []
    draw(QUICKLY, Progress(reports.append))
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    stages = [report.stage for report in reports]
    assert any("step 2 of" in stage for stage in stages)
    assert "Painting" in stages


def test_there_is_something_to_look_at_and_looking_changes_nothing(operation: tuple[Any, Draw]) -> None:
    _, draw = operation
    seen: list[LayerStack] = []
    watched = draw(QUICKLY, Progress(look=seen.append))
    assert seen
    assert all(len(stack.layers) == 1 and stack.layers[0].pixels[..., :3].std() > 0 for stack in seen)
    assert (draw(QUICKLY, Progress()) == watched).all()


def tensors() -> int:
    """Bytes of all tensors alive that are no weights."""
    gc.collect()
    kinds = (torch.Tensor,)
    return sum(thing.nbytes for thing in gc.get_objects() if type(thing) in kinds)


def hooks(pipeline: Any) -> int:
    parts = (pipeline.transformer, pipeline.vae.encoder, pipeline.vae.decoder)
    return sum(len(module._forward_pre_hooks) + len(module._forward_hooks) for module in parts)


def test_cancelling_is_heard_at_every_moment_and_leaves_nothing(operation: tuple[Any, Draw]) -> None:
    running, draw = operation
    reports: list[Report] = []
    draw(QUICKLY, Progress())  # from now on its words are remembered, so every call reports the same
    reference = draw(QUICKLY, Progress(reports.append))
    held, hooked = tensors(), hooks(running.pipeline)
    assert len(reports) >= 6
    for moment in range(len(reports)):
        with pytest.raises(Cancelled):
            draw(QUICKLY, cancelling_at(moment))
        assert hooks(running.pipeline) == hooked, f"cancelled at {reports[moment]}"
    assert tensors() <= held + 4096
    assert (draw(QUICKLY, Progress()) == reference).all()


def cancelling_at(moment: int) -> Progress:
    """A Progress that is cancelled by whoever hears its report number `moment`."""
    left = moment

    def listen(_report: Report) -> None:
        nonlocal left
        if left == 0:
            progress.cancel()
        left -= 1

    progress = Progress(listen)
    return progress


@pytest.mark.parametrize("component", ["transformer", "vae.encoder", "vae.decoder"])
def test_cancelling_while_a_component_computes(operation: tuple[Any, Draw], component: str) -> None:
    """Heard at the latest when the next one begins; what it computed is thrown away."""
    running, draw = operation
    progress, calls = Progress(), []

    def cancel(*_: Any) -> None:
        calls.append(component)
        progress.cancel()

    handle = operator.attrgetter(component)(running.pipeline).register_forward_hook(cancel)
    try:
        if component == "vae.encoder" and not reads_pictures(draw):
            draw(QUICKLY, progress)
        else:
            with pytest.raises(Cancelled):
                draw(QUICKLY, progress)
    finally:
        handle.remove()
    assert len(calls) == (0 if component == "vae.encoder" and not reads_pictures(draw) else 1)


def test_cancelling_while_the_words_are_read(edit_model: Any, photo: Picture) -> None:
    """Heard between any two layers of the encoder; the half-read words are not remembered."""
    progress, reached = Progress(), []
    request = EditRequest((photo,), "Words that nobody has read yet.", QUICKLY)
    with edit_model.encoder(Progress()) as pipeline:
        first, last = (pipeline.text_encoder.model.language_model.layers[place] for place in (0, -1))
        handles = [
            first.register_forward_hook(lambda *_: progress.cancel()),
            last.register_forward_hook(lambda *_: reached.append(True)),
        ]
        try:
            with pytest.raises(Cancelled):
                edit(edit_model, request, progress)
        finally:
            for handle in handles:
                handle.remove()
        assert not reached
        assert not any(len(part._forward_pre_hooks) for part in pipeline.text_encoder.modules())
        edit(edit_model, request, Progress())


def reads_pictures(draw: Draw) -> bool:
    """Whether the VAE has a picture to read: all but drawing from words alone."""
    return draw.__name__ != "from_words"


def test_broken_numbers_are_caught_and_explained(operation: tuple[Any, Draw]) -> None:
    running, draw = operation
    weight = running.pipeline.transformer.proj_out.weight
    kept = weight.detach().clone()
    with torch.no_grad():
        weight[0] = float("nan")
    try:
        with pytest.raises(EngineError, match="numbers broke down at step 1") as caught:
            draw(QUICKLY, Progress())
    finally:
        with torch.no_grad():
            weight.copy_(kept)
    assert "verify" in caught.value.remedy


@pytest.mark.parametrize("operation", ["generate", "redraw", "inpaint", "fill by orders"], indirect=True)
def test_a_blank_picture_is_caught_and_explained(operation: tuple[Any, Draw]) -> None:
    """A decoder that paints one grey. (What becomes of a layer is in test_editing.)"""
    running, draw = operation
    last = running.pipeline.vae.decoder.conv_out
    kept = {name: value.clone() for name, value in last.state_dict().items()}
    with torch.no_grad():
        last.weight.zero_()
        last.bias.zero_()
    try:
        with pytest.raises(EngineError, match="blank picture") as caught:
            draw(QUICKLY, Progress())
    finally:
        last.load_state_dict(kept)
    assert "another seed" in caught.value.remedy


def test_when_memory_runs_out_it_starts_anew_and_draws_the_same(
    tmp_path: Path, photo: Picture, image_model: Any
) -> None:
    """Once, on the next lower plan: generator, words and progress all begin again."""
    from layerlift.engines.qwen.running import load
    from models import tiny

    plan = image_model.plan
    running = load("image", tiny.image(tmp_path), replace(plan, below=plan), Progress())
    request = GenerateRequest("a cat", Extent(72, 56), photo, 0.8, QUICKLY)
    shortages = [torch.OutOfMemoryError("the card is full")]

    def fill_up(*_: Any) -> None:
        if shortages:
            raise shortages.pop()

    running.pipeline.transformer.register_forward_hook(fill_up)
    try:
        drawn = generate(running, request, Progress())
        assert not shortages
        assert any("smaller plan" in note for note in running.notes)
        assert (drawn == generate(image_model, request, Progress())).all()
    finally:
        running.close()
