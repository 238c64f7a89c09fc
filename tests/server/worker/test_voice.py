from __future__ import annotations

import threading
import time

import pytest

from layerlift_server.worker import orders
from layerlift_server.worker.voice import Voice


class Pipe:
    """What was sent, and when; `patience` seconds until a test gives up."""

    def __init__(self) -> None:
        self.said: list[orders.Said] = []
        self.times: list[float] = []
        self._more = threading.Condition()

    def __call__(self, data: bytes) -> None:
        with self._more:
            self.said.append(orders.decode(data))
            self.times.append(time.monotonic())
            self._more.notify_all()

    def until(self, said: orders.Said, patience: float = 60.0) -> None:
        with self._more:
            assert self._more.wait_for(lambda: said in self.said, patience), self.said


def report(number: int) -> orders.Progress:
    return orders.Progress("r", f"step {number}", 0.5)


def test_a_burst_becomes_few_reports_and_its_last_one_is_always_sent() -> None:
    pipe = Pipe()
    voice = Voice(pipe, interval=0.05)
    for number in range(10_000):
        voice.progress(report(number))
    pipe.until(report(9_999))
    voice.close()
    apart = [later - earlier for earlier, later in zip(pipe.times, pipe.times[1:], strict=False)]
    assert min(apart, default=1.0) >= 0.04
    assert pipe.said[-1] == report(9_999)


def test_events_are_sent_at_once_and_overtake_no_progress() -> None:
    pipe = Pipe()
    voice = Voice(pipe, interval=60.0)
    voice.progress(report(1))
    pipe.until(report(1))
    voice.progress(report(2))
    voice.say(orders.Done("r"))
    assert pipe.said == [report(1), orders.Done("r")]
    voice.close()


@pytest.mark.parametrize("error", [BrokenPipeError, OSError])
def test_nobody_listening_is_found_out_by_an_event_not_by_progress(error: type[Exception]) -> None:
    tried = threading.Event()

    def send(data: bytes) -> None:
        tried.set()
        raise error

    voice = Voice(send, interval=0.001)
    voice.progress(report(1))
    assert tried.wait(60)
    with pytest.raises(error):
        voice.say(orders.Done("r"))
    voice.close()
