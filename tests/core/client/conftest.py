from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.client.standin import StandIn
from layerlift.client import AsyncClient, Client, connect, connect_async
from layerlift.imaging.layer import Document


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runtime files and paired servers in a folder of this test's own."""
    monkeypatch.setenv("LAYERLIFT_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("LAYERLIFT_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def server(places: Path) -> Iterator[StandIn]:
    with StandIn() as server:
        server.write_runtime_file(places / "run")
        yield server


class Driven:
    """An AsyncClient on an event loop in another thread, behind blocking verbs: one test serves both shells."""

    def __init__(self, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self.client: AsyncClient = self._wait(connect_async(**options))
        except BaseException:
            self._end()
            raise

    def _wait(self, waiting: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(waiting, self._loop).result(60)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()

    def close(self) -> None:
        self._wait(self.client.close())
        self._end()

    def __enter__(self) -> Driven:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self.client, name)
        if inspect.isasyncgenfunction(verb):
            return lambda *args, **options: self._iterate(verb(*args, **options))
        if callable(verb):
            return lambda *args, **options: self._wait(verb(*args, **options))
        return verb

    def _iterate(self, things: Any) -> Iterator[Any]:
        try:
            while True:
                try:
                    yield self._wait(anext_(things))
                except StopAsyncIteration:
                    return
        finally:
            self._wait(things.aclose())


async def anext_(things: Any) -> Any:
    return await things.__anext__()


@pytest.fixture(params=["sync", "asyncio"])
def connecting(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`connect` of either shell, blocking."""
    return connect if request.param == "sync" else Driven


@pytest.fixture
def client(server: StandIn, connecting: Callable[..., Any]) -> Iterator[Client]:
    with connecting() as client:
        yield client


def drawn(
    width: int = 60, height: int = 45, *, deep: bool = False, icc: bytes | None = None, opaque: bool = False
) -> Document:
    """Noise, as translucent as it comes, unless `opaque`."""
    dtype = np.uint16 if deep else np.uint8
    pixels = np.random.default_rng(width * height).integers(0, np.iinfo(dtype).max, (height, width, 4), dtype)
    if opaque:
        pixels[..., 3] = np.iinfo(dtype).max
    return Document(pixels, "Drawn", icc, ("Converted.",))
