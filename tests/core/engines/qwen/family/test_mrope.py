"""The encoder sees pictures in place (Qwen2-VL, arXiv 2409.12191, §2.1), whatever diffusers forgets to tell it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from layerlift.engines.qwen.family.mrope import ARGUMENT, seen_in_place
from layerlift.progress import Progress

torch = pytest.importorskip("torch", reason="the model family needs torch (the [gpu] extra)")

MERGE = 2
"""Patches that become one token, each way: Qwen2.5-VL's spatial_merge_size."""


@pytest.fixture
def pictures() -> list[Image.Image]:
    random = np.random.default_rng(1)
    sizes = ((64, 32), (32, 96))
    return [Image.fromarray(random.integers(0, 255, (h, w, 3), dtype=np.uint8)) for w, h in sizes]


def positions(words: Any, grids: Any, picture: int) -> Any:
    """(3, 1, n) by the paper: words count up in all three; a picture's tokens share their time, count rows and columns,
    and the next word goes on after the largest of them. Written from the paper, not from transformers."""
    rows: list[tuple[int, int, int]] = []
    grids, at, place = iter(grids.tolist()), 0, 0
    line = words[0].tolist()
    while place < len(line):
        if line[place] != picture:
            rows.append((at, at, at))
            at, place = at + 1, place + 1
            continue
        _, high, wide = next(grids)
        high, wide = high // MERGE, wide // MERGE
        rows += [(at, at + y, at + x) for y in range(high) for x in range(wide)]
        at, place = at + max(high, wide), place + high * wide
    return torch.tensor(rows).T[:, None]


def embeddings(pipeline: Any, pictures: list[Image.Image]) -> Any:
    with torch.no_grad():
        return pipeline.encode_prompt(prompt="Make it red.", image=pictures, device=torch.device("cpu"))[0]


def by_the_paper(pipeline: Any, pictures: list[Image.Image]) -> Any:
    """The same with positions given outright."""
    encoder = pipeline.text_encoder

    def place(module: Any, arguments: Any, named: dict[str, Any]) -> Any:
        where = positions(named["input_ids"], named["image_grid_thw"], module.config.image_token_id)
        return arguments, {**named, "position_ids": where}

    handle = encoder.register_forward_pre_hook(place, with_kwargs=True)
    try:
        return embeddings(pipeline, pictures)
    finally:
        handle.remove()


@pytest.fixture
def encoding(edit_model: Any) -> Any:
    with edit_model.encoder(Progress()) as pipeline:
        yield pipeline


@pytest.mark.parametrize("count", [1, 2])
def test_pictures_are_seen_where_they_are(encoding: Any, pictures: list[Image.Image], count: int) -> None:
    pictures = pictures[:count]
    truth = by_the_paper(encoding, pictures)
    forgotten = embeddings(encoding, pictures)
    with seen_in_place(encoding.text_encoder):
        seen = embeddings(encoding, pictures)
    assert torch.equal(seen, truth)
    # If this fails, diffusers passes the argument on by itself (huggingface/diffusers#14194 is fixed): mrope can go.
    # (Random weights of 0.02 attend to everything alike, so positions change little: 400 times float32's rounding.)
    assert (forgotten - truth).abs().max() > 1e-4


def test_does_nothing_once_diffusers_passes_the_argument_on(encoding: Any, pictures: list[Image.Image]) -> None:
    encoder = encoding.text_encoder
    heard: list[Any] = []

    def fixed(module: Any, arguments: Any, named: dict[str, Any]) -> Any:
        kinds = (named["input_ids"] == module.config.image_token_id).int()
        return arguments, {**named, ARGUMENT: kinds}

    handles = [encoder.register_forward_pre_hook(fixed, with_kwargs=True)]
    try:
        alone = embeddings(encoding, pictures)
        with seen_in_place(encoder):
            handles.append(
                encoder.register_forward_pre_hook(
                    lambda _module, _arguments, named: heard.append(named[ARGUMENT]), with_kwargs=True
                )
            )
            together = embeddings(encoding, pictures)
    finally:
        for handle in handles:
            handle.remove()
    assert torch.equal(alone, together)
    assert len(heard) == 1


def test_words_alone_are_left_alone_and_the_hook_goes(encoding: Any) -> None:
    encoder = encoding.text_encoder
    words = torch.arange(40)[None]
    plain = encoder(input_ids=words, output_hidden_states=True).hidden_states[-1]
    before = len(encoder._forward_pre_hooks)
    with seen_in_place(encoder):
        assert len(encoder._forward_pre_hooks) == before + 1
        again = encoder(input_ids=words, output_hidden_states=True).hidden_states[-1]
    assert len(encoder._forward_pre_hooks) == before
    assert torch.equal(plain, again)


@pytest.mark.parametrize("make", [lambda: object(), lambda: torch.nn.Linear(2, 2)])
def test_what_does_not_know_the_argument_is_left_alone(make: Callable[[], Any]) -> None:
    encoder = make()
    with seen_in_place(encoder):
        assert not getattr(encoder, "_forward_pre_hooks", {})
