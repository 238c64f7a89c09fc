"""How long a user of Krita waits, and for how long Krita stands still: `python -m bench.krita` from tests/.

Needs what tests/hosts/krita needs. In a real Krita with a 4096 × 4096 RGBA document, against the real server with the
`fake` engine asked for four layers: from the action to the layers on the canvas; the longest time that Krita's event
loop stood still meanwhile; and, as the measure of what is Krita's own, the same for its own "Duplicate Layer" and for a
zoom, which changes no pixel. Once with the canvas painted by OpenGL (which is software on a machine without a graphics
card) and once by Krita itself. Also what the plug-in adds to Krita's start. Prints a table; nothing here fails.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "installer")]

from hosts.krita.conftest import make_desk, stop_servers  # noqa: E402 - after the path
from hosts.krita.desk import SCREEN, Desk  # noqa: E402
from hosts.krita.pictures import bands, store  # noqa: E402

SPACES = {
    "U8": ("RGBA", "U8"),
    "U16": ("RGBA", "U16"),
    "F32": ("RGBA", "F32"),
    "CMYK": ("CMYKA", "U8"),
    "Lab": ("LABA", "U16"),
}
ENDS = ("inserted", "failed", "kept", "cancelled")


def starting(desk: Desk, rounds: int) -> None:
    """What the plug-in adds to Krita's start until there is a window: a fresh process each time, with it and without it
    by turns; and what Python itself says (`-X importtime`) of a start with it."""
    took: dict[str, list[float]] = {"with": [], "without": []}
    _started(desk)  # compiles everything, fills Krita's own caches
    for _ in range(rounds):
        for name in took:
            (desk.enable if name == "with" else desk.disable)("layerlift_krita")
            took[name].append(_started(desk))
    desk.enable("layerlift_krita")
    for name, seconds in took.items():
        lowest, middle = min(seconds), statistics.median(seconds)
        print(f"Krita's start {name} the plug-in: median {middle:.2f} s, least {lowest:.2f} s of {rounds}")
    desk.environment["PYTHONPROFILEIMPORTTIME"] = "1"
    at_start, at_panel = [], []
    for _ in range(rounds):
        desk.said.unlink(missing_ok=True)
        _started(desk, wait="answer = 'layerlift_krita.studio' in __import__('sys').modules")
        took_by = _imports(desk.said.read_text("utf-8", "replace"))
        at_start.append(took_by["layerlift_krita"])
        at_panel.append(took_by["layerlift_krita.panel.panel"] + took_by["layerlift_krita.studio"])
    del desk.environment["PYTHONPROFILEIMPORTTIME"]
    print(f"imported while Krita starts: {statistics.median(at_start):.0f} ms (least {min(at_start):.0f});")
    print(f"when the docker is first filled: {statistics.median(at_panel):.0f} ms more (least {min(at_panel):.0f})")


def _imports(said: str) -> dict[str, float]:
    """Milliseconds by module, with what it imports itself, out of what Python says under PYTHONPROFILEIMPORTTIME."""
    found = {}
    for line in said.splitlines():
        fields = [field.strip() for field in line.removeprefix("import time:").split("|")]
        if line.startswith("import time:") and len(fields) == 3 and fields[1].isdigit():
            found[fields[2]] = int(fields[1]) / 1000
    return found


def _started(desk: Desk, wait: str = "answer = True") -> float:
    """Seconds from the process to a window; then it is ended."""
    begin = time.perf_counter()
    desk.start()
    took = time.perf_counter() - begin
    desk.wait(wait)
    desk.kill()
    return took


def settle(desk: Desk, document: str) -> None:
    desk.wait("answer = inside.idle(which)", which=document)


def ours(desk: Desk, document: str) -> dict[str, Any]:
    """One decomposition: seconds by stage, and the longest standstill."""
    desk.do(
        """
import time
room["clock"] = {"start": time.perf_counter()}
here = inside.studio()
plain = here.changed
def changed():
    task = here.action.tasks[0] if here.action.tasks else None
    if task is not None:
        room["clock"].setdefault(task.state, time.perf_counter())
    plain()
here.changed = changed
stalls.start()
job = inside.run(layers=4)
answer = job
"""
    )
    desk.wait("answer = inside.tasks()[0][1] in ends", ends=ENDS)
    settle(desk, document)
    found: dict[str, Any] = desk.do(
        """
import time
end = time.perf_counter()
here = inside.studio()
del here.changed
clock = room["clock"]
answer = {"state": inside.tasks()[0][1], "stall": stalls.stop(), "all": end - clock["start"]}
stages = ("connecting", "sending", "queued", "working", "fetching", "inserting")
marks = [(name, clock[name]) for name in stages if name in clock]
for (name, begin), (_, finish) in zip(marks, marks[1:] + [("end", end)]):
    answer[name] = finish - begin
    if begin <= stalls.when <= finish + 0.001:
        answer["where"] = name + f" {100 * (stalls.when - begin) / (finish - begin):.0f} %"
"""
    )
    assert found["state"] == "inserted", found
    desk.do("krita.action('edit_undo').trigger()")
    desk.wait("answer = len(inside.tree(which)) == 1", which=document)
    settle(desk, document)
    return found


def krita_itself(desk: Desk, document: str) -> tuple[float, float]:
    """The longest standstill of Krita's own "Duplicate Layer" on the same document, and of one zoom of the canvas."""
    desk.do("stalls.start(); krita.action('duplicatelayer').trigger()")
    desk.wait("answer = len(inside.tree(which)) == 2", which=document)
    settle(desk, document)
    duplicate = float(desk.do("answer = stalls.stop()"))
    desk.do("krita.action('edit_undo').trigger()")
    desk.wait("answer = len(inside.tree(which)) == 1", which=document)
    settle(desk, document)
    zooms = []
    for level in (0.12, 0.2):
        desk.do("stalls.start(); krita.activeWindow().activeView().canvas().setZoomLevel(level)", level=level)
        desk.wait("answer = stalls.beats > 100")
        zooms.append(float(desk.do("answer = stalls.stop()")))
    return duplicate, max(zooms)


def bench(side: int, rounds: int, home: Path, canvases: list[str], spaces: list[str]) -> None:
    """Measure and print."""
    desk = make_desk(home)
    try:
        starting(desk, rounds)
        for canvas in canvases:
            desk.canvas(canvas)
            desk.start()
            desk.do("inside.full_screen(width, height)", width=SCREEN[0], height=SCREEN[1])
            print(f"Krita {desk.do('answer = krita.version()')}, canvas by OpenGL: {canvas}", flush=True)
            desk.do("inside.choose(engine='fake', scope='layer', layers=4)")
            for space in spaces:
                _rounds(desk, side, space, rounds, home)
            desk.quit()
    finally:
        desk.close()
        stop_servers(desk)


def _rounds(desk: Desk, side: int, space: str, rounds: int, home: Path) -> None:
    model, kind = SPACES[space]
    depth = 8 if kind == "U8" else 16
    path = str(store(bands(side, side, depth), home / "picture.raw"))
    document = desk.do(
        "answer = inside.new('Bench', side, side, depth=depth, pixels=path)",
        side=side, depth=f"U{depth}", path=path,
    )  # fmt: skip
    if (model, kind) != ("RGBA", f"U{depth}"):
        desk.do(
            """
document = inside.doc(which)
document.setColorSpace(model, kind, krita.profiles(model, kind)[0] if model != "RGBA" else inside.SRGB)
inside.settle(document)
""",
            which=document, model=model, kind=kind,
        )  # fmt: skip
    settle(desk, document)
    ours(desk, document)  # the server starts, everything is imported
    for number in range(rounds):
        own, zoom = krita_itself(desk, document)
        found = ours(desk, document)
        stages = ", ".join(f"{k} {v:.2f}" for k, v in found.items() if k not in ("state", "stall", "all", "where"))
        print(
            f"{side}² {space} #{number + 1}: {found['all']:.2f} s ({stages}); longest standstill "
            f"{1000 * found['stall']:.0f} ms ({found.get('where')}), Duplicate Layer's {1000 * own:.0f} ms, "
            f"a zoom's {1000 * zoom:.0f} ms",
            flush=True,
        )
    desk.do("inside.close_all()")
    desk.wait("answer = not krita.documents()")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--canvas", nargs="+", choices=("auto", "none"), default=["auto", "none"])
    parser.add_argument("--space", nargs="+", choices=tuple(SPACES), default=["U8", "U16"])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench(given.side, given.rounds, Path(folder), given.canvas, given.space)
