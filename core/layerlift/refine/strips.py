"""The full-resolution pass: the document in strips, layers out.

Law: the only stage that touches full-resolution pixels, and it touches each pixel alone, given what is known of the
cells; so strips need no overlap and their height does not show. Memory is bounded by the strip.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.arithmetic import Arithmetic
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Document, Layer, Mask, Pixels, Plane, full_scale
from layerlift.imaging.resample import Grid, sample
from layerlift.progress import Progress
from layerlift.refine.cells import Cells, places
from layerlift.refine.grain import grain
from layerlift.refine.models import LayerModel
from layerlift.refine.project import Part, project, put_back, subset, visible
from layerlift.refine.unmix import Points, Share, expected, given, unmix

STRIP_ROWS, STRIP_PIXELS = 256, 1 << 19
"""A strip has at most so many rows and, above one row, about so many pixels."""
Words: TypeAlias = "NDArray[np.uint32] | NDArray[np.uint64]"
_NOBODY = np.uint8(255)
CHUNK = 1 << 14
"""Points refined at a time: their few hundred working arrays then stay in the cache."""
SNAP = 5 / 255
"""Alphas closer to 0 or 1 than this become 0 or 1: no ghosts, no pinholes (layers trusted as they are keep theirs)."""


@dataclass(frozen=True, eq=False)
class Scene:
    """All that the pass knows: the document, the grid over it, a model per layer, which layers matter in which cell.

    `trusted`: cells are pixels and the engine's alphas are right as they are; `unmix`: who takes pixels apart.
    """

    document: Document
    grid: Grid
    models: Sequence[LayerModel]
    cells: Cells
    arithmetic: Arithmetic
    trusted: bool
    unmix: Callable[[Points, Sequence[LayerModel]], list[Share]] = unmix


@dataclass(frozen=True, eq=False)
class Canvas:
    """Full-resolution pixels of one layer over `bounds`, transparent until written; `words` are the same, one integer
    per pixel."""

    bounds: Bounds
    pixels: Pixels
    words: Words


def paint(scene: Scene, progress: Progress, *, rows: int = STRIP_ROWS) -> list[Layer]:
    """Every layer of the scene at the document's size and depth, over its own part of the document (not yet cropped).

    Reports and hears a cancel after every strip. The result does not depend on `rows`.
    """
    width, height = scene.document.extent
    canvases = [_canvas(scene, model) for model in scene.models]
    rows = max(1, min(rows, STRIP_PIXELS // width))
    tops = range(0, height, rows)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        jobs = [pool.submit(_strip, scene, canvases, Bounds(0, y, width, min(rows, height - y))) for y in tops]
        try:
            for done, job in enumerate(jobs, 1):
                job.result()
                progress.advance(done / len(jobs))
        except BaseException:
            for job in jobs:
                job.cancel()
            raise
    return [
        replace(model.source, bounds=canvas.bounds, pixels=canvas.pixels, opacity=1.0, blend_mode="normal")
        for model, canvas in zip(scene.models, canvases, strict=True)
    ]


def _canvas(scene: Scene, model: LayerModel) -> Canvas:
    bounds = scene.grid.pixels(model.box)
    pixels = np.zeros((bounds.height, bounds.width, 4), scene.document.pixels.dtype)
    return Canvas(bounds, cast(Pixels, pixels), _words(cast(Pixels, pixels)))


def _words(pixels: Pixels) -> Words:
    word = np.uint32 if pixels.dtype == np.uint8 else np.uint64
    return cast(Words, np.ascontiguousarray(pixels).view(word)[..., 0])


def _strip(scene: Scene, canvases: Sequence[Canvas], strip: Bounds) -> None:
    """Refine one strip into the canvases."""
    pixels = cast(Pixels, np.ascontiguousarray(scene.document.pixels[strip.slices]))
    alpha = pixels[..., 3]
    xs = scene.grid.columns(np.arange(strip.width, dtype=np.int32))
    ys = scene.grid.rows(np.arange(strip.y, strip.bottom, dtype=np.int32))
    columns = np.clip(np.floor(xs), 0, scene.grid.cells.width - 1).astype(np.intp)
    lines = np.clip(np.floor(ys), 0, scene.grid.cells.height - 1).astype(np.intp)
    base = scene.cells.base[lines][:, columns]
    mixed = (scene.cells.mixed[lines] != 0)[:, columns]
    _copy_solid(canvases, strip, pixels, base, ~mixed)
    whole = alpha == full_scale(scene.document.pixels)
    _hide(scene, canvases, strip, base, ~mixed & whole, xs, ys)
    for refine, chosen in ((_refine_points, mixed & whole), (_give_away, mixed & ~whole & (alpha > 0))):
        rows, across = places(chosen)
        for begin in range(0, rows.size, CHUNK):
            row, column = rows[begin : begin + CHUNK], across[begin : begin + CHUNK]
            points = Points(
                _colours(pixels, row, column),
                xs[column],
                ys[row],
                base[row, column],
                scene.cells.mixed[lines[row], columns[column]],
            )
            refine(scene, canvases, points, row + strip.y, column)


def _colours(pixels: Pixels, row: NDArray[np.intp], column: NDArray[np.intp]) -> Plane:
    return np.ascontiguousarray(pixels[row, column].T[:3].astype(np.float32) * np.float32(1 / full_scale(pixels)))


def _copy_solid(canvases: Sequence[Canvas], strip: Bounds, pixels: Pixels, base: NDArray[np.uint8], pure: Mask) -> None:
    """Where one solid layer is all that one sees it has the document's pixels, alpha included."""
    words = _words(pixels)
    shown = np.where(pure & (pixels[..., 3] > 0), base, _NOBODY)
    for place, canvas in enumerate(canvases):
        seen = canvas.bounds.intersect(strip)
        if seen.empty:
            continue
        local = seen.shift(0, -strip.y).slices
        mine = canvas.words[seen.shift(-canvas.bounds.x, -canvas.bounds.y).slices]
        _copy(words[local], shown[local] == place, mine)


def _copy(words: Words, chosen: Mask, into: Words) -> None:
    """Some of the words into a view of the same shape."""
    if words.itemsize == 4 and min(words.shape) > 1:  # three times as fast; OpenCV has no integers of 64 bit
        cv2.copyTo(words.view(np.int32), chosen.view(np.uint8), into.view(np.int32))
    else:
        np.copyto(into, words, where=chosen)


def _hide(
    scene: Scene,
    canvases: Sequence[Canvas],
    strip: Bounds,
    base: NDArray[np.uint8],
    pure: Mask,
    xs: Plane,
    ys: Plane,
) -> None:
    """What lies below the solid layers: the engine's own alpha and colour, enlarged."""
    for place in range(int(base.max(initial=0))):
        canvas = canvases[place]
        seen = canvas.bounds.intersect(strip)
        if seen.empty:
            continue
        local = seen.shift(0, -strip.y)
        rows, across = places((base[local.slices] > place) & pure[local.slices])
        rows += local.y
        across += local.x
        for begin in range(0, rows.size, CHUNK):
            row, column = rows[begin : begin + CHUNK], across[begin : begin + CHUNK]
            part = _hidden(scene, place, xs[column], ys[row], row + strip.y, column)
            _write(canvas, part, row + strip.y, column)


def _hidden(scene: Scene, place: int, x: Plane, y: Plane, row: NDArray[np.intp], column: NDArray[np.intp]) -> Part:
    """A layer that nobody sees at these points: the engine's colours, with the grain of the layer's visible parts."""
    model, scale = scene.models[place], full_scale(scene.document.pixels)
    alpha = expected(model, x, y) if place else np.ones_like(x)
    levels = _levels(alpha, scale, snap=not scene.trusted)
    colour = _fill(model, x, y, scale)
    if model.grain is not None:
        height, width = model.grain.shape
        u = (x - model.box.x + np.float32(0.5)) * np.float32(width / model.box.width) - np.float32(0.5)
        v = (y - model.box.y + np.float32(0.5)) * np.float32(height / model.box.height) - np.float32(0.5)
        colour += sample(model.grain, u, v) * grain(row, column, place) * np.float32(scale)
    return Part(place, np.arange(x.size), levels, np.clip(np.rint(colour), 0, scale), np.ones_like(x))


def _fill(model: LayerModel, x: Plane, y: Plane, scale: int) -> Plane:
    """(3, n) colours 0…scale of a layer where one does not see it alone."""
    x, y = x - model.box.x, y - model.box.y
    colour = np.stack([sample(plane, x, y, cubic=True) for plane in model.fill])
    return cast(Plane, np.clip(colour * np.float32(scale), 0, scale))


def _levels(alpha: Plane, scale: int, *, snap: bool) -> Plane:
    if snap:
        alpha = np.where(alpha < SNAP, np.float32(0), np.where(alpha > 1 - SNAP, np.float32(1), alpha))
    return cast(Plane, np.rint(np.clip(alpha, 0, 1) * np.float32(scale)))


def _refine_points(
    scene: Scene, canvases: Sequence[Canvas], points: Points, row: NDArray[np.intp], column: NDArray[np.intp]
) -> None:
    """Unmix the points, make them exact, write them; the document is opaque here."""
    scale = full_scale(scene.document.pixels)
    target = np.rint(points.colour * np.float32(scale))
    parts = [
        Part(
            share.layer,
            share.at,
            _levels(share.alpha, scale, snap=not scene.trusted),
            target[:, share.at],
            share.spread,
        )
        for share in (given if scene.trusted else scene.unmix)(points, scene.models)
    ]
    weights = visible(parts, points.count, scale)
    together = np.zeros(points.count, np.bool_)
    for part, weight in zip(parts, weights, strict=True):
        # Who is seen alone keeps the document's colour; who is not seen alone starts from what the engine imagined.
        other = np.flatnonzero((part.alpha > 0) & (weight < 1))
        together[part.at[(weight > 0) & (weight < 1)]] = True
        at = part.at[other]
        part.colour[:, other] = np.rint(_fill(scene.models[part.layer], points.x[at], points.y[at], scale))
    mixed = np.flatnonzero(together)
    if mixed.size:
        few, chosen = subset(parts, mixed)
        project(few, target[:, mixed], scene.arithmetic, scale)
        put_back(parts, few, chosen)
    for part in parts:
        _write(canvases[part.layer], part, row, column)
    for place in range(int(points.base.max())):
        below = np.flatnonzero(points.base > place)
        area = canvases[place].bounds
        inside = (column[below] >= area.x) & (column[below] < area.right)
        below = below[inside & (row[below] >= area.y) & (row[below] < area.bottom)]
        if below.size:
            hidden = _hidden(scene, place, points.x[below], points.y[below], row[below], column[below])
            hidden.at = below
            _write(canvases[place], hidden, row, column)


def _give_away(
    scene: Scene, canvases: Sequence[Canvas], points: Points, row: NDArray[np.intp], column: NDArray[np.intp]
) -> None:
    """Where the document itself is translucent the layer one sees most has the pixel, colour and alpha; the others
    nothing: that is exact in every arithmetic."""
    dominant = points.base.astype(np.intp)
    best = np.zeros(points.count, np.float32)
    for share in given(points, scene.models):
        at, alpha = share.at, share.alpha
        best[at] *= 1 - alpha
        wins = alpha >= best[at]
        dominant[at[wins]] = share.layer
        best[at[wins]] = alpha[wins]
    words = _words(scene.document.pixels[row, column][None])[0]
    for place in np.unique(dominant):
        canvas, mine = canvases[place], np.flatnonzero(dominant == place)
        canvas.words[row[mine] - canvas.bounds.y, column[mine] - canvas.bounds.x] = words[mine]


def _write(canvas: Canvas, part: Part, row: NDArray[np.intp], column: NDArray[np.intp]) -> None:
    """Put the part's pixels (those with any alpha) where they belong."""
    seen: Mask | slice = part.alpha > 0
    if np.all(part.alpha):
        seen = slice(None)
    at = part.at[seen]
    place = (row[at] - canvas.bounds.y) * canvas.bounds.width + column[at] - canvas.bounds.x
    bits = 8 * canvas.pixels.itemsize
    word: NDArray[Any] = part.alpha[seen].astype(canvas.words.dtype)
    for plane in part.colour[::-1]:  # little-endian, as every platform that OpenCV is built for
        word <<= bits
        word |= plane[seen].astype(word.dtype)
    canvas.words.reshape(-1)[place] = word
