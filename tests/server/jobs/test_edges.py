"""What a desk refuses, and what it does when its own disk, its workers' start or a listener fail."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from layerlift import engines
from layerlift.wire.messages import Done, Failed, LayerReady, Message, Progress, Queued, Started, Submit
from layerlift_server.jobs import refusals
from layerlift_server.jobs.desk import Desk
from layerlift_server.jobs.port import LOCAL, Jobs, Refusal
from layerlift_server.jobs.settings import JobSettings, disk_free
from layerlift_server.jobs.store import Store
from layerlift_server.worker.process import Worker
from layerlift_server.worker.service import offers
from server.jobs.desks import DRILLS, Clock, Ear, eventually, new_id, opened, picture, send, submit


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.problem.code


async def test_what_cannot_be_done_is_refused_at_the_desk(tmp_path: Path) -> None:
    limits = replace(JobSettings().limits, jobs=2)
    async with opened(tmp_path, limits=limits) as desk:
        upload = send(desk, picture())
        job, ear = submit(desk, upload, what=f"wait {tmp_path / 'gate'}", layers=2)

        def order(**changes: object) -> Callable[[], object]:
            return lambda: desk.submit(replace(Submit(new_id(), upload=upload), **changes), LOCAL, "krita")

        await eventually(lambda: len(desk.offers()) == 2)
        assert refused(order(job="../x")) == "malformed"
        assert refused(order(upload=None)) == "bad-params"
        assert refused(order(upload=new_id())) == "unknown-upload"
        assert refused(order(params={"layers": 0})) == "bad-params"
        assert refused(order(operation="edit")) == "bad-params"  # what shall be edited?
        assert refused(order(operation="extend", engine="absent")) == "engine-unavailable"
        assert refused(order(engine="absent")) == "engine-unavailable"
        assert refused(lambda: desk.download(job, LOCAL, None)) == "not-finished"
        submit(desk, upload)
        assert refused(order()) == "too-many"
        submit(desk, upload, client="gimp")  # another client has its own number
        with pytest.raises(Refusal):
            await desk.export(job, LOCAL, "psd")
        (tmp_path / "gate").touch()
        await ear.until(Done)
        assert refused(lambda: desk.download(job, LOCAL, 2)) == "bad-params"
        assert refused(lambda: desk.download(job, LOCAL, -1)) == "bad-params"
        profile = desk.download(job, LOCAL, None)  # sRGB needs none: there is nothing to pull
        assert (profile.size, bytes(profile.read(0, 10))) == (0, b"")
        profile.close()


async def test_positions_are_told_when_they_change_and_clients_take_turns(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        upload = send(desk, picture())
        _, first = submit(desk, upload, what=f"wait {tmp_path / 'gate'}", client="a")
        ears = [submit(desk, upload, client=client)[1] for client in "aab"]
        said = [[message.position for message in ear.all(Queued)] for ear in ears]
        assert said == [[1], [2, 3], [2]]
        order: list[int] = []
        for index, ear in enumerate(ears):
            desk.watch(ear.heard[0].job, LOCAL, _noted(index, order))  # type: ignore[attr-defined]
        (tmp_path / "gate").touch()
        for ear in (first, *ears):
            await ear.until(Done)
        assert order == [0, 2, 1]
        said = [[message.position for message in ear.all(Queued)] for ear in ears]
        assert said == [[1], [2, 3, 2, 1], [2, 1]]


def _noted(index: int, order: list[int]) -> Callable[[Message], None]:
    return lambda message: order.append(index) if isinstance(message, Started) else None


async def test_layers_can_be_pulled_before_the_job_is_done(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        sizes: list[int] = []
        job, ear = submit(desk, send(desk, picture()), layers=3)

        def pull(message: Message) -> None:
            if isinstance(message, LayerReady):
                download = desk.download(job, LOCAL, message.layer.index)
                sizes.append(len(download.read(0, download.size)))
                download.close()
                assert not ear.all(Done)

        desk.watch(job, LOCAL, pull)
        await ear.until(Done)
        assert sizes == [ready.layer.size for ready in ear.all(LayerReady)]


async def test_a_listener_that_breaks_is_its_own_problem(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def broken(message: Message) -> None:
        if isinstance(message, Progress):
            raise ZeroDivisionError

    async with opened(tmp_path) as desk:
        gate = tmp_path / "gate"
        job, ear = submit(desk, send(desk, picture()), what=f"wait {gate}")
        desk.watch(job, LOCAL, broken)
        gate.touch()
        await ear.until(Done)
    assert "a listener broke" in caplog.text


async def test_a_disk_that_fails_leaves_the_client_told_and_the_job_for_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path) as desk:
        upload = send(desk, picture())
        job, ear = submit(desk, upload, what=f"wait {tmp_path / 'gate'}", layers=2)
        await ear.until(Started)

        def full(*_: object) -> None:
            raise refusals.disk_full()

        with monkeypatch.context() as failing:
            failing.setattr(Store, "save", full)
            assert refused(lambda: submit(desk, upload)) == "disk-full"
            (tmp_path / "gate").touch()
            await ear.until(Done)
        assert "cannot be written down" in caplog.text
    async with opened(tmp_path, prestart=False) as desk:
        late = Ear()
        desk.watch(job, LOCAL, late)
        assert len(late.all(LayerReady)) == 2


async def test_a_result_that_is_damaged_as_it_is_finished_fails_its_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as desk:
        job, ear = submit(desk, send(desk, picture()), what=f"wait {tmp_path / 'gate'}")
        await ear.until(Progress)
        folder = desk._results.path(desk._tracker.find(job, LOCAL).folder)

        def damage(message: Message) -> None:
            if isinstance(message, LayerReady) and message.layer.index == 0:
                monkeypatch.setattr(desk._results, "load", _damaged)

        desk.watch(job, LOCAL, damage)
        (tmp_path / "gate").touch()
        failed = await ear.until(Failed)
        assert "damaged" in failed.problem.sentence
        await eventually(lambda: not folder.exists())


def _damaged(folder: str) -> None:
    from layerlift_server.worker.manifest import Damaged

    raise Damaged(folder)


async def test_a_system_that_lets_no_process_start_fails_the_job_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(self: Worker) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(Worker, "start", refuse)
    async with opened(tmp_path) as desk:
        _, ear = submit(desk, send(desk, picture()))
        failed = await ear.until(Failed)
        assert (failed.problem.code, failed.problem.retryable) == ("crashed", True)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
async def test_a_worker_killed_before_its_first_word_is_replaced_but_not_for_ever(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        slot = desk._dispatch.slots[0]
        for _ in range(3):
            await eventually(lambda: slot.pid is not None)
            os.kill(slot.pid or 0, signal.SIGSTOP)  # so that it cannot say hello
            os.kill(slot.pid or 0, signal.SIGKILL)
            await eventually(lambda lost=slot.lost: slot.lost > lost)
        assert not slot.occupied
        _, ear = submit(desk, send(desk, picture()))
        await ear.until(Done)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
async def test_an_export_whose_worker_dies_says_so_and_can_be_asked_for_again(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, steady=clock) as desk:
        job, ear = submit(desk, send(desk, picture()))
        await ear.until(Done)
        slot = desk._exports._slot
        asked = asyncio.create_task(desk.export(job, LOCAL, "psd"))
        await eventually(lambda: slot.pid is not None)
        folder = desk._results.path(desk._tracker.find(job, LOCAL).folder)
        (folder / ".export.psd.0123456789ab.part").write_bytes(b"half made")
        os.kill(slot.pid or 0, signal.SIGKILL)
        with pytest.raises(Refusal) as refusal:
            await asked
        assert not list(folder.glob(".*"))
        assert refusal.value.problem.code == "crashed"
        assert (await desk.export(job, LOCAL, "psd")).exists()
        clock.now += 60
        desk.tick()
        await eventually(lambda: not slot.occupied)
        stopped = asyncio.create_task(desk.export(job, LOCAL, "ora"))
        await eventually(lambda: slot.pid is not None)
        await desk.stop(grace=0)
        with pytest.raises(Refusal, match="shutting down"):
            await stopped
        with pytest.raises(Refusal, match="shutting down"):
            await desk.export(job, LOCAL, "ora")


async def test_engines_are_remembered_and_presumed_before_they_were_ever_told(tmp_path: Path) -> None:
    async with opened(tmp_path, prestart=False) as desk:
        [presumed] = desk.offers()
        assert (presumed,) == offers([engines.get("quick").info], "quick")
        await eventually(lambda: [offer.name for offer in desk.offers()] == ["drill", "absent"])
    async with opened(tmp_path, prestart=False) as desk:
        told = desk.offers()
        assert [offer.name for offer in told] == ["drill", "absent"]
        assert [offer.missing for offer in told] == [None, "There are no weights here."]
        assert [offer.default for offer in told] == [True, False]
        assert desk.figures()["workers"] == 0
        assert desk.limits() == JobSettings().limits


async def test_a_refusal_that_may_be_yesterdays_news_wakes_a_worker(tmp_path: Path) -> None:
    async with opened(tmp_path, prestart=False) as desk:
        await eventually(lambda: len(desk.offers()) == 2)
    async with opened(tmp_path, prestart=False) as desk:
        upload = send(desk, picture())
        assert refused(lambda: submit(desk, upload, layers=0)) == "bad-params"
        assert desk.figures()["workers"] == 0
        assert refused(lambda: submit(desk, upload, engine="absent")) == "engine-unavailable"
        assert desk.figures()["workers"] == 1


async def test_one_bad_tick_is_not_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ticks = 0

    def bad(self: Desk) -> None:
        nonlocal ticks
        ticks += 1
        raise ZeroDivisionError

    monkeypatch.setattr(Desk, "tick", bad)
    with caplog.at_level(logging.ERROR):
        async with opened(tmp_path, prestart=False, tick=0.001):
            await eventually(lambda: ticks > 2)
    assert "housekeeping failed" in caplog.text


def test_a_desk_is_what_the_port_promises(tmp_path: Path) -> None:
    desk: Jobs = Desk(tmp_path, JobSettings(engines=DRILLS))
    assert desk.limits().jobs > 0
    assert disk_free(tmp_path) > 0
