"""Narrow bands of pixels that leave the choice open, decided together with their neighbours.

Law: reads the document around a strip, writes nothing. Where a layer and what lies below it have the same colours
(camouflage, hair on hair, an edge in the shadow) a pixel alone does not know whose it is: its posterior (`unmix`) is
spread over the hypotheses. Such pixels and those next to them are decided together (`agreement`), layer by layer from
the top; all others decide alone, as ever.

Tiles lie on a grid of their own and are solved with a halo: strips do not show at all, tiles in three of a thousand
pixels of a band by more than an 8-bit level, nowhere by more than three (tests hold both).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Document, Mask, Plane, full_scale
from layerlift.refine.agreement import Posterior, agreed, moments, posterior
from layerlift.refine.cells import SOLID, Cells, places
from layerlift.refine.laplacian import REACH
from layerlift.refine.models import LayerModel
from layerlift.refine.spans import Index, Lattice
from layerlift.refine.unmix import UNSEEN, Belief, Decide, Points, alone, sharpened, unmix

TILE, HALO = 128, 16
"""Side of a tile, and what is looked at around it, in pixels."""
UNSURE = 0.01**2
"""Variance of alpha from which on the choice is open."""
NEAR = 2
"""Pixels so close to an unsure one are in its band: whoever is sure draws the others along."""


@dataclass(frozen=True, eq=False)
class Settled:
    """What the pixels of a strip have settled: of some layers the alphas (h, w) in a part of the strip, NaN where a
    pixel is to decide alone."""

    planes: dict[int, tuple[Bounds, Plane]]

    def at(self, row: Index, column: Index) -> Decide:
        """Who decides at the document's pixels `row`, `column` (n,)."""

        def decide(layer: int, at: Index, belief: Belief, colour: Plane, seen: Plane) -> Plane:
            alpha = alone(layer, at, belief, colour, seen)
            if layer in self.planes:
                box, plane = self.planes[layer]
                y, x = row[at] - box.y, column[at] - box.x
                inside = np.flatnonzero((y >= 0) & (y < box.height) & (x >= 0) & (x < box.width))
                found = plane[y[inside], x[inside]]
                alpha[inside] = np.where(np.isnan(found), alpha[inside], found)
            return alpha

        return decide


@dataclass(frozen=True, eq=False)
class Bands:
    """A document, where its cells lie, what its layers are like, and which of them matter where."""

    document: Document
    lattice: Lattice
    models: Sequence[LayerModel]
    cells: Cells

    def settle(self, strip: Bounds, *, tile: int = TILE, halo: int = HALO) -> Settled:
        """Decide all bands in `strip`."""
        found: dict[int, list[tuple[Bounds, Plane]]] = {}
        width, height = self.document.extent
        for y in range(strip.y // tile * tile, strip.bottom, tile):
            for x in range(strip.x // tile * tile, strip.right, tile):
                inner = Bounds(x, y, min(tile, width - x), min(tile, height - y))
                part = inner.intersect(strip)
                for layer, plane in self._tile(inner, halo).items():
                    found.setdefault(layer, []).append((part, plane[part.shift(-x, -y).slices]))
        return Settled({layer: _side_by_side(parts) for layer, parts in found.items()})

    def _tile(self, inner: Bounds, halo: int) -> dict[int, Plane]:
        """Alphas of all layers with bands in `inner`."""
        across, down = self.lattice.cell
        cells = slice(down[inner.y], down[inner.bottom - 1] + 1), slice(across[inner.x], across[inner.right - 1] + 1)
        if not self.cells.mixed[cells].any():
            return {}
        outer = inner.grow(halo).intersect(Bounds.of(self.document.extent))
        cell = np.ix_(down[outer.y : outer.bottom], across[outer.x : outer.right])
        pixels = self.document.pixels[outer.slices]
        colour = pixels[..., :3].transpose(2, 0, 1).astype(np.float32) * np.float32(1 / full_scale(pixels))
        base, mixed, shown = self.cells.base[cell], self.cells.mixed[cell], pixels[..., 3] > 0
        row, column = places((mixed != 0) & shown)
        if row.size == 0:
            return {}
        tile = _Tile(inner.shift(-outer.x, -outer.y), colour, base, mixed, shown, row, column)
        x, y = self.lattice.at[0][column + outer.x], self.lattice.at[1][row + outer.y]
        unmix(Points(colour[:, row, column], x, y, base[row, column], mixed[row, column]), self.models, tile.decide)
        return tile.found


def _side_by_side(parts: list[tuple[Bounds, Plane]]) -> tuple[Bounds, Plane]:
    """Several planes as one."""
    whole = parts[0][0]
    for box, _ in parts[1:]:
        whole = whole.union(box)
    out = np.full((whole.height, whole.width), np.nan, np.float32)
    for box, plane in parts:
        out[box.shift(-whole.x, -whole.y).slices] = plane
    return whole, out


@dataclass(eq=False)
class _Tile:
    """A tile with its halo, layer by layer from the top. `inner`: the tile in it; `colour` (3, h, w): what the next
    layer is asked about; `base`, `mixed` (h, w): what the cells say to each pixel; `shown` (h, w): where the document
    has any alpha; `row`, `column` (n,) of its points; `found`: alphas of the layers that have a band in `inner`, NaN
    elsewhere."""

    inner: Bounds
    colour: Plane
    base: NDArray[np.uint8]
    mixed: NDArray[np.uint64]
    shown: Mask
    row: Index
    column: Index
    found: dict[int, Plane] = field(default_factory=dict)

    def decide(self, layer: int, at: Index, belief: Belief, colour: Plane, seen: Plane) -> Plane:
        """`unmix.Decide`: the points in bands together, all others alone."""
        asked = posterior(belief, colour, seen)
        mean, around = moments(asked)
        asking = (seen > UNSEEN) & (belief.alpha < np.float32(SOLID))
        alpha = np.where(asking, mean, np.where(seen > UNSEEN, belief.alpha, sharpened(belief.alpha, belief.edge)))
        row, column = self.row[at], self.column[at]
        self.colour[:, row, column] = colour
        unsure = np.zeros(self.base.shape, np.uint8)
        unsure[row, column] = asking & (around > np.float32(UNSURE))
        near = cv2.dilate(unsure, np.ones((2 * NEAR + 1, 2 * NEAR + 1), np.uint8))
        free = np.flatnonzero(asking & (near[row, column] != 0))
        if free.size:
            known, inside = self._known(layer, row, column, alpha, seen)
            some = Posterior(asked.alphas[:, free], asked.chances[:, free], asked.spread[:, free])
            alpha[free] = self._agreed(known, inside, row[free], column[free], some)
            self._keep(layer, row[free], column[free], alpha[free])
        return alpha

    def _known(self, layer: int, row: Index, column: Index, alpha: Plane, seen: Plane) -> tuple[Plane, Mask]:
        """The layer's alpha (h, w), and where it says something: not below what is solid, nor (but at its own points)
        below other layers, where the document's colour is theirs too."""
        inside = self.shown & (self.base <= layer) & (self.mixed >> np.uint64(layer) == 0)
        known = (self.base == layer).astype(np.float32)
        inside[row, column], known[row, column] = seen > UNSEEN, alpha
        return known, inside

    def _agreed(self, known: Plane, inside: Mask, row: Index, column: Index, asked: Posterior) -> Plane:
        """As `agreement.agreed`, in no larger a picture than the band needs."""
        top, left = max(0, int(row.min()) - REACH), max(0, int(column.min()) - REACH)
        part = slice(top, int(row.max()) + REACH + 1), slice(left, int(column.max()) + REACH + 1)
        colour = np.ascontiguousarray(self.colour[:, part[0], part[1]])
        return agreed(colour, inside[part], known[part], (row - top, column - left), asked)

    def _keep(self, layer: int, row: Index, column: Index, alpha: Plane) -> None:
        y, x = row - self.inner.y, column - self.inner.x
        mine = np.flatnonzero((y >= 0) & (y < self.inner.height) & (x >= 0) & (x < self.inner.width))
        if mine.size:
            plane = np.full((self.inner.height, self.inner.width), np.nan, np.float32)
            plane[y[mine], x[mine]] = alpha[mine]
            self.found[layer] = plane
