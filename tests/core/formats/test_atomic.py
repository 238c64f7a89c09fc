from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from layerlift.errors import Cancelled, OutputError
from layerlift.formats.atomic import replacing_file, replacing_folder


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    with replacing_file(target) as file:
        file.write(b"new")
        assert not target.exists()
    assert target.read_bytes() == b"new"
    assert names(tmp_path) == {"a.bin"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, Cancelled, ValueError, SystemExit])
def test_any_failure_leaves_the_old_file_and_no_other(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    with pytest.raises(error), replacing_file(target) as file:  # noqa: PT012 - what the block does is the test
        file.write(b"half")
        raise error
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == {"a.bin"}


def test_replaces_a_file_and_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    target.chmod(0o640)
    with replacing_file(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"
    if os.name == "posix":
        assert target.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name != "posix", reason="umask is POSIX")
def test_new_file_obeys_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with replacing_file(tmp_path / "a.bin") as file:
            file.write(b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "a.bin").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.bin", tmp_path / "link.bin"
    real.write_bytes(b"old")
    try:
        link.symlink_to(real)
    except OSError:
        pytest.skip("this system makes no links for this user")
    with replacing_file(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_write_protected_file_is_respected(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    target.chmod(0o444)
    with pytest.raises(OutputError, match="write-protected") as caught, replacing_file(target):
        pytest.fail("must not get here")
    assert caught.value.remedy
    assert target.read_bytes() == b"old"
    target.chmod(0o644)


def test_missing_folder_is_explained(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="folder does not exist") as caught, replacing_file(tmp_path / "no" / "a"):
        pytest.fail("must not get here")
    assert caught.value.remedy == "Create the folder first."


def test_folder_as_file_and_file_as_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="is a folder"), replacing_file(tmp_path / "folder"):
        pytest.fail("must not get here")
    with pytest.raises(OutputError, match="is a file"), replacing_folder(tmp_path / "file"):
        pytest.fail("must not get here")
    with pytest.raises(OutputError), replacing_file(tmp_path / "file" / "below"):
        pytest.fail("must not get here")


def test_name_too_long_is_explained(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="too long"), replacing_file(tmp_path / ("n" * 300)):
        pytest.fail("must not get here")


@pytest.mark.skipif(os.name != "posix", reason="named pipes are POSIX")
def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="not an ordinary file"), replacing_file(tmp_path / "pipe"):
        pytest.fail("must not get here")


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX")
def test_a_file_that_outgrows_its_place_leaves_nothing(tmp_path: Path) -> None:
    import resource

    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    try:
        with pytest.raises(OutputError) as caught, replacing_file(target) as file:
            file.write(bytes(1 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "larger than is allowed" in caught.value.sentence
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == {"a.bin"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux")
def test_full_disk_is_one_sentence_and_a_remedy(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="disk is full") as caught,
        replacing_file(tmp_path / "a.bin"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")
    assert caught.value.remedy == "Free some space or write somewhere else."
    assert caught.value.retryable
    assert names(tmp_path) == set()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder_is_explained(tmp_path: Path) -> None:  # pragma: no cover - not as root
    tmp_path.chmod(0o555)
    with pytest.raises(OutputError, match="permission"), replacing_file(tmp_path / "a.bin"):
        pytest.fail("must not get here")
    tmp_path.chmod(0o755)


def test_folder_appears_whole_and_replaces_a_former_stack(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with replacing_folder(target) as folder:
        (folder / "01 a.png").write_bytes(b"1")
        (folder / "stack.json").write_text('{"layers": [{"file": "01 a.png"}], "icc": "profile.icc"}')
        (folder / "profile.icc").write_bytes(b"")
        assert not target.exists()
    (target / ".DS_Store").write_bytes(b"")
    with replacing_folder(target) as folder:
        (folder / "stack.json").write_text("{}")
    assert names(target) == {"stack.json"}
    assert names(tmp_path) == {"out"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, Cancelled])
def test_a_failure_leaves_the_old_folder(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "stack.json").write_text('{"layers": []}')
    with pytest.raises(error), replacing_folder(target) as folder:  # noqa: PT012 - what the block does is the test
        (folder / "half").write_bytes(b"")
        raise error
    assert names(target) == {"stack.json"}
    assert names(tmp_path) == {"out"}


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"holiday.jpg": "x"}, "holds other files"),
        ({"stack.json": '{"layers": [{"file": "a.png"}]}', "a.png": "", "mine.txt": ""}, "'mine.txt'"),
        ({"stack.json": "not json", "a.png": ""}, "'a.png'"),
        ({"stack.json": '{"layers": [{"file": {}}, 7]}', "a.png": ""}, "'a.png'"),
    ],
)
def test_nobody_elses_files_are_deleted(tmp_path: Path, files: dict[str, str], sentence: str) -> None:
    target = tmp_path / "out"
    target.mkdir()
    for name, content in files.items():
        (target / name).write_text(content)
    with pytest.raises(OutputError, match=sentence), replacing_folder(target):
        pytest.fail("must not get here")
    assert names(target) == set(files)


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with replacing_folder(tmp_path / "out") as folder:
        (folder / "x").write_bytes(b"")
    assert names(tmp_path / "out") == {"x"}


@pytest.mark.skipif(sys.platform != "linux", reason="renames a mount point")
def test_when_the_last_rename_fails_the_former_folder_comes_back(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(OutputError), replacing_folder(target) as folder:
        # What the rename would move is gone: it must fail after the old folder was set aside.
        folder.rmdir()
    assert target.is_dir()
    assert names(tmp_path) == {"out"}
