"""Edits through the real pipeline with tiny weights: what goes in, what comes out, and what is left behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from layerlift.engines.port import EditRequest, Sampling
from layerlift.engines.qwen.family import editing
from layerlift.engines.qwen.family.editing import edit
from layerlift.errors import EngineError, InputError, RequestError
from layerlift.progress import Progress

pytest.importorskip("diffusers", reason="the model family needs torch and diffusers (the [gpu] extra)")

QUICKLY = Sampling(steps=2, resolution=64, seed=7)
Picture = NDArray[np.uint8]
Passes = Callable[[Any, str], Any]


def asked(*images: Picture, prompt: str = "Make it red.", **sampling: Any) -> EditRequest:
    return EditRequest(images, prompt, replace(QUICKLY, **sampling))


def test_an_opaque_picture_comes_back_opaque_at_its_size(edit_model: Any, photo: Picture) -> None:
    changed = edit(edit_model, asked(photo), Progress())
    assert changed.shape == photo.shape
    assert changed.dtype == np.uint8
    assert (changed[..., 3] == 255).all()
    assert (changed[..., :3] != photo[..., :3]).any()


def test_same_request_same_pixels_and_all_of_it_matters(edit_model: Any, photo: Picture) -> None:
    first = edit(edit_model, asked(photo), Progress())
    assert (edit(edit_model, asked(photo), Progress()) == first).all()
    others = (
        asked(photo, seed=8),
        asked(photo, prompt="把它变成蓝色"),
        asked(photo, negative="blurred, ugly, deformed"),
        asked(photo, guidance=9.0),
        asked(photo, steps=3),
        asked(photo, photo[::-1]),
        asked(photo[:, ::-1]),
    )
    for other in others:
        assert (edit(edit_model, other, Progress()) != first).any(), other.prompt


def test_a_layer_is_laid_on_its_ground_for_eyes_and_brush(
    edit_model: Any, layer: Picture, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the VAE reads has the ground where the layer is transparent, and the model is told to leave it."""
    told: list[str] = []
    encode = type(edit_model.pipeline).encode_prompt

    def listening(pipeline: Any, prompt: Any = None, **more: Any) -> Any:
        told.extend([prompt] if prompt else [])
        return encode(pipeline, prompt, **more)

    monkeypatch.setattr(type(edit_model.pipeline), "encode_prompt", listening)
    ground = editing.ground_for(layer, "把它变旧")
    with passes(edit_model, "vae.encoder") as seen:
        edit(edit_model, asked(layer, prompt="把它变旧"), Progress())
    corner = (seen[-1][0][0, :, 0, 2, 2] + 1) * 127.5
    assert corner.round().int().tolist() == list(ground.colour)
    assert told == [f"把它变旧 保持纯{ground.chinese}背景不变。", " "]


def test_where_the_ground_was_lost_the_alpha_is_kept(edit_model: Any, layer: Picture) -> None:
    """Random weights keep nothing, least of all a ground."""
    changed = edit(edit_model, asked(layer), Progress())
    assert (changed[..., 3] == layer[..., 3]).all()
    assert (changed[..., :3] != layer[..., :3]).any()


def test_where_the_ground_was_kept_there_is_a_new_matte(
    edit_model: Any, layer: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that moves the thing and keeps the ground, in place of random weights that cannot."""
    shift, layer = 9, np.ascontiguousarray(np.pad(layer[4:52, 4:68], ((8, 8), (0, 0), (0, 0))))
    monkeypatch.setattr(editing, "draw", lambda _r, drawing, _p, **_m: np.roll(np.array(drawing.seen[0]), shift, 1))
    changed = edit(edit_model, asked(layer), Progress())
    moved = np.roll(layer, shift, 1)
    assert np.abs(changed[..., 3].astype(int) - moved[..., 3]).mean() < 2
    solid = moved[..., 3] == 255
    assert np.abs(changed[solid][:, :3].astype(int) - moved[solid][:, :3]).mean() < 3


def test_a_layer_that_is_all_gone_and_a_blank_picture_are_explained(
    edit_model: Any, layer: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain: dict[str, tuple[int, int, int]] = {"ground": editing.ground_for(layer, "Red.").colour, "black": (0, 0, 0)}
    for colour, sentence in (("ground", "left nothing of the layer"), ("black", "blank picture")):
        picture = np.full((64, 64, 3), plain[colour], np.uint8)
        monkeypatch.setattr(editing, "draw", lambda _r, _d, _p, picture=picture, **_m: picture)
        with pytest.raises(EngineError, match=sentence) as caught:
            edit(edit_model, asked(layer, prompt="Red."), Progress())
        assert caught.value.remedy


@pytest.mark.parametrize(("width", "height"), [(64, 64), (33, 47), (200, 31), (16, 16)])
def test_any_size_comes_back(edit_model: Any, width: int, height: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    assert edit(edit_model, asked(pixels), Progress()).shape == pixels.shape


@pytest.mark.parametrize(("guidance", "each"), [(None, 2), (1.0, 1), (0.0, 1)])
def test_steps_and_guidance_are_what_was_asked(
    edit_model: Any, photo: Picture, passes: Passes, guidance: float | None, each: int
) -> None:
    with passes(edit_model, "transformer") as calls:
        edit(edit_model, asked(photo, steps=3, guidance=guidance), Progress())
    assert len(calls) == 3 * each


def test_one_step_alone_would_be_no_number(edit_model: Any, photo: Picture, passes: Passes) -> None:
    with passes(edit_model, "transformer") as calls:
        edit(edit_model, asked(photo, steps=1, guidance=1.0), Progress())
    assert len(calls) == 2


def test_references_are_seen_at_the_working_size(edit_model: Any, photo: Picture, passes: Passes) -> None:
    """Not at the 1024² that the pipeline would take; and its constant is what it was before."""
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as module

    with passes(edit_model, "vae.encoder") as seen:
        edit(edit_model, asked(photo, photo[:50, :60]), Progress())
    areas = [call[0].shape[-1] * call[0].shape[-2] for call in seen]
    assert areas == [64 * 64, 64 * 64]
    assert module.VAE_IMAGE_SIZE == 1024 * 1024


@pytest.mark.parametrize(
    ("images", "prompt", "sentence"),
    [(1, "  ", "no words"), (0, "Red.", "0 pictures"), (5, "Red.", "5 pictures")],
)
def test_requests_that_make_no_sense(edit_model: Any, photo: Picture, images: int, prompt: str, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        edit(edit_model, asked(*[photo] * images, prompt=prompt), Progress())


def test_an_empty_layer_and_a_thread_of_a_picture(edit_model: Any, photo: Picture) -> None:
    nothing = photo.copy()
    nothing[..., 3] = 0
    with pytest.raises(RequestError, match="empty"):
        edit(edit_model, asked(nothing), Progress())
    with pytest.raises(InputError, match="as long as it is wide"):
        edit(edit_model, asked(np.full((2, 400, 4), 255, np.uint8)), Progress())
