"""What else than decomposing an engine can do, each from its menu or dialog to the pixels, in the real Krita."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hosts.krita.desk import Desk
from hosts.krita.pictures import Pixels, load, poster, store

pytestmark = pytest.mark.xdist_group("krita plug-in")
ENDS = ("inserted", "failed", "kept", "cancelled")
WIDTH, HEIGHT = 160, 120
BOX = (50, 30, 60, 40)
"""What the tests select: left, top, width, height."""
DIALOG = """
d = next((c for c in krita.activeWindow().qwindow().children() if c.objectName() == "layerlift_prompt"), None)
from layerlift_krita.panel.asking import Further
from layerlift_krita.qt import QtWidgets
asked = None if d is None else d.findChild(Further)
"""


@pytest.fixture
def picture() -> Pixels:
    return poster(WIDTH, HEIGHT)


@pytest.fixture
def document(desk: Desk, tmp_path: Path, picture: Pixels) -> str:
    """An open picture, and a server whose engines are known."""
    path = str(store(picture, tmp_path / "in"))
    which = str(desk.do("answer = inside.new('Works', w, h, pixels=path)", w=WIDTH, h=HEIGHT, path=path))
    desk.do("inside.studio().link.open(start=True)")
    desk.wait("answer = {'fake', 'quick'} <= {e.name for e in inside.offers()}")
    desk.wait("answer = krita.action('layerlift_extend').isVisible()")
    return which


def end(desk: Desk) -> list[Any]:
    """Wait for the newest task's end: [name, state, trouble, remedy, notes]."""
    desk.wait("found = inside.tasks(); answer = bool(found) and found[0][1] in ends", ends=ENDS)
    return list(desk.do("answer = inside.tasks()[0]"))


def shown(desk: Desk, document: str, path: Path) -> Pixels:
    """What Krita shows of the document."""
    desk.wait("answer = inside.idle(which)", which=document)
    size = desk.do("d = inside.doc(which); answer = [d.height(), d.width()]", which=document)
    desk.do("inside.projection(which, path)", which=document, path=str(path))
    return load(path, (size[0], size[1]))


def layer(desk: Desk, document: str, name: str, path: Path) -> tuple[list[int], Pixels]:
    """A layer's box and its pixels."""
    box = desk.do(
        """
n = inside.node(inside.doc(which), name); b = n.bounds()
answer = [b.x(), b.y(), b.width(), b.height()]
inside.Path(path).write_bytes(bytes(n.pixelData(*answer)))
""",
        which=document, name=name, path=str(path),
    )  # fmt: skip
    return box, load(path, (box[3], box[2]))


def go(desk: Desk, action: str, code: str = "") -> None:
    """Trigger the action and answer its dialog by `code`."""
    desk.do("krita.action(action).trigger()", action=action)
    desk.wait(DIALOG + "answer = asked is not None and d.isVisible()")
    desk.do(
        f"""{DIALOG}
asked.engine.setCurrentIndex(max(0, asked.engine.findData("fake")))
{code}
d.findChild(QtWidgets.QDialogButtonBox).button(QtWidgets.QDialogButtonBox.StandardButton.Ok).click()
"""
    )
    desk.wait(DIALOG + "answer = d is None")


def undone(desk: Desk, document: str, steps: int) -> None:
    for _ in range(steps):
        desk.do("krita.action('edit_undo').trigger()")
        desk.wait("answer = inside.idle(which)", which=document)


def test_a_layer_is_edited_on_a_layer_above_it(desk: Desk, tmp_path: Path, document: str, picture: Pixels) -> None:
    before = desk.do("answer = inside.state(which)", which=document)
    go(desk, "layerlift_edit", "asked.prompt.setText('make it blue')")
    assert end(desk)[:3] == ["Background", "inserted", None]
    tree = desk.do("answer = inside.tree(which)", which=document)
    assert tree == [["Background"], ["Background – edited"]]  # a layer, not a group
    after = desk.do("answer = inside.state(which)", which=document)
    assert after["history"] == [*before["history"], "Add Layer"]
    assert after["layers"]["Background"] == before["layers"]["Background"]
    new = shown(desk, document, tmp_path / "out")
    assert (new != picture).any()
    assert (new[..., 3] == 255).all()  # the layer's outline is kept
    undone(desk, document, 1)
    desk.wait("answer = inside.tree(which) == [['Background']]", which=document)
    assert (shown(desk, document, tmp_path / "undone") == picture).all()


@pytest.mark.parametrize(("action", "prompt"), [("fill", "a red ball"), ("remove", "")])
def test_a_selection_is_filled_and_nothing_else(
    desk: Desk, tmp_path: Path, document: str, picture: Pixels, action: str, prompt: str
) -> None:
    desk.do("inside.select(which, *box)", which=document, box=BOX)
    before = desk.do("answer = inside.state(which)", which=document)
    go(desk, f"layerlift_{action}", f"asked.prompt.setText({prompt!r})")
    assert end(desk)[1:3] == ["inserted", None]
    ((_,), (name,)) = desk.do("answer = inside.tree(which)", which=document)
    after = desk.do("answer = inside.state(which)", which=document)
    assert after["history"] == [*before["history"], "Add Layer"]
    assert after["selection"] == before["selection"]
    assert after["layers"]["Background"] == before["layers"]["Background"]
    (left, top, width, height), _ = layer(desk, document, name, tmp_path / "layer")
    x, y, w, h = BOX
    assert left >= x
    assert top >= y
    assert left + width <= x + w
    assert top + height <= y + h
    new = shown(desk, document, tmp_path / "out")
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[y : y + h, x : x + w] = True
    assert (new[~inside] == picture[~inside]).all()
    assert (new[inside] != picture[inside]).any()
    assert (new[..., 3] == 255).all()


def test_filling_without_a_selection_is_refused_before_a_dialog(desk: Desk, document: str) -> None:
    desk.do("krita.action('layerlift_fill').trigger()")
    desk.wait("answer = any('Nothing is selected.' in words for words in room['told'].words)")
    assert desk.do(DIALOG + "answer = asked is None")
    assert desk.do("answer = inside.tasks()") == []


def test_the_canvas_is_extended_in_two_steps(desk: Desk, tmp_path: Path, document: str, picture: Pixels) -> None:
    before = desk.do("answer = inside.state(which)", which=document)
    go(
        desk, "layerlift_extend",
        "asked.margins.margins = (16, 8, 24, 0)",
    )  # fmt: skip
    assert end(desk)[:3] == ["Works", "inserted", None]
    new = shown(desk, document, tmp_path / "out")
    assert new.shape == (HEIGHT + 8, WIDTH + 40, 4)
    assert (new[8:, 16:-24] == picture).all()
    assert (new[..., 3] == 255).all()
    assert new[:8].std() > 0 or new[:, :16].std() > 0
    after = desk.do("answer = inside.state(which)", which=document)
    assert after["history"] == [*before["history"], "Resize Image", "Add Layer"]
    undone(desk, document, 1)
    desk.wait("answer = len(inside.tree(which)) == 1", which=document)
    undone(desk, document, 1)
    desk.wait("answer = inside.doc(which).width() == width", which=document, width=WIDTH)
    undid = desk.do("answer = inside.state(which)", which=document)
    assert (undid["layers"], undid["size"]) == (before["layers"], before["size"])
    assert (shown(desk, document, tmp_path / "undone") == picture).all()


@pytest.mark.parametrize("where", ["canvas", "selection"])
def test_a_layer_is_drawn_from_words(desk: Desk, tmp_path: Path, document: str, picture: Pixels, where: str) -> None:
    if where == "selection":
        desk.do("inside.select(which, *box)", which=document, box=BOX)
    go(desk, "layerlift_generate", "asked.prompt.setText('a fox in the snow')")
    assert end(desk)[:3] == ["Works", "inserted", None]
    (_, (name,)) = desk.do("answer = inside.tree(which)", which=document)
    box, pixels = layer(desk, document, name, tmp_path / "layer")
    assert tuple(box) == (BOX if where == "selection" else (0, 0, WIDTH, HEIGHT))
    assert (pixels[..., 3] == 255).all()
    left, top, width, height = box
    new = shown(desk, document, tmp_path / "out")
    assert (new[top : top + height, left : left + width] == pixels).all()
    new[top : top + height, left : left + width] = picture[top : top + height, left : left + width]
    assert (new == picture).all()


def test_a_layer_is_drawn_over_the_picture(desk: Desk, tmp_path: Path, document: str, picture: Pixels) -> None:
    before = desk.do("answer = inside.state(which)['layers']", which=document)
    go(desk, "layerlift_generate", "asked.prompt.setText('in the snow'); asked.start.setChecked(True)")
    assert end(desk)[:3] == ["Works", "inserted", None]
    ((_,), (name,)) = desk.do("answer = inside.tree(which)", which=document)
    box, pixels = layer(desk, document, name, tmp_path / "layer")
    assert box == [0, 0, WIDTH, HEIGHT]
    assert (pixels != picture).any()
    assert desk.do("answer = inside.state(which)['layers']['Background']", which=document) == before["Background"]


def test_what_was_drawn_can_come_in_layers(desk: Desk, document: str) -> None:
    go(desk, "layerlift_generate", "asked.prompt.setText('a fox in the snow'); asked.apart.setChecked(True)")
    assert end(desk)[1:3] == ["inserted", None]
    (_, (name, layers)) = desk.do("answer = inside.tree(which)", which=document)
    assert name == "Works – layers"
    assert len(layers) > 1


def test_a_picture_is_harmonised_on_a_layer_on_top(desk: Desk, tmp_path: Path, document: str, picture: Pixels) -> None:
    desk.do("inside.select(which, *box)", which=document, box=BOX)
    go(desk, "layerlift_harmonise", "asked.prompt.setText('evening light')")
    assert end(desk)[:3] == ["Works", "inserted", None]
    tree = desk.do("answer = inside.tree(which)", which=document)
    assert tree[0] == ["Background"]
    assert len(tree) == 2
    new = shown(desk, document, tmp_path / "out")
    assert (new != picture).any()
    undone(desk, document, 1)
    desk.wait("answer = len(inside.tree(which)) == 1", which=document)
    assert (shown(desk, document, tmp_path / "undone") == picture).all()


def test_a_translucent_source_can_be_hidden_by_one_undoable_click(desk: Desk, tmp_path: Path, document: str) -> None:
    desk.do("n = inside.doc(which).rootNode().childNodes()[0]; n.setOpacity(128); inside.settle(inside.doc(which))",
            which=document)  # fmt: skip
    desk.do("answer = inside.run()")
    assert "Hide “Background” to see the result alone: it shows through." in end(desk)[4]
    desk.wait("answer = inside.idle(which)", which=document)
    steps = desk.do("answer = inside.history()")
    row = "row = next(iter(inside.panel().rows.values()))"
    desk.wait(f"{row}; answer = row.buttons['hide'].isVisible()")
    desk.do(f"{row}; row.buttons['hide'].click()")
    source = "inside.doc(which).rootNode().childNodes()[0]"
    desk.wait(f"answer = not {source}.visible()", which=document)
    assert desk.do(f"answer = {source}.name()", which=document) == "Background"
    desk.wait("answer = len(inside.history()) == count", count=len(steps) + 1)
    undone(desk, document, 1)
    desk.wait(f"answer = {source}.visible()", which=document)
    assert len(desk.do("answer = inside.tree(which)", which=document)) == 2
