from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

FAKE = ("--engine", "fake")


@pytest.fixture
def stack(layerlift, picture) -> Path:
    assert layerlift("decompose", picture(), "-o", "x.zip", "-q", *FAKE)[0] == 0
    return Path("x.zip")


@pytest.mark.parametrize(("name", "kind"), [("s.png", "PNG"), ("s.jpg", "JPEG"), ("s.webp", "WEBP")])
@pytest.mark.parametrize("how", [(), ("--exploded",)])
def test_a_drawing(layerlift, stack, name, kind, how):
    code, out, err = layerlift("preview", stack, "-o", name, "--width", "640", *how)
    assert (code, out) == (0, "")
    with Image.open(name) as drawing:
        assert (drawing.format, drawing.width) == (kind, 640)
        assert err == f"x.zip → {name}: 640 × {drawing.height} pixels\n"


def test_an_existing_drawing_stays_unless_asked(layerlift, stack):
    Path("s.png").write_bytes(b"precious")
    code, _, err = layerlift("preview", stack, "-o", "s.png")
    assert code == 1
    assert "s.png exists already." in err
    assert Path("s.png").read_bytes() == b"precious"
    assert layerlift("preview", stack, "-o", "s.png", "--overwrite", "--width", "400")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("x.zip", "-o", "s.gif"), 2, "A drawing cannot be saved as s.gif."),
        (("gone.zip", "-o", "s.png"), 1, "gone.zip cannot be read"),
        (("photo.png", "-o", "s.png"), 1, "holds no layers"),
        (("x.zip", "-o", "no/where/s.png"), 1, "folder does not exist"),
    ],
)
def test_what_cannot_be_drawn(layerlift, stack, work, arguments, code, words):
    found, _, err = layerlift("preview", *arguments)
    assert found == code
    assert words in err
    assert sorted(path.name for path in work.iterdir()) == ["photo.png", "x.zip"]
