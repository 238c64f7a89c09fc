"""edit, inpaint, extend, generate and harmonise from the command line, with the fake engine, files read back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.cli.processes import FAKE, everything
from layerlift import formats
from layerlift.cli.arguments import build_parser
from layerlift.formats import picture as pictures
from layerlift.imaging.arithmetic import composite


def flat(path: str | Path) -> np.ndarray:
    return pictures.read(Path(path)).pixels


@pytest.fixture
def layered(layerlift, picture) -> Path:
    """photo.png in four layers: Background and three bands."""
    assert layerlift("decompose", picture(), "-o", "layers.psd", "-q", *FAKE)[0] == 0
    return Path("layers.psd")


def test_a_layer_is_moved_exactly(layerlift, layered):
    code, out, err = layerlift("edit", layered, "move band 2 5 px right and hide band 3", "--engine", "quick")
    assert (code, out) == (0, ""), err
    assert "→ layers-edited.psd: 4 layers" in err
    assert "Done exactly" in err
    before, after = formats.read(layered), formats.read("layers-edited.psd")
    assert [layer.name for layer in after.layers] == [layer.name for layer in before.layers]
    assert after.layers[2].bounds == before.layers[2].bounds.shift(5, 0)
    assert (after.layers[2].pixels == before.layers[2].pixels).all()
    assert (after.layers[1].pixels == before.layers[1].pixels).all()
    assert after.layers[3].opacity == 0


@pytest.mark.parametrize("made", ["ora", "zip", "png"])
def test_a_layered_file_keeps_its_format(layerlift, picture, made):
    source = "layers" if made == "png" else f"layers.{made}"
    assert layerlift("decompose", picture(), "--format", made, "-o", source, "-q", *FAKE)[0] == 0
    assert layerlift("edit", source, "把band 1向右移动3像素", "-q")[0] == 0
    result = source.replace("layers", "layers-edited")
    assert formats.read(result).layers[1].bounds == formats.read(source).layers[1].bounds.shift(3, 0)


def test_a_layer_is_drawn_anew(layerlift, layered):
    assert layerlift("edit", layered, "make it glow", "--layer", "Band 1", "-o", "a.ora", *FAKE)[0] == 0
    assert layerlift("edit", layered, "make it glow", "--layer", "1", "-o", "b.ora", *FAKE)[0] == 0
    before, a, b = (formats.read(path) for path in (layered, "a.ora", "b.ora"))
    assert (a.layers[1].pixels == b.layers[1].pixels).all()
    assert (a.layers[1].pixels != before.layers[1].pixels).any()
    assert (a.layers[2].pixels == before.layers[2].pixels).all()


def test_a_flat_picture_becomes_a_flat_picture(layerlift, picture):
    photo = picture()
    assert layerlift("edit", photo, "flip", "-o", "mirrored.png")[0] == 0
    assert (flat("mirrored.png") == flat(photo)[:, ::-1]).all()
    assert flat("mirrored.png").shape == (40, 60, 4)


def test_a_box_is_filled_and_the_rest_is_the_original(layerlift, picture):
    photo = picture()
    code, _, err = layerlift("inpaint", photo, "--box", "10,10,20,15", *FAKE)
    assert code == 0, err
    stack = formats.read("photo-filled.psd")
    assert [layer.name for layer in stack.layers] == ["Original", "Fill"]
    seen, original = composite(stack), flat(photo)
    inside = np.zeros((40, 60), bool)
    inside[10:25, 10:30] = True
    assert (seen[~inside] == original[~inside]).all()
    assert (seen[inside] != original[inside]).any()


def test_masks_and_polygons(layerlift, picture):
    photo = picture()
    mask = np.zeros((40, 60), np.uint8)
    mask[5:20, 5:25] = 255
    Image.fromarray(mask).save("mask.png")
    assert layerlift("inpaint", photo, "--mask", "mask.png", "-o", "m.png", *FAKE)[0] == 0
    assert layerlift("inpaint", photo, "--polygon", "5,5 24,5 24,19 5,19", "-o", "p.png", *FAKE)[0] == 0
    assert (flat("m.png") == flat("p.png")).all()
    assert (flat("m.png")[mask == 0] == flat(photo)[mask == 0]).all()
    assert layerlift("inpaint", photo, "--mask", "mask.png", "--prompt", "a hat", "-o", "h.psd", *FAKE)[0] == 0
    assert formats.read("h.psd").layers[1].name == "Fill: a hat"


def test_removal_needs_no_model(layerlift, picture):
    photo = picture()
    assert layerlift("inpaint", photo, "--box", "10,10,20,15", "-o", "clean.png")[0] == 0
    assert np.abs(flat("clean.png").astype(int) - flat(photo)).mean() < 4  # a gradient continues as one


@pytest.mark.parametrize(
    ("arguments", "size", "place"),
    [
        (("--left", "7", "--bottom", "4"), (67, 44), (7, 0)),
        (("--to", "2:1"), (80, 40), (10, 0)),
        (("--to", "61x50"), (61, 50), (0, 5)),
    ],
)
def test_extending(layerlift, picture, arguments, size, place):
    photo = picture()
    assert layerlift("extend", photo, *arguments, "-o", "wide.psd", *FAKE)[0] == 0
    stack, original = formats.read("wide.psd"), flat(photo)
    assert stack.extent == size
    x, y = place
    assert (composite(stack)[y : y + 40, x : x + 60] == original).all()
    assert (composite(stack)[..., 3] == 255).all()


def test_extending_a_layered_file_moves_its_layers(layerlift, layered):
    assert layerlift("extend", layered, "--left", "8", "-q", *FAKE)[0] == 0
    before, after = formats.read(layered), formats.read("layers-extended.psd")
    assert [layer.name for layer in after.layers] == [*(layer.name for layer in before.layers), "Extension"]
    assert after.layers[2].bounds == before.layers[2].bounds.shift(8, 0)


def test_generating(layerlift, work):
    assert layerlift("generate", "a red fox: the poster", "--size", "64x48", "-q", *FAKE)[0] == 0
    assert everything(work) == ["a red fox_ the poster.psd"]
    assert layerlift("generate", "a red fox", "--size", "64x48", "--layers", "auto", "-o", "fox.ora", *FAKE)[0] == 0
    assert len(formats.read("fox.ora").layers) == 4
    assert layerlift("generate", "x", "--size", "64x48", "--seed", "1", "-o", "1.png", *FAKE)[0] == 0
    assert layerlift("generate", "x", "--from", "1.png", "--strength", "0", "-o", "2.png", *FAKE)[0] == 0
    assert np.abs(flat("1.png").astype(int) - flat("2.png")).max() <= 2


def test_harmonising(layerlift, layered):
    assert layerlift("harmonise", layered, "--layer", "Band 2", "-o", "h.psd", *FAKE)[0] == 0
    stack = formats.read("h.psd")
    assert [layer.name for layer in stack.layers][-1] == "Harmonised"
    assert len(stack.layers) == 5


def test_json_says_what_was_made(layerlift, picture):
    picture()
    code, out, _ = layerlift("inpaint", "photo.png", "--box", "1,1,9,9", "-o", "x.psd", "--json", *FAKE)
    record = json.loads(out)
    assert (code, record["ok"], record["input"], record["output"]) == (0, True, "photo.png", "x.psd")
    assert [layer["name"] for layer in record["layers"]] == ["Original", "Fill"]
    code, out, _ = layerlift("inpaint", "gone.png", "--box", "1,1,9,9", "-o", "y.psd", "--json", *FAKE)
    assert (code, json.loads(out)["error"]["code"]) == (1, "input")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("edit", "photo.png", "make it night"), 2, "exact commands only"),
        (("edit", "photo.png", "flip", "--layer", "Dog"), 2, "A flat picture has no layers."),
        (("edit", "gone.psd", "flip"), 1, "There is no file gone.psd."),
        (("inpaint", "photo.png", "--box", "90,90,5,5"), 2, "lies outside the picture"),
        (("inpaint", "photo.png", "--box", "1,1,0,5"), 2, "is no rectangle"),
        (("inpaint", "photo.png", "--polygon", "1,1 2,2"), 2, "is no polygon"),
        (("inpaint", "photo.png"), 2, "--mask"),
        (("inpaint", "photo.png", "--mask", "small.png"), 2, "is 20 × 20 pixels"),
        (("extend", "photo.png"), 2, "extended by nothing"),
        (("extend", "photo.png", "--left", "3", "--to", "2:1"), 2, "both given"),
        (("extend", "photo.png", "--to", "10x10"), 2, "is smaller than the picture"),
        (("extend", "photo.png", "--to", "3:2"), 2, "has that size already"),
        (("generate", "a fox"), 2, "--size"),
        (("generate", "a fox", "--size", "64"), 2, "is no size"),
        (("generate", "a fox", "--size", "64x64", "--strength", "0.5"), 2, "Add --from PICTURE"),
        (("edit", "photo.png", "flip", "--guidance", "99"), 2, "is no number from 0 to 20"),
        (("edit", "photo.png", "flip", "--seed", "-1"), 2, "is no whole number"),
        (("edit", "photo.png", "flip", "-o", "small.png"), 1, "small.png exists already"),
        (("edit", "photo.png", "flip", "-o", "photo.png", "--overwrite"), 1, "is the picture itself"),
    ],
)
def test_what_cannot_be_asked_for(layerlift, picture, work, arguments, code, words):
    picture(), picture("small.png", 20, 20)
    given = arguments if "edit" in arguments else (*arguments, *FAKE)
    if arguments[:3] == ("edit", "photo.png", "make it night"):
        given = (*arguments, "--engine", "quick")
    got, out, err = layerlift(*given)
    assert (got, out) == (code, "")
    assert words in err
    assert everything(work) == ["photo.png", "small.png"]


def test_a_cancel_leaves_nothing(layerlift, picture, work, monkeypatch):
    from layerlift.engines.fake import FakeEngine

    def stopped(self, request, progress):
        raise KeyboardInterrupt

    picture()
    monkeypatch.setattr(FakeEngine, "inpaint", stopped)
    code, _, err = layerlift("inpaint", "photo.png", "--box", "1,1,9,9", *FAKE)
    assert code == 130
    assert "Cancelled" in err
    assert everything(work) == ["photo.png"]


def test_help_teaches_and_loads_nothing_heavy():
    probe = (
        "import sys; from layerlift.cli.main import main; main(['edit', '--help']);"
        "print([m for m in ('numpy', 'cv2', 'PIL', 'rich') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "把标题向左移动 20 像素" in done.stdout
    for command in ("inpaint", "extend", "generate", "harmonise"):
        (choices,) = [a.choices for a in build_parser()._actions if hasattr(a, "choices") and a.choices]
        assert f"layerlift {command} " in choices[command].format_help()


def test_decompose_passes_on_how_to_draw(layerlift, picture, monkeypatch):
    from layerlift.engines.fake import FakeEngine

    seen = []
    honest = FakeEngine.decompose

    def look(self, request, progress):
        seen.append(request.sampling)
        return honest(self, request, progress)

    monkeypatch.setattr(FakeEngine, "decompose", look)
    options = ("--steps", "7", "--guidance", "2.5", "--negative", "fog", "--fast", "--resolution", "640", "--seed", "5")
    assert layerlift("decompose", picture(), "-q", *options, *FAKE)[0] == 0
    (sampling,) = seen
    assert (sampling.steps, sampling.guidance, sampling.negative) == (7, 2.5, "fog")
    assert (sampling.fast, sampling.resolution, sampling.seed) == (True, 640, 5)
