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
from layerlift.refine.grain import noise, seeds
from layerlift.refine.models import LayerModel
from layerlift.refine.spans import Block, Lattice, batches, runs
from layerlift.refine.unmix import expected

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
    *,
    snap: bool,
) -> None:
    """Fill the canvas of a layer below solid ones, in the `cells` (see `hidden_cells`) of a strip.

    `solid` (rows of the strip, columns of the document): where the document is opaque; None: everywhere.
    """
    part = strip.intersect(canvas.bounds)
    if part.empty:
        return
    found = runs(lattice, part, cells)
    for batch in batches(found.some(cells[found.row, found.column]), CHUNK):
        _fill_blocks(model, place, canvas, batch, lattice, strip, solid, snap=snap)


def _fill_blocks(
    model: LayerModel,
    place: int,
    canvas: Canvas,
    batch: list[Block],
    lattice: Lattice,
    strip: Bounds,
    solid: Mask | None,
    *,
    snap: bool,
) -> None:
    count = sum(block.shape[0] * block.shape[1] for block in batch)
    x, y = np.empty(count, np.float32), np.empty(count, np.float32)
    seed = np.empty(count if model.grain is not None else 0, np.uint32)
    ends = np.cumsum([block.shape[0] * block.shape[1] for block in batch]).tolist()
    for block, end in zip(batch, ends, strict=True):
        part = slice(end - block.shape[0] * block.shape[1], end)
        x[part].reshape(block.shape)[:] = lattice.at[0][block.columns]
        y[part].reshape(block.shape)[:] = lattice.at[1][block.top : block.bottom, None]
        if model.grain is not None:
            down, across = seeds(np.arange(block.top, block.bottom), block.columns, place)
            np.add(down[:, None], across, out=seed[part].reshape(block.shape))
    drawn = _words(model, place, x, y, seed, canvas.pixels.dtype, snap=snap)
    if drawn is None:
        return
    for block, end in zip(batch, ends, strict=True):
        table = drawn[end - block.shape[0] * block.shape[1] : end].reshape(block.shape)
        if solid is not None:
            table = table * solid[block.top - strip.y : block.bottom - strip.y, block.columns]
        lines = canvas.words[block.top - canvas.bounds.y : block.bottom - canvas.bounds.y]
        at = 0
        for left, right in block.spans:
            lines[:, left - canvas.bounds.x : right - canvas.bounds.x] = table[:, at : at + right - left]
            at += right - left


def _words(
    model: LayerModel,
    place: int,
    x: Plane,
    y: Plane,
    seed: NDArray[np.uint32],
    dtype: np.dtype[np.uint8] | np.dtype[np.uint16],
    *,
    snap: bool,
) -> Words | None:
    """The layer's pixels at positions among the cells, None where all are transparent: the engine's colours, with the
    grain of the layer's visible parts."""
    scale = np.iinfo(dtype).max
    kind = cv2.CV_8U if scale == 255 else cv2.CV_16U
    alpha = np.full(x.shape, scale, dtype)
    if place:
        alpha = levels(expected(model, x, y), scale, snap=snap).astype(dtype)
        if not alpha.any():
            return None
    fuzz = np.zeros_like(x)
    if model.grain is not None:
        height, width = model.grain.shape
        u = (x - model.box.x + np.float32(0.5)) * np.float32(width / model.box.width) - np.float32(0.5)
        v = (y - model.box.y + np.float32(0.5)) * np.float32(height / model.box.height) - np.float32(0.5)
        np.multiply(Positions(u, v).read(model.grain), noise(seed), out=fuzz)
        fuzz *= np.float32(scale)
    # OpenCV's sum in floats, rounded half to even and clipped to the depth
    planes = [cv2.add(plane[None], fuzz[None], dtype=kind) for plane in fill(model, x, y, scale)]
    out = words(cast(Pixels, cv2.merge([*planes, alpha[None]])))[0]
    return out if alpha.all() else cast(Words, out * (alpha > 0))


def fill(model: LayerModel, x: Plane, y: Plane, scale: int) -> list[Plane]:
    """Three planes (n,) of colours 0…scale of a layer where one does not see it alone."""
    at = Positions(x - model.box.x, y - model.box.y)
    out = []
    for plane in model.fill:
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
