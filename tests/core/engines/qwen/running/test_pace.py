"""A step that takes far too long ends the job with a sentence."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the room needs torch")

from layerlift.engines.qwen.running import pace  # noqa: E402
from layerlift.engines.qwen.running.pace import Pace  # noqa: E402
from layerlift.errors import EngineError  # noqa: E402


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def passes(watch: Pace, clock: Clock, *durations: float) -> None:
    for duration in durations:
        watch.begin()
        watch.check()
        clock.now += duration
        watch.check()


def test_steps_as_predicted_pass() -> None:
    clock = Clock()
    passes(Pace(3.0, clock=clock), clock, 40.0, 35.0, *[3.0] * 40, 20.0)


def test_a_step_that_spills_is_stopped() -> None:
    clock = Clock()
    watch = Pace(3.0, clock=clock)
    passes(watch, clock, *[3.0] * 5)
    with pytest.raises(EngineError, match="graphics memory") as caught:
        passes(watch, clock, 3.0 * pace.TIMES + 1)
    assert "fewer layers" in caught.value.remedy


def test_the_first_steps_may_prepare() -> None:
    clock = Clock()
    watch = Pace(3.0, clock=clock)
    passes(watch, clock, pace.PREPARATION, pace.PREPARATION)
    clock = Clock()
    with pytest.raises(EngineError):
        passes(Pace(3.0, clock=clock), clock, pace.PREPARATION + 3.0 * pace.TIMES + 1)


def test_without_a_prediction_the_job_is_its_own_measure() -> None:
    clock = Clock()
    watch = Pace(None, clock=clock)
    passes(watch, clock, 800.0, 12.0, *[10.0] * 6, 70.0)
    with pytest.raises(EngineError):
        passes(watch, clock, 10.0 * pace.TIMES + 1)


def test_a_machine_that_is_slower_than_predicted_throughout_is_let_work() -> None:
    """The prediction may be wrong; what has been seen counts as well."""
    clock = Clock()
    passes(Pace(1.0, clock=clock), clock, *[19.0] * 10, 100.0)


def test_skipped_steps_do_not_make_full_ones_late() -> None:
    clock = Clock()
    passes(Pace(None, clock=clock), clock, *[60.0] * 5, *[0.5, 0.5, 60.0] * 10)


def test_before_the_first_step_nothing_is_late() -> None:
    clock = Clock()
    watch = Pace(1.0, clock=clock)
    clock.now = 1e6
    watch.check()
