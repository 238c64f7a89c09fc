"""A desk in a temporary folder, a client of it, and an ear that waits for what is said."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from layerlift.wire.messages import Message, Submit
from layerlift.wire.values import DocumentInfo, Operation, Param
from layerlift_server.jobs.desk import Desk
from layerlift_server.jobs.port import LOCAL
from layerlift_server.jobs.settings import JobSettings

DRILLS = "server.worker.drills"
PATIENCE = 60.0
"""Seconds that anything may take on a busy machine."""
M = TypeVar("M", bound=Message)


class Clock:
    """A clock that a test turns."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def picture(width: int = 48, height: int = 40, dtype: type = np.uint8, seed: int = 1) -> np.ndarray:
    """A smooth opaque picture: refining it takes milliseconds."""
    y, x = np.mgrid[0:height, 0:width]
    scale = np.iinfo(dtype).max
    pixels = np.empty((height, width, 4), dtype)
    for channel, value in enumerate((x / width, y / height, (x + y + seed) % 16 / 16)):
        pixels[..., channel] = (value * scale).astype(dtype)
    pixels[..., 3] = scale
    return pixels


def new_id() -> str:
    return str(uuid.uuid4())


class Ear:
    """Listens to one job."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self._more = asyncio.Event()

    def __call__(self, message: Message) -> None:
        self.heard.append(message)
        self._more.set()

    def all(self, kind: type[M]) -> list[M]:
        return [message for message in self.heard if isinstance(message, kind)]

    async def until(self, kind: type[M], when: Callable[[M], bool] = lambda _: True) -> M:
        """The first such message, heard already or to come."""

        async def wait() -> M:
            while True:
                for message in self.all(kind):
                    if when(message):
                        return message
                self._more.clear()
                await self._more.wait()

        try:
            return await asyncio.wait_for(wait(), PATIENCE)
        except asyncio.TimeoutError:
            raise AssertionError(f"no {kind.__name__} in {self.heard}") from None


def send(
    desk: Desk, pixels: np.ndarray, owner: str = LOCAL, name: str = "Poster", mask: np.ndarray | None = None
) -> str:
    """Upload a picture; its id."""
    upload, data = new_id(), memoryview(pixels.tobytes() + (b"" if mask is None else mask.tobytes()))
    depth = 8 * pixels.dtype.itemsize
    info = DocumentInfo(name, "pixels", pixels.shape[1], pixels.shape[0], depth, mask=mask is not None)
    writer = desk.upload(upload, len(data), info, owner)
    writer.write(0, data)
    writer.close()
    return upload


def submit(
    desk: Desk,
    upload: str | None,
    *,
    operation: Operation = "decompose",
    owner: str = LOCAL,
    client: str = "krita",
    detached: bool = False,
    engine: str | None = "drill",
    **params: Param,
) -> tuple[str, Ear]:
    """Submit and watch; the job's id and its ear."""
    job, ear = new_id(), Ear()
    desk.submit(Submit(job, operation, engine, upload, params, detached), owner, client)
    desk.watch(job, owner, ear)
    return job, ear


@asynccontextmanager
async def opened(folder: Path, **settings: Any) -> AsyncIterator[Desk]:
    """A started desk with the drill engines, stopped at the end."""
    settings = {"engines": DRILLS, "disk_free": lambda _: 1 << 50, **settings}
    desk = Desk(folder / "data", JobSettings(**settings))
    await desk.start()
    try:
        yield desk
    finally:
        await desk.stop(grace=0)


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for something that nobody announces (a process table, a deleted file)."""

    async def wait() -> None:
        while not condition():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), PATIENCE)


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
