"""Cancelled at any stage, nothing stays behind: no tensor, no hook, no encoder at work, and the next job is as ever."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from layerlift.engines.qwen.asking import Memory
from layerlift.engines.qwen.words import Habits
from layerlift.errors import Cancelled
from layerlift.imaging.layer import LayerStack

from .conftest import Listener, same, take_apart

STAGES = [
    "Looking at the picture",
    "Counting layers",
    "Reading the words",
    "Separating, step 1 of 4",
    "Separating, step 3 of 4",
    "Painting",
    "Checking the layers",
    "Naming layers",
]


def tensors() -> tuple[int, int]:
    """How many tensors there are, and how many numbers they hold."""
    import torch

    gc.collect()
    there = [thing for thing in gc.get_objects() if type(thing) in {torch.Tensor, torch.nn.Parameter}]
    return len(there), sum(tensor.numel() for tensor in there)


def hooks(pipeline: Any) -> int:
    modules = (pipeline.transformer, pipeline.vae.encoder, pipeline.vae.decoder)
    return sum(len(module._forward_pre_hooks) for module in modules)


def job(running: Any, listener: Listener) -> Any:
    # an uncommon prompt, so that its embeddings are not remembered; captions and Auto, so that every stage is reached
    return take_apart(
        running, layers=None, steps=4, habits=Habits(), memory=Memory(), progress=listener.progress, guidance=1.0
    )


_USUAL: list[LayerStack] = []
"""What the job gives when nobody cancels it, computed once."""


@pytest.mark.parametrize("stage", STAGES)
def test_nothing_stays_behind(talking: Any, stage: str) -> None:
    if not _USUAL:
        _USUAL.append(job(talking, Listener()))
    talking._embeddings.clear()
    before, hooked = tensors(), hooks(talking.pipeline)
    listener = Listener(lambda report: report.stage == stage)
    with pytest.raises(Cancelled):
        job(talking, listener)
    assert listener.reports[-1].stage == stage  # not one report later
    talking._embeddings.clear()
    assert tensors() == before
    assert hooks(talking.pipeline) == hooked
    assert talking._depth == 0
    assert all(kept is None for kept in talking.pipeline.vae._feat_map)
    assert same(job(talking, Listener()), _USUAL[0])


def test_every_stage_is_one_that_a_job_goes_through(talking: Any) -> None:
    listener = Listener()
    talking._embeddings.clear()
    job(talking, listener)
    assert set(STAGES) <= set(listener.stages)


def test_between_two_layers_that_are_painted(talking: Any) -> None:
    """Painting is reported once at its beginning and once for each picture."""
    listener = Listener(lambda report: [r.stage for r in listener.reports].count("Painting") == 3)
    with pytest.raises(Cancelled):
        job(talking, listener)
    assert [report.stage for report in listener.reports].count("Painting") == 3
    assert all(kept is None for kept in talking.pipeline.vae._feat_map)
