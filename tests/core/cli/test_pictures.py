from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from layerlift.cli.pictures import expand
from layerlift.errors import RequestError


def names(inputs: list[str]) -> list[str]:
    return [wanted.label for wanted in expand(inputs)]


@pytest.fixture
def folder(work: Path) -> Path:
    for name in ("b.jpg", "a.PNG", "c.psd", "notes.txt", ".hidden.png", "deep/d.png"):
        (work / "pics" / name).parent.mkdir(parents=True, exist_ok=True)
        (work / "pics" / name).touch()
    return work / "pics"


def test_files_keep_their_order_and_count_once(folder):
    assert names(["pics/b.jpg", "pics/c.psd", "pics/b.jpg"]) == ["pics/b.jpg", "pics/c.psd"]
    assert all(wanted.alone for wanted in expand(["pics/b.jpg", "pics/c.psd"]))


def test_a_folder_gives_its_flat_pictures_by_name(folder):
    found = expand(["pics"])
    assert [wanted.path.name for wanted in found] == ["a.PNG", "b.jpg"]
    assert not any(wanted.alone for wanted in found)


def test_a_folder_and_a_file_of_it_overlap(folder):
    assert len(expand(["pics", str(Path("pics") / "b.jpg")])) == 2


def test_patterns_that_no_shell_has_opened(folder):
    assert [Path(name).name for name in names(["pics/*.??g"])] == ["b.jpg"]
    assert [Path(name).name for name in names(["pics/**/*.png"])] == ["d.png"]


def test_a_file_whose_name_looks_like_a_pattern(work):
    (work / "a[1].png").touch()
    assert names(["a[1].png"]) == ["a[1].png"]


def test_what_is_not_there_is_an_item_with_its_error(folder):
    (folder / "empty").mkdir()
    nothing, empty, missing = expand(["pics/*.webp", "pics/empty", "gone.png"])
    assert nothing.error.sentence == "No file matches pics/*.webp."
    assert "There are no pictures in the folder" in empty.error.sentence
    assert missing.error is None  # the reader says so


def test_standard_input_once():
    (wanted,) = expand(["-"])
    assert (wanted.path, wanted.stem, wanted.alone) == (None, "picture", True)
    with pytest.raises(RequestError, match="named twice"):
        expand(["-", "a.png", "-"])


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may list anything")
def test_a_folder_that_cannot_be_listed(folder):
    (folder / "locked").mkdir(mode=0o100)
    (wanted,) = expand(["pics/locked"])
    assert "cannot be listed" in wanted.error.sentence
