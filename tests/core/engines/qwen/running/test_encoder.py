"""The text encoder: there when asked, remembered, gone when there is no room for it."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the family needs torch")

from layerlift.engines.qwen.running import running as running_module  # noqa: E402
from layerlift.engines.qwen.running.encoder import load_encoder  # noqa: E402
from layerlift.errors import EngineError  # noqa: E402
from layerlift.progress import Progress  # noqa: E402

from .conftest import Loaded, by_us, words  # noqa: E402

CPU = torch.device("cpu")


def test_outside_it_is_not_there_but_its_dtype_is(loaded: Loaded) -> None:
    pipeline = loaded("layered").pipeline
    assert pipeline.text_encoder.dtype == torch.float32
    with pytest.raises(EngineError, match="not loaded"):
        pipeline.text_encoder(input_ids=None)


@pytest.mark.parametrize(("offload", "kept"), [("none", True), ("model", True), ("model", False)])
def test_it_goes_where_there_is_room(offload: str, kept: bool, loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_module, "_room", lambda _size: kept)
    running = loaded("layered", offload=offload)
    with running.encoder(Progress()) as pipeline:
        encoder = weakref.ref(pipeline.text_encoder)
    del pipeline
    gc.collect()
    assert (encoder() is not None) == kept


def test_encoder_and_transformer_are_never_on_the_device_together(loaded: Loaded) -> None:
    running = loaded("layered", offload="model")
    by_us(running)
    placing = running._loaded.placing
    assert placing.here
    with running.encoder(Progress()):
        assert not placing.here
    assert not placing.here, "it comes when it is needed, not before"


def test_it_may_be_nested_and_survives_what_happens_inside(loaded: Loaded) -> None:
    running = loaded("layered")
    with running.encoder(Progress()) as outer:
        with running.encoder(Progress()) as inner:
            assert inner is outer
        assert not hasattr(outer.text_encoder, "__self__")
        assert next(outer.text_encoder.parameters()).device == CPU
    with pytest.raises(ZeroDivisionError), running.encoder(Progress()):
        raise ZeroDivisionError
    with running.encoder(Progress()) as pipeline:
        assert not torch.is_grad_enabled()
        assert pipeline.encode_prompt("a circle")[0].shape[0] == 1


def test_the_same_words_are_encoded_once(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    running = loaded("layered")
    asked: list[str] = []
    original = type(running.pipeline).encode_prompt

    def counting(self: Any, prompt: Any = None, *args: Any, **more: Any) -> Any:
        if more.get("prompt_embeds") is None:
            asked.append(prompt)
        return original(self, prompt, *args, **more)

    monkeypatch.setattr(type(running.pipeline), "encode_prompt", counting)
    first = by_us(running)
    assert asked == ["a circle", " "]
    assert np.array_equal(by_us(running), first)
    assert asked == ["a circle", " "]
    assert not np.array_equal(by_us(running, prompt="a square"), first)
    assert asked == ["a circle", " ", "a square"]


def test_it_forgets_what_was_asked_long_ago(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_module, "REMEMBERED", 2)
    running = loaded("layered")
    for prompt in "abca":
        words(running, running.pipeline, prompt)
    assert list(running._embeddings) == ["c", "a"]


def test_what_is_remembered_is_not_what_the_job_may_write_into(loaded: Loaded) -> None:
    running = loaded("layered")
    first, _ = words(running, running.pipeline, "a circle")
    kept = first.clone()
    again, _ = words(running, running.pipeline, "a circle")
    again.zero_()
    assert torch.equal(words(running, running.pipeline, "a circle")[0], kept)


def test_a_shortage_while_it_is_asked_is_explained(loaded: Loaded) -> None:
    running = loaded("layered")
    with pytest.raises(EngineError, match="not enough graphics memory"), running.encoder(Progress()):
        raise torch.OutOfMemoryError("CUDA out of memory.")
    with running.encoder(Progress()) as pipeline:
        assert pipeline.encode_prompt("a circle")[0].isfinite().all()


@pytest.mark.parametrize("weights", ["bf16", "fp8"])
def test_it_says_what_transformers_own_loading_says(weights: str, loaded: Loaded) -> None:
    from transformers import Qwen2_5_VLForConditionalGeneration

    folder = loaded.folders["layered"] / "text_encoder"
    ours = load_encoder(folder, weights, CPU, torch.float32, Progress())
    theirs = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    assert ours.generation_config.to_dict() == theirs.generation_config.to_dict()
    assert ours.dtype == theirs.dtype
    ids = torch.arange(40)[None]
    with torch.no_grad():
        got, expected = (model(input_ids=ids, output_hidden_states=True).hidden_states[-1] for model in (ours, theirs))
    if weights == "bf16":
        assert torch.equal(got, expected)
    else:
        assert 0 < (got - expected).abs().max() < 0.1 * expected.abs().max()
        assert type(ours.model.language_model.layers[0].mlp.up_proj).__name__ == "NarrowLinear"
        assert type(ours.model.language_model.embed_tokens).__name__ == "Embedding"
