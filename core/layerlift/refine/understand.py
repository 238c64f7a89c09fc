"""From rough layers to a scene that can be painted: the coarse half of refinement, in four steps.

Law: works over the grid and asks `moments` and `learn` for what needs the document's own pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from layerlift.imaging.arithmetic import Arithmetic
from layerlift.imaging.layer import Document, Plane
from layerlift.imaging.resample import Grid, translucent
from layerlift.progress import Progress
from layerlift.refine.balance import balance
from layerlift.refine.cells import Cells, classify
from layerlift.refine.clean import clean
from layerlift.refine.colours import corrected, visibility
from layerlift.refine.coverage import conditioned, continued
from layerlift.refine.learn import learn
from layerlift.refine.models import LayerModel, as_given, first
from layerlift.refine.moments import Moments, in_parallel
from layerlift.refine.processor import NUMPY, Processor
from layerlift.refine.rough import RoughLayer, trimmed
from layerlift.refine.strips import CHUNK, Scene
from layerlift.refine.unmix import Points, unmix

LESSONS = 2
"""Steps of expectation and maximisation. The second one closes most pinholes; a third changes next to nothing."""
KEPT = 0.3
"""How much of the engine's alpha survives the alignment to the document's cells."""


def understand(
    document: Document,
    grid: Grid,
    layers: Sequence[RoughLayer],
    trusted: bool,
    arithmetic: Arithmetic,
    progress: Progress,
    processor: Processor = NUMPY,
) -> Scene:
    """What each layer is like and where layers mix. `trusted`: the alphas are right, only colours are wanted;
    `processor`: who reads the document's pixels."""
    covers, shown = None, document
    small = processor.reduce(document, grid.cells) if translucent(document.pixels) else None
    if trusted:
        if small is not None:
            layers, covers = conditioned(layers, small, trusted=True)
        models = as_given(layers)
        return Scene(document, grid, models, _classify(grid, models, stencil=False), arithmetic, trusted, covers)
    if small is not None:
        shown = continued(document, grid, small)
    seen = processor.moments(shown, grid)
    progress.advance(0.2)
    layers = [layers[0], *in_parallel(lambda layer: trimmed(replace(layer, alpha=clean(layer.alpha))), layers[1:])]
    if small is not None:
        layers, covers = conditioned(layers, small, trusted=False)
    layers = align(seen, grid, balance(seen.mean, layers))
    progress.advance(0.5)
    colours = corrected(seen.mean, layers, visibility(layers))
    models = first(seen, layers, colours, inner=True)
    for turn in range(LESSONS):
        progress.advance(0.6 + 0.4 * turn / LESSONS)
        cells = _classify(grid, models, stencil=True)
        last = turn == LESSONS - 1
        models = learn(shown, grid, seen, layers, colours, models, cells, processor.expect, last=last)
    progress.advance(1.0)
    return Scene(document, grid, models, _classify(grid, models, stencil=True), arithmetic, trusted, covers)


def align(seen: Moments, grid: Grid, layers: Sequence[RoughLayer]) -> list[RoughLayer]:
    """Alphas moved to where the document's cells say that the layers are."""
    colours = corrected(seen.mean, layers, visibility(layers))
    models = first(seen, layers, colours, inner=False)
    cells = _classify(grid, models, stencil=True)
    moved = [model.alpha.copy() for model in models]
    row, column = np.nonzero(cells.mixed)
    for begin in range(0, row.size, CHUNK):
        r, c = row[begin : begin + CHUNK], column[begin : begin + CHUNK]
        colour: Plane = np.ascontiguousarray(seen.mean[r, c].T)
        points = Points(colour, c.astype(np.float32), r.astype(np.float32), cells.base[r, c], cells.mixed[r, c])
        for share in unmix(points, models):
            box = layers[share.layer].box
            inside = (r[share.at] >= box.y) & (r[share.at] < box.bottom)
            inside &= (c[share.at] >= box.x) & (c[share.at] < box.right)
            at = share.at[inside]
            moved[share.layer][r[at] - box.y, c[at] - box.x] = share.alpha[inside]
    return [
        layer if place == 0 else replace(layer, alpha=layer.alpha * np.float32(KEPT) + alpha * np.float32(1 - KEPT))
        for place, (layer, alpha) in enumerate(zip(layers, moved, strict=True))
    ]


def _classify(grid: Grid, models: Sequence[LayerModel], *, stencil: bool) -> Cells:
    return classify(grid.cells, [(model.box, model.alpha) for model in models], stencil=stencil)
