"""Servers that end, gently or by SIGKILL, and what the next one makes of what is left."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from layerlift.errors import OutputError
from layerlift.wire.messages import Done, Failed, LayerReady, Progress, Started, Submit
from layerlift.wire.values import DocumentInfo
from layerlift_server.jobs import database
from layerlift_server.jobs.desk import Desk
from layerlift_server.jobs.port import LOCAL, Refusal
from layerlift_server.jobs.settings import JobSettings
from layerlift_server.jobs.store import Store
from server.jobs.desks import DRILLS, PATIENCE, Clock, Ear, alive, eventually, new_id, opened, picture, send, submit

MORTAL = Path(__file__).parent / "mortal.py"


async def killed(folder: Path) -> dict[str, str]:
    """What a server was doing when it was killed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(MORTAL), str(folder), stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert process.stdout is not None
    told: dict[str, str] = json.loads(await asyncio.wait_for(process.stdout.readline(), PATIENCE))
    process.send_signal(signal.SIGKILL)
    await process.wait()
    return told


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
async def test_a_killed_server_loses_nothing_that_was_finished_and_begins_the_rest_again(tmp_path: Path) -> None:
    told = await killed(tmp_path)
    await eventually(lambda: not alive(int(told["worker"])))  # its worker dies with it
    (tmp_path / "data/results" / "left-behind").mkdir()
    (tmp_path / "data/uploads" / "left-behind").write_bytes(b"?")
    (tmp_path / "gate").touch()
    async with opened(tmp_path) as desk:
        assert "left-behind" not in {p.name for d in ("results", "uploads") for p in (tmp_path / "data" / d).iterdir()}
        assert {info.job: info.state for info in desk.list(LOCAL, 0)}[told["done"]] == "done"
        ear, again, last = Ear(), Ear(), Ear()
        desk.watch(told["done"], LOCAL, ear)
        assert len(ear.all(LayerReady)) == ear.all(Done)[0].layers == 3
        for layer in ear.all(LayerReady):
            assert desk.download(told["done"], LOCAL, layer.layer.index).size == layer.layer.size
        desk.watch(told["running"], LOCAL, again)
        desk.watch(told["waiting"], LOCAL, last)
        done = await again.until(Done)
        assert again.all(Started)[0].attempt == 2
        assert "The server stopped while this job ran." in done.notes[-1]
        assert not any("server stopped" in note for note in (await last.until(Done)).notes)
        data = picture(seed=2).tobytes()
        half = desk.upload(told["half"], len(data), DocumentInfo("Half", width=48, height=40, depth=8), LOCAL)
        assert half.have == 1000
        half.write(1000, memoryview(data)[1000:])
        assert half.have == half.size


async def test_a_stopping_server_lets_the_running_job_end(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with opened(tmp_path) as desk:
        upload = send(desk, picture())
        _, ear = submit(desk, upload, what=f"wait {gate}")
        await ear.until(Progress)
        stopping = asyncio.create_task(desk.stop(grace=PATIENCE))
        await asyncio.sleep(0)
        with pytest.raises(Refusal, match="shutting down"):
            submit(desk, upload)
        with pytest.raises(Refusal, match="shutting down"):
            send(desk, picture())
        gate.touch()
        await ear.until(Done)
        await stopping
        await desk.stop(grace=0)  # again: nothing happens


async def test_a_stopped_server_s_running_job_waits_for_the_next_and_counts_no_attempt(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        job, ear = submit(desk, send(desk, picture()), what=f"wait {tmp_path / 'gate'}", detached=True)
        await ear.until(Progress)
    (tmp_path / "gate").touch()
    async with opened(tmp_path) as desk:
        ear = Ear()
        desk.watch(job, LOCAL, ear)
        await ear.until(Done)
        assert [started.attempt for started in ear.all(Started)] == [1]


async def test_what_a_dead_server_left_is_settled_by_its_rows_and_files(tmp_path: Path) -> None:
    """Without a dead server: the rows are set as one leaves them."""
    async with opened(tmp_path) as desk:
        upload = send(desk, picture())
        jobs = []
        for _ in range(4):
            job, ear = submit(desk, upload)
            await ear.until(Done)
            jobs.append(job)
        lost, lost_ear = submit(desk, send(desk, picture()))
        await lost_ear.until(Done)
    store = Store(tmp_path / "data/jobs.sqlite")
    adopted, twice, damaged, kept = jobs
    for job, changes in {
        adopted: {"state": "running", "attempt": 1},  # its result is whole, but nobody wrote that down
        twice: {"state": "running", "attempt": 2, "folder": f"{twice}.gone"},
        lost: {"state": "queued"},
    }.items():
        row = store.job(job)
        assert row is not None
        if job == lost:
            (tmp_path / "data/uploads" / row.upload).unlink()
        store.save(replace(row, finished=None, outcome=None, **changes))
    row = store.job(damaged)
    assert row is not None
    (tmp_path / "data/results" / row.folder / "result.json").write_text("{")
    store.close()
    async with opened(tmp_path, prestart=False) as desk:
        states = {info.job: info for info in desk.list(LOCAL, 0)}
        assert {job: info.state for job, info in states.items()} == {
            **dict.fromkeys((adopted, damaged, kept), "done"),
            **dict.fromkeys((twice, lost), "interrupted"),
        }
        assert states[adopted].layers == 4
        for job, words in ((twice, "begun 2 times"), (lost, "document is gone")):
            ear = Ear()
            desk.watch(job, LOCAL, ear)
            [failed] = ear.heard
            assert isinstance(failed, Failed)
            assert (failed.state, failed.problem.code) == ("interrupted", "interrupted")
            assert words in failed.problem.sentence
        ear = Ear()
        desk.watch(damaged, LOCAL, ear)
        assert "damaged" in ear.all(Failed)[0].problem.sentence
        with pytest.raises(Refusal, match="damaged"):
            desk.download(damaged, LOCAL, 0)
        desk.download(adopted, LOCAL, 0).close()


async def test_a_folder_that_is_newer_or_broken_or_none_is_left_alone(tmp_path: Path) -> None:
    settings = JobSettings(engines=DRILLS, prestart=False)
    async with opened(tmp_path, prestart=False):
        pass
    with sqlite3.connect(tmp_path / "data/jobs.sqlite") as connection:
        connection.execute(f"PRAGMA user_version = {len(database.MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(
        OutputError, match=f"version {len(database.MIGRATIONS) + 1}; this program knows {len(database.MIGRATIONS)}"
    ):
        await Desk(tmp_path / "data", settings).start()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be used"):
        await Desk(tmp_path / "file", settings).start()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/jobs.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(OutputError, match="not a database"):
        await Desk(tmp_path / "broken", settings).start()


async def test_what_has_expired_goes_and_what_is_kept_or_needed_stays(tmp_path: Path) -> None:
    clock, steady = Clock(), Clock()
    async with opened(tmp_path, clock=clock, steady=steady, watch_grace=1e9, exit_after=1e9, rest_after=1e9) as desk:
        upload = send(desk, picture())
        kept, ear = submit(desk, upload)
        await ear.until(Done)
        gone, ear = submit(desk, upload)
        await ear.until(Done)
        assert desk.keep(kept, LOCAL, True).kept
        _, ear = submit(desk, send(desk, picture()), what=f"wait {tmp_path / 'gate'}")
        clock.now += 8 * 86400
        steady.now += 3600
        desk.tick()
        assert {info.job for info in desk.list(LOCAL, 0)} & {kept, gone} == {kept}
        assert desk.figures()["uploads"] == 1  # the running job's
        assert desk.figures()["results"] == 1
        await eventually(lambda: len(list((tmp_path / "data/results").iterdir())) <= 1)
        desk.keep(kept, LOCAL, False)
        steady.now += 3600
        desk.tick()
        assert desk.figures()["results"] == 0
        (tmp_path / "gate").touch()
        await ear.until(Done)


async def test_a_job_that_nobody_watches_is_cancelled_unless_it_is_detached(tmp_path: Path) -> None:
    steady = Clock()
    async with opened(tmp_path, steady=steady) as desk:
        upload = send(desk, picture())
        watched, ear = submit(desk, upload, what=f"wait {tmp_path / 'gate'}")
        left, detached, never = new_id(), new_id(), new_id()
        for job in (left, detached, never):
            desk.submit(Submit(job, engine="drill", upload=upload, detached=job == detached), LOCAL, "krita")
        steady.now += 10
        first, second = Ear(), Ear()
        stops = [desk.watch(left, LOCAL, each) for each in (first, second)]
        steady.now += 10
        stops[0]()
        stops[0]()
        steady.now += 10
        stops[1]()
        desk.tick()
        states = {info.job: info.state for info in desk.list(LOCAL, 0)}
        assert states == {watched: "running", left: "queued", detached: "queued", never: "cancelled"}
        steady.now += 30
        desk.tick()
        states = {info.job: info.state for info in desk.list(LOCAL, 0)}
        assert states == {watched: "running", left: "cancelled", detached: "queued", never: "cancelled"}
        assert first.all(Failed) == second.all(Failed) == []
        (tmp_path / "gate").touch()
        await ear.until(Done)
