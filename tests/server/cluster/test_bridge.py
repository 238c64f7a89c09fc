"""Orders across and events back, without Ray: the place is in this process."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from layerlift_server.cluster import place
from layerlift_server.worker import manifest, messages
from server.cluster.near import Ended, Near, job
from server.jobs.desks import picture


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where places make their folders."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(place.tempfile, "tempdir", str(folder))
    return folder


def files(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.name != manifest.RESULT}


@pytest.mark.parametrize("native", [False, True])
def test_what_is_carried_is_what_is_shared(tmp_path: Path, temporary: Path, native: bool) -> None:
    results = {}
    for share in (True, False):
        near = Near(share=share)
        near.start()
        assert isinstance(near.until(messages.Hello), messages.Hello)
        order = job(tmp_path, f"run-{share}", native=native)
        near.order(order)
        near.until(messages.Done)
        results[share] = files(order.folder)
        result = manifest.load(Path(order.folder))
        assert [len(results[share][manifest.layer_file(i)]) for i in range(3)] == [x.size for x in result.layers]
        beside = [layer.native.size for layer in result.layers if layer.native is not None]
        assert [len(results[share][manifest.native_file(i)]) for i in range(3 * native)] == beside
        kinds = [type(said).__name__ for said in near.heard if not isinstance(said, messages.Progress)]
        assert kinds == ["Hello", "Preview", "Layer", "Layer", "Layer", "Done"]
        assert list(temporary.glob("*/*")) == []
        assert [path.name for path in tmp_path.glob(".cluster-*")] == []
        near.close()
        assert near.left[0] == 0
        assert near.closed == [True]
    assert results[True] == results[False]
    assert list(temporary.iterdir()) == []


def test_files_longer_than_a_piece_arrive_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "PIECE", 1000)
    monkeypatch.setattr("layerlift_server.cluster.carriage.PIECE", 1000)
    near = Near()
    near.start()
    order = job(tmp_path, pixels=picture(64, 48, np.uint16))
    near.order(order)
    near.until(messages.Done)
    again = replace(order, run="again", upload=None, document=None, source=order.folder, folder=str(tmp_path / "two"))
    heard = []
    near.between = lambda method, arguments: heard.append((method, arguments)) if method == "take" else None
    near.order(again)
    near.until(messages.Done, messages.Failed)  # a finished result went along, whatever the engine makes of it
    carried: dict[str, bytes] = {}
    for _, (path, offset, data) in heard:
        name = Path(path).name
        assert len(carried.get(name, b"")) == offset
        carried[name] = carried.get(name, b"") + data
    assert carried == {path.name: path.read_bytes() for path in Path(order.folder).iterdir()}
    near.close()


def test_a_cancel_overtakes_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerlift_server.cluster.carriage.PIECE", 100)
    near = Near()
    pieces = []

    def between(method: str, arguments: tuple[Any, ...]) -> None:
        if method == "take":
            pieces.append(arguments)
            if len(pieces) == 2:
                near.order(messages.Cancel("run"))
                while "run" not in near.bridge._unwanted:
                    pass

    near.between = between
    near.start()
    near.order(job(tmp_path))
    failed = near.until(messages.Failed)
    assert failed.problem.code == "cancelled"
    assert len(pieces) == 2
    near.between = lambda method, arguments: None
    near.order(job(tmp_path, "next"))
    near.until(messages.Done)
    near.close()


def test_a_running_job_hears_its_cancel(tmp_path: Path) -> None:
    near = Near(share=True)
    near.start()
    near.order(job(tmp_path, what=f"wait {tmp_path / 'never'}"))
    while not near.until(messages.Progress).stage.startswith("Drill"):
        pass
    near.order(messages.Cancel("run"))
    assert near.until(messages.Failed).problem.code == "cancelled"
    near.close()


def test_while_there_is_no_place_the_job_says_so_and_can_be_cancelled(tmp_path: Path) -> None:
    near = Near()
    near.start(there=False)
    near.order(job(tmp_path, "first"))
    near.order(job(tmp_path, "second"))
    near.order(messages.Cancel("first"))
    failed = near.until(messages.Failed)
    assert (failed.run, failed.problem.code) == ("first", "cancelled")
    near.bridge.waiting()
    said = near.until(messages.Progress)
    assert (said.run, said.stage) == ("second", "Waiting for a computer of the cluster")
    near.arrive()
    assert near.until(messages.Done).run == "second"
    near.close()


def test_a_place_that_ends_ends_the_bridge(tmp_path: Path) -> None:
    near = Near()
    near.start()
    near.until(messages.Hello)

    def between(method: str, arguments: tuple[Any, ...]) -> None:
        raise Ended

    near.between = between
    near.order(job(tmp_path))
    assert near.over.wait(60)
    assert near.left[0] == 5
    near.close()


def test_engines_that_cannot_be_loaded_there_are_explained(tmp_path: Path) -> None:
    near = Near(engines="server.worker.nowhere")
    near.start()
    broken = near.until(messages.Broken)
    assert "No module named" in broken.problem.sentence
    assert near.over.wait(60)
    assert near.left[0] == 4
    near.close()


def test_a_full_disk_here_fails_the_job_and_not_the_bridge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    near = Near()
    near.start()
    order = job(tmp_path)
    Path(order.folder).parent.mkdir(exist_ok=True)

    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("layerlift_server.cluster.carriage.Path.replace", full)
        near.place._folder = None
        near.order(order)
        failed = near.until(messages.Failed)
    assert failed.problem.code == "disk-full"
    near.order(job(tmp_path, "next"))
    while near.until(messages.Done, messages.Failed).run != "next":
        pass
    assert isinstance(near.heard[-1], messages.Done)
    near.close()


def test_a_layer_that_comes_back_short_is_not_served(tmp_path: Path) -> None:
    near = Near()
    real = near.place.give
    near.place.give = lambda path, offset: real(path, offset)[:-1] if offset == 0 else b""  # type: ignore[method-assign,index]
    near.start()
    order = job(tmp_path)
    near.order(order)
    failed = near.until(messages.Failed)
    assert "did not come back from the cluster whole" in failed.problem.sentence
    assert not (Path(order.folder) / manifest.layer_file(0)).exists()
    near.close()


def test_an_upload_that_is_gone_fails_the_job(tmp_path: Path) -> None:
    near = Near()
    near.start()
    order = job(tmp_path)
    assert order.upload is not None
    Path(order.upload).unlink()
    near.order(order)
    failed = near.until(messages.Failed)
    assert "A file could not be used" in failed.problem.sentence
    near.close()
