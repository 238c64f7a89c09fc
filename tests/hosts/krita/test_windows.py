"""What one can click: menus, shortcut, panel, dialog; Krita's own importer; a restart. In the real Krita."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hosts.krita.conftest import make_desk, stop_servers
from hosts.krita.desk import Desk
from hosts.krita.pictures import bands, load, poster, store

pytestmark = pytest.mark.xdist_group("krita plug-in")
_PASSING = shutil.ignore_patterns("*-journal", "*-wal", "*-shm")
"""What SQLite keeps beside a database while somebody writes: gone before one can copy it."""
ENDS = ("inserted", "failed", "kept", "cancelled")


def new(desk: Desk, folder: Path, name: str = "Window", width: int = 120, height: int = 80) -> str:
    path = str(store(bands(width, height), folder / f"{name}.raw"))
    code = "answer = inside.new(name, width, height, pixels=path)"
    return str(desk.do(code, name=name, width=width, height=height, path=path))


def end(desk: Desk) -> list[Any]:
    desk.wait("found = inside.tasks(); answer = bool(found) and found[0][1] in ends", ends=ENDS)
    return list(desk.do("answer = inside.tasks()[0]"))


def end_after(desk: Desk, code: str) -> list[Any]:
    """Do it, then wait for the newest task's end."""
    desk.do(code)
    return end(desk)


def click(desk: Desk, code: str, **values: Any) -> None:
    """Click where `code` says."""
    x, y = desk.wait(code, **values)
    desk.type("mousemove", x, y, "click", 1)


def panel(desk: Desk, action: str) -> str:
    """Code that uses the panel's widgets as `panel`."""
    return f"panel = inside.panel(); {action}"


def test_the_layer_menu_and_the_shortcut(desk: Desk, tmp_path: Path) -> None:
    document = new(desk, tmp_path)
    titles = desk.do(
        """
bar = krita.activeWindow().qwindow().menuBar()
menu = next(a.menu() for a in bar.actions() if a.text().replace("&", "") == "Layer")
answer = [a.objectName() for a in menu.actions()]
"""
    )
    assert {"layerlift_decompose", "layerlift_decompose_options", "layerlift_decompose_selection"} <= set(titles)
    desk.focus()
    desk.type("key", "ctrl+alt+d")
    assert end(desk)[1:3] == ["inserted", None]
    assert len(desk.do("answer = inside.tree(which)", which=document)) == 2


def test_the_canvas_menu_of_a_selection_tool(desk: Desk, tmp_path: Path) -> None:
    picture = bands(120, 80)
    document = new(desk, tmp_path)
    desk.do("krita.action('KisToolSelectRectangular').trigger(); inside.select(which, 20, 10, 60, 50)", which=document)
    desk.wait("answer = inside.idle(which)", which=document)
    x, y = desk.do("answer = inside.centre(krita.activeWindow().qwindow().centralWidget())")
    desk.type("mousemove", x, y, "click", 3)
    texts = desk.wait("answer = inside.popup()")
    assert texts.index("Decompose Selection into Layers") < texts.index("Cut Selection to New Layer")
    click(desk, "answer = inside.popup_item('Decompose Selection into Layers')")
    assert end(desk)[1:3] == ["inserted", None]
    desk.wait("answer = inside.idle(which)", which=document)
    boxes = desk.do(
        """
answer = [[b.x(), b.y(), b.x() + b.width(), b.y() + b.height()]
          for n in inside.walk(inside.node(inside.doc(which), "Background – layers")) for b in [n.bounds()]]
""",
        which=document,
    )
    assert boxes
    assert all(left >= 20 and top >= 10 and right <= 80 and bottom <= 60 for left, top, right, bottom in boxes)
    desk.do("inside.projection(which, path)", which=document, path=str(tmp_path / "out"))
    assert np.abs(load(tmp_path / "out", (80, 120)).astype(int) - picture).max() <= 1
    desk.do("krita.action('KritaShape/KisToolBrush').trigger()")


def test_the_panel_shows_progress_cancels_and_remembers(desk: Desk, tmp_path: Path) -> None:
    document = desk.do(
        "answer = inside.new('Panel', 480, 320, pixels=path)", path=str(store(poster(), tmp_path / "in"))
    )
    desk.do(panel(desk, "panel.options.engine.setCurrentIndex(panel.options.engine.findData('quick'))"))
    desk.do(panel(desk, "panel.options.layers.setValue(5); panel.options.what.setText('the disc')"))
    click(desk, panel(desk, "answer = inside.centre(panel.go) if panel.go.isVisible() else None"))
    desk.wait("answer = [t[1] for t in inside.tasks()] == ['working']")
    desk.wait(panel(desk, "answer = any(row.bar.isVisible() and row.bar.value() > 80 for row in panel.rows.values())"))
    assert desk.do("answer = inside.studio().settings.choice.layers") == 5
    desk.wait(panel(desk, "answer = panel.connection.text().startswith('●')"))
    row = "next(iter(panel.rows.values()))"
    click(desk, panel(desk, f"answer = inside.centre({row}.buttons['cancel'])"))
    desk.wait("answer = inside.tasks()[0][1] == 'cancelled'")
    desk.wait(panel(desk, f"answer = {row}.buttons['again'].isVisible() and not {row}.bar.isVisible()"))
    assert desk.do("answer = inside.tree(which)", which=document) == [["Background"]]


def test_the_dialog_asks_and_does(desk: Desk, tmp_path: Path) -> None:
    document = new(desk, tmp_path)
    desk.do("krita.action('layerlift_decompose_options').trigger()")
    children = "krita.activeWindow().qwindow().children()"
    find = f"d = next((c for c in {children} if c.objectName() == 'layerlift_dialog'), None);"
    desk.wait(f"{find} answer = d is not None and d.isVisible()")
    desk.do(
        f"""
{find}
from layerlift_krita.panel.options import Options
from layerlift_krita.qt import QtWidgets
options = d.findChild(Options)
options.layers.setValue(3)
options.careful.click()
options.scope.setCurrentIndex(options.scope.findData("image"))
box = d.findChild(QtWidgets.QDialogButtonBox)
box.button(QtWidgets.QDialogButtonBox.StandardButton.Ok).click()
"""
    )
    assert end(desk)[:3] == ["Window", "inserted", None]
    tree = desk.do("answer = inside.tree(which)", which=document)
    assert desk.do("answer = dict(inside.studio().action.tasks[0].wish.params)") == {
        "layers": 3, "text": "block", "edges": "careful",
    }  # fmt: skip
    assert desk.do("answer = inside.studio().settings.choice.edges") == "careful"
    assert desk.wait(panel(desk, "answer = panel.options.careful.isChecked()"))
    assert tree[1][0] == "Window – layers"
    assert len(tree[1][1]) == 3


def test_further_operations_appear_when_an_engine_offers_them(desk: Desk, tmp_path: Path) -> None:
    document = new(desk, tmp_path)
    desk.do("inside.studio().link.open(start=True)")
    desk.wait("answer = inside.studio().action.welcome is not None")
    offer = """
from dataclasses import replace
here = inside.studio()
room.setdefault("plain", here.action.welcome)
artist = replace(room["plain"].engines[0], name="artist", operations=tuple(able), missing=None)
here.action.welcome = replace(room["plain"], engines=(artist,))
here.changed()
"""
    desk.do(offer, able=["decompose"])
    desk.wait("answer = not krita.action('layerlift_edit').isVisible()")
    x, y = desk.wait("answer = inside.layer_row('Background')")
    desk.type("mousemove", x, y, "click", 3)
    asked = {"Edit Layer with a Prompt…", "Generate Layer…", "Extend Canvas…", "Harmonise Picture…"}
    assert not asked & set(desk.wait("answer = inside.popup()"))
    desk.type("key", "Escape")
    desk.wait("answer = inside.popup() is None")
    desk.do(offer, able=["edit", "inpaint", "generate", "extend", "harmonise"])
    desk.wait("answer = krita.action('layerlift_edit').isVisible()")
    desk.type("mousemove", x, y, "click", 3)
    assert asked <= set(desk.wait("answer = inside.popup()"))
    desk.type("key", "Escape")
    desk.wait("answer = inside.popup() is None")
    for menu, wanted in (("Layer", {"layerlift_edit", "layerlift_fill"}), ("Image", {"layerlift_extend"})):
        code = """
bar = krita.activeWindow().qwindow().menuBar()
menu = next(a.menu() for a in bar.actions() if a.text().replace("&", "") == title)
answer = [a.objectName() for a in menu.actions() if a.isVisible()]
"""
        assert wanted <= set(desk.do(code, title=menu))
    desk.wait(panel(desk, "answer = panel.more.isVisible() and len(panel.more.menu().actions()) == 6"))
    # what is sent to fill a selection: everything, and the selection beside it
    desk.do("inside.select(which, 20, 10, 60, 50)", which=document)
    found = desk.do(
        """
from layerlift_krita.action.ports import Wish
from layerlift_krita.host import reading
shot = reading.snapshot(Wish("inpaint"))
answer = [shot.width, shot.height, shot.mask, shot.size, bytes(shot.read(120 * 80 * 4, 10**6)).count(255)]
shot.close()
inside.studio().action.welcome = room.pop("plain")
inside.studio().changed()
"""
    )
    assert found == [120, 80, True, 120 * 80 * 5, 60 * 50]


def test_a_second_window_has_everything_and_hears_no_more_when_closed(desk: Desk, tmp_path: Path) -> None:
    new(desk, tmp_path)
    desk.do("inside.studio().link.open(start=True)")
    desk.wait("answer = krita.action('layerlift_extend').isVisible()")
    hearing = (
        "from layerlift_krita.features import ON_OFFERS; answer = [len(ON_OFFERS), len(inside.studio()._watchers)]"
    )
    before = desk.do(hearing)
    desk.do("room['second'] = krita.openWindow(); room['second'].qwindow().show()")
    desk.wait("answer = len(krita.windows()) == 2")
    second = "w = room['second'].qwindow()"
    desk.wait(f"{second}; box = w.findChild(inside.QDockWidget, 'layerlift_docker'); answer = box is not None")
    desk.do(f"{second}; box = w.findChild(inside.QDockWidget, 'layerlift_docker'); box.show(); box.raise_()")
    desk.wait(f"{second}; box = w.findChild(inside.QDockWidget, 'layerlift_docker'); answer = box.widget() is not None")
    # offered here, too, though nothing was said since it opened
    found = desk.do(
        f"""
{second}
from layerlift_krita.qt import QAction
bar = w.menuBar()
menu = next(a.menu() for a in bar.actions() if a.text().replace("&", "") == "Image")
mine = next(a for a in menu.actions() if a.objectName() == "layerlift_extend")
panel = w.findChild(inside.QDockWidget, 'layerlift_docker').widget()
answer = [mine.isVisible(), panel.connection.text()[:1], not panel.more.isHidden()]
"""
    )
    assert found == [True, "●", True]
    assert desk.do(hearing)[0] == before[0] + 1
    desk.do(f"{second}; room.pop('second'); w.close()")
    desk.wait("answer = len(krita.windows()) == 1")
    # its actions and panel are gone: telling them would raise
    desk.wait(hearing.replace("answer =", "found =") + "; answer = found[0] == count", count=before[0])
    desk.do("inside.studio().changed()")
    assert end_after(desk, "answer = inside.run()")[1] == "inserted"


def test_kritas_own_importer_takes_the_zip_and_the_plugin_starts_fast(tmp_path: Path, desk: Desk) -> None:
    from layerlift_installer import bundle

    path = bundle.krita().write_zip(tmp_path / "layerlift.zip")
    found = desk.do(
        """
import builtins, sys
from plugin_importer.plugin_importer import PluginImporter
inside.Path(folder).mkdir()
made = PluginImporter(path, folder, lambda plugin: True).import_all()
answer = [[plugin["name"], plugin["ui_name"], bool(plugin["action"])] for plugin in made]
""",
        path=str(path), folder=str(tmp_path / "resources"),
    )  # fmt: skip
    assert found == [["layerlift_krita", "Layerlift", True]]
    installed = {
        p.relative_to(tmp_path / "resources").as_posix() for p in (tmp_path / "resources").rglob("*") if p.is_file()
    }
    files = bundle.krita().files
    wanted = {name if name.startswith("actions/") else f"pykrita/{name}" for name in files}
    assert installed == wanted


def test_a_job_outlives_krita_and_its_result_is_offered_again(tmp_path: Path, shared_desk: Desk) -> None:
    home = tmp_path / "home"
    home.mkdir()
    # what the first start of Krita made (its resource cache) saves this one half a minute
    for place in (".local/share/krita", ".config", ".cache"):
        shutil.copytree(shared_desk.home / place, home / place, symlinks=True, ignore=_PASSING, dirs_exist_ok=True)
    desk = make_desk(home)
    try:
        desk.start()
        desk.do("inside.choose(engine='quick', scope='layer', layers=0, what='')")
        path = str(store(poster(), tmp_path / "in"))
        document = desk.do("answer = inside.new('Later', 480, 320, pixels=path)", path=path)
        saved = str(tmp_path / "later.kra")
        assert desk.do("answer = inside.doc(which).saveAs(path)", which=document, path=saved)
        job = desk.do("answer = inside.run()")
        desk.wait("answer = inside.state_of(job) == 'working'", job=job)
        desk.wait("answer = len(inside.studio().settings.tasks) == 1")
        desk.quit()
        desk.start(saved)
        desk.do("told = inside.studio(); told.link.open(start=False)")
        desk.wait("answer = inside.state_of(job) == 'kept'", job=job)
        opened = desk.wait("answer = krita.activeDocument() and inside.ident(krita.activeDocument())")
        assert desk.do("answer = inside.tree(which)", which=opened) == [["Background"]]
        desk.do("inside.studio().action.insert(inside.task(job)); inside.studio().changed()", job=job)
        desk.wait("answer = inside.state_of(job) == 'inserted'", job=job)
        tree = desk.do("answer = inside.tree(which)", which=opened)
        assert [entry[0] for entry in tree] == ["Background", "Background – layers"]
        assert tree[1][1][-1] == ["Hello layers"]
    finally:
        desk.close()
        stop_servers(desk)
