"""A real server on a real port, in the test's own event loop, over jobs that the test drives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from layerlift_server.app import Server
from layerlift_server.settings import Settings
from server.fakes.jobs import FakeJobs


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "data").mkdir(mode=0o700)
    return Settings(data=tmp_path / "data", runtime=tmp_path / "run", grace=0.0)


@pytest.fixture
async def jobs(tmp_path: Path) -> FakeJobs:
    return FakeJobs(tmp_path)


@pytest.fixture
async def server(settings: Settings, jobs: FakeJobs) -> AsyncIterator[Server]:
    running = Server(settings, jobs)
    await running.start()
    yield running
    await asyncio.wait_for(running.stop(), 20)
