"""What goes wrong, goes wrong politely: servers die, documents close, users change their minds. In the real Krita."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hosts.krita.desk import Desk
from hosts.krita.pictures import bands, load, poster, store

pytestmark = pytest.mark.xdist_group("krita plug-in")
ENDS = ("inserted", "failed", "kept", "cancelled")


def new(desk: Desk, folder: Path, name: str = "Drill", width: int = 120, height: int = 80) -> str:
    path = str(store(bands(width, height), folder / f"{name}.raw"))
    code = "answer = inside.new(name, width, height, pixels=path)"
    return str(desk.do(code, name=name, width=width, height=height, path=path))


def end(desk: Desk, job: str) -> list[Any]:
    """Wait for a job's end: [name, state, trouble, remedy, notes]."""
    desk.wait("answer = inside.state_of(job) in ends", job=job, ends=ENDS)
    return list(
        desk.do(
            "answer = next(r for r, t in zip(inside.tasks(), inside.studio().action.tasks) if t.job == job)", job=job
        )
    )


def keep_busy(desk: Desk, folder: Path, document: str) -> str:
    """A job that takes some seconds, from another document; `document` is the active one again."""
    path = str(store(poster(), folder / "busy.raw"))
    desk.do("room['busy'] = inside.new('Busy', 480, 320, pixels=path)", path=path)
    job = str(desk.do("answer = inside.run(engine='quick')"))
    desk.wait("answer = inside.state_of(job) == 'working'", job=job)
    desk.do("inside.activate(which)", which=document)
    desk.wait("answer = inside.ident(krita.activeDocument()) == which", which=document)
    return job


def choose_layer(desk: Desk, document: str, name: str) -> None:
    """Make a layer the active one. Only when the Layers docker knows it: setActiveNode right after addChildNode asserts
    (5.1, 5.2), and Krita does not always choose a new layer by itself."""
    desk.wait("answer = inside.layer_row(name) is not None", name=name)
    desk.do("inside.doc(which).setActiveNode(inside.node(inside.doc(which), name))", which=document, name=name)
    code = "n = krita.activeDocument().activeNode(); answer = n is not None and n.name() == name"
    desk.wait(code, name=name)


def kill_server(desk: Desk) -> None:
    (file,) = (desk.home / "run" / "layerlift").glob("server-*.json")
    os.kill(int(file.stem.removeprefix("server-")), signal.SIGKILL)


def shows(desk: Desk, document: str, path: Path, picture: np.ndarray[Any, Any]) -> bool:
    desk.wait("answer = inside.idle(which)", which=document)
    desk.do("inside.projection(which, path)", which=document, path=str(path))
    return bool(np.abs(load(path, picture.shape[:2]).astype(int) - picture).max() <= 1)


@pytest.mark.parametrize("stage", ["connecting", "sending", "queued", "working", "fetching", "inserting"])
def test_cancelling_at_any_stage_leaves_the_document_as_it_was(desk: Desk, tmp_path: Path, stage: str) -> None:
    document = new(desk, tmp_path)
    before = desk.do("answer = inside.state(which)", which=document)
    if stage == "connecting":
        desk.do("inside.studio().link.close(); inside.studio().action.lost(None)")
    ahead = keep_busy(desk, tmp_path, document) if stage == "queued" else None
    job = desk.do("job = inside.run(); inside.cancel_at(job, stage); answer = job", stage=stage)
    assert end(desk, job)[1] == "cancelled"
    assert "Cancelled." in desk.do("answer = room['told'].words")
    if ahead is not None:
        desk.do("inside.studio().action.cancel(inside.task(job))", job=ahead)
    desk.wait("answer = inside.idle(which)", which=document)
    after = desk.do("answer = inside.state(which)", which=document)
    assert after == before
    # and the next one is none the worse for it
    assert end(desk, desk.do("answer = inside.run()"))[1:3] == ["inserted", None]


def test_a_killed_server_is_replaced_and_the_user_told(desk: Desk, tmp_path: Path) -> None:
    picture = poster(240, 160)
    document = desk.do(
        "answer = inside.new('Killed', 240, 160, pixels=path)", path=str(store(picture, tmp_path / "in"))
    )
    before = desk.do("answer = inside.state(which)", which=document)
    job = desk.do("answer = inside.run(engine='quick')")
    desk.wait("answer = inside.state_of(job) == 'working'", job=job)
    kill_server(desk)
    _, state, trouble, remedy, _ = end(desk, job)
    if state == "failed":  # the server may also do a started job once more
        assert trouble
        assert remedy
        assert desk.do("answer = inside.state(which)", which=document) == before
        desk.do("inside.studio().action.again(inside.task(job))", job=job)
        desk.wait("answer = inside.tasks()[0][1] == 'inserted'")
    assert shows(desk, document, tmp_path / "out", picture)


def test_a_result_whose_document_was_closed_opens_as_a_new_one(desk: Desk, tmp_path: Path) -> None:
    new(desk, tmp_path, "Other")
    document = new(desk, tmp_path, "Closed")
    job = desk.do("job = inside.run(); inside.doc(which).setModified(False); answer = job", which=document)
    desk.do("krita.action('file_close').trigger()")
    desk.wait("answer = inside.doc(which) is None", which=document)
    assert end(desk, job)[1:3] == ["kept", "“Closed” is not open any more."]
    assert any("not open any more" in words for words in desk.do("answer = room['told'].words"))
    desk.do("inside.studio().action.insert(inside.task(job), fresh=True); inside.studio().changed()", job=job)
    desk.wait("answer = inside.state_of(job) == 'inserted'", job=job)
    made = desk.do("answer = inside.ident(next(d for d in krita.documents() if d.name() == 'Closed'))")
    (tree,) = desk.do("answer = inside.tree(which)", which=made)
    assert tree[0] == "Background – layers"
    assert [name for (name,) in tree[1]] == ["Background", "Band 1", "Band 2", "Band 3"]
    assert shows(desk, made, tmp_path / "out", bands(120, 80))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("document.resizeImage(0, 0, 100, 90)", "“Moved” was resized meanwhile."),
        ("layer.setPixelData(layer.pixelData(0, 0, 1, 2), 0, 5, 2, 1)", "“Background” was changed meanwhile."),
        ("layer.remove()", "The layer “Background” is gone."),
    ],
    ids=["resized", "painted", "removed"],
)
def test_a_changed_place_is_asked_about(desk: Desk, tmp_path: Path, change: str, words: str) -> None:
    document = new(desk, tmp_path, "Moved")
    job = desk.do(
        f"""
document = inside.doc(which)
layer = document.rootNode().childNodes()[0]
document.rootNode().addChildNode(document.createNode("Other", "paintlayer"), layer)
document.waitForDone()
job = inside.run()
{change}
document.waitForDone()
answer = job
""",
        which=document,
    )
    # the plug-in reads a snapshot: whatever happens after the click does not reach it
    desk.do("krita.activeDocument()")
    found = end(desk, job)
    assert found[1:3] == ["kept", words]
    before = desk.do("answer = inside.tree(which)", which=document)
    desk.do("inside.studio().action.insert(inside.task(job)); inside.studio().changed()", job=job)
    desk.wait("answer = inside.state_of(job) == 'inserted'", job=job)
    assert len(desk.do("answer = inside.tree(which)", which=document)) == len(before) + 1


def test_two_documents_at_once_each_get_their_own(desk: Desk, tmp_path: Path) -> None:
    names = ("One", "Two")
    documents = {name: new(desk, tmp_path, name) for name in names}
    jobs = {}
    for name in names:
        desk.do("krita.setActiveDocument(inside.doc(which))", which=documents[name])
        desk.do("inside.activate(which)", which=documents[name])
        desk.wait("answer = inside.ident(krita.activeDocument()) == which", which=documents[name])
        jobs[name] = desk.do("answer = inside.run()")
    for name in names:
        assert end(desk, jobs[name])[1:3] == ["inserted", None]
        assert len(desk.do("answer = inside.tree(which)", which=documents[name])) == 2


@pytest.mark.parametrize(("width", "height"), [(16384, 1024), (1, 1)])
def test_extreme_sizes(desk: Desk, tmp_path: Path, width: int, height: int) -> None:
    document = new(desk, tmp_path, "Extreme", width, height)
    assert end(desk, desk.do("answer = inside.run()"))[1:3] == ["inserted", None]
    assert shows(desk, document, tmp_path / "out", bands(width, height))


def test_an_empty_layer_is_refused_in_words(desk: Desk, tmp_path: Path) -> None:
    document = new(desk, tmp_path)
    desk.do(
        """
document = inside.doc(which)
empty = document.createNode("Empty", "paintlayer")
document.rootNode().addChildNode(empty, None)
document.waitForDone()
""",
        which=document,
    )
    choose_layer(desk, document, "Empty")
    assert desk.do("answer = inside.run()") is None
    assert desk.do("answer = inside.tasks()") == []
    (words,) = desk.do("answer = room['told'].words")
    assert words == "The layer “Empty” is empty.\nChoose a layer with something on it."


def test_nothing_open_is_refused_in_words(desk: Desk) -> None:
    assert desk.do("answer = inside.run()") is None
    assert desk.do("answer = inside.tasks()") == []


def test_a_locked_group_is_left_alone_and_odd_names_survive(desk: Desk, tmp_path: Path) -> None:
    name = "🎨 \"quotes\" 'n' <tags> & 图层 %1 {x}"
    document = new(desk, tmp_path)
    desk.do(
        """
document = inside.doc(which)
group = document.createGroupLayer("Locked")
layer = document.rootNode().childNodes()[0].duplicate()
layer.setName(name)
group.setChildNodes([layer])
document.rootNode().addChildNode(group, document.rootNode().childNodes()[0])
group.setLocked(True)
inside.settle(document)
""",
        which=document,
        name=name,
    )
    choose_layer(desk, document, name)
    job = desk.do("answer = inside.run()")
    assert end(desk, job)[:3] == [name, "inserted", None]
    tree = desk.do("answer = inside.tree(which)", which=document)
    assert [entry[0] for entry in tree] == ["Background", "Locked", f"{name} – layers"]
    assert tree[1][1] == [[name]]
    assert shows(desk, document, tmp_path / "out", bands(120, 80))
