"""How long and how much memory: the quick engine in fresh processes, by stage, beside a bare read and write.

    python -m tests.bench.speed [--runs 5] [--sizes 1,24] [--image FILE]

Law: every figure comes from a child process of its own (import included in "total"), so nothing is warm but the disk.
Peak memory is the child's maximum resident set. Stages are the engine's own `Progress` reports.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

GOALS = {1: (8.0, 1.5), 24: (40.0, 3.0)}
"""Megapixels → (seconds in the median, GB at the peak)."""


def peak_gb() -> float:
    """This process's largest resident set so far, in GB; 0 where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e9 if sys.platform == "darwin" else 1e6)


def decompose(source: Path, target: Path) -> dict[str, float]:
    """Take `source` apart and write `target`, as the command line does; seconds by stage."""
    from layerlift import decompose as run
    from layerlift import formats
    from layerlift.progress import Progress, Report

    marks: list[tuple[str, float]] = []

    def listen(report: Report) -> None:
        if not marks or marks[-1][0] != report.stage:
            marks.append((report.stage, time.perf_counter()))

    stack = run(source, progress=Progress(listen))
    marks.append(("Writing PSD", time.perf_counter()))
    formats.write(stack, target)
    marks.append(("", time.perf_counter()))
    stages: dict[str, float] = {}
    for (stage, begin), (_, end) in pairwise(marks):
        stages[stage] = stages.get(stage, 0.0) + end - begin
    return stages


def bare(source: Path, target: Path) -> dict[str, float]:
    """Read a picture and write it as PNG with Pillow: what any tool pays."""
    from PIL import Image

    begin = time.perf_counter()
    image = Image.open(source).convert("RGBA")
    middle = time.perf_counter()
    image.save(target)
    return {"Reading": middle - begin, "Writing PNG": time.perf_counter() - middle}


def child(kind: str, source: Path, folder: Path) -> None:
    """One run; prints its figures as JSON."""
    stages = decompose(source, folder / "out.psd") if kind == "decompose" else bare(source, folder / "out.png")
    print(json.dumps({"stages": stages, "peak": peak_gb()}))


def measured(kind: str, source: Path, runs: int) -> tuple[float, float, dict[str, float]]:
    """Median seconds from start to exit, highest peak in GB, median seconds by stage, over fresh processes."""
    totals, peaks, stages = [], [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            begin = time.perf_counter()
            command = [sys.executable, "-m", "tests.bench.speed", "--child", kind, str(source), folder]
            answer = subprocess.run(command, capture_output=True, text=True, check=True)
            totals.append(time.perf_counter() - begin)
        figures = json.loads(answer.stdout.splitlines()[-1])
        peaks.append(figures["peak"])
        stages.append(figures["stages"])
    names = list(dict.fromkeys(name for row in stages for name in row))
    by_stage = {name: statistics.median(row.get(name, 0.0) for row in stages) for name in names}
    return statistics.median(totals), max(peaks), by_stage


def picture(megapixels: float, folder: Path) -> Path:
    """A poster of the tuning half, enlarged to so many megapixels, as PNG."""
    from PIL import Image

    from .designs import load

    image = Image.fromarray(next(load("tuning", 1)).image)
    scale = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
    path = folder / f"{megapixels:g}mp.png"
    image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC).save(path)
    return path


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--sizes", default="1,24", help="megapixels")
    parser.add_argument("--image", type=Path, help="measure this file instead")
    parser.add_argument("--child", nargs=3, metavar=("KIND", "SOURCE", "FOLDER"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(chosen.child[0], Path(chosen.child[1]), Path(chosen.child[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        sizes = [] if chosen.image else [float(size) for size in chosen.sizes.split(",")]
        cases = [(f"{size:g} MP", picture(size, Path(folder)), GOALS.get(int(size))) for size in sizes]
        for label, source, goal in cases or [(chosen.image.name, chosen.image, None)]:
            total, peak, stages = measured("decompose", source, chosen.runs)
            plain, plain_peak, _ = measured("bare", source, chosen.runs)
            print(f"\n{label}: median of {chosen.runs} fresh processes\n\n| stage | seconds |\n|---|---|")
            print("\n".join(f"| {name} | {seconds:.2f} |" for name, seconds in stages.items()))
            verdict = ""
            if goal is not None:
                passed = total <= goal[0] and peak <= goal[1]
                verdict = f" (goal {goal[0]:g} s, {goal[1]:g} GB: {'pass' if passed else 'MISS'})"
            print(f"| **from start to exit** | **{total:.2f} s, {peak:.2f} GB**{verdict} |")
            print(f"| Pillow: read, write PNG | {plain:.2f} s, {plain_peak:.2f} GB |", flush=True)


if __name__ == "__main__":
    main()
