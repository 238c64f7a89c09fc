"""Lock, runtime file, private files, settings, signals and the end of a server, one by one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import uuid
from pathlib import Path

import pytest

from layerlift.wire.messages import Done, Hello, Queued, Submit
from layerlift.wire.runtime import ServerFile
from layerlift.wire.values import DocumentInfo
from layerlift_server.app import Server
from layerlift_server.observe.loop_lag import LoopLag
from layerlift_server.runtime_file import Lock, RuntimeFile, present
from layerlift_server.security import private_files
from layerlift_server.settings import Settings, data_folder
from layerlift_server.signals import StopSignals
from layerlift_server.sockets.transport import fast_reader
from server.fakes.jobs import FakeJobs
from server.talk import ME, Talker

posix = pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert first.take()
    assert not second.take()
    first.release()
    first.release()
    assert second.take()
    second.release()
    with pytest.raises(OSError):
        Lock(tmp_path / "missing" / "lock").take()


def test_the_runtime_file_comes_and_goes(tmp_path: Path) -> None:
    place = RuntimeFile(tmp_path / "run")
    card = ServerFile(1234, os.getpid(), "t" * 43, 1, "0.1")
    (tmp_path / "run" / "server-7.json").write_text("left over")
    path = place.announce(card)
    assert [one.name for one in (tmp_path / "run").glob("*")] == [card.name]
    assert present(tmp_path / "run") == card
    assert path.stat().st_mode & 0o077 == 0
    place.withdraw()
    place.withdraw()
    assert present(tmp_path / "run") is None


@posix
def test_private_means_private(tmp_path: Path) -> None:
    folder = private_files.folder(tmp_path / "a" / "b")
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    assert private_files.exposed(folder)
    assert not private_files.exposed(private_files.folder(folder))
    assert not private_files.exposed(tmp_path / "nothing")
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(PermissionError):
        private_files.folder(tmp_path / "link")
    private_files.create(folder / "new", b"1")
    with pytest.raises(FileExistsError):
        private_files.create(folder / "new", b"2")
    (folder / "trap").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError):
        private_files.create(folder / "trap", b"3")
    private_files.replace(folder / "trap", b"4")
    assert not (tmp_path / "victim").exists()
    assert (folder / "trap").read_bytes() == b"4"


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private_files.replace(tmp_path / "a", b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        private_files.replace(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_settings_from_the_environment(tmp_path: Path) -> None:
    said = {
        "LAYERLIFT_DATA_DIR": str(tmp_path / "d"),
        "LAYERLIFT_RUNTIME_DIR": str(tmp_path / "r"),
        "LAYERLIFT_PORT": "7",
        "LAYERLIFT_LOG": "json",
        "LAYERLIFT_PATIENCE": "2.5",
    }
    found = Settings.from_environment(said, verbose=True)
    assert (found.data, found.runtime, found.port, found.log) == (tmp_path / "d", tmp_path / "r", 7, "json")
    assert found.verbose
    assert found.patience == 2.5
    assert Settings.from_environment({"LAYERLIFT_PATIENCE": "long"}).patience == Settings().patience
    assert Settings.from_environment(said, port=9).port == 9, "what is typed counts more"
    assert Settings.from_environment({"LAYERLIFT_LOG": "loud"}).log == "human"
    with pytest.raises(ValueError):
        Settings.from_environment({"LAYERLIFT_PORT": "http"})


@pytest.mark.parametrize(
    ("platform", "environ", "tail"),
    [
        ("linux", {"XDG_DATA_HOME": "/x"}, "/x/layerlift/server"),
        ("linux", {}, ".local/share/layerlift/server"),
        ("darwin", {}, "Library/Application Support/layerlift/server"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/layerlift/server"),
        ("win32", {}, "AppData/Local/layerlift/server"),
    ],
)
def test_where_data_lives(platform: str, environ: dict[str, str], tail: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert data_folder(environ).as_posix().endswith(tail)


async def test_signals_ask_once_then_insist_and_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with StopSignals() as stop:
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(stop.asked.wait(), 10)
        assert not stop.now.is_set()
        signal.raise_signal(signal.SIGINT)
        await asyncio.wait_for(stop.now.wait(), 10)
    assert signal.getsignal(signal.SIGTERM) is before


@posix
async def test_signals_that_shall_be_ignored_are_left_alone() -> None:
    """`nohup layerlift serve &` outlives its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopSignals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_signals_outside_the_main_thread_are_not_ours() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    async def inside() -> None:
        with StopSignals() as stop:
            seen.append(signal.getsignal(signal.SIGTERM) is before)
            stop.request()
            await stop.asked.wait()

    thread = threading.Thread(target=lambda: asyncio.run(inside()))
    thread.start()
    thread.join()
    assert seen == [True]


def test_the_compiled_reader_is_in_use() -> None:
    assert fast_reader()


async def test_lag_is_measured() -> None:
    import time

    lag = LoopLag()
    assert lag.lag(0.99) == 0
    measuring = asyncio.create_task(lag.measure())
    deadline = time.monotonic() + 20
    while lag.lag(1.0) < 0.05 and time.monotonic() < deadline:
        await asyncio.sleep(0.001)
        time.sleep(0.2)  # what nobody may do in a loop: the timer fires late
    measuring.cancel()
    assert lag.lag(1.0) >= 0.05


async def test_a_quitting_server_lets_work_end_and_says_good_bye(settings: Settings, jobs: FakeJobs) -> None:
    from dataclasses import replace

    server = Server(replace(settings, grace=30.0), jobs)
    await server.start()
    jobs.linger.clear()
    upload, job = str(uuid.uuid4()), str(uuid.uuid4())
    async with Talker(server.port) as client, Talker(server.port) as late:
        await client.greet(token=server.token)
        await client.put(upload, b"picture", DocumentInfo("a", kind="file"))
        await client.say(Submit(job, upload=upload))
        await client.hear(Queued)
        stopping = asyncio.create_task(server.stop())
        while jobs.grace is None:
            await asyncio.sleep(0)
        assert jobs.grace == 30.0
        await late.say(Hello(ME, token=server.token))
        assert (await late.gone()).code == 4503, "nobody new"
        with pytest.raises(ConnectionError):
            async with Talker(server.port):
                pass
        jobs.run(job)
        jobs.finish(job, [bytes(4)])
        await client.hear(Done)
        assert await client.get(job, 0) == bytes(4), "results are pulled while the server waits"
        jobs.linger.set()
        gone = await client.gone()
        assert gone.code == 4503
        assert gone.reason
    await asyncio.wait_for(stopping, 20)
    assert jobs.state == "stopped"


async def test_a_client_that_does_not_listen_cannot_hold_a_quitting_server(settings: Settings, jobs: FakeJobs) -> None:
    server = Server(settings, jobs)
    await server.start()
    async with Talker(server.port) as deaf:
        await deaf.greet(token=server.token)
        await asyncio.wait_for(server.stop(), 20)


async def test_a_start_that_fails_can_be_stopped(settings: Settings, jobs: FakeJobs) -> None:
    first = Server(settings, jobs)
    await first.start()
    second = Server(Settings(data=settings.data, runtime=settings.runtime, port=first.port, grace=0.0), jobs)
    with pytest.raises(OSError):
        await second.start()
    await second.stop()
    await first.stop()
