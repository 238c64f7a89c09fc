"""What nobody sees: layers below solid ones, enlarged from the engine's own alpha and colour.

Law: asks no document pixel for its colour. Writes words into canvases, block by block, in the document's own depth.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Pixels, Plane
from layerlift.imaging.resample import Positions
from layerlift.refine.canvas import Canvas, Words, words
from layerlift.refine.cells import over_stencil
from layerlift.refine.fill import planar
from layerlift.refine.grain import noise, seeds
from layerlift.refine.models import LayerModel
from layerlift.refine.spans import Block, Lattice, batches, runs
from layerlift.refine.unmix import expected_at, sharpened

CHUNK = 1 << 14
"""Pixels filled at a time."""
SNAP = 5 / 255
"""Alphas closer to 0 or 1 than this become 0 or 1: no ghosts, no pinholes (layers trusted as they are keep theirs)."""
_FAINT = 0.999
"""Sampled alphas stay below the largest of their stencil, but for rounding."""


def hidden_cells(model: LayerModel, place: int, base: NDArray[np.uint8], least: float) -> Mask:
    """Cells (of the whole grid) below whose solid layer some pixel of this one may have an alpha of `least` or more."""
    out = np.zeros(base.shape, np.bool_)
    box = model.box
    top, left = max(0, box.y - 1), max(0, box.x - 1)  # half of the canvas' first cells reads the stencils before them
    part = (slice(top, box.bottom), slice(left, box.right))
    out[part] = base[part] > place
    if place:
        high = over_stencil(np.pad(model.alpha, ((1, 0), (1, 0)), mode="edge"), np.maximum)
        out[part] &= high[top - box.y + 1 :, left - box.x + 1 :] >= np.float32(least * _FAINT)
    return out


def hide(
    model: LayerModel,
    place: int,
    canvas: Canvas,
    cells: Mask,
    lattice: Lattice,
    strip: Bounds,
    solid: Mask | None,
    cover: Plane | None = None,
    *,
    snap: bool,
) -> None:
    """Fill the canvas of a layer below solid ones, in the `cells` (see `hidden_cells`) of a strip.

    `solid` (rows of the strip, columns of the document): where the document is opaque; None: everywhere. `cover`: see
    `Scene.covers`.
    """
    part = strip.intersect(canvas.bounds)
    if part.empty:
        return
    found = runs(lattice, part, cells)
    for batch in batches(found.some(cells[found.row, found.column]), CHUNK):
        _fill_blocks(model, place, canvas, batch, lattice, strip, solid, cover, snap=snap)


def _fill_blocks(
    model: LayerModel,
    place: int,
    canvas: Canvas,
    batch: list[Block],
    lattice: Lattice,
    strip: Bounds,
    solid: Mask | None,
    cover: Plane | None,
    *,
    snap: bool,
) -> None:
    ends = np.cumsum([block.shape[0] * block.shape[1] for block in batch]).tolist()
    parts = [slice(begin, end) for begin, end in zip([0, *ends], ends, strict=False)]
    at, coarse, seed = Positions(ends[-1]), None, None
    for block, part in zip(batch, parts, strict=True):
        at.x[part].reshape(block.shape)[:] = lattice.at[0][block.columns] - model.box.x
        at.y[part].reshape(block.shape)[:] = (lattice.at[1][block.top : block.bottom] - model.box.y)[:, None]
    if model.grain is not None:
        coarse, seed = Positions(ends[-1]), np.empty(ends[-1], np.uint32)
        height, width = model.grain.shape
        for block, part in zip(batch, parts, strict=True):
            x, y = at.x[part].reshape(block.shape)[0], at.y[part].reshape(block.shape)[:, 0]
            coarse.x[part].reshape(block.shape)[:] = _coarser(x, width, model.box.width)
            coarse.y[part].reshape(block.shape)[:] = _coarser(y, height, model.box.height)[:, None]
            down, across = seeds(np.arange(block.top, block.bottom), block.columns, place)
            np.add(down[:, None], across, out=seed[part].reshape(block.shape))
    drawn = _words(model, place, at, coarse, seed, canvas.pixels.dtype, cover, snap=snap)
    if drawn is None:
        return
    for block, part in zip(batch, parts, strict=True):
        table = drawn[part].reshape(block.shape)
        if solid is not None:
            table = table * solid[block.top - strip.y : block.bottom - strip.y, block.columns]
        lines = canvas.words[block.top - canvas.bounds.y : block.bottom - canvas.bounds.y]
        done = 0
        for left, right in block.spans:
            lines[:, left - canvas.bounds.x : right - canvas.bounds.x] = table[:, done : done + right - left]
            done += right - left


def _coarser(at: Plane, coarse: int, fine: int) -> Plane:
    """Where cells lie among fewer, larger ones."""
    out: Plane = (at + np.float32(0.5)) * np.float32(coarse / fine) - np.float32(0.5)
    return out


def _words(
    model: LayerModel,
    place: int,
    at: Positions,
    coarse: Positions | None,
    seed: NDArray[np.uint32] | None,
    dtype: np.dtype[np.uint8] | np.dtype[np.uint16],
    cover: Plane | None,
    *,
    snap: bool,
) -> Words | None:
    """The layer's pixels at positions among its cells, None where all are transparent: the engine's colours, with the
    grain of the layer's visible parts."""
    scale = np.iinfo(dtype).max
    kind = cv2.CV_8U if scale == 255 else cv2.CV_16U
    alpha = np.full(at.x.shape, scale, dtype)
    if place or cover is not None:
        share = expected_at(model, at) if place else np.ones_like(at.x)
        if cover is not None:
            share = share * sharpened(*at.read(cover))
        alpha = levels(share, scale, snap=snap).astype(dtype)
        if not alpha.any():
            return None
    fuzz = np.zeros_like(at.x)
    if model.grain is not None and coarse is not None and seed is not None:
        np.multiply(coarse.read(model.grain), noise(seed), out=fuzz)
        fuzz *= np.float32(scale)
    # OpenCV's sum in floats, rounded half to even and clipped to the depth
    planes = [cv2.add(plane[None], fuzz[None], dtype=kind) for plane in _fill(model, at, scale)]
    out = words(cast(Pixels, cv2.merge([*planes, alpha[None]])))[0]
    return out if alpha.all() else cast(Words, out * (alpha > 0))


def fill(model: LayerModel, x: Plane, y: Plane, scale: int) -> list[Plane]:
    """Three planes (n,) of colours 0…scale of a layer where one does not see it alone."""
    return _fill(model, Positions.at(x - model.box.x, y - model.box.y), scale)


def _fill(model: LayerModel, at: Positions, scale: int) -> list[Plane]:
    out = []
    for plane in planar(model.lead)[:3] if model.fill is None else model.fill:
        colour = at.read(plane, cubic=True)
        colour *= np.float32(scale)
        out.append(np.clip(colour, 0, scale, out=colour))
    return out


def levels(alpha: Plane, scale: int, *, snap: bool) -> Plane:
    """Alphas 0–1 as whole numbers 0…scale (n,)."""
    if snap:
        alpha = np.where(alpha < SNAP, np.float32(0), np.where(alpha > 1 - SNAP, np.float32(1), alpha))
    out = np.clip(alpha, 0, 1)
    out *= np.float32(scale)
    return cast(Plane, np.rint(out, out=out))
