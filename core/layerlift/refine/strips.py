"""The full-resolution pass: the document in strips, layers out.

Law: the only stage that touches full-resolution pixels, and it touches each pixel alone, given what is known of the
cells; so strips need no overlap and their height does not show. Memory is bounded by the strip.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from layerlift.imaging.arithmetic import Arithmetic
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Document, Layer, Mask, Plane, full_scale
from layerlift.imaging.resample import Grid, Positions
from layerlift.progress import Progress
from layerlift.refine.bands import TILE, Bands, Settled
from layerlift.refine.canvas import Canvas, Words, alphas, opaque, packed, shown, solid, words
from layerlift.refine.cells import Cells
from layerlift.refine.coverage import show
from layerlift.refine.hidden import SNAP, fill, hidden_cells, hide, levels
from layerlift.refine.models import LayerModel
from layerlift.refine.project import Part, project, put_back, subset, visible
from layerlift.refine.spans import Index, Lattice, Runs, pixels, runs
from layerlift.refine.unmix import Points, alone, given, sharpened, unmix

STRIP_ROWS, STRIP_PIXELS = 256, 1 << 20
"""A strip has at most so many rows and, above one row, about so many pixels."""
CHUNK = 1 << 14
"""Points refined at a time: their few hundred working arrays then stay in the cache."""
ALONE = CHUNK // 8
"""From so many points on, those in which the same layers meet are refined by themselves: nothing is gathered then."""


@dataclass(frozen=True, eq=False)
class Scene:
    """All that the pass knows: the document, the grid over it, a model per layer, which layers matter in which cell.

    `trusted`: cells are pixels and the engine's alphas are right as they are. `covers`, where the document is
    translucent: of each model (h, w, 2), what it and all below it cover, and the edge-ness of that; the models' alphas
    are shares of it then (see `coverage`). `careful`: pixels that leave the choice open are decided together with their
    neighbours (see `bands`), unless `trusted`. `asked`: the document with its chroma restored, where it is asked and
    not painted (see `chroma`).
    """

    document: Document
    grid: Grid
    models: Sequence[LayerModel]
    cells: Cells
    arithmetic: Arithmetic
    trusted: bool
    covers: Sequence[Plane] | None = None
    careful: bool = False
    asked: Document | None = None

    @property
    def guide(self) -> Document:
        """Whose colours say which layer a pixel shows."""
        return self.asked or self.document


@dataclass(frozen=True, eq=False)
class _Work:
    """A scene, where its cells lie, what is written, (for every layer but the topmost) its hidden cells, and what the
    strip's pixels have settled among themselves."""

    scene: Scene
    lattice: Lattice
    canvases: Sequence[Canvas]
    hidden: Sequence[Mask]
    settled: Settled | None = None


def paint(scene: Scene, progress: Progress, *, rows: int = STRIP_ROWS) -> list[Layer]:
    """Every layer of the scene at the document's size and depth, cropped to its alpha.

    Reports and hears a cancel after every strip. The result does not depend on `rows`.
    """
    width, height = scene.document.extent
    canvases = [Canvas.blank(scene.grid.pixels(model.box), scene.document.pixels) for model in scene.models]
    least = SNAP if not scene.trusted else 0.5 / full_scale(scene.document.pixels)
    hidden = [
        hidden_cells(model, place, scene.cells.base, least)
        for place, model in enumerate(scene.models[: int(scene.cells.base.max())])
    ]
    work = _Work(scene, Lattice.of(scene.grid), canvases, hidden)
    rows = max(1, min(rows, STRIP_PIXELS // width))
    if scene.careful:
        rows = -(-rows // TILE) * TILE  # no tile is worked on twice
    tops = range(0, height, rows)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        jobs = [pool.submit(_strip, work, Bounds(0, y, width, min(rows, height - y))) for y in tops]
        try:
            for done, job in enumerate(jobs, 1):
                job.result()
                progress.advance(done / len(jobs))
        except BaseException:
            for job in jobs:
                job.cancel()
            raise
        cuts = [pool.submit(canvases.pop(0).cut) for _ in scene.models]
        return [
            replace(model.source, bounds=bounds, pixels=drawn, opacity=1.0, blend_mode="normal")
            for model, (bounds, drawn) in zip(scene.models, (cut.result() for cut in cuts), strict=True)
        ]


def _strip(work: _Work, strip: Bounds) -> None:
    """Refine one strip into the canvases."""
    cells, lattice = work.scene.cells, work.lattice
    if work.scene.careful and not work.scene.trusted:
        work = replace(work, settled=Bands(work.scene.guide, lattice, work.scene.models, cells).settle(strip))
    source = words(work.scene.document.pixels[strip.slices])
    whole = None if opaque(source) else solid(source)
    found = runs(lattice, strip, cells.base, cells.mixed)
    mixed = cells.mixed[found.row, found.column] != 0
    _copy_solid(work, strip, source, whole is None, found.some(~mixed))
    for place, here in enumerate(work.hidden):
        hide(
            work.scene.models[place],
            place,
            work.canvases[place],
            here,
            lattice,
            strip,
            whole,
            None if work.scene.covers is None else work.scene.covers[place],
            snap=not work.scene.trusted,
        )
    for row, column in _together(cells, found.some(mixed)):
        _refine_all(work, strip, source, whole is None, row, column)


def _copy_solid(work: _Work, strip: Bounds, source: Words, whole: bool, some: Runs) -> None:
    """Where one solid layer is all that one sees it has the document's pixels, alpha included."""
    if not whole:
        source = source * shown(source)
    base = work.scene.cells.base[some.row, some.column]
    edges = (one.tolist() for one in (base, some.top, some.bottom, some.left, some.right))
    for place, top, bottom, left, right in zip(*edges, strict=True):
        canvas = work.canvases[place]
        x, y = canvas.bounds.x, canvas.bounds.y
        canvas.words[top - y : bottom - y, left - x : right - x] = source[top - strip.y : bottom - strip.y, left:right]


def _together(cells: Cells, some: Runs) -> Iterator[tuple[Index, Index]]:
    """Rows and columns of the pixels of the runs, at most CHUNK at a time, those alike (the same base and layers) by
    themselves where they are many."""
    if some.row.size == 0:
        return
    base, bits, area = cells.base[some.row, some.column], cells.mixed[some.row, some.column], some.area
    order = np.lexsort((base, bits))
    new = (np.diff(bits[order]) != 0) | (np.diff(base[order]) != 0)
    group = np.empty(order.size, np.intp)
    group[order] = np.concatenate([[0], np.cumsum(new)])
    sizes = np.bincount(group, area).astype(np.intp)
    few = sizes < ALONE
    order = np.lexsort((group, few[group]))
    row, column = pixels(some.some(order))
    begin = 0
    for size in [*sizes[~few].tolist(), int(sizes[few].sum())]:
        parts = -(-size // CHUNK)
        for part in range(parts):
            piece = slice(begin + size * part // parts, begin + size * (part + 1) // parts)
            yield row[piece], column[piece]
        begin += size


def _refine_all(work: _Work, strip: Bounds, source: Words, whole: bool, row: Index, column: Index) -> None:
    """Take some pixels of the strip apart."""
    colours = source[row - strip.y, column]
    if whole:
        target = _levels(work, colours)
        asked = target if work.scene.asked is None else _read(work.scene.asked, row, column)
        _refine_points(work, _points(work, asked, row, column), target, row, column)
        return
    full = solid(colours)
    for chosen in (full, shown(colours) & ~full):
        at = np.flatnonzero(chosen)
        if at.size:
            cover = None if chosen is full else alphas(colours[at]).astype(np.float32)
            target = _levels(work, colours[at])
            _refine_points(work, _points(work, target, row[at], column[at]), target, row[at], column[at], cover)


def _levels(work: _Work, colours: Words) -> Plane:
    """(3, n) whole numbers."""
    some = colours.view(work.scene.document.pixels.dtype).reshape(-1, 4)[:, :3]
    return np.ascontiguousarray(some.T.astype(np.float32))


def _read(document: Document, row: Index, column: Index) -> Plane:
    return np.ascontiguousarray(document.pixels[row, column, :3].T.astype(np.float32))


def _points(work: _Work, levels: Plane, row: Index, column: Index) -> Points:
    (across, down), (xs, ys), cells = work.lattice.cell, work.lattice.at, work.scene.cells
    line, place = down[row], across[column]
    return Points(
        levels * np.float32(1 / full_scale(work.scene.document.pixels)),
        xs[column],
        ys[row],
        cells.base[line, place],
        cells.mixed[line, place],
    )


def _refine_points(
    work: _Work, points: Points, target: Plane, row: Index, column: Index, cover: Plane | None = None
) -> None:
    """Unmix the points, make them show `target` (3, n) exactly, write them; `cover`: the document's alpha where it is
    translucent."""
    scene = work.scene
    scale = full_scale(scene.document.pixels)
    decide = alone if work.settled is None else work.settled.at(row, column)
    parts = [
        Part(
            share.layer,
            share.at,
            levels(share.alpha, scale, snap=not scene.trusted),
            target.copy() if share.at.size == points.count else np.take(target, share.at, axis=1),
            share.spread,
        )
        for share in (given(points, scene.models) if scene.trusted else unmix(points, scene.models, decide))
    ]
    together = np.zeros(points.count, np.bool_)
    for part, weight in zip(parts, visible(parts, points.count, scale), strict=True):
        # Who is seen alone keeps the document's colour; who is not seen alone starts from what the engine imagined.
        shared = weight < 1
        other = np.flatnonzero((part.alpha > 0) & shared)
        together[part.where(points.count)] |= (weight > 0) & shared
        at = part.at[other]
        part.paint(other, [np.rint(one) for one in fill(scene.models[part.layer], points.x[at], points.y[at], scale)])
        if scene.covers is not None and cover is None:
            _uncover(part, np.flatnonzero((part.alpha > 0) & (weight == 0)), points, scene, scale)
    mixed = np.flatnonzero(together)
    if cover is not None:
        show(parts, _below(parts, points, scene), target, cover, scene.arithmetic, scale)
    elif mixed.size:
        few, chosen = subset(parts, mixed)
        project(few, np.take(target, mixed, axis=1), scene.arithmetic, scale)
        put_back(parts, few, chosen)
    for part in parts:
        _write(work.canvases[part.layer], part, row, column)


def _uncover(part: Part, hidden: Index, points: Points, scene: Scene, scale: int) -> None:
    """What nobody sees, where the document is solid, has its own alpha, not its share of what is there."""
    if hidden.size == 0 or scene.covers is None:
        return
    covered, _ = _covers(part.layer, part.at[hidden], points, scene, scene.covers)
    part.alpha[hidden] = levels(part.alpha[hidden] * covered * np.float32(1 / scale), scale, snap=not scene.trusted)


def _below(parts: Sequence[Part], points: Points, scene: Scene) -> list[Plane]:
    """What is expected to be covered by all that lies below each part, and the edge-ness of that, (2, k)."""
    covered, out = np.zeros((2, points.count), np.float32), []
    for part in parts:
        out.append(np.take(covered, part.at, axis=1))
        if scene.covers is not None:
            covered[:, part.at] = _covers(part.layer, part.at, points, scene, scene.covers)
    return out


def _covers(layer: int, at: Index, points: Points, scene: Scene, covers: Sequence[Plane]) -> Plane:
    """What a layer and all below it cover, sharpened, and the edge-ness of that, (2, k)."""
    box = scene.models[layer].box
    cover, edge = Positions.at(points.x[at] - box.x, points.y[at] - box.y).read(covers[layer])
    return np.stack([sharpened(cover, edge), edge])


def _write(canvas: Canvas, part: Part, row: Index, column: Index) -> None:
    """Put the part's pixels (those with any alpha) where they belong."""
    at, alpha, colour = part.at, part.alpha, part.colour
    if not alpha.all():
        seen = np.flatnonzero(alpha)
        at, alpha, colour = at[seen], alpha[seen], np.take(colour, seen, axis=1)
    if at.size < row.size:
        row, column = row[at], column[at]
    canvas.put(packed(colour, alpha, canvas.pixels.dtype), row, column)
