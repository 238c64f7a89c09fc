"""The product's own server as a process, for tests of the client and of the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from layerlift.cli.server import serve
from layerlift.client import launch
from layerlift.wire import runtime


@contextmanager
def running(folder: Path, words: Sequence[str] | None = None) -> Iterator[Path]:
    """Places of its own in the environment, and a server there (started by `words`, if given) until the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAYERLIFT_RUNTIME_DIR", str(folder / "run"))
        patch.setenv("LAYERLIFT_DATA_DIR", str(folder / "data"))
        patch.setenv("OMP_NUM_THREADS", "1")
        before = list(launch._started)
        launch.start(words)
        try:
            yield folder
        finally:
            if runtime.find():
                serve._stop()
            for process in launch._started:
                if process not in before:
                    process.wait(60)
            launch.reap()


def server_pid() -> int:
    return runtime.find()[0].pid


def environment() -> dict[str, str]:
    return {**os.environ, "LAYERLIFT_DEBUG": ""}
