"""Reading an engine's rough stack: each layer as alpha and colour over the cells that it touches.

Law: here the rough stack's 8-bit sRGB becomes float in the document's own colour space; later stages know nothing of
profiles or depths. The bottom layer is opaque by definition, whatever the engine said; layers that hold nothing, and
layers that say the same as the one above them, end here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from layerlift.imaging.colour import srgb_to_profile8
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document, Layer, LayerStack, Pixels, Plane, Role
from layerlift.imaging.resample import Grid, reduce

MARGIN = 4
"""Cells around a layer's alpha in which it may turn out to be: models blur by about two, filters read one more."""
WHOLE = 8
"""Boxes begin and end at multiples of this: halving their planes thrice is then a mean of whole cells, and fast."""
_LONGEST = 30_000
"""Longest side of the grid in cells: OpenCV's remap addresses its source with 16-bit integers."""
_NOTHING = 8 / 255
"""A layer whose alpha never exceeds this is empty: models leave a haze of a few levels everywhere."""
_SAME_ALPHA, _SAME_COLOUR = 0.01, 0.05
"""A layer repeats another one when alpha and colour differ by less than this on average where either is."""

_NOBODY = Layer("Background", Role.BACKGROUND, Bounds(0, 0, 1, 1), np.zeros((1, 1, 4), np.uint8))
"""The bottom layer of a stack without layers."""


@dataclass(frozen=True, eq=False)
class RoughLayer:
    """One layer over the cells of `box`: `alpha` (h, w) and straight `colour` (h, w, 3), float32 0–1, in the
    document's colour space. `source` is the engine's layer, for its name and role."""

    source: Layer
    box: Bounds
    alpha: Plane
    colour: Plane


def grid_for(document: Document, rough: LayerStack) -> Grid:
    """The grid to work on: the rough stack's own size, but never finer than the document."""
    width = min(rough.extent.width, document.extent.width, _LONGEST)
    height = min(rough.extent.height, document.extent.height, _LONGEST)
    return Grid(document.extent, Extent(max(1, width), max(1, height)))


def read(rough: LayerStack, grid: Grid, icc: bytes | None) -> tuple[tuple[RoughLayer, ...], tuple[str, ...]]:
    """The layers worth keeping, bottom → top (at least one), and sentences about those that were not."""
    layers: list[RoughLayer] = []
    notes: list[str] = []
    for place, source in enumerate(rough.layers or (_NOBODY,)):
        layer = _read(source, rough.extent, grid, icc, bottom=place == 0)
        if layer is None:
            notes.append(f"“{source.name}” was empty and was left out.")
            continue
        if layers and (place > 1 or len(layers) > 1) and _repeats(layers[-1], layer):
            notes.append(f"“{layers[-1].source.name}” and “{source.name}” were the same; one of them was left out.")
            layers.pop()
        layers.append(layer)
    return tuple(layers), tuple(notes)


def _read(source: Layer, extent: Extent, grid: Grid, icc: bytes | None, *, bottom: bool) -> RoughLayer | None:
    cells = Bounds.of(grid.cells)
    if extent == grid.cells and not bottom:
        seen = source.bounds.intersect(cells)
        pixels, origin = source.pixels[seen.shift(-source.bounds.x, -source.bounds.y).slices], seen
    else:
        pixels, origin = reduce(source.on(extent), grid.cells), cells
    alpha = pixels[..., 3].astype(np.float32) * np.float32(source.opacity / 255)
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if bottom:
        box = cells
    elif rows.size == 0 or float(alpha.max()) <= _NOTHING:
        return None
    else:
        tight = Bounds(int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
        box = _around(tight.shift(origin.x, origin.y), cells)
    inside = origin.intersect(box)
    target, part = inside.shift(-box.x, -box.y).slices, inside.shift(-origin.x, -origin.y).slices
    planes = np.zeros((box.height, box.width), np.float32), np.zeros((box.height, box.width, 3), np.float32)
    planes[0][target] = alpha[part]
    colour = cast(Pixels, cv2.cvtColor(srgb_to_profile8(pixels[part], icc), cv2.COLOR_RGBA2RGB))
    planes[1][target] = colour * np.float32(1 / 255)
    return RoughLayer(source, box, *planes)


def trimmed(layer: RoughLayer) -> RoughLayer:
    """The layer over a smaller box, once haze no longer stretches it over the whole picture."""
    rows, columns = np.flatnonzero(layer.alpha.any(axis=1)), np.flatnonzero(layer.alpha.any(axis=0))
    if rows.size == 0:
        rows = columns = np.zeros(1, np.intp)
    tight = Bounds(int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
    box = _around(tight.shift(layer.box.x, layer.box.y), layer.box)
    inner = box.shift(-layer.box.x, -layer.box.y)
    alpha, colour = (np.ascontiguousarray(plane[inner.slices]) for plane in (layer.alpha, layer.colour))
    return RoughLayer(layer.source, box, alpha, colour)


def _around(tight: Bounds, within: Bounds) -> Bounds:
    """A box with its margin, in whole WHOLEs of cells, as far as there is room `within`."""
    wide = tight.grow(MARGIN)
    x, y = wide.x // WHOLE * WHOLE, wide.y // WHOLE * WHOLE
    right, bottom = (-(-edge // WHOLE) * WHOLE for edge in (wide.right, wide.bottom))
    return Bounds(x, y, right - x, bottom - y).intersect(within)


def _repeats(lower: RoughLayer, upper: RoughLayer) -> bool:
    """Whether two neighbouring layers hold the same thing (models asked for too many layers repeat themselves)."""
    common = lower.box.union(upper.box)
    if common.extent.area > 1.2 * min(lower.box.extent.area, upper.box.extent.area):
        return False
    box = lower.box.intersect(upper.box)
    a, b = (layer.alpha[box.shift(-layer.box.x, -layer.box.y).slices] for layer in (lower, upper))
    c, d = (layer.colour[box.shift(-layer.box.x, -layer.box.y).slices] for layer in (lower, upper))
    both = np.maximum(a, b)
    weight = float(both.sum())
    if weight == 0:
        return False
    if float(np.abs(a - b).sum()) / weight >= _SAME_ALPHA * 5:
        return False
    return float((np.abs(c - d).mean(-1) * np.minimum(a, b)).sum()) / weight < _SAME_COLOUR
