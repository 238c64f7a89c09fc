"""Shapes that Krita has not painted yet, read in the real Krita."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hosts.krita.desk import Desk
from hosts.krita.pictures import bands, store

pytestmark = pytest.mark.xdist_group("krita plug-in")
CORNERS = [(20, 10), (60, 10), (20, 40), (60, 40)]
BLUE = (0, 0, 255, 255)


@pytest.mark.parametrize("scope", ["layer", "image"])
@pytest.mark.parametrize("parent", ["root", "group", "clone"])
def test_shapes_are_read_as_they_are_at_the_click(desk: Desk, tmp_path: Path, parent: str, scope: str) -> None:
    """Krita shows a shape a fifth of a second after it was drawn; who clicks sooner means it all the same."""
    path = str(store(bands(200, 120), tmp_path / "in"))
    document = desk.do("answer = inside.new('Drawn', 200, 120, pixels=path)", path=path)
    desk.do(
        """
document = inside.doc(which)
above = document.rootNode()
if parent == "group":
    group = document.createGroupLayer("group")
    above.addChildNode(group, None)
    above = group
vector = document.createVectorLayer("vector")
above.addChildNode(vector, None)
if parent == "clone":
    above.addChildNode(document.createCloneLayer("clone", vector), None)
document.setActiveNode(inside.node(document, "vector" if parent == "root" else parent))
""",
        which=document, parent=parent,
    )  # fmt: skip
    desk.wait("answer = krita.activeDocument().activeNode().name() in ('vector', 'group', 'clone')")
    boxes = desk.do(
        """
from layerlift_krita.action.ports import Wish
from layerlift_krita.host import reading
vector = inside.node(inside.doc(which), "vector")
answer = []
for number, (x, y) in enumerate(corners):
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="120">'
    vector.addShapesFromSvg(svg + f'<rect x="{x}" y="{y}" width="20" height="20" fill="#00f"/></svg>')
    shot = reading.snapshot(Wish(scope=scope))
    (inside.Path(folder) / str(number)).write_bytes(shot.read(0, shot.size))
    answer.append([shot.x, shot.y, shot.width, shot.height])
    shot.close()
""",
        which=document, scope=scope, corners=CORNERS, folder=str(tmp_path),
    )  # fmt: skip
    for number, box in enumerate(boxes):
        assert box == ([0, 0, 200, 120] if scope == "image" else around(CORNERS[: number + 1]))
        left, top, width, height = box
        pixels = np.zeros((120, 200, 4), np.uint8)
        read = np.fromfile(tmp_path / str(number), np.uint8).reshape(height, width, 4)
        pixels[top : top + height, left : left + width] = read
        for x, y in CORNERS[: number + 1]:
            assert (pixels[y : y + 20, x : x + 20] == BLUE).all(), (number, x, y)


def around(corners: list[tuple[int, int]]) -> list[int]:
    """The bounds of squares of 20."""
    left, top = (min(corner[axis] for corner in corners) for axis in (0, 1))
    right, bottom = (max(corner[axis] for corner in corners) + 20 for axis in (0, 1))
    return [left, top, right - left, bottom - top]
