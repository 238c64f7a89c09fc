"""Fast mode: what it leaves out, that it leaves nothing behind, and what it costs on weights that mean nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the family needs torch")

from layerlift.engines.qwen.running import load, skipping  # noqa: E402
from layerlift.engines.qwen.running import running as running_module  # noqa: E402
from layerlift.engines.qwen.running.skipping import FirstBlockCache  # noqa: E402
from layerlift.errors import Cancelled  # noqa: E402
from layerlift.progress import Progress  # noqa: E402

from .conftest import by_us, plan  # noqa: E402

STEPS = 12


@pytest.fixture(autouse=True)
def _skipping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random blocks change more from step to step than trained ones: 10 to 25 %, seen here."""
    monkeypatch.setattr(running_module, "FirstBlockCache", lambda: FirstBlockCache(threshold=0.15))


@pytest.fixture
def running(deep: Path) -> Any:
    one = load("layered", deep, plan(), Progress())
    yield one
    one.close()


def blocks_run(running: Any, **more: Any) -> tuple[Any, int]:
    """What is drawn, and how many times a block was computed."""
    counted: list[int] = []
    hooks = [
        block.register_forward_hook(lambda *_: counted.append(1)) for block in running.transformer.transformer_blocks
    ]
    drawn = by_us(running, steps=STEPS, **more)
    for hook in hooks:
        hook.remove()
    return drawn, len(counted)


def test_it_computes_less_and_draws_nearly_the_same(running: Any) -> None:
    exact, all_blocks = blocks_run(running)
    fast, fewer = blocks_run(running, fast=True)
    assert all_blocks == 8 * 2 * STEPS
    skipped = (all_blocks - fewer) / (7 * 2)
    assert skipped == int(skipped), "both passes of a step, or none"
    assert 2 <= skipped <= STEPS - skipping.WARM_UP
    difference = np.abs(fast - exact)
    # these weights are random: this shows that the mechanism works, nothing about pictures
    assert 0 < difference.mean() < 0.02


def test_exact_mode_after_fast_mode_is_exact(running: Any) -> None:
    exact = by_us(running, steps=STEPS)
    fast = by_us(running, steps=STEPS, fast=True)
    assert np.array_equal(by_us(running, steps=STEPS), exact)
    assert np.array_equal(by_us(running, steps=STEPS, fast=True), fast), "nothing is remembered from job to job"


def test_nothing_is_left_of_a_cancelled_job(running: Any) -> None:
    fast = by_us(running, steps=STEPS, fast=True)
    progress = Progress()
    passes: list[int] = []

    def cancel_in_the_middle(*_: Any) -> None:
        passes.append(1)
        if len(passes) == 13:
            progress.cancel()

    hook = running.transformer.transformer_blocks[0].register_forward_hook(cancel_in_the_middle)
    with pytest.raises(Cancelled):
        by_us(running, steps=STEPS, fast=True, progress=progress)
    hook.remove()
    assert len(passes) == 13, "at once: no further pass was begun"
    assert np.array_equal(by_us(running, steps=STEPS, fast=True), fast)


def test_a_job_can_be_cancelled_within_a_pass(running: Any) -> None:
    progress = Progress()
    seen: list[int] = []

    def cancel(*_: Any) -> None:
        seen.append(1)
        progress.cancel()

    hook = running.transformer.transformer_blocks[3].register_forward_hook(cancel)
    after = running.transformer.transformer_blocks[4].register_forward_hook(
        lambda *_: pytest.fail("one block too many")
    )
    with pytest.raises(Cancelled):
        by_us(running, steps=STEPS, progress=progress)
    assert seen == [1]
    hook.remove()
    after.remove()


def test_streamed_blocks_that_are_skipped_are_not_brought(deep: Path) -> None:
    one = load("layered", deep, plan(offload="group"), Progress())
    by_us(one, steps=STEPS)
    exact = one._loaded.placing.blocks.copied
    by_us(one, steps=STEPS, fast=True)
    assert one._loaded.placing.blocks.copied - exact < exact
    one.close()


@pytest.mark.parametrize("offload", ["group", "stream"])
def test_where_weights_wait_changes_nothing(offload: str, deep: Path, running: Any) -> None:
    """Passes go through the blocks together there, one after the other here: they decide alike."""
    one = load("layered", deep, plan(offload=offload), Progress())
    assert np.array_equal(by_us(one, steps=STEPS, fast=True), by_us(running, steps=STEPS, fast=True))
    one.close()


def test_steps_of_fast_mode(running: Any) -> None:
    assert [running.steps(full) for full in (50, 40, 8, 4, 2)] == [30, 24, 5, 4, 2]


class TestTheDecision:
    """On numbers alone."""

    @staticmethod
    def step(cache: FirstBlockCache, value: float, name: str = "cond") -> bool:
        """One step whose first block contributes `value`; whether it was skipped."""
        first = torch.full((1, 4, 2), value)
        cache.begin_step(name, first)
        if cache.remembered(name) is not None:
            return True
        cache.remember(name, first, first + 1)
        return False

    def test_the_first_steps_are_computed(self) -> None:
        cache = FirstBlockCache(warm_up=3)
        assert [self.step(cache, 1.0) for _ in range(5)] == [False, False, False, True, True]

    def test_a_change_is_computed(self) -> None:
        cache = FirstBlockCache(warm_up=1, threshold=0.1)
        assert [self.step(cache, value) for value in (1.0, 1.05, 1.2, 1.21)] == [False, True, False, True]

    def test_a_slow_drift_is_measured_against_what_was_computed(self) -> None:
        cache = FirstBlockCache(warm_up=1, threshold=0.1, in_a_row=100)
        assert [self.step(cache, 1 + 0.04 * step) for step in range(5)] == [False, True, True, False, True]

    def test_not_too_many_in_a_row(self) -> None:
        cache = FirstBlockCache(warm_up=1, in_a_row=2)
        assert [self.step(cache, 1.0) for _ in range(8)] == [False, True, True, False, True, True, False, True]
        assert (cache.steps, cache.skipped) == (8, 5)

    def test_the_second_pass_follows_the_first(self) -> None:
        cache = FirstBlockCache(warm_up=1)
        self.step(cache, 1.0)
        cache.remember("uncond", torch.ones(1, 4, 2), torch.ones(1, 4, 2))
        assert not self.step(cache, 2.0)
        assert cache.remembered("uncond") is None
        assert self.step(cache, 2.0)
        assert cache.remembered("uncond") is not None

    def test_a_pass_that_was_never_computed_has_nothing_to_remember(self) -> None:
        cache = FirstBlockCache(warm_up=1)
        self.step(cache, 1.0)
        assert self.step(cache, 1.0)
        assert cache.remembered("new") is None
