"""The file by which plug-ins find the server: where it is, what it holds, whom it trusts."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from layerlift.wire import runtime
from layerlift.wire.runtime import ServerFile

SERVER = ServerFile(8188, os.getpid(), "t" * 43, 1, "0.1.0")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "run"
    place.mkdir(mode=0o700)
    monkeypatch.setenv(runtime.OVERRIDE, str(place))
    return place


def write(folder: Path, server: ServerFile, **changes: object) -> Path:
    path = folder / server.name
    path.write_text(json.dumps(json.loads(server.text) | changes), encoding="utf-8")
    path.chmod(0o600)
    return path


def dead_pid() -> int:
    """The number of a process that has just ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_running_server_is_found(folder: Path) -> None:
    write(folder, SERVER)
    assert runtime.find() == [SERVER]
    assert runtime.folder() == folder


def test_nothing_is_found_where_nothing_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(runtime.OVERRIDE, str(tmp_path / "missing"))
    assert runtime.find() == []


def test_the_latest_comes_first(folder: Path) -> None:
    parent = replace(SERVER, pid=os.getppid())
    for age, server in enumerate((SERVER, parent)):
        os.utime(write(folder, server), (1_000_000 - age, 1_000_000 - age))
    assert runtime.find() == [SERVER, parent] if runtime.alive(parent.pid) else [SERVER]


def test_a_server_that_quits_while_we_look(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (write(folder, replace(SERVER, pid=pid)) for pid in (os.getpid(), os.getppid()))
    listed = runtime._files

    def quitting(place: Path) -> list[Path]:
        found = listed(place)
        second.unlink()
        return found

    monkeypatch.setattr(runtime, "_files", quitting)
    monkeypatch.setattr(runtime, "alive", lambda pid: not first.unlink())
    assert runtime.find() == [SERVER]


def test_dead_servers_are_passed_over(folder: Path) -> None:
    write(folder, replace(SERVER, pid=dead_pid()))
    assert runtime.find() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"port": 0},
        {"port": 65_536},
        {"port": "8188"},
        {"port": True},
        {"port": None},
        {"pid": -1},
        {"pid": 1.5},
        {"token": ""},
        {"token": "t" * 31},
        {"token": "t" * 201},
        {"token": "t" * 42 + "\n"},
        {"token": None},
        {"protocol": 0},
        {"version": 1},
        {"version": "v" * 101},
        {"tls": "AB" * 32},
        {"tls": "ab" * 31},
        {"tls": False},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_passed_over(folder: Path, changes: dict[str, object]) -> None:
    path = write(folder, SERVER, **changes)
    assert runtime.parse(path.read_bytes()) is None
    assert runtime.find() == []


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 4000, b" " * 5000 + b"{}"])
def test_what_is_no_such_file_is_passed_over(folder: Path, text: bytes) -> None:
    (folder / SERVER.name).write_bytes(text)
    assert runtime.find() == []


def test_newer_servers_may_say_more(folder: Path) -> None:
    write(folder, SERVER, later={"x": 1}, tls="ab" * 32)
    assert runtime.find() == [replace(SERVER, tls="ab" * 32)]


@pytest.mark.parametrize(
    "name", ["server-0.json", "server-x.json", "server-1.json.tmp", "other-1.json", "server-01.json"]
)
def test_other_names_are_passed_over(folder: Path, name: str) -> None:
    write(folder, SERVER).rename(folder / name)
    assert runtime.find() == []


def test_a_file_under_another_servers_name_is_passed_over(folder: Path) -> None:
    write(folder, SERVER).rename(folder / f"server-{os.getppid()}.json")
    assert runtime.find() == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows' user folders are private by default")
def test_what_others_could_have_written_is_not_trusted(folder: Path) -> None:
    path = write(folder, SERVER)
    for mode in (0o620, 0o602):
        path.chmod(mode)
        assert runtime.find() == []
    path.chmod(0o600)
    for mode in (0o770, 0o707):
        folder.chmod(mode)
        assert runtime.find() == []
    folder.chmod(0o700)
    assert runtime.find() == [SERVER]


def test_a_folder_in_the_files_place_is_passed_over(folder: Path) -> None:
    (folder / SERVER.name).mkdir()
    assert runtime.find() == []


def test_the_token_stays_out_of_logs() -> None:
    assert SERVER.token not in f"{SERVER!r} {SERVER}"
    assert str(SERVER) == f"server 0.1.0 (pid {os.getpid()}) on port 8188"


def test_who_is_alive() -> None:
    assert runtime.alive(os.getpid())
    assert not runtime.alive(dead_pid())


@pytest.mark.skipif(sys.platform == "win32", reason="asked in another way there")
def test_somebody_elses_process_is_no_server_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(pid: int, signal: int) -> None:
        assert (pid, signal) == (1, 0)
        raise PermissionError

    monkeypatch.setattr(os, "kill", kill)
    assert not runtime.alive(1)


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"XDG_RUNTIME_DIR": "/run/user/1"}, ["/run/user/1/layerlift", "HOME/.local/share/layerlift/run"]),
        ("linux", {"XDG_DATA_HOME": "/data"}, ["/data/layerlift/run"]),
        ("linux", {}, ["HOME/.local/share/layerlift/run"]),
        ("darwin", {"XDG_RUNTIME_DIR": "/x"}, ["HOME/Library/Application Support/layerlift/run"]),
        ("win32", {"LOCALAPPDATA": "/local"}, ["/local/layerlift/run"]),
        ("win32", {}, ["HOME/AppData/Local/layerlift/run"]),
        ("linux", {runtime.OVERRIDE: "/mine", "XDG_RUNTIME_DIR": "/x"}, ["/mine"]),
    ],
)
def test_every_platform_has_its_place(
    platform: str, environment: dict[str, str], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_RUNTIME_DIR", "XDG_DATA_HOME", "LOCALAPPDATA", runtime.OVERRIDE):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    home = Path.home()
    monkeypatch.setattr(runtime.sys, "platform", platform)
    assert runtime.folders() == [Path(place.replace("HOME", str(home))) for place in expected]


@pytest.mark.parametrize(("handle", "code", "lives"), [(7, 259, True), (7, 0, False), (None, 259, False)])
def test_windows_is_asked_in_its_own_words(
    handle: int | None, code: int, lives: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a stand-in for kernel32 that keeps to its documented contract; never run on Windows here."""
    closed: list[int | None] = []

    class Kernel:
        def __init__(self) -> None:
            self.OpenProcess = Function(lambda access, inherit, pid: handle if (access, pid) == (0x1000, 99) else None)
            self.GetExitCodeProcess = Function(self.tell)
            self.CloseHandle = Function(closed.append)

        def tell(self, asked: int, code_at: Any) -> int:
            code_at._obj.value = code
            return int(asked == handle)

    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=Kernel()), raising=False)
    monkeypatch.setattr(runtime.sys, "platform", "win32")
    assert runtime.alive(99) is lives
    assert closed == ([handle] if handle else [])


def test_windows_modes_say_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(folder, SERVER)
    path.chmod(0o666)
    monkeypatch.setattr(runtime.sys, "platform", "win32")
    assert runtime.read(path) == SERVER


class Function:
    """A foreign function: callable, with settable types."""

    def __init__(self, body: Callable[..., Any]) -> None:
        self.body = body

    def __call__(self, *arguments: Any) -> Any:
        return self.body(*arguments)
