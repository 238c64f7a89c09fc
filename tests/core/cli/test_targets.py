from __future__ import annotations

from pathlib import Path

import pytest

from layerlift.cli.pictures import Wanted
from layerlift.cli.targets import Target, plan
from layerlift.errors import OutputError, RequestError

ONE = [Wanted("in/photo.jpg", Path("in/photo.jpg"), alone=True)]
TWO = [*ONE, Wanted("in/cat.png", Path("in/cat.png"), alone=True)]
FROM_FOLDER = [Wanted("in/photo.jpg", Path("in/photo.jpg"))]
STDIN = [Wanted("standard input", alone=True)]


@pytest.mark.parametrize(
    ("pictures", "out", "chosen", "expected"),
    [
        (ONE, None, None, [("in/photo-layers.psd", "psd")]),
        (ONE, None, "ora", [("in/photo-layers.ora", "ora")]),
        (ONE, None, "png", [("in/photo-layers", "png")]),
        (TWO, None, None, [("in/photo-layers.psd", "psd"), ("in/cat-layers.psd", "psd")]),
        (ONE, "x.ora", None, [("x.ora", "ora")]),
        (ONE, "x.tmp", "pptx", [("x.tmp", "pptx")]),
        (ONE, "out", None, [("out/photo.psd", "psd")]),
        (ONE, "out", "zip", [("out/photo.zip", "zip")]),
        (ONE, "out", "png", [("out", "png")]),
        (ONE, "out/", "png", [("out/photo", "png")]),
        (TWO, "out", "png", [("out/photo", "png"), ("out/cat", "png")]),
        (FROM_FOLDER, "out", "png", [("out/photo", "png")]),
        (TWO, "out", None, [("out/photo.psd", "psd"), ("out/cat.psd", "psd")]),
        (TWO, "v1.2/", None, [("v1.2/photo.psd", "psd"), ("v1.2/cat.psd", "psd")]),
        (TWO, "o/{name}.zip", None, [("o/photo.zip", "zip"), ("o/cat.zip", "zip")]),
        (TWO, "o/{name}/all", "ora", [("o/photo/all", "ora"), ("o/cat/all", "ora")]),
        (ONE, "{name}", None, [("photo", "psd")]),
        (STDIN, "x.psb", None, [("x.psb", "psb")]),
        (STDIN, "out", None, [("out/picture.psd", "psd")]),
    ],
)
def test_where_results_go(work, pictures, out, chosen, expected):
    assert plan(pictures, out, chosen) == [Target(Path(path), made) for path, made in expected]


def test_an_existing_folder_takes_results_whatever_its_name(work):
    (work / "layers.psd").mkdir()
    assert plan(ONE, "layers.psd", None) == [Target(Path("layers.psd/photo.psd"), "psd")]


def test_standard_output(work):
    assert plan(STDIN, None, None) == plan(ONE, "-", None) == [Target(None, "psd")]
    assert plan(ONE, "-", "zip") == [Target(None, "zip")]
    with pytest.raises(RequestError, match="holds one result, not 2"):
        plan(TWO, "-", None)
    with pytest.raises(RequestError, match="folder of PNG files"):
        plan(ONE, "-", "png")


@pytest.mark.parametrize("pictures", [TWO, FROM_FOLDER])
def test_many_pictures_do_not_fit_one_file(work, pictures):
    with pytest.raises(RequestError, match=r"x\.psd is one file") as refused:
        plan(pictures, "x.psd", None)
    assert '"{name}.psd"' in refused.value.remedy


def test_suffixes_that_no_format_has(work):
    with pytest.raises(RequestError, match=r"\.xyz"):
        plan(ONE, "a.xyz", None)


def test_pictures_of_one_name_get_numbers(work):
    same = [Wanted(f"{folder}/photo.jpg", Path(f"{folder}/photo.jpg")) for folder in "abc"]
    assert [target.path.name for target in plan(same, "out", None)] == ["photo.psd", "photo-2.psd", "photo-3.psd"]


def test_nothing_is_overwritten_unasked(work):
    (work / "x.psd").touch()
    target = Target(work / "x.psd", "psd")
    with pytest.raises(OutputError, match="exists already") as refused:
        target.check(ONE[0], overwrite=False)
    assert "--overwrite" in refused.value.remedy
    target.check(ONE[0], overwrite=True)


def test_the_picture_itself_is_never_overwritten(work):
    (work / "photo.psd").touch()
    picture = Wanted("photo.psd", Path("photo.psd"), alone=True)
    with pytest.raises(OutputError, match="is the picture itself"):
        Target(work / "photo.psd", "psd").check(picture, overwrite=True)


def test_an_empty_folder_is_free_for_png_files(work):
    (work / "parts").mkdir()
    target = Target(work / "parts", "png")
    target.check(ONE[0], overwrite=False)
    (work / "parts" / "mine.txt").touch()
    with pytest.raises(OutputError, match="exists already"):
        target.check(ONE[0], overwrite=False)


def test_a_folder_that_cannot_be_is_refused_before_any_work(work):
    (work / "file").touch()
    with pytest.raises(OutputError, match="file is not a folder"):
        Target(work / "file" / "new" / "x.psd", "psd").check(ONE[0], overwrite=False)
    Target(work / "new" / "newer" / "x.psd", "psd").check(ONE[0], overwrite=False)
    assert not (work / "new").exists()
