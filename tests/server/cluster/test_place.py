"""A place's own folder, and what it does with others'."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from layerlift import __version__
from layerlift_server.cluster import place
from layerlift_server.cluster.place import Place


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(place.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_says_who_it_is() -> None:
    assert Place().about() == (__version__, os.getpid())


def test_pieces_become_files_and_files_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Place()
    path = str(Path(here.room("one")) / "source" / "file")
    here.take(path, 0, b"0123")
    here.take(path, 4, b"456")
    monkeypatch.setattr(place, "PIECE", 5)
    assert [here.give(path, offset) for offset in (0, 5, 7)] == [b"01234", b"56", b""]
    assert here.give(path + "x", 0) is None
    here.forget("one")
    assert not Path(path).exists()
    here.close()


def test_a_folder_is_shared_only_with_the_secret_in_it(temporary: Path) -> None:
    token = temporary / "token"
    token.write_text("secret")
    here = Place()
    assert here.shares(str(token), "secret")
    assert not here.shares(str(token), "another")
    assert not here.shares(str(temporary / "elsewhere"), "secret")


@pytest.mark.skipif(os.name != "posix", reason="who lives is not known on Windows")
def test_what_dead_workers_left_is_swept_up_and_nothing_else(temporary: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    mine = Path(Place().room("one")).parent
    names = [f"layerlift-cluster-{child.pid}-x", f"layerlift-cluster-{os.getppid()}-x", "layerlift-cluster-x", "other"]
    for name in names:
        (temporary / name / "run").mkdir(parents=True)
    Place().room("two")
    left = {path.name for path in temporary.iterdir()}
    assert names[0] not in left
    assert {mine.name, *names[1:]} <= left
