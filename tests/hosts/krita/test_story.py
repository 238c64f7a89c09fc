"""The whole story in the real Krita, with a real mouse, the real server and the embedded engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from hosts.krita.desk import Desk
from hosts.krita.pictures import load, poster, store

pytestmark = pytest.mark.xdist_group("krita plug-in")

SRGB = "sRGB-elle-V2-srgbtrc.icc"
WIDE = "ClayRGB-elle-V2-g22.icc"
"""Adobe RGB (1998) under a name that may be given away."""
FINISHED = ("inserted", "failed", "kept", "cancelled")


def right_click(desk: Desk, layer: str) -> list[str]:
    """Right-click a layer in the Layers docker; the texts of the menu that opens."""
    x, y = desk.wait("answer = inside.layer_row(name)", name=layer)
    desk.type("mousemove", x, y, "click", 3)
    return list(desk.wait("answer = inside.popup()"))


def choose(desk: Desk, text: str) -> None:
    """Click an item of the open menu."""
    x, y = desk.do("answer = inside.popup_item(text)", text=text)
    desk.type("mousemove", x, y, "click", 1)
    desk.wait("answer = inside.popup() is None")


def finished(desk: Desk) -> list[Any]:
    """Wait until the newest task is at an end; [name, state, trouble, remedy, notes]."""
    code = "found = inside.tasks(); answer = found[0] if found and found[0][1] in ends else None"
    return list(desk.wait(code, ends=FINISHED))


def wait_idle(desk: Desk, document: str) -> None:
    desk.wait("answer = inside.idle(which)", which=document)


@pytest.mark.parametrize("profile", [SRGB, WIDE], ids=["sRGB", "wide"])
@pytest.mark.parametrize("depth", [8, 16])
def test_right_click_gives_one_exact_group_that_one_undo_removes(
    desk: Desk, tmp_path: Path, depth: int, profile: str
) -> None:
    picture = poster(depth=depth)
    size = picture.shape[:2]
    document = desk.do(
        "answer = inside.new('Poster', width, height, 'RGBA', depth, profile, path)",
        width=size[1], height=size[0], depth=f"U{depth}", profile=profile, path=str(store(picture, tmp_path / "in")),
    )  # fmt: skip
    desk.do(
        """
document = inside.doc(which)
document.rootNode().childNodes()[0].setName("Poster")
other = document.createNode("Untouched", "paintlayer")
document.rootNode().addChildNode(other, None)
inside.settle(document)
inside.select(which, 50, 60, 70, 80)
inside.choose(engine="quick")
""",
        which=document,
    )
    desk.wait("answer = inside.layer_row('Untouched') is not None")
    before = desk.do("answer = inside.state(which)", which=document)

    texts = right_click(desk, "Poster")
    assert texts.index("Decompose into Layers") < texts.index("Duplicate Layer or Mask")
    choose(desk, "Decompose into Layers")
    assert finished(desk)[:3] == ["Poster", "inserted", None]
    wait_idle(desk, document)

    tree = desk.do("answer = inside.tree(which)", which=document)
    assert [entry[0] for entry in tree] == ["Poster", "Poster – layers", "Untouched"]
    layers = [name for (name,) in tree[1][1]]
    assert layers[0] == "Background"
    assert layers[-1] == "Hello layers"
    assert {"Red circle", "Blue panel"} <= set(layers)
    after = desk.do("answer = inside.state(which)", which=document)
    assert after["history"] == [*before["history"], "Add Layer"]
    for kept in ("selection", "size", "space"):
        assert after[kept] == before[kept]
    assert {name: after["layers"][name] for name in before["layers"]} == before["layers"]

    assert desk.do("answer = inside.projection(which, path)", which=document, path=str(tmp_path / "out"))
    off = np.abs(load(tmp_path / "out", size, depth).astype(int) - picture)
    assert off.max() <= (1 if depth == 8 else 257)
    assert desk.do("answer = inside.export(which, path)", which=document, path=str(tmp_path / "out.png"))
    exported = cv2.imread(str(tmp_path / "out.png"), cv2.IMREAD_UNCHANGED)
    assert exported.dtype == picture.dtype
    assert np.abs(exported[..., [2, 1, 0]].astype(int) - picture[..., :3]).max() <= (1 if depth == 8 else 257)

    desk.do("krita.action('edit_undo').trigger()")
    desk.wait("answer = len(inside.tree(which)) == 2", which=document)
    wait_idle(desk, document)
    undone = desk.do("answer = inside.state(which)", which=document)
    assert undone["layers"] == before["layers"]
    desk.do("krita.action('edit_redo').trigger()")
    desk.wait("answer = len(inside.tree(which)) == 3", which=document)
    wait_idle(desk, document)
    assert desk.do("answer = inside.tree(which)", which=document) == tree
    assert desk.do("answer = inside.projection(which, path)", which=document, path=str(tmp_path / "redone"))
    assert (tmp_path / "redone").read_bytes() == (tmp_path / "out").read_bytes()


def test_a_resulting_layer_can_be_decomposed_again(desk: Desk, tmp_path: Path) -> None:
    picture = poster(240, 160)
    document = desk.do("answer = inside.new('Again', 240, 160, pixels=path)", path=str(store(picture, tmp_path / "in")))
    desk.do("answer = inside.run()")
    assert finished(desk)[1:3] == ["inserted", None]
    assert "Decompose into Layers" not in right_click(desk, "Band 1")
    choose(desk, "Split Further into Layers")
    desk.wait("answer = [t[1] for t in inside.tasks()] == ['inserted', 'inserted']")
    wait_idle(desk, document)
    (_, (_, group)) = desk.do("answer = inside.tree(which)", which=document)
    names = [entry[0] for entry in group]
    assert names == ["Background", "Band 1", "Band 1 – layers", "Band 2", "Band 3"]
    assert len(group[2][1]) > 1
    assert desk.do("answer = inside.history()")[-2:] == ["Add Layer", "Add Layer"]
