"""The quality bench: procedural designs with known layers, taken apart by the quick engine and by three baselines.

    python -m tests.bench.quality --half unseen --count 26 [--jpeg 90] [--out DIR] [--methods full,text] [--list]

Law: runs and prints; the measuring is in `metrics` and `ordered`, the drawing in `sheets`. What the numbers mean is
written in README.md beside this file. Tune on `--half tuning` only.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import metrics, ordered, sheets
from .designs import Design, load

Method = Callable[[np.ndarray[Any, Any]], list[metrics.Found]]
ROLES = ("text", "subject", "graphic")
GOALS = {"text": 0.90, "subject": 0.80, "graphic": 0.60, "background": 0.035}
JPEG_ALLOWANCE = 0.05
"""By how much a role may fall below its goal on JPEG input."""
ORDERED_SIDE = 480
"""LayerD's protocol is measured at this longest side: it compares every level with every other, many times."""


@dataclass
class Result:
    """What one method got on one design."""

    design: str
    seconds: float
    layers: int
    scores: list[metrics.Scored]
    background: float
    ink: float | None
    characters: list[float]
    levels: list[ordered.Level] = field(default_factory=list)


def nothing(image: np.ndarray[Any, Any]) -> list[metrics.Found]:
    """The flat picture as its only layer."""
    opaque = np.full(image.shape[:2], 255, np.uint8)
    return [metrics.Found("background", "Picture", np.dstack([image, opaque]))]


def engine(what: str | None = None) -> Method:
    """The quick engine, asked for everything or for one kind of thing."""

    def run(image: np.ndarray[Any, Any]) -> list[metrics.Found]:
        import layerlift

        stack = layerlift.decompose(image, what=what)
        return [
            metrics.Found(str(layer.role), layer.name, _faded(layer.on(stack.extent), layer.opacity),
                          layer.text.content if layer.text else None)
            for layer in stack.layers
        ]  # fmt: skip

    return run


def _faded(rgba: np.ndarray[Any, Any], opacity: float) -> np.ndarray[Any, Any]:
    if opacity < 1:
        rgba = rgba.copy()
        rgba[..., 3] = np.rint(rgba[..., 3] * opacity)
    return rgba


METHODS: dict[str, Callable[[], Method]] = {
    "nothing": lambda: nothing,
    "text": lambda: engine("text"),
    "subject": lambda: engine("subject"),
    "full": engine,
}


def measure(design: Design, method: Method) -> tuple[Result, list[metrics.Found]]:
    """Run one method on one design and measure what it found."""
    began = time.perf_counter()
    found = method(design.image)
    seconds = time.perf_counter() - began
    scores = metrics.pair(design, found)
    small = [metrics.reduced(layer.rgba, ORDERED_SIDE) for layer in found]
    truth = [metrics.reduced(layer.rgba, ORDERED_SIDE) for layer in design.layers]
    result = Result(design.name, seconds, len(found), scores, metrics.background_l1(design, found),
                    metrics.text_ink(design, found), metrics.text_accuracy(design, found, scores),
                    ordered.score(small, truth))  # fmt: skip
    return result, found


def mean(values: Iterable[float]) -> float:
    """The mean, or NaN of nothing."""
    values = list(values)
    return float(np.mean(values)) if values else float("nan")


def summary(results: list[Result]) -> dict[str, float]:
    """One method over all designs. Role IoUs are means over true layers, each counting the same."""
    scores = [score for result in results for score in result.scores]
    row = {role: mean(s.seen for s in scores if s.role == role) for role in ROLES}
    row |= {f"{role} whole": mean(s.whole for s in scores if s.role == role) for role in ROLES}
    row["background"] = mean(r.background for r in results)
    row["ink"] = mean(r.ink for r in results if r.ink is not None)
    row["characters"] = mean(c for r in results for c in r.characters)
    for merges in (0, ordered.MAX_MERGES):
        got = [r.levels[min(merges, len(r.levels) - 1)] for r in results]
        row[f"l1 {merges}"], row[f"iou {merges}"] = mean(g.rgb_l1 for g in got), mean(g.iou for g in got)
    row["layers"] = mean(r.layers for r in results)
    row["seconds"] = float(np.median([r.seconds for r in results]))
    return row


def table(rows: dict[str, dict[str, float]]) -> str:
    """The summaries as a Markdown table."""
    heads = ["text", "subject", "graphic", "background", "ink", "characters", "l1 0", "iou 0", "l1 5", "iou 5",
             "text whole", "subject whole", "graphic whole", "layers", "seconds"]  # fmt: skip
    lines = ["| method | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for name, row in rows.items():
        cells = [f"{row[head]:.1f}" if head in ("layers", "seconds") else f"{row[head]:.3f}" for head in heads]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def verdicts(row: dict[str, float], jpeg: bool) -> str:
    """Goal and pass or miss for each."""
    lines = []
    for name, goal in GOALS.items():
        lower = name == "background"
        goal -= JPEG_ALLOWANCE if jpeg and not lower else 0
        passed = row[name] <= goal if lower else row[name] >= goal
        lines.append(
            f"{name:11} {row[name]:.3f}  goal {'≤' if lower else '≥'} {goal:.3f}  {'pass' if passed else 'MISS'}"
        )
    return "\n".join(lines)


def weakest(results: list[Result], count: int = 8) -> str:
    """The worst true layers per role, to be looked at."""
    lines = []
    for role in ROLES:
        rows = sorted((s.seen, r.design, s.name) for r in results for s in r.scores if s.role == role)
        lines += [f"{role:8} {iou:.2f}  {design}  {name}" for iou, design, name in rows[:count]]
    rows = sorted(((r.background, r.design, "") for r in results), reverse=True)[:count]
    return "\n".join(lines + [f"bg L1    {l1:.3f} {design}" for l1, design, _ in rows])


def draw(design: Design, result: Result, found: list[metrics.Found], out: Path) -> None:
    """Save the contact sheet of one design."""
    cells = [(f"{layer.role} {layer.name}"[:34], layer.rgba) for layer in found]
    sheets.comparison(design, cells, [None, *(score.seen for score in result.scores)]).save(out / f"{design.name}.png")


def _run(
    design: Design, methods: dict[str, Method], results: dict[str, list[Result]], tell: bool, out: Path | None
) -> None:
    for name, method in methods.items():
        result, found = measure(design, method)
        results[name].append(result)
    if tell:
        row = summary([result])
        cells = " ".join(f"{head} {row[head]:.2f}" for head in (*ROLES, "background", "characters", "seconds"))
        print(f"{design.name:32} {cells}", flush=True)
    if out:
        draw(design, result, found, out)


def main(arguments: list[str] | None = None) -> None:
    """Measure the quick engine and the baselines on one half of the designs."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--half", choices=["tuning", "unseen"], default="unseen")
    parser.add_argument("--count", type=int, default=26)
    parser.add_argument("--start", type=int, default=0, help="first design")
    parser.add_argument("--jpeg", type=int, metavar="QUALITY", help="send the pictures through JPEG first")
    parser.add_argument("--methods", default=",".join(METHODS), help="which of " + ",".join(METHODS))
    parser.add_argument("--out", type=Path, help="folder for contact sheets of the last method and result.json")
    parser.add_argument("--list", action="store_true", help="print every design")
    chosen = parser.parse_args(arguments)
    names = chosen.methods.split(",")
    methods = {name: METHODS[name]() for name in names}
    results: dict[str, list[Result]] = {name: [] for name in names}
    if chosen.out:
        chosen.out.mkdir(parents=True, exist_ok=True)
    with suppress(KeyboardInterrupt):  # what is measured so far is summed up all the same
        for design in load(chosen.half, chosen.count, start=chosen.start, jpeg_quality=chosen.jpeg):
            _run(design, methods, results, chosen.list, chosen.out)
    done = min(map(len, results.values()))
    rows = {name: summary(got) for name, got in results.items()}
    print(
        f"\n{chosen.half}, {done} designs"
        + (f", JPEG {chosen.jpeg}" if chosen.jpeg else "")
        + "; the last method is judged:\n"
    )
    print(
        table(rows)
        + "\n\n"
        + verdicts(rows[names[-1]], chosen.jpeg is not None)
        + "\n\nweakest:\n"
        + weakest(results[names[-1]])
    )
    if chosen.out:
        full = {name: [asdict(result) for result in got] for name, got in results.items()}
        (chosen.out / "result.json").write_text(json.dumps({"summary": rows, "designs": full}, indent=1))


if __name__ == "__main__":
    main()
