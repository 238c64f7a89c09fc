"""`layerlift decompose` from end to end, with the fake engine; results are read back and recomposed."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.cli.processes import FAKE, everything, run_process
from layerlift import formats
from layerlift.formats import picture as pictures
from layerlift.inspection import compare


def difference(result: Path, original: Path) -> int:
    return compare(formats.read(result), pictures.read(original)).maximum


def test_a_picture_into_a_file(layerlift, picture):
    photo = picture()
    code, out, err = layerlift("decompose", photo, "-o", "layers.psd", *FAKE)
    assert (code, out) == (0, "")
    assert "→ layers.psd: 4 layers in " in err
    assert difference(Path("layers.psd"), photo) <= 1


@pytest.mark.parametrize("made", ["psd", "psb", "ora", "png", "zip"])
def test_every_format_that_can_be_read_back(layerlift, picture, made):
    photo = picture()
    assert layerlift("decompose", photo, "--format", made, "--layers", "3", *FAKE)[0] == 0
    result = Path("photo-layers" if made == "png" else f"photo-layers.{made}")
    assert len(formats.read(result).layers) == 3
    assert difference(result, photo) <= 1


def test_careful_edges(layerlift, picture):
    photo = picture(width=600, height=400)
    for how in ("fast", "careful"):
        assert layerlift("decompose", photo, "-o", f"{how}.psd", "--edges", how, *FAKE)[0] == 0
        assert difference(Path(f"{how}.psd"), photo) <= 1
    fast, careful = (formats.read(f"{how}.psd") for how in ("fast", "careful"))
    assert any(
        not np.array_equal(one.on(fast.extent)[..., 3], other.on(fast.extent)[..., 3])
        for one, other in zip(fast.layers, careful.layers, strict=True)
    )


def test_powerpoint_with_live_text(layerlift, picture):
    code, _, err = layerlift("decompose", picture(), "-o", "slide.pptx", "--live-text", *FAKE)
    assert code == 0, err
    assert Path("slide.pptx").read_bytes().startswith(b"PK")


def test_many_pictures_and_a_folder(layerlift, picture, work):
    picture("a/x.png"), picture("b.jpg")
    assert layerlift("decompose", "a", "b.jpg", "-o", "out", *FAKE)[0] == 0
    assert everything(work / "out") == ["b.psd", "x.psd"]
    assert layerlift("decompose", "a", "b.jpg", "-o", "more/{name}/all.ora", *FAKE)[0] == 0
    assert everything(work / "more") == ["b/all.ora", "x/all.ora"]


def test_one_that_fails_does_not_stop_the_others(layerlift, picture, work):
    picture("good.png"), picture("last.png")
    (work / "bad.png").write_text("Dear diary")
    code, _, err = layerlift("decompose", "good.png", "bad.png", "*.webp", "last.png", "-o", "out", *FAKE)
    assert code == 1
    assert everything(work / "out") == ["good.psd", "last.psd"]
    assert "layerlift: bad.png is not a picture: it is text. Give a PNG" in err
    assert "layerlift: No file matches *.webp." in err
    assert err.splitlines()[-1] == "layerlift: 2 of 4 pictures are done; 2 failed (see above)."


def test_quiet_prints_errors_only(layerlift, picture):
    picture("good.png")
    assert layerlift("decompose", "good.png", "-q", *FAKE) == (0, "", "")
    code, out, err = layerlift("decompose", "gone.png", "-q", *FAKE)
    assert (code, out, err) == (1, "", "layerlift: There is no file gone.png. Check the name and the folder.\n")


def test_json_gives_one_object_per_picture(layerlift, picture):
    picture("good.png")
    code, out, _ = layerlift("decompose", "good.png", "gone.png", "-o", "out", "--json", *FAKE)
    good, gone = (json.loads(line) for line in out.splitlines())
    assert code == 1
    assert (good["ok"], good["input"], Path(good["output"])) == (True, "good.png", Path("out/good.psd"))
    assert (good["size"], good["depth"], good["profile"], good["format"]) == ([60, 40], 8, "sRGB", "psd")
    assert good["seconds"] >= 0
    assert [layer["name"] for layer in good["layers"]] == ["Background", "Band 1", "Band 2", "Band 3"]
    assert good["layers"][0] == {
        "name": "Background",
        "role": "background",
        "group": [],
        "bounds": {"x": 0, "y": 0, "width": 60, "height": 40},
        "coverage": 1.0,
        "opacity": 1.0,
        "blend_mode": "normal",
        "confidence": 1.0,
    }
    assert gone == {
        "input": "gone.png",
        "output": str(Path("out/gone.psd")),
        "format": "psd",
        "ok": False,
        "error": {
            "code": "input",
            "sentence": "There is no file gone.png.",
            "remedy": "Check the name and the folder.",
        },
    }


def test_existing_results_stay_unless_asked(layerlift, picture):
    photo = picture()
    Path("x.psd").write_bytes(b"precious")
    code, _, err = layerlift("decompose", photo, "-o", "x.psd", *FAKE)
    assert code == 1
    assert "x.psd exists already. Choose another name with -o, or add --overwrite." in err
    assert Path("x.psd").read_bytes() == b"precious"
    assert layerlift("decompose", photo, "-o", "x.psd", "--overwrite", *FAKE)[0] == 0
    assert difference(Path("x.psd"), photo) <= 1


def test_a_picture_is_never_its_own_result(layerlift, picture):
    picture()
    code, _, err = layerlift("decompose", "photo.png", "-o", "photo.png", "--format", "psd", "--overwrite", *FAKE)
    assert code == 1
    assert "photo.png is the picture itself." in err
    with Image.open("photo.png") as untouched:
        assert untouched.size == (60, 40)


def test_large_pictures_are_reduced_when_asked(layerlift, picture):
    photo = picture(width=300, height=120)
    code, _, err = layerlift("decompose", photo, "--max-size", "100", "-o", "small.ora", *FAKE)
    assert code == 0
    assert "reduced from 300 × 120 to 100 × 40 pixels, as --max-size asks." in err
    stack = formats.read("small.ora")
    assert stack.extent == (100, 40)
    assert layerlift("decompose", photo, "--max-size", "300", "-o", "same.ora", *FAKE)[0] == 0
    assert formats.read("same.ora").extent == (300, 120)


def test_a_very_thin_picture_keeps_a_pixel(layerlift, picture):
    assert layerlift("decompose", picture(width=900, height=2), "--max-size", "90", "-o", "t.ora", *FAKE)[0] == 0
    assert formats.read("t.ora").extent == (90, 1)


class Pipe(io.TextIOWrapper):
    """Standard input or output that is bytes, not a terminal."""


def test_standard_input_to_standard_output(layerlift, picture, monkeypatch):
    photo = picture()
    received = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", Pipe(io.BytesIO(photo.read_bytes())))
    monkeypatch.setattr(sys, "stdout", Pipe(received, write_through=True))
    assert layerlift("decompose", "-", "-o", "-", "--format", "zip", *FAKE)[0] == 0
    Path("got.zip").write_bytes(received.getvalue())
    assert difference(Path("got.zip"), photo) <= 1
    assert everything(Path())[:1] == ["got.zip"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_no_place_for_a_file(layerlift, picture, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    code, _, err = layerlift("decompose", picture(), "-o", "-", *FAKE)
    assert code == 2
    assert "cannot be shown on a terminal" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("photo.png", "-o", "-", "--json"), "cannot both go to standard output"),
        (("photo.png", "-o", "x.psd", "--live-text"), "--live-text is for PowerPoint files only."),
        (("photo.png", "photo.png", "x.png", "-o", "x.psd"), "x.psd is one file"),
        (("photo.png", "-o", "x.png"), "one PNG cannot hold layers"),
        (("photo.png", "--engine", "magic"), "There is no engine called “magic”."),
        (("-", "-"), "named twice"),
    ],
)
def test_what_cannot_be_asked_for(layerlift, picture, work, arguments, words):
    picture()
    code, _, err = layerlift("decompose", *FAKE, *arguments)
    assert code == 2
    assert words in err
    assert everything(work) == ["photo.png"]


def test_too_many_layers(layerlift, picture, work):
    picture()
    code, _, err = layerlift("decompose", "photo.png", "--layers", "99", *FAKE)
    assert code == 2
    assert "99 layers were asked for." in err
    assert everything(work) == ["photo.png"]


@pytest.mark.parametrize("out", ["file/x.psd", "file/new/x.psd"])
def test_a_folder_that_is_a_file(layerlift, picture, work, out):
    picture()
    (work / "file").write_text("mine")
    code, _, err = layerlift("decompose", "photo.png", "-o", out, *FAKE)
    assert code == 1
    assert "file is not a folder. Choose another place with -o." in err
    assert everything(work) == ["file", "photo.png"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(layerlift, picture, work):
    picture()
    (work / "locked").mkdir(mode=0o500)
    code, _, err = layerlift("decompose", "photo.png", "-o", "locked/x.psd", *FAKE)
    assert code == 1
    assert "The folder locked cannot be written to." in err


@pytest.mark.skipif(sys.platform != "linux", reason="/proc takes no files, from root neither")
def test_a_folder_that_takes_no_files(layerlift, picture, work):
    code, _, err = layerlift("decompose", picture(), "-o", "/proc/x.psd", "-q", *FAKE)
    assert code == 1
    assert err.startswith(("layerlift: /proc/x.psd ", "layerlift: The folder /proc "))
    assert err.count("\n") == 1
    assert everything(work) == ["photo.png"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk(picture, work):
    photo = picture()
    with Path("/dev/full").open("wb") as full:
        done = run_process(photo, "-o", "-", "--quiet", stdout=full)
    _, err = done.communicate(timeout=60)
    assert done.returncode == 1
    assert err.splitlines() == [
        "layerlift: Standard output cannot be read or written: No space left on device. "
        "Check the disk, the folder and its rights."
    ]
    code_line = "layerlift: /dev/full is not an ordinary file. Name a file."
    done = run_process(photo, "-o", "/dev/full", "--quiet", "--overwrite")
    assert done.communicate(timeout=60)[1].splitlines() == [code_line]
    assert done.returncode == 1
    assert everything(work) == ["photo.png"]


def test_what_nobody_expected_is_told_and_does_not_stop_the_others(layerlift, picture, work, monkeypatch):
    """A defect in an engine: the border explains it."""
    from layerlift.engines.fake import FakeEngine

    picture("a.png", 61, 40), picture("b.png")
    honest = FakeEngine.decompose

    def breaks(self, request, progress):
        if request.image.shape[1] == 61:
            raise ZeroDivisionError("band of no width")
        return honest(self, request, progress)

    monkeypatch.setattr(FakeEngine, "decompose", breaks)
    code, out, err = layerlift("decompose", "a.png", "b.png", "-o", "out", "--json", *FAKE)
    assert code == 1
    assert everything(work / "out") == ["b.psd"]
    assert "Something unexpected happened (ZeroDivisionError: band of no width). Please report it" in err
    assert json.loads(out.splitlines()[0])["error"]["code"] == "unexpected"


def test_an_engine_that_is_missing_says_why_once(layerlift, picture, monkeypatch):
    from dataclasses import replace

    from layerlift.engines.fake import FakeEngine

    missing = replace(FakeEngine.info, missing="it needs a moon. Wait for one.")
    monkeypatch.setattr(FakeEngine, "info", missing)
    code, _, err = layerlift("decompose", picture(), "gone.png", "-o", "out", *FAKE)
    assert (code, err) == (1, "layerlift: The engine “fake” cannot run here: it needs a moon. Wait for one.\n")
    code, out, _ = layerlift("engines")
    assert "it needs a moon" in out


def test_sixteen_bits_go_all_the_way(layerlift, work):
    from core.formats.pictures import png16, random_array

    array = random_array(30, 30, 3, np.uint16)
    Path("deep.png").write_bytes(png16(array))
    assert layerlift("decompose", "deep.png", "-o", "deep.psd", *FAKE)[0] == 0
    assert formats.read("deep.psd").depth == 16
    assert difference(Path("deep.psd"), Path("deep.png")) <= 257
