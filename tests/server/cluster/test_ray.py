"""The real thing: a server's desk over two computers of a Ray cluster on loopback, one of which is taken away.

Ray stays out of this process: the cluster is a script of its own (`computers`), the desk's workers are bridges.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from layerlift.wire.messages import Done, Failed, Progress, Started
from layerlift_server.cluster import places
from layerlift_server.jobs.desk import Desk
from layerlift_server.jobs.port import LOCAL
from server.cluster.computers import Computers
from server.jobs.desks import Ear, alive, eventually, opened, picture, send, submit

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed (pip install 'layerlift[cluster]')"),
    pytest.mark.skipif(sys.platform != "linux", reason="the cluster's processes are found in /proc"),
]


@pytest.fixture(scope="module")
def computers() -> Iterator[Computers]:
    with Computers() as made:
        yield made
        processes = made.processes()
    assert processes
    assert not [pid for pid in processes if alive(pid)]


def layers(desk: Desk, job: str) -> list[bytes]:
    """A finished job's layers as bytes."""
    row = desk._tracker.find(job, LOCAL)
    return [path.read_bytes() for path in sorted(desk._results.path(row.folder).glob("layer-*"))]


def left_behind(computers: Computers) -> list[str]:
    """What workers of the cluster have in its temporary folder."""
    return [path.name for path in computers.folder.glob("layerlift-cluster-*/*")]


async def test_jobs_are_done_in_the_cluster_as_they_are_done_here(
    computers: Computers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With files carried to the computer and back, and with files that both see."""
    async with opened(tmp_path / "here") as desk:
        job, ear = submit(desk, send(desk, picture()), layers=4)
        await ear.until(Done)
        expected = layers(desk, job)
    for way in ("carry", "share"):
        monkeypatch.setenv("LAYERLIFT_CLUSTER_FILES", way)
        async with opened(tmp_path / way, devices=(f"ray:{computers.address}",)) as desk:
            upload = send(desk, picture())
            job, ear = submit(desk, upload, layers=4)
            await ear.until(Done)
            assert layers(desk, job) == expected
            assert ear.all(Progress)
            cancelled, ear = submit(desk, upload, what=f"wait {tmp_path / 'never'}")
            await ear.until(Progress, lambda said: said.stage.startswith("Drill"))
            desk.cancel(cancelled, LOCAL)
            assert (await ear.until(Failed)).problem.code == "cancelled"
            assert left_behind(computers) == []
            bridge = desk._dispatch.slots[0].pid
            assert bridge is not None
            assert desk.figures()["worker_restarts_total"] == 0
        assert not alive(bridge)


async def test_an_engine_that_is_deaf_there_loses_its_process_and_frees_its_place(
    computers: Computers, tmp_path: Path
) -> None:
    marker = tmp_path / "deaf"
    devices = (f"ray:{computers.address}",)
    async with opened(tmp_path, devices=devices, prestart=False, cancel_grace=0.2, tick=0.05) as desk:
        upload = send(desk, picture())
        job, ear = submit(desk, upload, what=f"deaf {marker}")
        await eventually(marker.exists)
        pid = int(marker.read_text())
        assert pid in computers.processes()
        desk.cancel(job, LOCAL)
        assert (await ear.until(Failed)).state == "cancelled"
        await eventually(lambda: not alive(pid))
        _, ear = submit(desk, upload)
        await ear.until(Done)


async def test_a_job_whose_computer_is_gone_is_done_by_the_other(
    computers: Computers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAYERLIFT_CLUSTER_FILES", "carry")
    monkeypatch.setattr("layerlift_server.jobs.slot._FULL", 1.0)
    address = computers.address
    assert await asyncio.to_thread(places.devices, address) == (f"ray:{address}",) * 2
    async with opened(tmp_path, devices=(f"ray:{address}",) * 2, tick=0.1) as desk:
        upload = send(desk, picture())
        gates = [tmp_path / "gate-0", tmp_path / "gate-1"]
        jobs = [submit(desk, upload, what=f"wait {gate}", layers=3) for gate in gates]
        for _, ear in jobs:
            await ear.until(Progress, lambda said: said.stage.startswith("Drill"))
        bridges = [slot.pid for slot in desk._dispatch.slots]
        computers.end(computers.nodes[1])
        await eventually(lambda: any(again(ear) for _, ear in jobs))
        [(job, ear)] = [pair for pair in jobs if again(pair[1])]
        for gate in gates:
            gate.touch()
        done = await ear.until(Done)
        [(other, other_ear)] = [pair for pair in jobs if pair[0] != job]
        await other_ear.until(Done)
        assert "The cluster's computer that worked at it is gone. Beginning once more." in done.notes[-1]
        assert [started.attempt for started in other_ear.all(Started)] == [1]
        assert {started.attempt for started in ear.all(Started)} == {1, 2}  # waiting for a place is no attempt
        assert layers(desk, job) == layers(desk, other)
        await eventually(lambda: left_behind(computers) == [])
        assert desk.figures()["worker_restarts_total"] == 1
        folders = {path.name for path in (tmp_path / "data/results").iterdir()}
        assert len(folders) == 2
    await eventually(lambda: not any(alive(pid) for pid in bridges if pid is not None))


def again(ear: Ear) -> bool:
    """Whether this job is begun again."""
    return any("once more" in said.stage for said in ear.all(Progress))
