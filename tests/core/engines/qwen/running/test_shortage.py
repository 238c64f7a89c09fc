"""Not enough memory: lowered once, said so, and then explained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the family needs torch")

from layerlift.engines.qwen.running import Running, load, parts  # noqa: E402
from layerlift.engines.qwen.running.memory import is_shortage  # noqa: E402
from layerlift.errors import Cancelled, EngineError  # noqa: E402
from layerlift.progress import Progress  # noqa: E402

from .conftest import by_us, plan  # noqa: E402

SHORTAGES = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("MPS backend out of memory (MPS allocated: 17.9 GB)"),
]
LOWEST = replace(plan(), weights="int8", offload="stream", reason="The smallest of all.")
LOWER = replace(plan(), weights="int8", reason="Everything in one byte.", below=LOWEST)
FIRST = replace(plan(), below=LOWER)


@pytest.fixture
def running(folders: dict[str, Path]) -> Any:
    one = load("layered", folders["layered"], FIRST, Progress())
    yield one
    one.close()


def failing(times: int, problem: Exception, running: Running) -> Callable[[Any], Any]:
    """A call that fails so often."""
    calls: list[Any] = []

    def call(pipeline: Any) -> Any:
        calls.append(pipeline)
        if len(calls) <= times:
            raise problem
        return len(calls)

    return call


@pytest.mark.parametrize("problem", SHORTAGES, ids=lambda problem: type(problem).__name__)
def test_the_plan_is_lowered_once_and_the_job_done_again(problem: Exception, running: Running) -> None:
    before = by_us(running)
    assert running.run(failing(1, problem, running), Progress()) == 2
    assert running.plan == LOWER
    assert len(running.notes) == 1
    assert "Everything in one byte." in running.notes[0]
    after = by_us(running)
    assert 0 < np.abs(after - before).max() < 0.01, "it works on, in one byte"
    assert len(running.notes) == 1


def test_a_second_shortage_is_explained(running: Running) -> None:
    with pytest.raises(EngineError, match="not enough graphics memory") as caught:
        running.run(failing(2, SHORTAGES[0], running), Progress())
    assert "fewer layers" in caught.value.remedy
    assert running.plan == LOWER
    by_us(running)


def test_a_later_job_is_not_lowered_again(running: Running) -> None:
    running.run(failing(1, SHORTAGES[0], running), Progress())
    with pytest.raises(EngineError, match="not enough"):
        running.run(failing(1, SHORTAGES[0], running), Progress())
    assert running.plan == LOWER
    by_us(running)


def test_without_a_lower_plan_it_is_explained_at_once(folders: dict[str, Path]) -> None:
    running = load("layered", folders["layered"], plan(), Progress())
    with pytest.raises(EngineError, match="not enough"):
        running.run(failing(1, SHORTAGES[0], running), Progress())
    running.close()


def test_a_shortage_while_loading_lowers_as_well(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    original = parts.load_parts

    def short(where: Any, plan: Any, progress: Any, **more: Any) -> Any:
        if plan == FIRST:
            raise SHORTAGES[0]
        return original(where, plan, progress, **more)

    monkeypatch.setattr(parts, "load_parts", short)
    running = load("layered", folders["layered"], FIRST, Progress())
    assert running.plan == LOWER
    assert len(running.notes) == 1
    by_us(running)
    running.close()
    monkeypatch.setattr(parts, "load_parts", lambda *_args, **_more: (_ for _ in ()).throw(SHORTAGES[0]))
    with pytest.raises(EngineError, match="not enough"):
        load("layered", folders["layered"], FIRST, Progress())


def test_cancelling_while_the_lower_plan_is_loaded_ends_that_job_only(running: Running) -> None:
    heard: list[str] = []

    def listen(report: Any) -> None:
        heard.append(report.stage)
        if heard.count("Loading the model") == 5:
            progress.cancel()

    progress = Progress(listen)
    with pytest.raises(Cancelled):
        running.run(failing(1, SHORTAGES[0], running), progress)
    assert running.plan == LOWER
    assert by_us(running).std() > 0


def test_other_failures_pass_through(running: Running) -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        running.run(failing(1, RuntimeError("mat1 and mat2 shapes cannot be multiplied"), running), Progress())
    assert running.plan == FIRST
    assert not is_shortage(ValueError("out of memory"))


def test_nothing_of_the_failed_job_is_left(running: Running) -> None:
    import gc
    import weakref

    held: list[weakref.ref[Any]] = []

    def call(_pipeline: Any) -> str:
        activations = torch.zeros(10)
        if not held:
            held.append(weakref.ref(activations))
            raise torch.OutOfMemoryError("CUDA out of memory.")
        gc.collect()
        assert held[0]() is None, "the second try would have less room"
        return "done"

    assert running.run(call, Progress()) == "done"
