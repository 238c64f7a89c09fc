"""Workers that crash, hang, run out of memory or break: what becomes of the job, the worker and the client."""

from __future__ import annotations

import math
import os
import signal
import sys
from pathlib import Path

import pytest

from layerlift.wire.messages import Done, Failed, LayerReady, Progress, Started
from layerlift_server.jobs.desk import Desk
from layerlift_server.jobs.port import LOCAL
from server.jobs.desks import Clock, Ear, alive, eventually, opened, picture, send, submit

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the drills die by POSIX signals")


def worker(desk: Desk) -> int | None:
    """The process id of the desk's first worker."""
    return desk._dispatch.slots[0].pid


async def test_a_job_whose_worker_dies_once_is_done_by_the_next_and_says_so(tmp_path: Path) -> None:
    deaths = {"kill": "was killed", "segfault": "invalid memory access", "memory": "not enough memory"}
    async with opened(tmp_path) as desk:
        upload = send(desk, picture())
        for number, (verb, words) in enumerate(deaths.items(), 1):
            marker = tmp_path / verb
            job, ear = submit(desk, upload, what=f"{verb} {marker}", layers=3)
            done = await ear.until(Done)
            assert [started.attempt for started in ear.all(Started)] == [1, 2]
            assert words in done.notes[-1]
            assert any(words in said.stage and "once more" in said.stage for said in ear.all(Progress))
            assert len(ear.all(LayerReady)) == 3
            assert desk.figures()["worker_restarts_total"] == number
            assert not alive(int(marker.read_text()))
            assert alive(worker(desk) or 0)
        folders = {path.name for path in (tmp_path / "data/results").iterdir()}
        assert len(folders) == 3
        assert desk._tracker.find(job, LOCAL).folder in folders


async def test_a_job_that_kills_every_worker_fails_and_the_next_one_is_done(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        upload = send(desk, picture())
        _, ear = submit(desk, upload, what="exit")
        _, gpu_ear = submit(desk, upload, what="gpu")
        _, next_ear = submit(desk, upload)
        for failed, code in ((await ear.until(Failed), "crashed"), (await gpu_ear.until(Failed), "out-of-memory")):
            assert (failed.state, failed.problem.code, failed.problem.retryable) == ("failed", code, True)
            assert "tried 2 times" in failed.problem.sentence
            assert failed.problem.remedy
        await next_ear.until(Done)
        assert desk.list(LOCAL, 0)[1].problem == failed.problem
        assert desk.figures()["worker_restarts_total"] == 4


async def test_an_engine_s_own_failure_costs_neither_a_second_try_nor_the_worker(tmp_path: Path) -> None:
    failures = {"defect": "broke (ZeroDivisionError: a defect)", "sorry": "The engine found nothing."}
    async with opened(tmp_path) as desk:
        upload = send(desk, picture())
        _, first = submit(desk, upload)
        await first.until(Done)
        before = worker(desk)
        for verb, words in failures.items():
            _, ear = submit(desk, upload, what=verb)
            failed = await ear.until(Failed)
            assert failed.problem.code == "engine"
            assert words in failed.problem.sentence
            assert len(ear.all(Started)) == 1
        assert worker(desk) == before


async def test_an_idle_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        _, ear = submit(desk, send(desk, picture()))
        await ear.until(Done)
        first = worker(desk)
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: worker(desk) not in (None, first))
        assert not alive(first)


async def test_a_running_job_hears_its_cancel(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        upload = send(desk, picture())
        job, ear = submit(desk, upload, what=f"wait {tmp_path / 'never'}")
        queued, queued_ear = submit(desk, upload)
        await ear.until(Progress)
        before = worker(desk)
        desk.cancel(queued, LOCAL)
        assert (await queued_ear.until(Failed)).state == "cancelled"
        desk.cancel(job, LOCAL)
        failed = await ear.until(Failed)
        assert (failed.state, failed.problem.code) == ("cancelled", "cancelled")
        desk.cancel(job, LOCAL)  # it has ended: nothing happens
        assert worker(desk) == before
        assert desk.figures()["cancelled_total"] == 2


async def test_an_engine_that_is_deaf_loses_its_worker_after_the_grace(tmp_path: Path) -> None:
    steady, marker = Clock(), tmp_path / "deaf"
    async with opened(tmp_path, steady=steady, watch_grace=1e9) as desk:
        upload = send(desk, picture())
        job, ear = submit(desk, upload, what=f"deaf {marker}")
        _, next_ear = submit(desk, upload)
        await eventually(marker.exists)
        desk.cancel(job, LOCAL)
        steady.now += 9.0
        desk.tick()
        assert alive(int(marker.read_text()))
        steady.now += 1.0
        desk.tick()
        assert (await ear.until(Failed)).state == "cancelled"
        await next_ear.until(Done)
        assert not alive(int(marker.read_text()))


async def test_a_dropped_running_job_is_stopped_and_its_id_is_free_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        job, ear = submit(desk, send(desk, picture()), what=f"wait {tmp_path / 'never'}")
        await ear.until(Progress)
        desk.drop(job, LOCAL)
        assert (await ear.until(Failed)).state == "cancelled"
        assert desk.list(LOCAL, 0) == []
        _, next_ear = submit(desk, send(desk, picture()))
        await next_ear.until(Done)
        assert len(ear.all(Failed)) == 1
        assert len(list((tmp_path / "data/results").iterdir())) == 1


async def test_an_idle_worker_rests_then_goes_and_comes_back_for_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady, rested = Clock(), tmp_path / "rested"
    monkeypatch.setenv("LAYERLIFT_TEST_RESTED", str(rested))
    async with opened(tmp_path, steady=steady) as desk:
        upload = send(desk, picture())
        _, ear = submit(desk, upload)
        await ear.until(Done)
        first = worker(desk)
        assert first is not None
        steady.now += 299
        desk.tick()
        steady.now += 1
        desk.tick()
        await eventually(rested.exists)
        steady.now += 600
        desk.tick()
        await eventually(lambda: desk.figures()["workers"] == 0)
        assert not alive(first)
        assert desk.figures()["worker_restarts_total"] == 0
        _, ear = submit(desk, upload)
        await ear.until(Done)
        assert worker(desk) != first


async def test_a_broken_installation_fails_jobs_with_its_reason_and_starts_no_worker_for_ever(tmp_path: Path) -> None:
    async with opened(tmp_path, engines="server.worker.nowhere") as desk:
        _, ear = submit(desk, send(desk, picture()), engine="quick")
        failed = await ear.until(Failed)
        assert failed.problem.code == "engine-unavailable"
        assert "No module named 'server.worker.nowhere'" in failed.problem.sentence
        assert failed.problem.remedy
        assert len(ear.all(Started)) == 1
        assert desk.figures()["workers"] == 0


def pass_time(desk: Desk, clock: Clock, seconds: float) -> None:
    """As the desk's own clockwork sees it go by."""
    for _ in range(round(seconds / 30)):
        clock.now += 30
        desk.tick()


async def test_an_engine_that_says_nothing_is_told_of_and_at_last_given_up(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, steady=clock) as desk:
        upload = send(desk, picture())
        job, ear = submit(desk, upload, what="deaf")
        _, waiting = submit(desk, upload)
        await ear.until(Progress, lambda said: said.stage.startswith("Drill"))
        said = len(ear.heard)
        pass_time(desk, clock, 270)
        assert len(ear.heard) == said
        pass_time(desk, clock, 60)
        told = ear.heard[-1]
        assert isinstance(told, Progress)
        assert told.stage == "No news for 5 min; wait or cancel. Last: Drill deaf"
        assert desk.list(LOCAL, 0)[1].stage == told.stage
        late = Ear()
        desk.watch(job, LOCAL, late)
        assert late.heard[-1] == told
        clock.now += 7200  # the computer sleeps: that is nobody's fault
        desk.tick()
        pass_time(desk, clock, 600)
        assert desk.list(LOCAL, 0)[1].state == "running"
        pass_time(desk, clock, 3000)
        failed = await ear.until(Failed)
        assert (failed.state, failed.problem.code) == ("failed", "engine")
        assert failed.problem.sentence == "The engine said nothing for 60 minutes, so its process was replaced."
        await waiting.until(Done)
        assert len(ear.all(Started)) == 1


async def test_news_after_a_silence_take_the_warning_back_and_patience_can_be_endless(tmp_path: Path) -> None:
    clock, gate = Clock(), tmp_path / "gate"
    async with opened(tmp_path, steady=clock, give_up_after=math.inf) as desk:
        job, ear = submit(desk, send(desk, picture()), what=f"wait {gate}")
        await ear.until(Progress, lambda said: said.stage.startswith("Drill"))
        pass_time(desk, clock, 7200)
        assert "No news for 120 min" in desk.list(LOCAL, 0)[0].stage
        gate.touch()
        await ear.until(Done)
        (info,) = desk.list(LOCAL, 0)  # a report that Done overtook is never sent: the list is what everybody sees
        assert info.state == "done"
        assert "No news" not in info.stage
        assert job


async def test_a_silent_engine_can_be_cancelled(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, steady=clock) as desk:
        job, ear = submit(desk, send(desk, picture()), what="deaf")
        await ear.until(Progress, lambda said: said.stage.startswith("Drill"))
        pass_time(desk, clock, 330)
        desk.cancel(job, LOCAL)
        pass_time(desk, clock, 30)
        assert (await ear.until(Failed)).state == "cancelled"
