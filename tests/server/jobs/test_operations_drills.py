"""Operations that are cancelled, whose workers die, whose sources are dropped, whose servers end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from layerlift import operations
from layerlift.engines.fake import FakeEngine
from layerlift.wire.messages import Done, Failed, Progress, Started
from layerlift.wire.params import OPERATIONS
from layerlift.wire.values import Operation
from layerlift_server.jobs.port import LOCAL
from server.jobs.desks import Ear, eventually, opened, picture, send, submit
from server.jobs.orders import ORDERS, WITH_SOURCE, material, result, same


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_cancel_is_heard_in_the_queue_while_it_draws_and_after(tmp_path: Path, operation: Operation) -> None:
    gate = tmp_path / "gate"
    async with opened(tmp_path) as desk:
        upload = None if operation == "generate" else send(desk, picture())
        running, ear = submit(desk, upload, operation=operation, negative=f"wait {gate}", **ORDERS[operation])
        queued, behind = submit(desk, upload, operation=operation, **ORDERS[operation])
        await ear.until(Progress, lambda said: said.stage.startswith("Drill"))
        desk.cancel(queued, LOCAL)
        assert (await behind.until(Failed)).state == "cancelled"
        desk.cancel(running, LOCAL)
        assert (await ear.until(Failed)).state == "cancelled"
        gate.touch()
        done, last = submit(desk, upload, operation=operation, **ORDERS[operation])
        await last.until(Done)
        desk.cancel(done, LOCAL)
        assert {info.state for info in desk.list(LOCAL, 0)} == {"cancelled", "done"}
        folder = desk._tracker.find(done, LOCAL).folder
        await eventually(lambda: [p.name for p in (tmp_path / "data/results").iterdir()] == [folder])
        assert desk.figures()["worker_restarts_total"] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="the drills die by POSIX signals")
async def test_an_operation_whose_worker_dies_is_done_by_the_next_just_the_same(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        upload = send(desk, picture())
        jobs: dict[Operation, tuple[str, Ear]] = {}
        for operation in OPERATIONS:
            words = f"kill {tmp_path / operation}"
            given = None if operation == "generate" else upload
            jobs[operation] = submit(desk, given, operation=operation, negative=words, **ORDERS[operation])
        for operation, (job, ear) in jobs.items():
            done = await ear.until(Done)
            assert [started.attempt for started in ear.all(Started)][-1] == 2
            assert "was killed" in done.notes[-1]
            params = ORDERS[operation]
            expected = operations.run(operation, FakeEngine(), params=params, **material(operation, picture()))
            same(result(desk, job), expected)
        assert desk.figures()["worker_restarts_total"] == len(OPERATIONS)


@pytest.mark.skipif(sys.platform == "win32", reason="the drills die by POSIX signals")
async def test_a_source_that_is_dropped_stays_until_who_works_on_it_has_ended(tmp_path: Path) -> None:
    """Also when the worker dies on the way and begins once more."""
    gate = tmp_path / "gate"
    async with opened(tmp_path) as desk:
        source, ear = submit(desk, send(desk, picture()), layers=3)
        await ear.until(Done)
        folder, stack = desk._results.path(desk._tracker.find(source, LOCAL).folder), result(desk, source)
        expected = operations.run("edit", FakeEngine(), stack=stack, params=WITH_SOURCE["edit"])
        _, first = submit(desk, send(desk, picture()), what=f"wait {gate}")
        job, ear = submit(
            *(desk, None), operation="edit", source=source, negative=f"kill {tmp_path / 'dead'}", **WITH_SOURCE["edit"]
        )
        again, last = submit(desk, None, operation="harmonise", source=source)
        desk.drop(source, LOCAL)
        assert source not in {info.job for info in desk.list(LOCAL, 0)}
        assert folder.exists()
        gate.touch()
        await first.until(Done)
        await ear.until(Done)
        same(result(desk, job), expected)
        await last.until(Done)
        await eventually(lambda: not folder.exists())
        assert again


async def test_a_source_outlives_a_restart_for_those_that_wait_and_goes_then(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with opened(tmp_path) as desk:
        source, ear = submit(desk, send(desk, picture()), layers=3)
        await ear.until(Done)
        stack = result(desk, source)
        name = desk._tracker.find(source, LOCAL).folder
        running, ear = submit(
            *(desk, None),
            operation="edit",
            source=source,
            negative=f"wait {gate}",
            detached=True,
            **WITH_SOURCE["edit"],
        )
        words, _ = submit(desk, None, operation="generate", prompt="a boat", width=32, height=20, detached=True)
        await ear.until(Progress, lambda said: said.stage.startswith("Drill"))
        desk.drop(source, LOCAL)
    gate.touch()
    async with opened(tmp_path) as desk:
        assert (tmp_path / "data/results" / name).exists()
        ear, drawn = Ear(), Ear()
        desk.watch(running, LOCAL, ear)
        desk.watch(words, LOCAL, drawn)
        await ear.until(Done)
        same(result(desk, running), operations.run("edit", FakeEngine(), stack=stack, params=WITH_SOURCE["edit"]))
        await drawn.until(Done)
        await eventually(lambda: not (tmp_path / "data/results" / name).exists())


async def test_a_job_whose_source_is_gone_after_a_restart_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        source, ear = submit(desk, send(desk, picture()), layers=3)
        await ear.until(Done)
        name = desk._tracker.find(source, LOCAL).folder
        job, ear = submit(
            *(desk, None), operation="harmonise", source=source, negative=f"wait {tmp_path / 'gate'}", detached=True
        )
        await ear.until(Progress, lambda said: said.stage.startswith("Drill"))
    (tmp_path / "data/results" / name / "result.json").unlink()
    async with opened(tmp_path, prestart=False) as desk:
        ear = Ear()
        desk.watch(job, LOCAL, ear)
        (failed,) = ear.all(Failed)
        assert (failed.state, failed.problem.code) == ("interrupted", "interrupted")
