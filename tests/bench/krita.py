"""How long a user of Krita waits, and for how long Krita stands still: `python -m bench.krita` from tests/.

Needs what tests/hosts/krita needs. In a real Krita with a 4096 × 4096 RGBA document, against the real server with the
`fake` engine asked for four layers: from the action to the layers on the canvas; the longest time that Krita's event
loop stood still meanwhile; and, as the measure of what is Krita's own, the same for its own "Duplicate Layer". Also the
time that importing the plug-in adds to Krita's start. Prints a table; nothing here fails.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "installer")]

from hosts.krita.conftest import make_desk, stop_servers  # noqa: E402 - after the path
from hosts.krita.desk import Desk  # noqa: E402
from hosts.krita.pictures import bands, store  # noqa: E402

ENDS = ("inserted", "failed", "kept", "cancelled")


def import_seconds(desk: Desk) -> float:
    """Seconds to import the plug-in's rooms that Krita loads at its start, and at the first click, anew."""
    return float(
        desk.do(
            """
import importlib, sys, time
kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith("layerlift_krita")}
started = time.perf_counter()
import types
package = types.ModuleType("layerlift_krita")
package.__path__ = kept["layerlift_krita"].__path__
package.VERSION = kept["layerlift_krita"].VERSION
sys.modules["layerlift_krita"] = package
importlib.import_module("layerlift_krita.plugin")
answer = time.perf_counter() - started
for name in [name for name in sys.modules if name.startswith("layerlift_krita")]:
    del sys.modules[name]
sys.modules.update(kept)
"""
        )
    )


def settle(desk: Desk, document: str) -> None:
    desk.wait("answer = inside.idle(which)", which=document)


def ours(desk: Desk, document: str, depth: str) -> dict[str, Any]:
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
"""
    )
    assert found["state"] == "inserted", found
    desk.do("krita.action('edit_undo').trigger()")
    desk.wait("answer = len(inside.tree(which)) == 1", which=document)
    settle(desk, document)
    return found


def krita_itself(desk: Desk, document: str) -> float:
    """The longest standstill of Krita's own "Duplicate Layer" on the same document."""
    desk.do("stalls.start(); krita.action('duplicatelayer').trigger()")
    desk.wait("answer = len(inside.tree(which)) == 2", which=document)
    settle(desk, document)
    stall = float(desk.do("answer = stalls.stop()"))
    desk.do("krita.action('edit_undo').trigger()")
    desk.wait("answer = len(inside.tree(which)) == 1", which=document)
    settle(desk, document)
    return stall


def bench(side: int, rounds: int, home: Path) -> None:
    """Measure and print."""
    desk = make_desk(home)
    try:
        desk.start()
        print(f"Krita {desk.do('answer = krita.version()')}")
        times = [import_seconds(desk) for _ in range(5)]
        print(f"plug-in import at Krita's start: median {1000 * statistics.median(times):.0f} ms")
        desk.do("inside.choose(engine='fake', scope='layer', layers=4)")
        for depth in (8, 16):
            path = str(store(bands(side, side, depth), home / "picture.raw"))
            document = desk.do(
                "answer = inside.new('Bench', side, side, depth=depth, pixels=path)",
                side=side, depth=f"U{depth}", path=path,
            )  # fmt: skip
            settle(desk, document)
            ours(desk, document, f"U{depth}")  # the server starts, everything is imported
            for number in range(rounds):
                own = krita_itself(desk, document)
                found = ours(desk, document, f"U{depth}")
                stages = ", ".join(f"{k} {v:.2f}" for k, v in found.items() if k not in ("state", "stall", "all"))
                print(
                    f"{side}² U{depth} #{number + 1}: {found['all']:.2f} s ({stages}); "
                    f"longest standstill {1000 * found['stall']:.0f} ms, Duplicate Layer's {1000 * own:.0f} ms"
                )
            desk.do("inside.close_all()")
            desk.wait("answer = not krita.documents()")
    finally:
        desk.close()
        stop_servers(desk)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench(given.side, given.rounds, Path(folder))
