"""What the embedded engine's own layers gain from refinement on a large document.

The engine finds what it finds: each of its layers is counted for the true layer that it shows most of, and how well it
found them is not judged here (see `tests.bench.quality`): whatever it got wrong is wrong in both rows. Bicubic gets the
same layers, enlarged.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
from tests.bench.designs import drawn, layouts
from tests.bench.scenes.draw import Plane, Stack
from tests.bench.scenes.metrics import gradient, weights
from tests.bench.stacks import document_of

from layerlift import engines
from layerlift.decomposition import propose
from layerlift.engines.port import DRAWN
from layerlift.imaging.layer import Document, LayerStack
from layerlift.progress import Progress
from layerlift.refine import refine

AREA = 24e6
"""Pixels of a design, about."""


def bench(only: str = "", quality: int = 0) -> None:
    """Both rows for each layout of the tuning half of `tests.bench.designs` (or those named, comma-separated), drawn
    large; through JPEG of this quality, if any."""
    for index, (name, (layout, sizes)) in enumerate(layouts("tuning").items()):
        if only and name not in only.split(","):
            continue
        larger = [(round(w * s), round(h * s)) for w, h in sizes for s in [np.sqrt(AREA / (w * h))]]
        truth = [layer.rgba for layer in drawn("tuning", index, name, layout, larger).layers]
        compare(name, truth, document_of(truth, 8, quality))


def compare(name: str, truth: Stack, document: Document) -> None:
    """Print both rows for one scene: SAD and GRAD, per true layer and megapixel / 1000, of what one sees of it."""
    engine = engines.get(engines.DEFAULT)
    rough = propose(document, engine, None, None, "block", DRAWN, Progress())
    numbered = tuple(replace(layer, name=f"{place}") for place, layer in enumerate(rough.layers))  # names repeat
    rough = replace(rough, layers=numbered)
    owners = _owners(rough, truth)
    begin, cpu = time.perf_counter(), time.process_time()
    stack = refine(document, rough, edge_uncertainty=engine.info.edge_uncertainty)
    spent = f"{time.perf_counter() - begin:.1f} s, CPU {time.process_time() - cpu:.1f} s"
    size = (document.extent.width, document.extent.height)
    alphas = (layer.on(rough.extent)[..., 3] for layer in reversed(rough.layers))
    enlarged = (cv2.resize(alpha, size, interpolation=cv2.INTER_CUBIC) for alpha in alphas)
    refined = (layer.on(document.extent)[..., 3] for layer in reversed(stack.layers))
    theirs = _visible(zip(reversed(owners), enlarged, strict=True), truth)
    ours = _visible(zip([owners[int(layer.name)] for layer in reversed(stack.layers)], refined, strict=True), truth)
    for method, shown, note in (("bicubic", theirs, ""), ("ours", ours, spent)):
        sad, grad = _errors(shown, truth)
        sizes = f"{rough.extent.area / 1e6:.1f} → {document.extent.area / 1e6:.1f} MP"
        print(f"{name}: {len(owners)} layers, {sizes}, {method:8s} SAD {sad:6.3f} GRAD {grad:6.3f}  {note}", flush=True)


def _owners(rough: LayerStack, truth: Stack) -> list[int]:
    """Of each rough layer the place of the true layer that it shows most of."""
    true = weights([cv2.resize(one, rough.extent, interpolation=cv2.INTER_AREA) for one in truth])
    mine = weights([layer.on(rough.extent) for layer in rough.layers])
    return [int(np.argmax([float((share * other).sum()) for other in true])) for share in mine]


def _visible(layers: Iterable[tuple[int, Plane]], truth: Stack) -> list[Plane]:
    """What one sees of all the layers (owner, alpha 0–255), top → bottom, that belong to each true one."""
    shown = [np.zeros(truth[0].shape[:2], np.float32) for _ in truth]
    through = np.ones(truth[0].shape[:2], np.float32)
    for owner, alpha in layers:
        share = through * (alpha.astype(np.float32) / 255)
        shown[owner] += share
        through -= share
    return shown


def _errors(shown: list[Plane], truth: Stack) -> tuple[float, float]:
    million = truth[0].shape[0] * truth[0].shape[1] / 1e6
    sad = grad = 0.0
    for mine, true in zip(shown[1:], weights(truth)[1:], strict=True):
        sad += float(np.abs(mine - true).sum())
        grad += float(np.abs(gradient(mine) - gradient(true)).sum())
    count = 1e3 * million * (len(truth) - 1)
    return sad / count, grad / count
