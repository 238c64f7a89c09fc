"""The signals as a terminal's foreground has them, however the tests were started (`nohup pytest &` ignores two)."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    kinds = {signal.SIGINT: signal.default_int_handler}
    if hasattr(signal, "SIGHUP"):
        kinds[signal.SIGHUP] = signal.SIG_DFL
    before = {number: signal.signal(number, handler) for number, handler in kinds.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
