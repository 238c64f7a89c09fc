from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hosts.stacks import assert_same, random_stack
from layerlift.errors import Cancelled, InputError, OutputError, RequestError
from layerlift.formats import FORMATS, format_of, read, write
from layerlift.progress import Progress


@pytest.mark.parametrize(
    ("path", "name"),
    [("a.psd", "psd"), ("A.PSB", "psb"), ("x/y.ora", "ora"), ("a.pptx", "pptx"), ("a.zip", "zip"), ("out", "png")],
)
def test_the_suffix_says_the_format(path: str, name: str) -> None:
    assert format_of(path) == name


def test_an_existing_folder_is_a_png_folder_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "v1.2").mkdir()
    assert format_of(tmp_path / "v1.2") == "png"


@pytest.mark.parametrize("path", ["a.xyz", "a.jpg", "a.png", "a.tiff"])
def test_unknown_suffixes_are_refused_with_a_remedy(path: str) -> None:
    with pytest.raises(RequestError) as caught:
        format_of(path)
    assert caught.value.remedy


def test_unknown_format_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        write(random_stack(), tmp_path / "a.psd", "jpeg")
    assert all(name in caught.value.remedy for name in FORMATS)


def test_unknown_options_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="live_text"):
        write(random_stack(), tmp_path / "a.psd", live_text=True)
    assert list(tmp_path.iterdir()) == []


def test_the_registry_loads_no_format_and_no_foreign_library() -> None:
    # Only the standard library's names may be there, besides ours.
    code = (
        "import sys, layerlift.formats as f; f.format_of('a.psd');"
        "print([m for m in ('numpy', 'cv2', 'PIL', 'pptx', 'psd_tools', 'lxml', 'layerlift.formats.psd') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", [name for name, known in FORMATS.items() if known.reads])
@pytest.mark.parametrize("depth", [8, 16])
def test_what_is_written_is_read_back_by_its_content(tmp_path: Path, name: str, depth: int) -> None:
    stack = random_stack(seed=len(name), depth=depth)
    write(stack, tmp_path / "out", name)
    assert_same(read(tmp_path / "out"), stack)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_stack_makes_the_same_bytes(tmp_path: Path, name: str) -> None:
    if name == "pptx":
        pytest.skip("python-pptx stamps the time into its zip")
    stack = random_stack(seed=3)
    for out in ("one", "two"):
        write(stack, tmp_path / out, name)
    one, two = tmp_path / "one", tmp_path / "two"
    if name == "png":
        assert {f.name: f.read_bytes() for f in one.iterdir()} == {f.name: f.read_bytes() for f in two.iterdir()}
    else:
        assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("name", FORMATS)
def test_progress_reaches_the_end_and_cancelling_leaves_nothing(tmp_path: Path, name: str) -> None:
    seen: list[float] = []
    write(random_stack(), tmp_path / "a", name, progress=Progress(lambda report: seen.append(report.fraction)))
    assert seen[-1] == 1
    assert seen == sorted(seen)

    def stop(report: object) -> None:
        if len(stopped) == 2:
            cancelled.cancel()
        stopped.append(report)

    stopped: list[object] = []
    cancelled = Progress(stop)
    with pytest.raises(Cancelled):
        write(random_stack(), tmp_path / "b", name, progress=cancelled)
    assert {entry.name for entry in tmp_path.iterdir()} == {"a"}


@pytest.mark.parametrize("name", FORMATS)
def test_a_missing_folder_is_an_output_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError):
        write(random_stack(), tmp_path / "no" / "a", name)


def test_reading_what_holds_no_layers(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none.psd")
    (tmp_path / "a.psd").write_bytes(b"hello")
    with pytest.raises(InputError, match="no layers"):
        read(tmp_path / "a.psd")
