"""How good refinement is on pictures with an alpha of their own (see `scenes.translucent`).

    python -m tests.bench.refine translucent [--half tuning] [--size 1024] [--side 320]

Alphas are judged in all layers, the lowest one included; "hidden" is the same where an opaque thing covers the layer.
"hide": PSNR in dB, over mid-grey, when one layer is switched off, mean over all layers: what an artist does first.
"""

from __future__ import annotations

import time

import cv2
import numpy as np
from tests.bench.scenes import translucent
from tests.bench.scenes.draw import Stack
from tests.bench.scenes.metrics import gradient
from tests.bench.stacks import HOSTS, lined_up, rough_stack

from layerlift.imaging.arithmetic import composite
from layerlift.imaging.layer import Document, LayerStack
from layerlift.refine import refine

COLUMNS = "SAD GRAD hidden colour hide/dB".split()
Row = tuple[float, ...]


def bench(half: str, size: int, side: int, only: str = "") -> None:
    """Every scene, both ways in which an engine may understand a ground; then means."""
    scenes = translucent.TUNING if half == "tuning" else translucent.UNSEEN
    print(f"# {half}, {size}², canvas {side}\n{'':22s} " + " ".join(f"{one:>8s}" for one in COLUMNS))
    means: dict[str, list[Row]] = {"bicubic": [], "ours": []}
    for name, draw in scenes.items():
        if only and name not in only.split(","):
            continue
        truth = draw(size, size)
        document = Document(translucent.flattened(truth))
        for way in ("ground", "blended"):
            answer = translucent.answer(truth, side, way)
            row = measure(_enlarged(answer.rough, document), answer.truth)
            means["bicubic"].append(row)
            _line(f"{name} {way}: bicubic", row)
            begin, cpu = time.perf_counter(), time.process_time()
            stack = refine(document, rough_stack(answer.rough))
            spent = f"{time.perf_counter() - begin:5.1f} s, CPU {time.process_time() - cpu:5.1f} s"
            row = measure(lined_up(stack, range(len(answer.rough))), answer.truth)
            means["ours"].append(row)
            _line(f"{name} {way}: ours", row, f"{spent}; {exactness(document, stack)}")
    print("# means")
    for method, rows in means.items():
        _line(method, tuple(np.mean(rows, 0)))


def measure(ours: Stack, truth: Stack) -> Row:
    """SAD and GRAD per layer per megapixel / 1000, hidden SAD, colour error in levels where seen, hide in dB."""
    million = truth[0].shape[0] * truth[0].shape[1] / 1e6
    sums, through = np.zeros(3), np.ones(truth[0].shape[:2], np.float32)
    wrong = weight = 0.0
    for mine, true in zip(reversed(ours), reversed(truth), strict=True):
        a, g = (one[..., 3].astype(np.float32) / 255 for one in (mine, true))
        seen, error = through > 0.05, np.abs(a - g)
        sums += [(error * seen).sum(), (np.abs(gradient(a) - gradient(g)) * seen).sum(), (error * ~seen).sum()]
        share = through * np.minimum(a, g)
        wrong += float((np.abs(mine[..., :3].astype(np.float32) - true[..., :3]).mean(-1) * share).sum())
        weight += float(share.sum())
        through *= 1 - g
    sad, grad, hidden = sums / 1e3 / million / max(1, len([one for one in truth if one[..., 3].any()]))
    return sad, grad, hidden, wrong / max(1.0, weight), _hide(ours, truth)


def _hide(ours: Stack, truth: Stack) -> float:
    levels = []
    grey = np.full_like(truth[0], 255)
    grey[..., :3] = 128
    for k in range(len(truth)):
        if truth[k][..., 3].any():
            two = [translucent.composite([grey, *one[:k], *one[k + 1 :]]) for one in (ours, truth)]
            levels.append(10 * np.log10(255**2 / max(1e-3, float(((two[0] - two[1])[..., :3] ** 2).mean()))))
    return float(np.mean(levels))


def exactness(document: Document, stack: LayerStack) -> str:
    """Per host the largest difference in levels, premultiplied colour or alpha; pixels (in a million) that Krita shows
    differently; pixels of several layers among those where the document is translucent."""
    wanted = document.pixels.astype(np.float64) * (255 / np.iinfo(document.pixels.dtype).max)
    worst = []
    for host in HOSTS:
        shown = composite(stack, host).astype(np.float64) * (255 / np.iinfo(document.pixels.dtype).max)
        alpha = np.abs(shown[..., 3] - wanted[..., 3]).max()
        colour = np.abs(shown[..., :3] * shown[..., 3:] - wanted[..., :3] * wanted[..., 3:]).max() / 255
        worst.append(f"{host} {alpha:.2g}/{colour:.2g}")
    exact = composite(stack, "krita")
    there = document.pixels[..., 3] > 0
    off = ((exact != document.pixels).any(-1) & there).sum() / there.sum() * 1e6
    held = sum((layer.on(stack.extent)[..., 3] > 0).astype(int) for layer in stack.layers)
    some = there & (document.pixels[..., 3] < np.iinfo(document.pixels.dtype).max)
    return f"{' '.join(worst)}; off {off:.0f} ppm; shared {float((held > 1)[some].mean() if some.any() else 0):.1%}"


def _enlarged(rough: Stack, document: Document) -> Stack:
    """What users would get: enlarged, and the lowest layer given the alpha that is missing."""
    size = (document.extent.width, document.extent.height)
    out = [np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_CUBIC)) for one in rough]
    through = np.ones(out[0].shape[:2], np.float32)
    for one in out[1:]:
        through *= 1 - one[..., 3].astype(np.float32) / 255
    missing = 1 - document.pixels[..., 3].astype(np.float32) / 255
    out[0][..., 3] = np.rint(np.clip(1 - missing / np.maximum(through, 1e-3), 0, 1) * 255)
    return out


def _line(name: str, row: Row, note: str = "") -> None:
    print(f"{name:22s} " + " ".join(f"{value:8.3f}" for value in row) + f"  {note}", flush=True)
