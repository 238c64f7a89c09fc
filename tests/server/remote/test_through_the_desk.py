"""The remote engine where it lives: in the worker of a server that has only words and addresses to give it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.engines.remote.fake_server import FakeServer
from layerlift.wire.messages import Done, Failed, Progress
from layerlift_server.jobs.port import LOCAL
from server.jobs.desks import eventually, opened, picture, send, submit

ENGINES = "layerlift.engines"


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FakeServer]]:
    """Two servers, named to whatever is started from here."""
    made = [FakeServer(), FakeServer()]
    monkeypatch.setenv("LAYERLIFT_REMOTE", ",".join(server.address for server in made))
    yield made
    for server in made:
        server.close()


async def test_two_jobs_at_a_time_go_to_two_servers_and_one_that_dies_costs_nothing(
    tmp_path: Path, gpus: list[FakeServer]
) -> None:
    async with opened(tmp_path, engines=ENGINES, devices=("auto", "auto")) as desk:
        upload = send(desk, picture(96, 64))
        ears = [submit(desk, upload, engine="remote", layers=3)[1] for _ in range(2)]
        done = [await ear.until(Done) for ear in ears]
        assert [one.layers for one in done] == [3, 3]
        assert all(one.notes[0].startswith("Taken apart by http://127.0.0.1:") for one in done)
        gpus[0].faults = gpus[1].faults = ["die"]  # one list: whoever is asked first dies, the other does not
        _, ear = submit(desk, upload, engine="remote", layers=3, seed=2)
        assert (await ear.until(Done)).layers == 3
        await eventually(lambda: [gpu.alive for gpu in gpus].count(False) == 1)
        assert desk.figures()["worker_restarts_total"] == 0


async def test_a_cancel_reaches_the_server_far_away(tmp_path: Path, gpus: list[FakeServer]) -> None:
    for gpu in gpus:
        gpu.faults = ["slow"]
    async with opened(tmp_path, engines=ENGINES) as desk:
        job, ear = submit(desk, send(desk, picture(96, 64)), engine="remote")
        await ear.until(Progress, lambda said: said.stage.startswith("Working on 127.0.0.1"))
        await eventually(lambda: any(gpu.started.is_set() for gpu in gpus))
        desk.cancel(job, LOCAL)
        assert (await ear.until(Failed)).problem.code == "cancelled"
        await eventually(lambda: any(gpu.left.is_set() for gpu in gpus))
        assert desk.figures()["worker_restarts_total"] == 0


async def test_servers_that_are_gone_are_named_to_the_client(tmp_path: Path, gpus: list[FakeServer]) -> None:
    for gpu in gpus:
        gpu.close()
    async with opened(tmp_path, engines=ENGINES) as desk:
        _, ear = submit(desk, send(desk, picture(96, 64)), engine="remote")
        problem = (await ear.until(Failed)).problem
        assert (problem.code, problem.retryable) == ("engine", True)
        assert all(gpu.address in problem.sentence for gpu in gpus)
        assert problem.remedy
