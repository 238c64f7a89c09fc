"""Makes the pictures of docs/hosts/krita.md in the real Krita: `python -m hosts.krita.shots` from tests/."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[3] / "installer")]

import cv2  # noqa: E402 - after the path

from hosts.krita.conftest import make_desk, stop_servers  # noqa: E402
from hosts.krita.desk import SCREEN, Desk  # noqa: E402
from hosts.krita.pictures import poster, store  # noqa: E402

DOCS = Path(__file__).parents[3] / "docs" / "hosts"
WIDTH = 1200
"""Pixels across in the documentation."""


def shoot(desk: Desk, folder: Path, name: str) -> None:
    """The screen, smaller, as docs/hosts/krita-NAME.png."""
    desk.shot(folder / "shot.png")
    picture = cv2.imread(str(folder / "shot.png"))
    height = round(picture.shape[0] * WIDTH / picture.shape[1])
    small = cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(DOCS / f"krita-{name}.png"), small, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def story(desk: Desk, folder: Path, name: str = "") -> None:
    """Menu, progress, result; in another language the result only."""
    picture = poster(960, 640, noise=0)  # paper without grain: small files
    path = str(store(picture, folder / "in"))
    document = desk.do("answer = inside.new('Poster', 960, 640, pixels=path)", path=path)
    desk.do(
        """
from layerlift_krita.qt import QtCore
for name in ("ColorSelectorNg", "PresetDocker", "sharedtooldocker"):
    inside.dock(name).hide()
box = inside.dock("layerlift_docker")
box.show()
window = krita.activeWindow().qwindow()
window.resizeDocks([inside.dock("KisLayerBox"), box], [420, 520], QtCore.Qt.Orientation.Vertical)
window.resizeDocks([box], [330], QtCore.Qt.Orientation.Horizontal)
"""
    )
    desk.do("inside.studio().link.open(start=True)")
    desk.wait("answer = krita.action('layerlift_harmonise').isVisible()")  # the server has named all its engines
    x, y = desk.wait("answer = inside.layer_row('Background')")
    desk.type("mousemove", x, y, "click", 3)
    desk.wait("answer = inside.popup()")
    title = next(text for text in desk.do("answer = inside.popup()") if text.startswith(("Decompose", "分解")))
    x, y = desk.do("answer = inside.popup_item(text)", text=title)
    desk.type("mousemove", x, y)
    if not name:
        shoot(desk, folder, "menu")
    desk.type("click", 1)
    desk.wait("answer = inside.tasks() and inside.studio().action.tasks[0].whole > 0.2")
    if not name:
        shoot(desk, folder, "progress")
    desk.wait("answer = inside.tasks()[0][1] == 'inserted'")
    desk.wait("answer = inside.idle(which)", which=document)
    shoot(desk, folder, f"result{name}")
    if not name:
        extend(desk, folder, document)


def extend(desk: Desk, folder: Path, document: str) -> None:
    """The canvas made wider: its dialog, and what comes of it, side by side in one picture."""
    desk.do("krita.action('edit_undo').trigger()")
    desk.wait("answer = len(inside.tree(which)) == 1 and inside.idle(which)", which=document)
    desk.wait("answer = krita.action('layerlift_extend').isVisible()")
    desk.do("krita.action('layerlift_extend').trigger()")
    find = """
d = next((c for c in krita.activeWindow().qwindow().children() if c.objectName() == "layerlift_prompt"), None)
from layerlift_krita.panel.asking import Further
from layerlift_krita.qt import QtWidgets
asked = None if d is None else d.findChild(Further)
"""
    desk.wait(find + "answer = asked is not None and d.isVisible()")
    desk.do(
        find
        + """
box = asked.margins
box.aspect.setCurrentIndex(box.aspect.findData("2:1"))
asked.engine.setCurrentIndex(max(0, asked.engine.findData("quick")))
answer = None
"""
    )
    desk.wait("answer = stalls.start() is None")
    desk.wait("answer = stalls.beats > 100")  # the dialog has been painted
    shoot(desk, folder, "extend")
    desk.do(
        find + "d.findChild(QtWidgets.QDialogButtonBox).button(QtWidgets.QDialogButtonBox.StandardButton.Ok).click()"
    )
    desk.wait("answer = inside.tasks()[0][1] == 'inserted'")
    desk.do("krita.action('toggle_zoom_to_fit').trigger()")
    desk.wait("answer = inside.idle(which)", which=document)
    shoot(desk, folder, "extended")


def main() -> None:
    """English, then Chinese."""
    DOCS.mkdir(exist_ok=True)
    for name, language in (("", "en"), ("-zh", "zh_CN")):
        with tempfile.TemporaryDirectory() as place:
            home = Path(place) / "home"
            home.mkdir()
            desk = make_desk(home, LANGUAGE=language)
            try:
                desk.start()
                desk.do("inside.full_screen(width, height)", width=SCREEN[0], height=SCREEN[1])
                desk.do("inside.choose(engine='quick', scope='layer', layers=0, what='')")
                story(desk, Path(place), name)
            finally:
                desk.close()
                stop_servers(desk)


if __name__ == "__main__":
    main()
