"""The worker as the server sees it, with children that end in every way."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.context import SpawnProcess

import pytest

from layerlift_server.worker import entry, messages, process
from layerlift_server.worker.process import Worker
from server.jobs.desks import PATIENCE, alive


class Watched:
    """A worker, what it said and how it ended."""

    def __init__(self) -> None:
        self.heard: list[messages.PipeMessage] = []
        self.codes: list[int] = []
        self.spoke = asyncio.Event()
        self.worker = Worker(entry.Plan(""), self._hear, self.codes.append)

    def _hear(self, said: messages.PipeMessage) -> None:
        self.heard.append(said)
        self.spoke.set()

    async def over(self) -> int:
        await asyncio.wait_for(self.worker.over(), PATIENCE)
        return self.codes[0]


async def test_it_says_hello_and_ends_when_told_leaving_nothing() -> None:
    watched = Watched()
    worker = watched.worker
    assert not worker.order(messages.Rest())
    worker.kill()  # nothing to kill yet
    await worker.start()
    pid = worker.pid
    assert pid is not None
    assert alive(pid)
    await asyncio.wait_for(watched.spoke.wait(), PATIENCE)
    assert watched.heard == [messages.Hello(())]
    assert worker.order(messages.Rest())
    assert worker.order(messages.Quit())
    assert await watched.over() == 0
    assert not alive(pid)
    assert worker.pid is None
    assert not worker.order(messages.Rest())
    worker.kill()
    assert watched.codes == [0]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGSTOP")
async def test_a_stopped_process_that_hears_nothing_can_be_killed() -> None:
    watched = Watched()
    await watched.worker.start()
    pid = watched.worker.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    watched.worker.order(messages.Quit())
    watched.worker.kill()
    assert await watched.over() == -signal.SIGKILL
    assert not alive(pid)


async def test_a_worker_that_talks_nonsense_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    real = messages.decode

    def garbled(data: bytes) -> messages.PipeMessage:
        real(data)
        raise messages.Garbled("nonsense")

    monkeypatch.setattr(messages, "decode", garbled)
    watched = Watched()
    await watched.worker.start()
    assert await watched.over() == -signal.SIGKILL
    assert watched.heard == []


async def test_a_worker_that_lingers_after_its_pipe_ended_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_REAP", 0.01)
    monkeypatch.setattr(process, "wait", lambda _: [])  # as if its end had been announced
    watched = Watched()
    await watched.worker.start()
    assert await watched.over() == -signal.SIGKILL


async def test_a_process_that_cannot_be_made_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: SpawnProcess) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(SpawnProcess, "start", refuse)
    watched = Watched()
    before = set(os.listdir("/proc/self/fd")) if sys.platform == "linux" else set()  # noqa: PTH208
    with pytest.raises(OSError, match="temporarily"):
        await watched.worker.start()
    if sys.platform == "linux":
        assert set(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    assert watched.worker.pid is None
    assert not watched.worker.order(messages.Rest())


async def test_a_process_that_nobody_could_watch_is_not_left_running(monkeypatch: pytest.MonkeyPatch) -> None:
    pids: list[int | None] = []
    start = threading.Thread.start

    def refuse(self: threading.Thread) -> None:
        if self.name != "layerlift-worker":
            return start(self)
        pids.append(watched.worker.pid)
        raise RuntimeError("can't start new thread")

    watched = Watched()
    with monkeypatch.context() as failing:
        failing.setattr(threading.Thread, "start", refuse)
        with pytest.raises(OSError, match="new thread"):
            await watched.worker.start()
    [pid] = pids
    assert pid is not None
    assert not alive(pid)
    assert watched.worker.pid is None
    assert not watched.worker.order(messages.Rest())


async def test_a_closed_loop_hears_no_more() -> None:
    watched = Watched()

    def closed(call: Callable[..., None], *arguments: object) -> None:
        raise RuntimeError("Event loop is closed")

    watched.worker._loop = type("Closed", (), {"call_soon_threadsafe": staticmethod(closed)})()
    watched.worker._post(watched.codes.append, 0)
    assert watched.codes == []


def test_a_new_worker_steps_back_and_keeps_its_files_private(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first function of the child, in this process: with everything that would change it replaced."""
    called: list[object] = []
    monkeypatch.setattr(entry.signal, "signal", lambda *arguments: called.append(arguments))
    monkeypatch.setattr(entry.faulthandler, "enable", lambda: called.append("faulthandler"))
    monkeypatch.setattr(entry.os, "umask", lambda mask: called.append(oct(mask)))
    monkeypatch.setattr(entry.os, "nice", lambda by: called.append(by), raising=False)
    monkeypatch.setattr(entry.Path, "write_text", lambda path, text: called.append((str(path), text)))
    monkeypatch.setattr("layerlift_server.worker.service.Service.run", lambda service: called.append(service))
    ours, theirs = process._SPAWN.Pipe()
    entry.run(theirs, entry.Plan(""))
    service = called.pop()
    assert called == [
        (signal.SIGINT, signal.SIG_IGN),
        "faulthandler",
        "0o77",
        5,
        (os.path.join("/proc/self", "oom_score_adj"), "500"),  # noqa: PTH118
    ]
    with pytest.raises(SystemExit) as left:
        entry.run(theirs, entry.Plan("server.worker.nowhere"))
    assert left.value.code == entry.BROKEN
    broken = messages.decode(ours.recv_bytes())
    assert isinstance(broken, messages.Broken)
    assert "No module named" in broken.problem.sentence
    assert "Traceback" in broken.trace
    service._reporter.close()  # type: ignore[attr-defined]
    ours.close()
    theirs.close()
