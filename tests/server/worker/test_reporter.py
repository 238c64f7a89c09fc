from __future__ import annotations

import threading
import time

import pytest

from layerlift_server.worker import messages
from layerlift_server.worker.reporter import Gone, Reporter


class Pipe:
    """What was sent, and when; `patience` seconds until a test gives up."""

    def __init__(self) -> None:
        self.said: list[messages.PipeMessage] = []
        self.times: list[float] = []
        self._more = threading.Condition()

    def __call__(self, data: bytes) -> None:
        with self._more:
            self.said.append(messages.decode(data))
            self.times.append(time.monotonic())
            self._more.notify_all()

    def until(self, said: messages.PipeMessage, patience: float = 60.0) -> None:
        with self._more:
            assert self._more.wait_for(lambda: said in self.said, patience), self.said


def report(number: int) -> messages.Progress:
    return messages.Progress("r", f"step {number}", 0.5)


def test_a_burst_becomes_few_reports_and_its_last_one_is_always_sent() -> None:
    pipe = Pipe()
    reporter = Reporter(pipe, interval=0.05)
    for number in range(10_000):
        reporter.progress(report(number))
    pipe.until(report(9_999))
    reporter.close()
    apart = [later - earlier for earlier, later in zip(pipe.times, pipe.times[1:], strict=False)]
    assert min(apart, default=1.0) >= 0.04
    assert pipe.said[-1] == report(9_999)


def test_events_are_sent_at_once_and_overtake_no_progress() -> None:
    pipe = Pipe()
    reporter = Reporter(pipe, interval=60.0)
    reporter.progress(report(1))
    pipe.until(report(1))
    reporter.progress(report(2))
    reporter.say(messages.Done("r"))
    assert pipe.said == [report(1), messages.Done("r")]
    reporter.close()


@pytest.mark.parametrize("error", [BrokenPipeError, OSError])
def test_nobody_listening_is_found_out_by_an_event_not_by_progress(error: type[Exception]) -> None:
    tried = threading.Event()

    def send(data: bytes) -> None:
        tried.set()
        raise error

    reporter = Reporter(send, interval=0.001)
    reporter.progress(report(1))
    assert tried.wait(60)
    with pytest.raises(Gone):
        reporter.say(messages.Done("r"))
    reporter.close()
