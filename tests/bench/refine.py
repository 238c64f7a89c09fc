"""How good and how fast refinement is, against ground truth, against what everyone else would do.

    python -m tests.bench.refine quality [--half unseen] [--side 640] [--severity 1] [--seed 1] [--size 2048] [--short]
    python -m tests.bench.refine quality --half drawn --lots 0-11 [--short]
    python -m tests.bench.refine failures
    python -m tests.bench.refine translucent [--half tuning | unseen] [--size 1024] [--side 320]
    python -m tests.bench.refine jpeg [--size 1024 --side 320] [--only signs,poster]
    python -m tests.bench.refine speed [--jpeg 90] [--device cuda | cpu-torch]
    python -m tests.bench.refine gain [--jpeg 90]
    python -m tests.bench.refine crops --out FILE.png

Run from the repository's root. Constants are chosen on `tuning` and on lots of `drawn` below 100; `unseen`, `fresh`,
`fresh2` and lots from 100 on are for judging.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import astuple
from functools import partial
from unittest import mock

import cv2
import numpy as np
from tests.bench import device, gain, translucent
from tests.bench.memory import Peak
from tests.bench.scenes import baselines, failures, fresh, fresh2, jpeg, tuning, tuning_strokes, tuning_veils, unseen
from tests.bench.scenes.degrade import degrade
from tests.bench.scenes.draw import Stack
from tests.bench.scenes.drawn import drawn
from tests.bench.scenes.metrics import flatten, measure
from tests.bench.stacks import HOSTS, document_of, lined_up, rough_stack

from layerlift.imaging.arithmetic import composite
from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Document, LayerStack
from layerlift.refine import refine

HALVES = {
    "tuning": {**tuning.SCENES, **tuning_veils.SCENES, **tuning_strokes.SCENES},
    "unseen": unseen.SCENES,
    "fresh": fresh.SCENES,
    "fresh2": fresh2.SCENES,
}
SHORT = ("bicubic", "joint bilateral")
"""The baselines worth their time: users' own, and the best of those that take less than minutes."""
COLUMNS = "SAD MSE GRAD ghost% hole% colour hidden swap/dB".split()


def ours(document: Document, rough: Stack, order: tuple[int | None, ...] | None = None) -> tuple[Stack, LayerStack]:
    """Our layers, uint8, full canvas, in the order of the truth; and the stack itself."""
    stack = refine(document, rough_stack(rough))
    return lined_up(stack, order or range(len(rough))), stack


def as_it_comes(document: Document, rough: Stack) -> Stack:
    """Ours, but asking the document itself where JPEG halved its chroma."""
    with mock.patch("layerlift.refine.restored", return_value=None):
        return ours(document, rough)[0]


def exactness(document: Document, stack: LayerStack) -> str:
    """Largest difference to the document in each host, in 8-bit levels."""
    unit = 1 if document.depth == 8 else 257
    worst = [
        np.abs(composite(stack, host).astype(np.int32) - document.pixels.astype(np.int32)).max() / unit
        for host in HOSTS
    ]
    return " ".join(f"{host} {error:.2g}" for host, error in zip(HOSTS, worst, strict=True))


def line(name: str, quality: tuple[float, ...], seconds: float, note: str = "") -> None:
    """One row of a table."""
    print(f"{name:26s} " + " ".join(f"{value:8.3f}" for value in quality) + f" {seconds:7.1f}s  {note}", flush=True)


def quality(args: argparse.Namespace) -> None:
    """Every scene of a half, every method; means; goals."""
    print(f"# {args.half}, {args.size}², model canvas {args.side}, severity {args.severity}, seed {args.seed}")
    print(f"{'':26s} " + " ".join(f"{column:>8s}" for column in COLUMNS))
    means: dict[str, list[tuple[float, ...]]] = {}
    for name, draw in _scenes(args).items():
        truth = draw(args.size, args.size)
        document, rough = document_of(truth, 8, args.jpeg), degrade(truth, args.side, args.seed, args.severity)
        picture = np.ascontiguousarray(document.pixels[..., :3])
        methods = {name: run for name, run in baselines.METHODS.items() if not args.short or name in SHORT}
        if args.closed_form:
            methods["closed-form"] = baselines.closed_form
        if args.jpeg:
            methods["chroma as it comes"] = lambda _, rough, document=document: as_it_comes(document, rough)
        for method, run in methods.items():
            begin = time.perf_counter()
            got = run(picture, rough)
            spent = time.perf_counter() - begin
            row = astuple(measure(got, truth))
            means.setdefault(method, []).append(row)
            line(f"{name}: {method}", row, spent)
        for depth in (8, 16):
            document = document_of(truth, depth, args.jpeg)
            begin = time.perf_counter()
            got, stack = ours(document, rough)
            spent = time.perf_counter() - begin
            row = astuple(measure(got, truth))
            means.setdefault(f"ours, {depth} bit", []).append(row)
            line(f"{name}: ours, {depth} bit", row, spent, exactness(document, stack))
    print("\n# means")
    for method, rows in means.items():
        line(method, tuple(np.mean(rows, 0)), 0)
    _goals(means)


def _scenes(args: argparse.Namespace) -> dict[str, Callable[[int, int], Stack]]:
    if args.half == "drawn":
        begin, _, end = args.lots.partition("-")
        return {f"lot {seed}": partial(drawn, seed) for seed in range(int(begin), int(end or begin) + 1)}
    return {
        name: draw
        for name, draw in HALVES[args.half].items()
        if name in (args.only.split(",") if args.only else HALVES[args.half])
    }


def _goals(rows: dict[str, list[tuple[float, ...]]]) -> None:
    """Ratios of means over the scenes; the standard error is the jackknife's (Efron & Stein 1981), scenes left out."""
    table = {method: np.array(found)[:, (0, 2)] for method, found in rows.items()}  # SAD, GRAD
    mine, others = (
        table["ours, 8 bit"],
        [of for method, of in table.items() if not method.startswith(("ours", "bic", "chroma"))],
    )
    for column, what, wanted in ((0, "alpha SAD", 8), (1, "gradient error", 12)):
        best = min(others, key=lambda of: of[:, column].mean())
        for beside, name, goal in ((table["bicubic"], "bicubic", wanted), (best, "the best baseline", 4)):
            theirs, ours_ = beside[:, column], mine[:, column]
            got, count = theirs.sum() / ours_.sum(), len(ours_)
            without = (theirs.sum() - theirs) / np.maximum(ours_.sum() - ours_, 1e-9)
            error = np.sqrt((count - 1) * without.var()) if count > 1 else float("nan")
            print(f"{'pass' if got >= goal else 'MISS'}  {what} below {name}: {got:.1f}× ± {error:.1f} (goal {goal}×)")


def cases(_: argparse.Namespace) -> None:
    """Each failure mode, before (bicubic) and after."""
    print(f"{'':26s} " + " ".join(f"{column:>8s}" for column in COLUMNS))
    for name, make in failures.CASES.items():
        case = make(1024, 1024)
        document = document_of(case.truth)
        nothing = np.zeros_like(case.rough[0])
        lined_up = [nothing if k is None else case.rough[k] for k in case.order]
        before = baselines.bicubic(np.ascontiguousarray(document.pixels[..., :3]), lined_up)
        line(f"{name}: before", astuple(measure(before, case.truth)), 0)
        begin = time.perf_counter()
        after, stack = ours(document, case.rough, case.order)
        assert stack.drift is not None
        note = f"grain {_grain(after, case.truth):.2f}; drift {stack.drift.mean:.3f}; {exactness(document, stack)}"
        line(f"{name}: after", astuple(measure(after, case.truth)), time.perf_counter() - begin, note)
        for sentence in stack.notes:
            print(f"{'':26s}   “{sentence}”")


def through_jpeg(args: argparse.Namespace) -> None:
    """Documents that went through JPEG: what hiding things leaves on the ground beside them, and the rest."""
    print(f"{'':26s} " + " ".join(f"{column:>8s}" for column in COLUMNS))
    for name, truth, levels in jpeg.cases(args.size, args.only):
        document, rough = document_of(truth), degrade(truth, args.side, args.seed, args.severity)
        document.pixels[..., :3] = levels
        for method in SHORT:
            got = baselines.METHODS[method](levels, rough)
            line(f"{name}: {method}", astuple(measure(got, truth)), 0, str(jpeg.halo(got, truth)))
        got = as_it_comes(document, rough)
        line(f"{name}: chroma as it comes", astuple(measure(got, truth)), 0, str(jpeg.halo(got, truth)))
        begin = time.process_time()
        got, stack = ours(document, rough)
        note = f"{jpeg.halo(got, truth)}  {exactness(document, stack)}"
        line(f"{name}: ours", astuple(measure(got, truth)), time.process_time() - begin, note)


def _grain(got: Stack, truth: Stack) -> float:
    """Fine detail of the hidden background against that of the true one (1: as much)."""
    hidden = cv2.erode((truth[1][..., 3] > 250).astype(np.uint8), np.ones((31, 31), np.uint8)) > 0
    if not hidden.any():
        return float("nan")
    fine = [
        one.astype(np.float32) - cv2.GaussianBlur(one.astype(np.float32), (0, 0), 1.5) for one in (got[0], truth[0])
    ]
    ratio = fine[0][hidden][:, :3].std() / fine[1][hidden][:, :3].std()
    return float(ratio)


def with_alpha(args: argparse.Namespace) -> None:
    """Pictures with an alpha of their own."""
    translucent.bench(args.half, args.size, args.side, args.only)


def speed(args: argparse.Namespace) -> None:
    """24 MP and 4 MP, N = 4 and 8, one after the other in this process; CPU seconds tell what a busy machine hides.

    With --device the same in NumPy and on the device (see `device`)."""
    if args.device and not device.there(args.device):
        return
    for scene, draw, extent, count in (
        ("poster", tuning.poster, Extent(6000, 4000), 4),
        ("interface", unseen.interface, Extent(6000, 4000), 8),
        ("poster", tuning.poster, Extent(2048, 2048), 4),
        ("cartoon", tuning.cartoon, Extent(2048, 2048), 8),
    ):
        truth = draw(extent.height, extent.width)[:count]
        document, rough = document_of(truth, 8, args.jpeg), rough_stack(degrade(truth, args.side))
        del truth
        if args.device:
            name = f"{scene} {extent.area / 1e6:.1f} MP N={count} canvas {args.side}"
            device.compare(document, rough, args.device, name, args.room << 20)
            continue
        with Peak() as peak:  # watching memory costs time: a run of its own, the first, whose pages are fresh
            stack = refine(document, rough)
        begin, cpu = time.perf_counter(), time.process_time()
        refine(document, rough)
        wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
        out = sum(layer.pixels.nbytes for layer in stack.layers) / 1e6
        work = extent.area * count / 1e6
        print(
            f"{scene:10s} {extent.area / 1e6:5.1f} MP N={count} canvas {args.side}: {wall:5.2f} s, CPU {cpu:5.2f} s, "
            f"{work / wall:5.1f} MP·layers/s (by CPU time on 2 cores {2 * work / cpu:5.1f}), "
            f"peak above input and output {peak.above - out:4.0f} MB (output {out:.0f} MB)",
            flush=True,
        )


def gains(args: argparse.Namespace) -> None:
    """The embedded engine's own layers."""
    gain.bench(args.only, args.jpeg)


def crops(args: argparse.Namespace) -> None:
    """Hair, text, glass and shadow, on magenta: truth, bicubic, ours; at 100 % and at 400 %."""
    rows = []
    for draw, (x, y), places in (
        (tuning.portrait, (0.30, 0.22), (1,)),
        (unseen.magazine, (0.05, 0.30), (4,)),
        (tuning.glass, (0.44, 0.43), (3, 4)),
        (unseen.magazine, (0.50, 0.66), (1, 2)),
    ):
        truth = draw(2048, 2048)
        document, rough = document_of(truth), degrade(truth, 640)
        mine, _ = ours(document, rough)
        theirs = baselines.bicubic(np.ascontiguousarray(document.pixels[..., :3]), rough)
        tiles = []
        for side, zoom in ((160, 1), (40, 4)):
            left, top = int(x * 2048) + 80 - side // 2, int(y * 2048) + 80 - side // 2
            for stack in (truth, theirs, mine):
                bottom = np.full_like(stack[0], 255)
                bottom[..., 1] = 0
                part = [one[top : top + side, left : left + side] for one in [bottom, *(stack[k] for k in places)]]
                tiles.append(np.kron(np.rint(flatten(part)).astype(np.uint8), np.ones((zoom, zoom, 1), np.uint8)))
        rows.append(np.hstack(tiles))
    cv2.imwrite(args.out, np.vstack(rows)[..., ::-1])


def main(words: list[str]) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("quality", "failures", "translucent", "jpeg", "speed", "gain", "crops"))
    parser.add_argument("--half", choices=(*HALVES, "drawn"), default="unseen")
    parser.add_argument("--lots", default="0-11", help="drawn: from which seed to which")
    parser.add_argument("--side", type=int, default=640)
    parser.add_argument("--jpeg", type=int, default=0, help="quality, speed: documents through JPEG of this quality")
    parser.add_argument("--severity", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--only", default="", help="scenes, comma-separated")
    parser.add_argument("--closed-form", action="store_true", help="slow: use --size 1024 --side 320")
    parser.add_argument("--short", action="store_true", help="only bicubic and joint bilateral beside ours")
    parser.add_argument("--device", default="", help="speed: beside NumPy on a torch device, or dry: cpu-torch")
    parser.add_argument("--room", type=int, default=4096, help="speed --device cpu-torch: MB that the card would have")
    parser.add_argument("--out", default="crops.png")
    args = parser.parse_args(words)
    commands = {
        "quality": quality,
        "failures": cases,
        "translucent": with_alpha,
        "jpeg": through_jpeg,
        "speed": speed,
        "gain": gains,
        "crops": crops,
    }
    commands[args.what](args)


if __name__ == "__main__":
    main(sys.argv[1:])
