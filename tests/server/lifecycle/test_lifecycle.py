"""A server as a process: begins, is found, stands alone, quits cleanly, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from layerlift.wire.messages import Done, Failed, Submit
from layerlift.wire.runtime import ServerFile, alive
from layerlift.wire.values import DocumentInfo
from layerlift_server import opening
from layerlift_server.lifecycle import ALREADY_RUNNING, DONE, FAILED
from layerlift_server.runtime_file import present
from server.talk import Talker, http

TESTS = Path(__file__).parents[2]
DEADLINE = 40.0
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a Windows process cannot be sent SIGTERM")

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    begun: list[subprocess.Popen[str]] = []

    def begin(**words: Any) -> subprocess.Popen[str]:
        words = {"folder": str(tmp_path), **words}
        path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
        process = subprocess.Popen(
            [sys.executable, str(TESTS / "server" / "fakes" / "serving.py"), json.dumps(words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ready(process: subprocess.Popen[str], folder: Path) -> ServerFile:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline and process.poll() is None:
        card = present(folder / "run")
        if card is not None and card.pid == process.pid:
            return card
        time.sleep(0.02)
    raise AssertionError(f"not ready: {process.poll()} {process.communicate()}")


def ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any], str]:
    out, err = process.communicate(timeout=DEADLINE)
    return process.returncode, json.loads(out.splitlines()[-1]) if out else {}, err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_it_quits_cleanly_when_asked(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    process = start()
    card = ready(process, tmp_path)
    process.send_signal(number)
    code, said, err = ended(process)
    assert code == DONE
    assert said["heavy"] == [], "the serving process never imports what computes"
    assert f"http://127.0.0.1:{card.port}/" in err
    assert present(tmp_path / "run") is None
    assert not list((tmp_path / "run").glob("*.json"))


def test_the_runtime_file_is_for_this_user_alone(start: Start, tmp_path: Path) -> None:
    process = start()
    card = ready(process, tmp_path)
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "run" / card.name).stat().st_mode & 0o777 == 0o600
    for path in (tmp_path / "data").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_second_server_finds_the_first_and_says_so(start: Start, tmp_path: Path) -> None:
    card = ready(start(), tmp_path)
    code, _, err = ended(start())
    assert code == ALREADY_RUNNING
    assert f"http://127.0.0.1:{card.port}/" in err
    assert present(tmp_path / "run") == card, "the first goes on"


def test_two_servers_at_the_same_moment_become_one(start: Start, tmp_path: Path) -> None:
    several = [start() for _ in range(3)]
    losers: list[subprocess.Popen[str]] = []
    deadline = time.monotonic() + DEADLINE
    while len(losers) < 2 and time.monotonic() < deadline:
        losers = [process for process in several if process.poll() is not None]
        time.sleep(0.02)
    assert [process.returncode for process in losers] == [ALREADY_RUNNING] * 2
    [winner] = [process for process in several if process.poll() is None]
    assert ready(winner, tmp_path).pid == winner.pid


def test_after_a_kill_the_next_server_clears_up_and_starts(start: Start, tmp_path: Path) -> None:
    process = start()
    card = ready(process, tmp_path)
    process.kill()
    process.wait(DEADLINE)
    assert (tmp_path / "run" / card.name).exists()
    assert present(tmp_path / "run") is None, "whoever looks ignores what a dead server left"
    again = ready(start(), tmp_path)
    assert [path.name for path in (tmp_path / "run").glob("*.json")] == [again.name]
    assert again.token != card.token


def test_a_file_of_a_living_stranger_with_the_servers_number_is_cleared_away(start: Start, tmp_path: Path) -> None:
    """Process numbers are used again: a stale file may name a process that lives and is no server."""
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    stranger = ServerFile(1, os.getpid(), "t" * 43, 1, "0")
    (run / stranger.name).write_text(stranger.text)
    assert alive(os.getpid())
    process = start()
    deadline = time.monotonic() + DEADLINE
    while (run / stranger.name).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert ready(process, tmp_path).pid == process.pid


def test_a_port_that_is_taken_is_explained(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, err = ended(start(port=taken.getsockname()[1]))
    assert code == FAILED
    assert "cannot be listened on" in err
    assert "Traceback" not in err


def test_a_folder_that_cannot_be_is_explained(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = ended(start(folder=str(tmp_path / "file")))
    assert code == FAILED
    assert "Traceback" not in err


def test_the_second_request_does_not_wait_for_the_work(start: Start, tmp_path: Path) -> None:
    process = start(jobs="slow", grace=1000.0)
    ready(process, tmp_path)
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    for line in process.stderr:
        if "press again" in line:
            break
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == DONE
    assert not list((tmp_path / "run").glob("*.json"))


def test_the_one_time_link_and_the_pairing_code(start: Start, tmp_path: Path) -> None:
    with pytest.raises(opening.NotRunning) as nobody:
        opening.link(tmp_path / "run")
    assert "layerlift serve" in nobody.value.remedy
    card = ready(start(), tmp_path)
    link = opening.link(tmp_path / "run")
    assert link.startswith(f"http://127.0.0.1:{card.port}/open?key=")
    code, seconds = opening.pairing(tmp_path / "run")
    assert len(code) == 6
    assert 0 < seconds <= 120
    path = link.removeprefix(f"http://127.0.0.1:{card.port}")
    answers = [asyncio.run(http(card.port, path)).status for _ in range(2)]
    assert answers == [303, 403]


def test_who_answers_at_the_port_but_is_no_server_of_ours(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        card = ServerFile(silent.getsockname()[1], os.getpid(), "t" * 43, 1, "0")
        silent.close()
        with pytest.raises(opening.NotRunning, match="does not answer"):
            opening.health(card)


@pytest.mark.parametrize("jobs", ["desk"])
def test_with_the_real_desk_it_starts_works_and_still_imports_nothing_heavy(
    start: Start, tmp_path: Path, jobs: str
) -> None:
    process = start(jobs=jobs)
    card = ready(process, tmp_path)

    async def work() -> Done | Failed:
        upload, job = str(uuid.uuid4()), str(uuid.uuid4())
        async with Talker(card.port) as client:
            await client.greet(token=card.token)
            document = DocumentInfo("a", "pixels", 64, 64, 8)
            await client.put(upload, bytes(range(256)) * 64, document)
            await client.say(Submit(job, engine="fake", upload=upload, params={"layers": 2}))
            while True:
                message = await client.next()
                if isinstance(message, Done | Failed):
                    break
            if isinstance(message, Done):
                assert len(await client.get(job, 0)) > 0
            return message

    assert isinstance(asyncio.run(asyncio.wait_for(work(), DEADLINE)), Done)
    process.send_signal(signal.SIGTERM)
    code, said, err = ended(process)
    assert (code, said["heavy"]) == (DONE, []), err
