"""`serve` in this process: what it says, and what it answers with."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from layerlift.wire.runtime import ServerFile
from layerlift_server import lifecycle
from layerlift_server.jobs.port import Jobs
from layerlift_server.lifecycle import ALREADY_RUNNING, DONE, FAILED, serve
from layerlift_server.runtime_file import LOCK, Lock, RuntimeFile
from layerlift_server.settings import Settings
from layerlift_server.sockets import transport
from server.fakes.jobs import FakeJobs

Make = Callable[[Settings], Jobs]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a Windows process cannot be sent SIGTERM")


class Told:
    """What was said; asks the server to quit once it has said that it listens."""

    def __init__(self, *, times: int = 1) -> None:
        self.lines: list[str] = []
        self._times = times

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        if ("serves at" in line or "Quitting" in line) and self._times:
            self._times -= 1
            signal.raise_signal(signal.SIGTERM)


@pytest.fixture
def jobs(tmp_path: Path) -> Make:
    return lambda _settings: FakeJobs(tmp_path)


def test_it_says_where_it_is_and_leaves_nothing(settings: Settings, jobs: Make) -> None:
    told, mask = Told(), os.umask(0o022)
    assert serve(settings, jobs=jobs, tell=told) == DONE
    assert told.lines[0].startswith("Layerlift serves at http://127.0.0.1:")
    assert os.umask(mask) == 0o022, "given back"
    assert [path.name for path in settings.runtime.iterdir()] == ["serve.lock"]
    assert {path.stat().st_mode & 0o077 for path in settings.data.iterdir()} == {0}


def test_asked_twice_it_does_not_wait_for_the_work(settings: Settings, tmp_path: Path) -> None:
    def slow(_settings: Settings) -> Jobs:
        made = FakeJobs(tmp_path)
        made.linger.clear()
        return made

    assert serve(replace(settings, grace=1000.0), jobs=slow, tell=Told(times=2)) == DONE


def test_a_second_one_says_where_the_first_is_and_waits_for_one_that_quits(
    settings: Settings, jobs: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, told = RuntimeFile(settings.runtime), Told()
    assert first.lock.take()
    monkeypatch.setattr(lifecycle, "_OTHER_SECONDS", 0.05)
    assert serve(settings, jobs=jobs, tell=told) == ALREADY_RUNNING
    assert "cannot be reached" in told.lines[-1]
    first.announce(ServerFile(4321, os.getpid(), "t" * 43, 1, "0"))
    assert serve(settings, jobs=jobs, tell=told) == ALREADY_RUNNING
    assert "http://127.0.0.1:4321/" in told.lines[-1]
    first.withdraw()
    monkeypatch.undo()
    threading.Timer(1.5, first.lock.release).start()
    assert serve(settings, jobs=jobs, tell=told) == DONE, "one that quits is waited for"
    assert any("waiting for it" in line for line in told.lines)


def test_two_servers_do_not_share_a_data_folder(settings: Settings, jobs: Make, tmp_path: Path) -> None:
    told = Told()
    lock = Lock(settings.data / LOCK)
    assert lock.take()
    assert serve(replace(settings, runtime=tmp_path / "other"), jobs=jobs, tell=told) == FAILED
    assert "Another server uses" in told.lines[0]
    lock.release()
    assert serve(settings, jobs=jobs, tell=told) == DONE


def test_with_an_old_aiohttp_it_does_not_start(settings: Settings, jobs: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport.aiohttp, "__version__", "3.13.5")
    told = Told()
    assert serve(settings, jobs=jobs, tell=told) == FAILED
    assert "too old" in told.lines[0]


def test_remote_it_says_what_to_pin(settings: Settings, jobs: Make) -> None:
    told = Told(times=0)

    def tell(line: str) -> None:
        told(line)
        if "SHA-256" in line:
            signal.raise_signal(signal.SIGTERM)

    assert serve(replace(settings, host="0.0.0.0"), jobs=jobs, tell=tell) == DONE
    assert "wss://0.0.0.0:" in told.lines[1]
    assert told.lines[2].count(":") == 32
    from layerlift_server.security import certificate

    made = certificate.made(settings.data, ())
    own = replace(settings, host="0.0.0.0", certificate=made.chain, key=made.key)
    assert serve(own, jobs=jobs, tell=tell) == DONE
    assert serve(replace(own, key=settings.data / "none"), jobs=jobs, tell=tell) == FAILED


def test_what_is_wrong_but_no_reason_to_stop_is_said(
    settings: Settings, jobs: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.data / "devices.json").write_text("{")
    monkeypatch.setattr(lifecycle, "fast_reader", lambda: False)
    told = Told()
    assert serve(settings, jobs=jobs, tell=told) == DONE
    assert any("uploads will be slow" in line for line in told.lines)
    assert any("pair again" in line for line in told.lines)


def test_a_folder_of_somebody_else_is_explained(settings: Settings, jobs: Make, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(settings.data)
    told = Told()
    assert serve(replace(settings, data=tmp_path / "link"), jobs=jobs, tell=told) == FAILED
    assert "cannot be used" in told.lines[0]


def test_without_a_console_nothing_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lifecycle.say("to somebody")
    assert capsys.readouterr().err == "to somebody\n"
    monkeypatch.setattr(sys, "stderr", None)
    lifecycle.say("to nobody")


def test_the_real_desk_is_what_serves(settings: Settings) -> None:
    assert type(lifecycle.desk(settings)).__name__ == "Desk"
