"""Watching a pipeline."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="pipelines are torch's")

from layerlift.engines.qwen import steps  # noqa: E402
from layerlift.engines.qwen.steps import clean_estimate, watching  # noqa: E402
from layerlift.errors import Cancelled, EngineError  # noqa: E402
from layerlift.progress import Progress  # noqa: E402

from .conftest import Listener  # noqa: E402


def hooks(pipeline: Any) -> int:
    modules = (pipeline.transformer, pipeline.vae.encoder, pipeline.vae.decoder)
    return sum(len(module._forward_pre_hooks) for module in modules)


def test_hooks_go_however_it_ends(running: Any) -> None:
    pipeline = running.pipeline
    before = hooks(pipeline)
    with watching(pipeline, Progress(), total=3):
        assert hooks(pipeline) == before + 3
    assert hooks(pipeline) == before
    with pytest.raises(ZeroDivisionError), watching(pipeline, Progress(), total=3):
        raise ZeroDivisionError
    assert hooks(pipeline) == before


def test_a_straight_path_is_seen_through_at_once() -> None:
    """Flow matching: x_σ = (1 − σ)·clean + σ·noise."""
    clean, noise = torch.rand(1, 5, 8), torch.rand(1, 5, 8)
    sigmas = torch.tensor([1.0, 0.7, 0.2, 0.0])
    path = [(1 - sigma) * clean + sigma * noise for sigma in sigmas]
    for step in (1, 2, 3):
        scheduler = SimpleNamespace(sigmas=sigmas, step_index=step)
        assert torch.allclose(clean_estimate(scheduler, path[step - 1], path[step]), clean, atol=1e-5)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_broken_numbers_end_it_at_the_step_where_they_break(running: Any, bad: float) -> None:
    good, broken = torch.zeros(1, 4, 8), torch.full((1, 4, 8), bad)
    with watching(running.pipeline, Progress(), total=5) as watch:
        watch.on_step_end(running.pipeline, 0, 0, {"latents": good})
        with pytest.raises(EngineError, match="broke down at step 2 of 5") as caught:
            watch.on_step_end(running.pipeline, 1, 0, {"latents": broken})
    assert "layerlift models verify" in caught.value.remedy


def test_what_broke_off_is_let_go_of(running: Any) -> None:
    """The traceback of an exception keeps the variables of its frames; a watch clears them."""
    from weakref import ref

    held: list[Any] = []

    def working() -> None:
        latents = torch.zeros(1000)
        held.append(ref(latents))
        raise Cancelled

    def call() -> None:
        with watching(running.pipeline, Progress(), total=1):
            working()

    with pytest.raises(Cancelled) as caught:
        call()
    assert caught.value.__traceback__ is not None
    assert held[0]() is None


def test_a_vae_that_breaks_off_keeps_no_frames(running: Any) -> None:
    """It remembers what went through each convolution for the next frame, and forgets only when it comes to its end."""
    vae = running.pipeline.vae

    def broken(*_: Any) -> None:
        assert any(kept is not None for kept in vae._feat_map)
        raise MemoryError

    handle = vae.decoder.conv_out.register_forward_pre_hook(broken)
    try:
        with pytest.raises(MemoryError), watching(running.pipeline, Progress(), total=1), torch.no_grad():
            vae.decode(torch.zeros(1, 16, 1, 4, 4))
    finally:
        handle.remove()
    assert all(kept is None for kept in vae._feat_map)


def test_steps_and_pictures_move_the_progress(running: Any) -> None:
    listener = Listener()
    with watching(running.pipeline, listener.progress, total=2, stage="Editing", frames=2) as watch:
        for step in range(2):
            watch.before_transformer()
            watch.on_step_end(running.pipeline, step, 0, {"latents": torch.zeros(1)})
        watch.before_decoder()
        watch.before_decoder()
    assert [(report.stage, round(report.fraction, 3)) for report in listener.reports] == [
        ("Editing, step 1 of 2", steps.ENCODING),
        ("Editing, step 2 of 2", 0.48),
        ("Painting", steps.DRAWING),
        ("Painting", steps.DRAWING),
        ("Painting", 0.965),
    ]
