"""The layered model on tiny weights: every option, determinism, progress, previews."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from layerlift.engines.qwen.asking import Memory
from layerlift.engines.qwen.words import Habits
from layerlift.errors import InputError, RequestError
from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import LayerStack, Role
from layerlift.progress import Progress

from .conftest import PLAN, Listener, picture, same, take_apart

ASKING = Habits()


@pytest.mark.parametrize("layers", [1, 2, 5, 10])
def test_makes_as_many_layers_as_it_is_asked_for(running: Any, layers: int) -> None:
    stack = take_apart(running, layers=layers)
    assert len(stack.layers) == layers
    assert stack.extent == Extent(96, 64)
    assert stack.depth == 8
    assert stack.layers[0].role is Role.BACKGROUND
    assert (stack.layers[0].pixels[..., 3] == 255).all()
    assert stack.layers[0].bounds.extent == stack.extent


def test_same_request_same_layers_and_another_seed_others(running: Any) -> None:
    first, again, other = (take_apart(running, seed=seed) for seed in (7, 7, 8))
    assert same(first, again)
    assert not same(first, other)
    assert first.notes == again.notes


@pytest.mark.parametrize(
    "change", [{"steps": 4}, {"guidance": 7.0}, {"guidance": 1.0}, {"negative": "blur"}, {"what": "the dog"}]
)
def test_every_setting_reaches_the_model(running: Any, change: dict[str, Any]) -> None:
    usual = {"what": "a cat", "guidance": 4.0}
    assert not same(take_apart(running, **usual), take_apart(running, **{**usual, **change}))


def test_without_words_guidance_changes_nothing_and_is_left_out(running: Any) -> None:
    passes = [0]
    handle = running.transformer.register_forward_pre_hook(lambda *_: passes.__setitem__(0, passes[0] + 1))
    try:
        silent = take_apart(running, guidance=4.0)
        assert passes == [3]
        take_apart(running, guidance=4.0, what="a cat")
        assert passes == [9]
    finally:
        handle.remove()
    assert same(silent, take_apart(running, guidance=9.0))


def test_fast_makes_fewer_steps(running: Any) -> None:
    listener = Listener()
    take_apart(running, fast=True, steps=None, layers=1, progress=listener.progress)
    assert f"Separating, step 1 of {running.steps(50)}" in listener.stages


def test_the_model_cards_settings_are_the_defaults(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[str, Any] = {}
    original = type(running.pipeline).__call__

    def listening(self: Any, **settings: Any) -> Any:
        said.update(settings)
        return original(self, **{**settings, "num_inference_steps": 2})

    monkeypatch.setattr(type(running.pipeline), "__call__", listening)
    take_apart(running, what="a cat", steps=None)
    assert said["num_inference_steps"] == 50
    assert said["true_cfg_scale"] == 4.0
    assert said["resolution"] == 640
    assert said["cfg_normalize"] is True
    assert said["use_en_prompt"] is True
    assert said["negative_prompt_embeds"] is not None
    take_apart(running, steps=None, resolution=1024)
    assert said["resolution"] == 1024


def test_captions_steer_and_are_made_once(running: Any) -> None:
    memory, first, second = Memory(), Listener(), Listener()
    habits = Habits(captions=True, names=False)
    captioned = take_apart(running, memory=memory, habits=habits, progress=first.progress)
    again = take_apart(running, memory=memory, habits=habits, progress=second.progress)
    assert "Looking at the picture" in first.stages
    assert "Looking at the picture" not in second.stages
    assert same(captioned, again)
    assert not same(captioned, take_apart(running))


def test_auto_asks_how_many_layers_there_are(talking: Any) -> None:
    listener = Listener()
    stack = take_apart(talking, layers=None, habits=ASKING, progress=listener.progress)
    assert len(stack.layers) == 3
    assert "Counting layers" in listener.stages
    assert [layer.name for layer in stack.layers] == ["Background", "A dog", "The title"]
    assert [layer.role for layer in stack.layers] == [Role.BACKGROUND, Role.SUBJECT, Role.TEXT]


def test_auto_falls_back_on_the_usual_number_and_says_so(running: Any) -> None:
    stack = take_apart(running, layers=None, habits=Habits(captions=True, names=False))
    assert len(stack.layers) == 4
    assert stack.notes[0] == "How many layers the picture has was not clear: 4 were tried."


def test_auto_counts_what_the_user_names(talking: Any) -> None:
    listener = Listener()
    stack = take_apart(talking, layers=None, what="the dog", habits=ASKING, progress=listener.progress)
    assert len(stack.layers) == 2
    assert "Counting layers" not in listener.stages
    # two layers, three names: nobody knows which is which
    assert [layer.name for layer in stack.layers] == ["Background", "Layer 2"]


def test_auto_asks_nobody_when_captions_are_off(running: Any) -> None:
    stack = take_apart(running, layers=None)
    assert len(stack.layers) == 4


def test_auto_makes_no_more_than_there_is_room_for(talking: Any) -> None:
    plan = talking.plan
    talking.plan = replace(plan, layers=2)
    try:
        assert len(take_apart(talking, layers=None, habits=Habits(names=False)).layers) == 2
    finally:
        talking.plan = plan


@pytest.mark.parametrize("size", [(32, 32), (96, 64), (33, 50), (320, 32), (48, 400)])
def test_answers_at_the_size_it_was_asked_at(running: Any, size: tuple[int, int]) -> None:
    image = picture(*size)
    stack = take_apart(running, image, layers=2)
    assert stack.extent == size
    assert all(layer.bounds.right <= size[0] and layer.bounds.bottom <= size[1] for layer in stack.layers)


def test_a_ribbon_is_refused(running: Any) -> None:
    with pytest.raises(InputError, match="125 times as long"):
        take_apart(running, picture(4000, 32))


def test_a_resolution_that_the_model_does_not_know_is_refused(running: Any) -> None:
    with pytest.raises(RequestError, match="resolution of 800"):
        take_apart(running, resolution=800)


def test_progress_runs_from_step_to_step_and_never_back(talking: Any) -> None:
    listener = Listener()
    take_apart(talking, layers=2, steps=4, habits=ASKING, progress=listener.progress)
    assert [stage for stage in listener.stages if not stage.startswith("Loading")] == [
        "Looking at the picture",
        "Reading the words",
        "Separating, step 1 of 4",
        "Separating, step 2 of 4",
        "Separating, step 3 of 4",
        "Separating, step 4 of 4",
        "Painting",
        "Checking the layers",
        "Naming layers",
    ]
    fractions = [report.fraction for report in listener.reports]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    per_step = [
        next(report.fraction for report in listener.reports if report.stage == f"Separating, step {step} of 4")
        for step in range(1, 5)
    ]
    widths = [after - before for before, after in pairwise(per_step)]
    assert max(widths) - min(widths) < 0.01


def test_works_in_the_numbers_of_graphics_cards(folder: Path) -> None:
    from layerlift.engines.qwen.running import load

    half = load("layered", folder, replace(PLAN, dtype="bfloat16"), Progress())
    try:
        listener = Listener(looks=True)
        stack = take_apart(half, layers=2, steps=4, habits=Habits(names=False), progress=listener.progress)
        assert len(stack.layers) == 2
        assert listener.seen
    finally:
        half.close()


def test_offers_a_look_at_the_layers_while_they_come(running: Any) -> None:
    listener = Listener(looks=True)
    take_apart(running, layers=3, steps=10, progress=listener.progress)
    assert 4 <= len(listener.seen) <= 9
    for seen in listener.seen:
        assert isinstance(seen, LayerStack)
        assert len(seen.layers) == 3
        assert seen.layers[0].pixels[..., 3].min() == 255
    first, last = listener.seen[0], listener.seen[-1]
    assert not np.array_equal(first.layers[1].pixels, last.layers[1].pixels)


def test_reports_how_far_its_own_copy_was_off(running: Any) -> None:
    stack = take_apart(running)
    assert stack.drift is not None
    assert 0.05 < stack.drift.mean < 1  # random weights paint anything but the picture
    (told,) = [note for note in stack.notes if note.startswith("Self-check")]
    assert f"{stack.drift.mean:.1%}" in told


def test_splits_a_layer_further(running: Any) -> None:
    image = picture()
    image[:, :48] = 0
    listener = Listener()
    stack = take_apart(running, image, layers=4, progress=listener.progress)
    assert [report.stage for report in listener.reports].count("Painting") == 1 + 5 + 1  # four, their ground, the copy
    assert stack.extent == Extent(96, 64)
    for layer in stack.layers[1:]:
        assert layer.bounds.x >= 48
    assert (stack.layers[0].pixels[..., 3] == 255).all()
    assert not same(stack, take_apart(running, picture(), layers=4))


def test_names_that_cannot_be_had_cost_no_layers(talking: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise RuntimeError("Device out of memory.\nMany more lines.")

    take_apart(talking)  # from here on the prompt is remembered, and the encoder needed for names only
    monkeypatch.setattr(talking, "encoder", full)
    stack = take_apart(talking, habits=Habits(captions=False, names=True))
    assert [layer.name for layer in stack.layers] == ["Background", "Layer 2", "Layer 3"]
    assert "The layers could not be named (Device out of memory.)." in stack.notes


def test_what_is_remembered_takes_no_share_of_the_progress(talking: Any) -> None:
    memory, first, second = Memory(), Listener(), Listener()
    for listener in (first, second):
        take_apart(talking, habits=Habits(names=False), memory=memory, progress=listener.progress)

    def begins(listener: Listener) -> float:
        return next(report.fraction for report in listener.reports if report.stage.startswith("Separating"))

    assert begins(first) > begins(second) + 0.05
