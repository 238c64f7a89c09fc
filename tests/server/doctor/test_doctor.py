"""The doctor finds each fault that we can cause, and names a remedy for it."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from layerlift import __version__
from layerlift.engines.port import EngineInfo
from layerlift.wire.runtime import ServerFile
from layerlift_server import doctor
from layerlift_server.app import Server
from layerlift_server.doctor import Finding, engines, examine, places, program, running
from layerlift_server.runtime_file import LOCK, Lock, RuntimeFile
from layerlift_server.settings import Settings
from layerlift_server.sockets import transport

posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


def one(found: Iterator[Finding]) -> Finding:
    [finding] = found
    if finding.ok is False:
        assert finding.remedy
    return finding


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("data", "run"):
        (tmp_path / name).mkdir(mode=0o700)
    return Settings(data=tmp_path / "data", runtime=tmp_path / "run")


def test_a_healthy_machine_has_nothing_to_complain_about(settings: Settings) -> None:
    found = examine(settings)
    assert not [finding for finding in found if finding.ok is False]
    assert {"python", "aiohttp", "loopback", "data folder", "disk space", "clock", "server", "engine quick"} <= {
        finding.name for finding in found
    }
    assert not list(settings.data.iterdir()), "nothing is left behind"


def test_a_finding_that_is_wrong_has_a_remedy() -> None:
    with pytest.raises(ValueError, match="nothing is said"):
        Finding("x", False, "Broken.")


def test_a_check_that_breaks_is_a_finding(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Settings) -> Iterator[Finding]:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(doctor, "CHECKS", (broken, program.python))
    first, second = examine(settings)
    assert (first.ok, second.ok) == (False, True)
    assert "ZeroDivisionError" in first.sentence


def test_old_or_small_pythons(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert one(program.python(settings)).ok
    monkeypatch.setattr(program, "OLDEST", (99, 0))
    assert "too old" in one(program.python(settings)).sentence
    monkeypatch.undo()
    monkeypatch.setattr(program.struct, "calcsize", lambda _: 4)
    assert "64-bit" in one(program.python(settings)).remedy


def test_aiohttp_missing_or_slow(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert one(program.http_server(settings)).ok
    monkeypatch.setattr(transport.aiohttp, "__version__", "3.9.0b2")
    assert "3.14.1" in one(program.http_server(settings)).remedy
    monkeypatch.undo()
    monkeypatch.setattr(transport, "fast_reader", lambda: False)
    assert "wheel" in one(program.http_server(settings)).remedy
    monkeypatch.setattr(program.importlib.util, "find_spec", lambda _: None)
    assert "layerlift[server]" in one(program.http_server(settings)).remedy


@posix
def test_few_open_files(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    assert one(program.open_files(settings)).ok
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 128))
    assert "ulimit" in one(program.open_files(settings)).remedy
    monkeypatch.setitem(sys.modules, "resource", None)
    assert not list(program.open_files(settings)), "Windows"


def test_loopback_that_is_blocked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert one(program.loopback(settings)).ok

    def blocked(*_: object, **__: object) -> None:
        raise PermissionError(13, "blocked")

    monkeypatch.setattr(socket, "create_connection", blocked)
    assert "firewall" in one(program.loopback(settings)).remedy


def test_folders(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert one(places.data_folder(settings)).ok
    assert one(places.runtime_folder(settings)).ok
    assert one(places.data_folder(replace(settings, data=tmp_path / "new" / "deep"))).ok
    (tmp_path / "file").write_text("")
    assert "not a folder" in one(places.data_folder(replace(settings, data=tmp_path / "file"))).sentence
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert one(places.data_folder(replace(settings, data=tmp_path / "none"))).ok is False

    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(places.tempfile, "NamedTemporaryFile", full)
    assert "No space" in one(places.data_folder(settings)).sentence


@posix
def test_folders_and_files_that_others_may_read(settings: Settings) -> None:
    settings.runtime.chmod(0o755)
    finding = one(places.runtime_folder(settings))
    assert "chmod 700" in finding.remedy
    listed = settings.data / "devices.json"
    listed.write_text('{"devices": []}')
    listed.chmod(0o644)
    assert "chmod 600" in one(places.devices(settings)).remedy
    listed.chmod(0o600)
    assert one(places.devices(settings)).sentence == "0 paired."
    listed.write_text("{")
    assert "pair" in one(places.devices(settings)).remedy


def test_a_full_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert one(places.space(replace(settings, data=settings.data / "a" / "b"))).ok is not None
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1024**2))
    assert one(places.space(settings)).ok is False


def test_a_damaged_job_list(settings: Settings) -> None:
    assert not list(places.job_store(settings))
    path = settings.data / "jobs.sqlite"
    with sqlite3.connect(path) as store:
        store.execute("CREATE TABLE jobs (job TEXT)")
        store.executemany("INSERT INTO jobs VALUES (?)", [("x" * 500,)] * 100)
    store.close()
    assert one(places.job_store(settings)).ok
    content = bytearray(path.read_bytes())
    content[5000:9000] = b"\xff" * 4000
    path.write_bytes(content)
    assert "damaged" in one(places.job_store(settings)).sentence
    path.write_bytes(b"not a database at all" * 100)
    assert one(places.job_store(settings)).ok is False


def test_a_clock_that_is_wrong(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert one(places.clock(settings)).ok
    ahead = settings.data / "result"
    ahead.write_text("")
    os.utime(ahead, (time.time() + 86_400,) * 2)
    assert "gone back" in one(places.clock(settings)).sentence
    monkeypatch.setattr(places.time, "time", lambda: 1_000.0)
    assert "years" in one(places.clock(settings)).sentence


def test_no_server_a_stale_file_and_a_lock_without_a_file(settings: Settings) -> None:
    assert one(running.server(settings)).ok is None
    assert not list(running.leftovers(settings))
    dead = ServerFile(1, 2**22 + 1, "t" * 43, 1, "0")
    (settings.runtime / dead.name).write_text(dead.text)
    assert dead.name in one(running.leftovers(settings)).sentence
    (settings.runtime / dead.name).unlink()
    lock = Lock(settings.runtime / LOCK)
    assert lock.take()
    assert "no runtime file" in one(running.server(settings)).sentence
    lock.release()
    assert one(running.server(settings)).ok is None


def test_a_server_that_does_not_answer(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    presence = RuntimeFile(settings.runtime)
    presence.announce(ServerFile(port, os.getpid(), "t" * 43, 1, __version__))
    finding = one(running.server(settings))
    assert finding.ok is False
    assert str(os.getpid()) in finding.remedy
    assert one(running.leftovers(settings)).ok
    presence.withdraw()


async def test_a_server_that_runs_and_one_of_another_version(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    presence = RuntimeFile(settings.runtime)
    presence.announce(server.card())
    finding = one(await asyncio.to_thread(lambda: iter(list(running.server(settings)))))
    assert (finding.ok, str(server.port) in finding.sentence) == (True, True)
    monkeypatch.setattr(running, "__version__", "99")
    finding = one(await asyncio.to_thread(lambda: iter(list(running.server(settings)))))
    assert finding.ok is False
    presence.withdraw()


def test_a_port_that_is_taken(settings: Settings) -> None:
    assert not list(running.address(settings)), "a free one is chosen"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        chosen = replace(settings, port=taken.getsockname()[1])
        assert "another port" in one(running.address(chosen)).remedy
    assert one(running.address(chosen)).ok


def test_engines_that_cannot_run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    import layerlift.engines

    def info(name: str, missing: str | None) -> EngineInfo:
        return EngineInfo(name, name.title(), ("decompose",), 10**6, 8, 1.0, missing=missing)

    some = [info("quick", "Install it."), info("other", "Buy a GPU."), info("good", None)]
    monkeypatch.setattr(layerlift.engines, "available", lambda: some)
    found = list(engines.engines(settings))
    assert [finding.ok for finding in found] == [False, None, True]
    assert [finding.remedy for finding in found] == ["Install it.", "Buy a GPU.", ""]
    monkeypatch.setitem(sys.modules, "layerlift.engines", None)
    assert "Install Layerlift again" in one(engines.engines(settings)).remedy
