"""What is said where there is no cluster, or no Ray. (The real thing: test_ray.)"""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import pytest

from layerlift_server import lifecycle
from layerlift_server.cluster import places, pool
from layerlift_server.jobs import crashes
from layerlift_server.settings import Settings
from layerlift_server.worker import entry, messages
from layerlift_server.worker.process import Worker


def test_ray_that_is_missing_is_named_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "find_spec", lambda name: None)
    with pytest.raises(pool.Unreachable, match=r"Ray is not installed here. .*layerlift\[cluster\]"):
        pool.Pool("127.0.0.1:6379")


@pytest.mark.parametrize("address", ["nonsense", ":6379", "host:", "ray://host"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(pool.Unreachable, match="is no cluster's address"):
        pool._reach(address)


def test_an_address_where_nobody_listens_is_refused_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        pool._reach(f"127.0.0.1:{port}")
        pool._reach("auto")
    with pytest.raises(pool.Unreachable, match=f"No Ray cluster answers at 127.0.0.1:{port}"):
        pool._reach(f"127.0.0.1:{port}")


def test_workers_are_here_unless_a_cluster_is_named() -> None:
    assert lifecycle.devices(Settings()) == ("auto",)
    assert lifecycle.devices(Settings(workers=3)) == ("auto",) * 3


def test_a_server_for_a_cluster_that_is_not_there_says_so_and_does_not_start(tmp_path: Path) -> None:
    told: list[str] = []
    settings = Settings(data=tmp_path / "data", runtime=tmp_path / "runtime", cluster="nonsense")
    assert lifecycle.serve(settings, tell=told.append) == lifecycle.FAILED
    [line] = told
    assert line.startswith("layerlift: ")
    assert "nonsense" in line or "Ray is not installed" in line


def test_a_cluster_that_cannot_be_counted_is_explained() -> None:
    with pytest.raises(places.NoCluster) as refused:
        places.devices("nonsense")
    assert refused.value.sentence
    assert refused.value.remedy


async def test_a_worker_in_a_cluster_that_is_not_there_is_broken_and_says_why() -> None:
    heard: list[messages.PipeMessage] = []
    codes: list[int] = []
    worker = Worker(entry.Plan("", "ray:nonsense"), heard.append, codes.append)
    await worker.start()
    await asyncio.wait_for(worker.over(), 60)
    [broken] = heard
    assert isinstance(broken, messages.Broken)
    assert broken.problem.code == "engine-unavailable"
    assert codes == [entry.BROKEN]


def test_the_end_of_a_computer_is_told_as_such() -> None:
    problem = crashes.explain(entry.PLACE_GONE, None)
    assert (problem.code, problem.retryable) == ("crashed", True)
    assert "cluster" in problem.sentence


def test_the_server_side_imports_no_ray(tmp_path: Path) -> None:
    import subprocess

    code = "import sys, layerlift_server.cluster.places; print({'ray', 'numpy'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
