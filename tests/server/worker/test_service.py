"""The worker's life in a thread of this process: its pipe's other end is the test."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from layerlift.engines.fake import FakeEngine
from layerlift.limits import MAX_LAYERS
from layerlift.wire.params import OPERATIONS, check
from layerlift.wire.values import DocumentInfo, EngineOffer
from layerlift_server.worker import entry, manifest, messages
from layerlift_server.worker.service import EXHAUSTED, GONE, Service, offers
from server.worker import drills

DRILLS = "server.worker.drills"
PARAMS = check("decompose", {"layers": 3})


class Hired:
    """A service, what it says, and the exit codes that it would have left with."""

    def __init__(self, engines: str) -> None:
        self.pipe, theirs = Pipe()
        self.left: list[int] = []
        self.heard: list[messages.PipeMessage] = []
        self._gone = threading.Event()
        self.service = Service(theirs, engines, leave=self._leave)
        self.theirs: Connection = theirs
        self.thread = threading.Thread(target=self.service.run)
        self.thread.start()

    def _leave(self, code: int) -> None:
        self.left.append(code)
        self._gone.set()

    def order(self, order: messages.Order) -> None:
        self.pipe.send_bytes(messages.encode(order))

    def until(self, *kinds: type[messages.PipeMessage]) -> messages.PipeMessage:
        while True:
            assert self.pipe.poll(60), self.heard
            self.heard.append(messages.decode(self.pipe.recv_bytes()))
            if isinstance(self.heard[-1], kinds):
                return self.heard[-1]

    def close(self) -> None:
        self.order(messages.Quit())
        assert self._gone.wait(60)
        self.thread.join(60)
        assert not self.thread.is_alive()
        self.pipe.close()
        self.theirs.close()


@pytest.fixture
def hired() -> Iterator[Hired]:
    made = Hired(DRILLS)
    yield made
    made.close()


def decompose(folder: Path, name: str = "run", **changes: bool | int | float | str | None) -> messages.Operate:
    pixels = np.full((40, 48, 4), 255, np.uint8)
    pixels[10:20, 10:30, :3] = (200, 30, 30)
    (folder / "upload").write_bytes(pixels.tobytes())
    info = DocumentInfo("Poster", width=48, height=40, depth=8)
    return messages.Operate(
        name, "decompose", "drill", str(folder / name), {**PARAMS, **changes}, str(folder / "upload"), info
    )


def test_it_says_hello_works_and_says_what_happens(hired: Hired, tmp_path: Path) -> None:
    hello = hired.until(messages.Hello)
    assert isinstance(hello, messages.Hello)
    assert [offer.name for offer in hello.offers] == ["drill", "absent"]
    hired.order(decompose(tmp_path))
    assert hired.until(messages.Done, messages.Failed) == messages.Done("run")
    said = [message for message in hired.heard if isinstance(message, messages.Layer)]
    assert [message.layer for message in said] == list(manifest.load(tmp_path / "run").layers)
    assert any(isinstance(message, messages.Preview) for message in hired.heard)
    hired.order(messages.Export("export", str(tmp_path / "run"), str(tmp_path / "a.zip"), "zip"))
    hired.until(messages.Done)
    assert (tmp_path / "a.zip").exists()


def test_a_cancel_is_heard_while_it_works_and_before(hired: Hired, tmp_path: Path) -> None:
    hired.order(decompose(tmp_path, what=f"wait {tmp_path / 'never'}"))
    hired.until(messages.Progress)
    hired.order(messages.Cancel("another"))
    hired.order(messages.Cancel("run"))
    failed = hired.until(messages.Done, messages.Failed)
    assert isinstance(failed, messages.Failed)
    assert (failed.problem.code, failed.trace) == ("cancelled", "")
    hired.order(messages.Cancel("early"))
    hired.order(decompose(tmp_path, "early"))
    early = hired.until(messages.Done, messages.Failed)
    assert isinstance(early, messages.Failed)
    assert (early.run, early.problem.code) == ("early", "cancelled")
    hired.order(decompose(tmp_path, "later"))
    assert hired.until(messages.Done, messages.Failed) == messages.Done("later")


def test_a_failure_is_explained_and_the_engine_stays(hired: Hired, tmp_path: Path) -> None:
    hired.order(decompose(tmp_path, what="defect"))
    failed = hired.until(messages.Failed)
    assert isinstance(failed, messages.Failed)
    assert "ZeroDivisionError" in failed.trace
    hired.order(replace(decompose(tmp_path), engine="absent"))
    failed = hired.until(messages.Failed)
    assert isinstance(failed, messages.Failed)
    assert failed.problem.code == "engine-unavailable"
    assert hired.left == []
    hired.order(decompose(tmp_path, what="memory"))
    failed = hired.until(messages.Failed)
    assert isinstance(failed, messages.Failed)
    assert failed.problem.code == "out-of-memory"
    hired.order(decompose(tmp_path, "next"))
    hired.until(messages.Done)
    assert hired.left == [EXHAUSTED]


def test_resting_reaches_the_engines_that_were_used(
    hired: Hired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAYERLIFT_TEST_RESTED", str(tmp_path / "rested"))
    hired.order(messages.Rest())
    hired.order(decompose(tmp_path))
    hired.until(messages.Done)
    assert not (tmp_path / "rested").exists()
    hired.order(messages.Rest())
    hired.order(decompose(tmp_path, "next"))
    hired.until(messages.Done)
    assert (tmp_path / "rested").exists()


@pytest.mark.parametrize("nonsense", [b"nonsense", b""])
def test_it_leaves_when_the_server_does_or_talks_nonsense(nonsense: bytes) -> None:
    hired = Hired("")
    assert hired.until(messages.Hello) == messages.Hello(())
    if nonsense:
        hired.pipe.send_bytes(nonsense)
    else:
        hired.pipe.close()
    hired.thread.join(60)
    assert hired.left == [GONE, GONE]
    hired.pipe.close()
    hired.theirs.close()


def test_it_leaves_when_nobody_is_there_to_be_told(tmp_path: Path) -> None:
    hired = Hired(DRILLS)
    hired.until(messages.Hello)
    hired.order(decompose(tmp_path, what=f"wait {tmp_path / 'gate'}"))
    hired.until(messages.Progress)
    hired.pipe.close()
    (tmp_path / "gate").touch()
    hired.thread.join(60)
    assert not hired.thread.is_alive()
    assert set(hired.left) == {GONE}
    hired.theirs.close()


def test_the_default_offered_is_one_that_can_run() -> None:
    info = replace(FakeEngine.info, max_layers=500)
    absent = replace(info, name="absent", missing="No weights.", operations=("decompose",))
    offered = offers([absent, info], "absent")
    assert offered == (
        EngineOffer("absent", info.title, ("decompose",), MAX_LAYERS, False, "No weights."),
        EngineOffer("fake", info.title, OPERATIONS, MAX_LAYERS, True, None),
    )
    assert [offer.default for offer in offers([absent], "absent")] == [True]


def test_a_windowed_program_gets_somewhere_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    entry._have_output()
    print("nobody reads this")
    assert sys.stdout.name == os.devnull
    sys.stdout.close()


@pytest.mark.parametrize(("device", "seen"), [("auto", None), ("cpu", ""), ("cuda:1", "1")])
def test_a_worker_sees_its_own_device(monkeypatch: pytest.MonkeyPatch, device: str, seen: str | None) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    entry._choose(device)
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == seen
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_while_it_idles_it_tells_what_the_engines_can_do_by_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model was downloaded meanwhile: nobody has to restart anything."""
    pipe, theirs = Pipe()
    left: list[int] = []
    service = Service(theirs, DRILLS, leave=left.append, look_again=0.01)
    thread = threading.Thread(target=service.run)
    thread.start()

    def hear() -> messages.PipeMessage:
        assert pipe.poll(60)
        return messages.decode(pipe.recv_bytes())

    first = hear()
    assert isinstance(first, messages.Hello)
    monkeypatch.setattr("server.worker.drills.Absent.info", replace(drills.Absent.info, missing=None))
    second = hear()
    assert isinstance(second, messages.Hello)
    assert [offer.missing for offer in (*first.offers, *second.offers)] == [
        None,
        "There are no weights here.",
        None,
        None,
    ]

    def broken() -> None:
        raise OSError("the folder of models cannot be read just now")

    with monkeypatch.context() as while_broken:
        while_broken.setattr("server.worker.drills.available", broken)
        assert not pipe.poll(0.1), "nothing is said where nothing is known"
    monkeypatch.undo()
    assert hear() == first
    pipe.send_bytes(messages.encode(messages.Quit()))
    thread.join(60)
    assert set(left) == {GONE}
    pipe.close()
    theirs.close()
