"""What the queue makes of a cluster without room. (Its workers end as bridges do.)"""

from __future__ import annotations

from pathlib import Path

import pytest

from layerlift.wire.messages import Done, Failed, Started
from layerlift_server.jobs import slot
from layerlift_server.jobs.port import LOCAL
from server.jobs.desks import Clock, eventually, opened, picture, send, submit

FULL = "server.cluster.full"


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that makes room."""
    path = tmp_path / "room"
    monkeypatch.setenv("LAYERLIFT_TEST_ROOM", str(path))
    return path


async def test_a_job_waits_until_there_is_room_and_none_of_it_counts(tmp_path: Path, room: Path) -> None:
    steady = Clock()
    async with opened(tmp_path, engines=FULL, steady=steady, prestart=False, watch_grace=1e9) as desk:
        desk._told = False  # nobody has said yet which engines there are
        job, ear = submit(desk, send(desk, picture()), layers=2)
        for _ in range(4):  # more often than a crashing worker would be replaced
            await eventually(lambda: desk.figures()["workers"] == 0 and desk.figures()["queued"] == 1)
            row = desk._tracker.find(job, LOCAL)
            assert (row.state, row.attempt) == ("queued", 0)
            desk.tick()
            assert desk.figures()["workers"] == 0  # too early
            steady.now += slot._FULL
            desk.tick()
            assert desk.figures()["workers"] == 1
        await eventually(lambda: desk.figures()["workers"] == 0 and desk.figures()["queued"] == 1)
        room.touch()
        steady.now += slot._FULL
        desk.tick()
        done = await ear.until(Done)
        assert {started.attempt for started in ear.all(Started)} == {1}
        assert done.notes == () or "once more" not in done.notes[-1]
        assert desk.figures()["worker_restarts_total"] == 0


async def test_a_job_that_waits_for_room_can_be_cancelled(tmp_path: Path, room: Path) -> None:
    async with opened(tmp_path, engines=FULL, prestart=False) as desk:
        desk._told = False
        job, ear = submit(desk, send(desk, picture()))
        await eventually(lambda: desk.figures()["workers"] == 0 and desk.figures()["queued"] == 1)
        desk.cancel(job, LOCAL)
        assert (await ear.until(Failed)).state == "cancelled"


async def test_whoever_has_its_engines_loaded_is_asked_first(tmp_path: Path) -> None:
    async with opened(tmp_path, devices=("auto", "auto"), prestart=False) as desk:
        upload = send(desk, picture())
        jobs = [submit(desk, upload, what=f"wait {tmp_path / gate}") for gate in ("first", "second")]
        await eventually(lambda: desk.figures()["workers"] == 2)
        (tmp_path / "second").touch()
        await jobs[1][1].until(Done)
        second = desk._dispatch.slots[1].pid
        desk._dispatch.slots[0].kill()  # its job is begun again, by the one that is there already
        await eventually(lambda: desk._dispatch.slots[1].run is not None)
        assert desk._dispatch.slots[1].pid == second
        assert not desk._dispatch.slots[0].occupied
        (tmp_path / "first").touch()
        await jobs[0][1].until(Done)
