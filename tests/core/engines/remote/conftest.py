"""Servers that are gone when a test is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.engines.remote.fake_server import FakeServer
from layerlift.engines.remote.engine import RemoteEngine


@pytest.fixture
def serve() -> Iterator[Callable[..., FakeServer]]:
    made: list[FakeServer] = []

    def serve(*arguments: Any, **options: Any) -> FakeServer:
        made.append(FakeServer(*arguments, **options))
        return made[-1]

    yield serve
    for server in made:
        server.close()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds follow each other at once."""
    monkeypatch.setattr("layerlift.engines.remote.pool.PAUSE", 0.05)


def engine(*servers: FakeServer, **environ: str) -> RemoteEngine:
    """The engine for these servers."""
    return RemoteEngine({"LAYERLIFT_REMOTE": ",".join(server.address for server in servers), **environ})
