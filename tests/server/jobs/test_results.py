from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerlift.wire.values import Bounds, LayerInfo
from layerlift_server.jobs import arena
from layerlift_server.jobs.arena import Trash
from layerlift_server.jobs.port import Refusal
from layerlift_server.jobs.results import Results
from layerlift_server.worker import manifest

LAYER = LayerInfo(0, "Sky", "background", Bounds(0, 0, 5, 4), 8, 80, "0" * 64)


@pytest.fixture
def results(tmp_path: Path) -> Iterator[Results]:
    trash = Trash(tmp_path / "trash")
    yield Results(tmp_path / "results", trash)
    trash.close()


def finished(results: Results, folder: str) -> manifest.Result:
    result = manifest.Result("Poster", 5, 4, 8, 3, 1.5, (LAYER,))
    results.path(folder).mkdir()
    (results.path(folder) / "layer-000.rgba").write_bytes(bytes(range(80)))
    (results.path(folder) / "profile.icc").write_bytes(b"icc")
    manifest.save(result, results.path(folder))
    return result


def test_a_layer_is_read_in_pieces_until_it_is_closed(results: Results) -> None:
    result = finished(results, "a")
    assert results.load("a") == result
    download = results.layer("a", 0, 80)
    assert download.size == 80
    assert b"".join(download.read(offset, 33) for offset in (0, 33, 66)) == bytes(range(80))
    assert download.read(80, 10) == b""
    download.close()
    download.close()
    with pytest.raises(ValueError, match="closed"):
        download.read(0, 1)
    assert results.profile("a", 3).read(0, 10) == b"icc"


def test_what_is_not_as_we_left_it_is_not_served(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    finished(results, "a")
    for call in (lambda: results.layer("a", 0, 81), lambda: results.layer("a", 1, 80), lambda: results.profile("b", 3)):
        with pytest.raises(Refusal, match="damaged or gone"):
            call()
    with pytest.raises(manifest.Damaged):
        results.load("b")
    download = results.layer("a", 0, 80)

    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(arena, "read_at", fail)
    with pytest.raises(Refusal, match="damaged"):
        download.read(0, 10)
    download.close()


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_is_never_followed(results: Results, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(80))
    finished(results, "a")
    layer = results.path("a") / "layer-000.rgba"
    layer.unlink()
    layer.symlink_to(tmp_path / "secret")
    with pytest.raises(Refusal):
        results.layer("a", 0, 80)


def test_descriptions_are_remembered_but_not_for_ever(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerlift_server.jobs.results._REMEMBERED", 2)
    for folder in "abc":
        finished(results, folder)
    first = results.load("a")
    assert results.load("a") is first
    results.load("b")
    results.load("c")
    assert results.load("a") is not first
    results.discard("a")
    with pytest.raises(manifest.Damaged):
        results.load("a")


def test_sweeping_leaves_what_is_wanted(results: Results) -> None:
    for folder in "abc":
        finished(results, folder)
    (results.path("b") / ".export.psd.0123456789ab.part").write_bytes(b"half made")
    results.sweep({"b"})
    assert not list(results.path("b").glob(".*"))
    assert [path.name for path in results.path("").iterdir()] == ["b"]
    results.discard("")
    assert results.path("b").exists()


def test_what_is_held_goes_when_the_last_has_let_go(results: Results) -> None:
    for folder in "ab":
        finished(results, folder)
        assert results.whole(folder)
    results.hold("a")
    results.hold("a")
    results.hold("")
    results.discard("a")
    results.discard("b")
    assert results.whole("a")
    assert not results.whole("b")
    results.let_go("a")
    assert results.whole("a")
    results.let_go("a")
    results.let_go("a")
    assert not results.path("a").exists()
    finished(results, "c")
    results.hold("c")
    results.let_go("c")
    assert results.whole("c"), "nobody wanted it gone"


def test_sweeping_leaves_what_is_worked_on_until_that_is_over(results: Results) -> None:
    for folder in "abc":
        finished(results, folder)
    results.sweep({"a"}, iter("ab"))
    assert sorted(path.name for path in results.path("").iterdir()) == ["a", "b"]
    for folder in "ab":
        results.hold(folder)
        results.let_go(folder)
    assert [path.name for path in results.path("").iterdir()] == ["a"]
