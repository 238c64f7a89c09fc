from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from layerlift_server.jobs import arena, crashes
from layerlift_server.jobs.arena import Trash


@pytest.mark.parametrize("positional", [True, False])
def test_writing_and_reading_at_an_offset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, positional: bool) -> None:
    if not positional:  # as on Windows
        monkeypatch.delattr(os, "pwrite", raising=False)
        monkeypatch.delattr(os, "pread", raising=False)
    file = arena.open_for_writing(tmp_path / "a")
    arena.write_at(file, 3, memoryview(b"def"))
    arena.write_at(file, 0, memoryview(b"abc"))
    assert arena.read_at(file, 1, 4) == b"bcde"
    os.close(file)
    with arena.mapped(tmp_path / "a") as memory:
        assert bytes(memory) == b"abcdef"


def test_a_system_that_writes_little_at_a_time_still_writes_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        os, "pwrite", lambda file, data, offset: (os.lseek(file, offset, 0), os.write(file, data[:7]))[1], raising=False
    )
    file = arena.open_for_writing(tmp_path / "a")
    arena.write_at(file, 0, memoryview(bytes(range(100))))
    os.close(file)
    assert (tmp_path / "a").read_bytes() == bytes(range(100))


def test_trash_is_gone_at_once_and_emptied_in_the_background_and_at_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_bytes(b"x")
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "trash").mkdir()
    (tmp_path / "trash" / "old").write_bytes(b"left by a dead server")
    trash = Trash(tmp_path / "trash")
    trash.discard(folder)
    trash.discard(tmp_path / "file")
    trash.discard(tmp_path / "never was")
    assert not folder.exists()
    assert not (tmp_path / "file").exists()
    trash.close()
    assert list((tmp_path / "trash").iterdir()) == []
    (tmp_path / "late").write_bytes(b"x")
    trash.discard(tmp_path / "late")  # swept by the next
    assert not (tmp_path / "late").exists()
    Trash(tmp_path / "trash").close()
    assert list((tmp_path / "trash").iterdir()) == []


def test_what_cannot_be_moved_is_deleted_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows, while somebody reads a file in it."""
    trash = Trash(tmp_path / "trash")
    (tmp_path / "busy").mkdir()

    def busy(*_: object) -> None:
        raise PermissionError(13, "in use")

    monkeypatch.setattr(Path, "rename", busy)
    trash.discard(tmp_path / "busy")
    trash.close()
    assert not (tmp_path / "busy").exists()


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (-9, "crashed", "was killed, perhaps because memory ran out"),
        (-11, "crashed", "invalid memory access"),
        (0xC0000005, "crashed", "invalid memory access"),
        (-6, "crashed", "signal 6"),
        (1, "crashed", "exit code 1"),
    ],
)
def test_what_a_worker_died_of(code: int, kind: str, words: str) -> None:
    problem = crashes.explain(code, crashes.out_of_memory_kills())
    assert (problem.code, problem.retryable) == (kind, True)
    assert words in problem.sentence
    assert problem.remedy


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_linux_tells_that_memory_ran_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "vmstat"
    monkeypatch.setattr(crashes, "_VMSTAT", table)
    assert crashes.out_of_memory_kills() is None
    assert crashes.explain(-9, None).code == "crashed"
    table.write_text("pgpgin 5\noom_kill 7\n")
    before = crashes.out_of_memory_kills()
    assert before == 7
    assert crashes.explain(-9, before).code == "crashed"
    table.write_text("pgpgin 5\noom_kill 8\n")
    assert crashes.explain(-9, before).code == "out-of-memory"
    table.write_text("oom_kill\n")
    assert crashes.out_of_memory_kills() is None
