"""Every kind of layer and every colour space, read and put back in the real Krita."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from hosts.krita.desk import Desk
from hosts.krita.pictures import bands, load, store

pytestmark = pytest.mark.xdist_group("krita plug-in")
ENDS = ("inserted", "failed", "kept", "cancelled")

SPACES = {
    "gray 8": ("GRAYA", "U8", 1),
    "gray 16": ("GRAYA", "U16", 8),
    "cmyk 8": ("CMYKA", "U8", 1),
    "cmyk 16": ("CMYKA", "U16", 8),
    "lab 8": ("LABA", "U8", 1),
    "lab 16": ("LABA", "U16", 8),
    "ycbcr 8": ("YCbCrA", "U8", 1),
    "half": ("RGBA", "F16", 1 / 1000),
    "float": ("RGBA", "F32", 1 / 1000),
}
"""Colour model, depth, and how far the projection may be from what it was, in the space's own numbers."""
BRIGHT = (40, 10, 16, 20)
"""Where the floating-point pictures are brighter than white: left, top, width, height."""
KINDS = ("paint", "group", "vector", "clone", "filter", "fill", "hidden group", "masked")


def end(desk: Desk, job: str) -> list[Any]:
    desk.wait("answer = inside.state_of(job) in ends", job=job, ends=ENDS)
    return list(desk.do("answer = inside.tasks()[0]"))


@pytest.mark.parametrize("space", SPACES)
def test_every_colour_space_comes_back(desk: Desk, tmp_path: Path, space: str) -> None:
    model, depth, most = SPACES[space]
    path = str(store(bands(96, 64), tmp_path / "in"))
    document = desk.do("answer = inside.new('Space', 96, 64, pixels=path)", path=path)
    shown = desk.do(
        """
import struct
document = inside.doc(which)
profile = krita.profiles(model, depth)[0] if model != "RGBA" else inside.SRGB
document.setColorSpace(model, depth, profile)
if bright:
    pixels = b"".join(struct.pack("e" if depth == "F16" else "f", n) for n in (2.5, 1.5, -0.25, 1))
    document.rootNode().childNodes()[0].setPixelData(inside.QByteArray(pixels * bright[2] * bright[3]), *bright)
inside.settle(document)
inside.projection(which, before)
inside.looks(which, seen)
answer = inside.history()
""",
        which=document, model=model, depth=depth, bright=BRIGHT if depth in ("F16", "F32") else None,
        before=str(tmp_path / "before"), seen=str(tmp_path / "seen before"),
    )  # fmt: skip
    _, state, trouble, _, notes = end(desk, desk.do("answer = inside.run()"))
    assert (state, trouble) == ("inserted", None)
    desk.wait("answer = inside.idle(which)", which=document)
    assert desk.do("answer = inside.history()") == [*shown, "Add Layer"]
    desk.do("answer = inside.projection(which, path)", which=document, path=str(tmp_path / "after"))
    kind = {"U8": np.uint8, "U16": np.uint16, "F16": np.float16, "F32": np.float32}[depth]
    channels = {"GRAYA": 2, "CMYKA": 5}.get(model, 4)
    before, after = (
        np.fromfile(tmp_path / name, kind).astype(np.float64).reshape(64, 96, channels) for name in ("before", "after")
    )
    assert np.isfinite(after).all()
    assert (before[..., -1] == after[..., -1]).all()
    off = np.abs(before - after).max(axis=2)
    # Where a layer is seen alone its numbers are the source's own; the rest are the soft edges of the bands.
    # (Krita's own painting of 32-bit floats rounds in the last bit, now and then.)
    rounding = 1e-6 if depth == "F32" else 0
    assert (off <= rounding).mean() > 0.75
    bright = np.zeros((64, 96), bool)
    if depth in ("F16", "F32"):
        left, top, width, height = BRIGHT
        bright[top : top + height, left : left + width] = True
        assert (before[bright][:, 0] == 2.5).all()
        assert (off[bright] <= rounding).all()  # brighter than white, and there still
    desk.do("inside.looks(which, path)", which=document, path=str(tmp_path / "seen after"))
    seen = [load(tmp_path / name, (64, 96)).astype(int) for name in ("seen before", "seen after")]
    shift = np.abs(seen[0] - seen[1])[..., :3].max(axis=2)
    equal = (off <= rounding).mean()
    print(f"{space}: off by {off[~bright].max():g} of its own numbers, {equal:.1%} equal; seen {shift.max()}")
    assert off[~bright].max() <= most
    assert any("travel" in note for note in notes) == (depth in ("F16", "F32"))


def test_every_kind_of_layer_is_read_as_it_shows(desk: Desk, tmp_path: Path) -> None:
    path = str(store(bands(200, 120), tmp_path / "in"))
    document = desk.do("answer = inside.new('Kinds', 200, 120, pixels=path)", path=path)
    desk.do(
        """
import random
from krita import InfoObject, Selection
document = inside.doc(which)
root = document.rootNode()
random.seed(1)
def put(node, x, y, w, h):
    node.setPixelData(inside.QByteArray(random.randbytes(w * h * 4)), x, y, w, h)
def add(node, parent=root):
    parent.addChildNode(node, None)
    return node
paint = add(document.createNode("paint", "paintlayer")); put(paint, 10, 20, 50, 40)
group = add(document.createGroupLayer("group"))
put(add(document.createNode("a", "paintlayer"), group), -10, -20, 60, 40)
put(add(document.createNode("b", "paintlayer"), group), 20, 10, 30, 30)
group.setOpacity(100)
vector = add(document.createVectorLayer("vector"))
svg = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90">'
vector.addShapesFromSvg(svg + '<rect x="10" y="10" width="50" height="30" fill="#f80"/></svg>')
add(document.createCloneLayer("clone", paint))
half = Selection(); half.select(0, 0, 100, 120, 255)
add(document.createFilterLayer("filter", krita.filter("invert"), half))
add(document.createFillLayer("fill", "color", InfoObject(), half))
hidden = add(document.createGroupLayer("hidden group"))
put(add(document.createNode("c", "paintlayer"), hidden), 70, 60, 60, 40)
put(add(document.createNode("d", "paintlayer"), hidden), 80, 60, 60, 40)
hidden.setVisible(False)
masked = add(document.createNode("masked", "paintlayer")); put(masked, 40, 40, 80, 60)
quarter = Selection(); quarter.select(40, 40, 40, 30, 255)
masked.addChildNode(document.createFilterMask("only here", krita.filter("invert"), quarter), None)
inside.settle(document)
document.setModified(False)
""",
        which=document,
    )
    # Krita paints the vector layer in its own time
    desk.wait("answer = inside.node(inside.doc(which), 'vector').bounds().width() > 0", which=document)
    desk.wait("answer = inside.idle(which)", which=document)
    # Each kind's truth by another way: shown alone in a document of its own, read by `pixelData` of the document.
    found = desk.do(
        """
from layerlift_krita.action.ports import Wish
from layerlift_krita.host import reading
document = inside.doc(which)
before = inside.state(which)
answer = {}
for name in kinds:
    source = inside.node(document, name)
    document.setActiveNode(source)
    document.waitForDone()
    shot = reading.snapshot(Wish())
    data = bytearray()
    while len(data) < shot.size:
        data += shot.read(len(data), 4096)
    answer[name] = {"place": shot.place.name, "box": [shot.x, shot.y, shot.width, shot.height], "depth": shot.depth}
    (inside.Path(folder) / name).write_bytes(data)
    shot.close()
    alone = document.clone()
    alone.setBatchmode(True)
    for node in inside.walk(alone.rootNode()):
        if node.parentNode().parentNode() is None:
            node.setVisible(node.name() == name or (name in ("clone", "filter") and False))
            node.setOpacity(255)
    inside.settle(alone)
    (inside.Path(folder) / (name + " alone")).write_bytes(bytes(alone.pixelData(*answer[name]["box"])))
    alone.setModified(False)
    alone.close()
answer["untouched"] = inside.state(which) == before
""",
        which=document, kinds=KINDS, folder=str(tmp_path),
    )  # fmt: skip
    assert found.pop("untouched")
    for name in KINDS:
        about = found[name]
        assert about["place"] == name
        _, _, width, height = about["box"]
        ours = np.fromfile(tmp_path / name, np.uint8).reshape(height, width, 4)
        if name == "filter":  # what it makes of the layers below: they are not there when it is alone
            assert ours[..., 3].any()
            continue
        alone = load(tmp_path / f"{name} alone", (height, width))
        seen = alone[..., 3] > 0
        assert seen.any(), name
        assert (ours[..., 3] == alone[..., 3]).all(), name
        assert (ours[seen] == alone[seen]).all(), name


def test_a_file_layer_is_read_as_it_shows_and_taken_apart(desk: Desk, tmp_path: Path) -> None:
    picture = bands(90, 60)
    file = tmp_path / "linked.png"
    cv2.imwrite(str(file), np.ascontiguousarray(picture[..., [2, 1, 0]]))
    path = str(store(bands(120, 80), tmp_path / "in"))
    document = desk.do("answer = inside.new('File', 120, 80, pixels=path)", path=path)
    desk.do(
        """
document = inside.doc(which)
made = document.createFileLayer("linked", file, "None")
document.rootNode().addChildNode(made, None)
""",
        which=document, file=str(file),
    )  # fmt: skip
    # Krita loads the file in its own time
    desk.wait("b = inside.node(inside.doc(which), 'linked').bounds(); answer = b.width() == 90", which=document)
    desk.wait("answer = inside.idle(which) and inside.layer_row('linked') is not None", which=document)
    desk.do("d = inside.doc(which); d.setActiveNode(inside.node(d, 'linked'))", which=document)
    desk.wait("n = krita.activeDocument().activeNode(); answer = n is not None and n.name() == 'linked'")
    found = desk.do(
        """
from layerlift_krita.action.ports import Wish
from layerlift_krita.host import reading
shot = reading.snapshot(Wish())
inside.Path(path).write_bytes(shot.read(0, shot.size))
answer = [shot.x, shot.y, shot.width, shot.height]
shot.close()
""",
        path=str(tmp_path / "ours"),
    )  # fmt: skip
    assert found == [0, 0, 90, 60]
    assert (np.fromfile(tmp_path / "ours", np.uint8).reshape(60, 90, 4) == picture).all()
    assert end(desk, desk.do("answer = inside.run()"))[:3] == ["linked", "inserted", None]
    desk.wait("answer = inside.idle(which)", which=document)
    tree = desk.do("answer = inside.tree(which)", which=document)
    assert [entry[0] for entry in tree] == ["Background", "linked", "linked – layers"]
    desk.do("inside.projection(which, path)", which=document, path=str(tmp_path / "after"))
    off = np.abs(load(tmp_path / "after", (80, 120)).astype(int)[:60, :90] - picture)
    assert off.max() <= 1


def test_a_selection_is_cut_out_to_its_soft_edge(desk: Desk, tmp_path: Path) -> None:
    picture = bands(160, 100)
    document = desk.do("answer = inside.new('Cut', 160, 100, pixels=path)", path=str(store(picture, tmp_path / "in")))
    desk.do(
        """
from krita import Selection
soft = Selection()
soft.select(30, 20, 70, 50, 255)
soft.feather(6)
inside.doc(which).setSelection(soft)
inside.doc(which).waitForDone()
""",
        which=document,
    )
    desk.wait("answer = inside.idle(which)", which=document)
    found = desk.do(
        """
from layerlift_krita.action.ports import Wish
from layerlift_krita.host import reading
shot = reading.snapshot(Wish(scope="selection"))
data = bytearray()
while len(data) < shot.size:
    data += shot.read(len(data), 5000)
inside.Path(folder, "ours").write_bytes(data)
answer = [shot.x, shot.y, shot.width, shot.height]
selection = inside.doc(which).selection()
inside.Path(folder, "mask").write_bytes(bytes(selection.pixelData(*answer)))
shot.close()
""",
        which=document, folder=str(tmp_path),
    )  # fmt: skip
    x, y, width, height = found
    ours = np.fromfile(tmp_path / "ours", np.uint8).reshape(height, width, 4)
    mask = np.fromfile(tmp_path / "mask", np.uint8).reshape(height, width)
    assert ((mask > 0) & (mask < 255)).any()
    assert (ours[..., 3] == mask).all()  # the picture is opaque
    assert (ours[..., :3] == picture[y : y + height, x : x + width, :3]).all()
    _, state, trouble, _, notes = end(desk, desk.do("answer = inside.run(scope='selection')"))
    assert (state, trouble, notes) == ("inserted", None, [])  # what is below is opaque: nothing shows through
    desk.wait("answer = inside.idle(which)", which=document)
    desk.do("inside.projection(which, path)", which=document, path=str(tmp_path / "after"))
    assert np.abs(load(tmp_path / "after", (100, 160)).astype(int) - picture).max() <= 1
    assert json.loads(json.dumps(desk.do("answer = inside.state(which)['selection'][:4]", which=document)))


def test_the_whole_image_goes_on_top_of_everything(desk: Desk, tmp_path: Path) -> None:
    picture = bands(120, 80)
    document = desk.do("answer = inside.new('Whole', 120, 80, pixels=path)", path=str(store(picture, tmp_path / "in")))
    desk.do(
        """
document = inside.doc(which)
top = document.createNode("Top", "paintlayer")
top.setPixelData(inside.QByteArray(b"\\x00\\x80\\xff\\xff" * 600), 10, 10, 30, 20)
document.rootNode().addChildNode(top, None)
inside.settle(document)
inside.projection(which, path)
document.setActiveNode(document.rootNode().childNodes()[0])
""",
        which=document, path=str(tmp_path / "before"),
    )  # fmt: skip
    assert end(desk, desk.do("answer = inside.run(scope='image')"))[:3] == ["Whole", "inserted", None]
    assert [entry[0] for entry in desk.do("answer = inside.tree(which)", which=document)][2] == "Whole – layers"
    desk.wait("answer = inside.idle(which)", which=document)
    desk.do("inside.projection(which, path)", which=document, path=str(tmp_path / "after"))
    before, after = (load(tmp_path / name, (80, 120)).astype(int) for name in ("before", "after"))
    assert np.abs(before - after).max() <= 1


def test_an_animated_layer_says_that_it_is_one_frame(desk: Desk, tmp_path: Path) -> None:
    desk.do("answer = inside.new('Animated', 60, 40, pixels=path)", path=str(store(bands(60, 40), tmp_path / "in")))
    desk.do("krita.activeDocument().rootNode().childNodes()[0].enableAnimation()")
    notes = end(desk, desk.do("answer = inside.run()"))[4]
    assert "This is animated: only the current frame was taken." in notes
