"""What the document's own pixels say of the layers, on a device: the E-step of `refine.learn`.

Law: reads every so many-th pixel where layers mix; returns sums over cells. Every sample has a place of its own to
write to, per layer, and cells add theirs up in a fixed order (`moments.means`): the same numbers every time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Mask
from layerlift.imaging.resample import Grid
from layerlift.refine.cells import Cells
from layerlift.refine.hints import BESIDE
from layerlift.refine.learn import OWN, Tally, prepared
from layerlift.refine.models import LayerModel
from layerlift.refine.moments import Moments, owners
from layerlift.refine.torches.atlas import Atlas, Models
from layerlift.refine.torches.cells import Slots
from layerlift.refine.torches.device import Tensor, pick, torch, where_true
from layerlift.refine.torches.hints import told
from layerlift.refine.torches.moments import Runs, cell_bands, means
from layerlift.refine.torches.picture import Picture
from layerlift.refine.torches.raster import Places
from layerlift.refine.torches.symmetric import outer
from layerlift.refine.torches.unmix import BYTES, Belief, Points, unmix

_PLANES = 20
"""alpha, q, q·colour (3), q·colour² (6), hints (9)."""
_TOLD = 240, 50
"""Working memory of what a slot tells, and what is kept of every slot, in bytes per pixel."""


def expect(picture: Picture, grid: Grid, seen: Moments, models: Sequence[LayerModel], cells: Cells) -> list[Tally]:
    """Tallies of every layer, as `refine.learn.expect`."""
    device = picture.device
    stride, touched, tallies = prepared(grid, seen, models, cells)
    columns = owners(grid.document.width, grid.cells.width, stride)
    rows = owners(grid.document.height, grid.cells.height, stride)
    xs = grid.columns(np.arange(0, grid.document.width, stride, dtype=np.int32))
    ys = grid.rows(np.arange(0, grid.document.height, stride, dtype=np.int32))
    corners = np.floor(xs).clip(0).astype(np.int64)
    there, slots = Models(device, models), Slots.of(device, cells, len(models))
    here, across = device.put(touched.astype(np.uint8)), device.put(columns.astype(np.int64))
    room = device.room()
    row = sum(int(model.box.width / grid.cells.width * xs.size) * (_PLANES * 12 + 64) for model in models)
    for part, lines in cell_bands(rows, grid.cells.height, row, room / 2):
        tops = np.floor(ys[lines]).clip(0).astype(np.intp)
        asked = here.index_select(0, device.put(rows[lines].astype(np.int64))).index_select(1, across)
        places = Places(device.put(tops.astype(np.int64)), device.put(corners), slots)
        depth = places.over(slots.depth)
        atlas = Atlas(there, xs, ys[lines])
        sheet = _Sheet(picture, models, rows[lines], columns)
        words = picture.rows(lines.start * stride, (lines.stop - 1) * stride + 1, stride)[:, ::stride]
        for deep in slots.depths_in(tops):
            chosen = where_true((asked != 0) & (depth == deep))
            each = BYTES[0] + _TOLD[0] + (BYTES[1] + _TOLD[1]) * (deep + 1)
            for at in chosen.split(max(1, int(room / 2 / each))):
                sheet.count(places.points(at, picture.levels(pick(words.reshape(-1), at)) / picture.scale, deep), atlas)
        sheet.add_to(tallies, touched, part)
    return tallies


class _Sheet:
    """Room for what every sample of a band says of every layer: all layers' boxes, one behind the other."""

    def __init__(
        self, picture: Picture, models: Sequence[LayerModel], rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> None:
        self._device, self._rows, self._columns = picture.device, rows, columns
        self._boxes = [model.box for model in models]
        spans, lines, size = [], [], 0
        for box in self._boxes:
            left, right = (int(k) for k in np.searchsorted(columns, [box.x, box.right]))
            top, bottom = (int(k) for k in np.searchsorted(rows, [box.y, box.bottom]))
            line = np.arange(rows.size)
            spans.append((top, bottom, left, right, size))
            lines.append(np.where((line >= top) & (line < bottom), size + (line - top) * (right - left) - left, -1))
            size += (bottom - top) * (right - left)
        self._spans, self._size, put = spans, size, picture.device.put
        self._lines = put(np.concatenate(lines).astype(np.int64))
        self._inside = put(np.concatenate([(line >= -1) & (line != -1) for line in lines]))
        self._left, self._right = (put(np.array([span[k] for span in spans], np.int32)) for k in (2, 3))
        self._sums = torch.zeros((_PLANES, size + 1), dtype=torch.float32, device=picture.device.name)

    def count(self, points: Points, atlas: Atlas) -> None:
        """Write down what the points say; the last place is for what falls outside of a layer's box."""
        nothing = torch.zeros((9, points.row.numel()), dtype=torch.float32, device=points.colour.device)
        heard = {0: (nothing, points.colour)}

        def hear(slot: int, belief: Belief, seen: Tensor, colour: Tensor, alpha: Tensor) -> None:
            heard[slot] = told(belief, seen, colour, alpha, points.colour)

        alphas, _ = unmix(points, atlas, hear)
        through = torch.ones_like(alphas[0])
        for slot in range(len(alphas) - 1, -1, -1):
            layer, alpha, (hints, colour) = points.layers[slot], alphas[slot], heard.pop(slot)
            visible = through * alpha
            through = through - visible
            q = ((visible - OWN) * (1 / (1 - OWN))).clamp_min(0) ** 2
            key = layer * self._rows.size + points.row
            left, right = pick(self._left, layer), pick(self._right, layer)
            inside = (points.column >= left) & (points.column < right) & pick(self._inside, key)
            place = torch.where(inside, pick(self._lines, key) + points.column, self._size)
            self._sums.index_copy_(1, place, torch.cat([alpha[None], q[None], q * colour, q * outer(colour), hints]))

    def add_to(self, tallies: Sequence[Tally], touched: Mask, cells: slice) -> None:
        """Add the means over the band's `touched` cells (h, w) to the tallies; all others come down for nothing."""
        for tally, box, (top, bottom, left, right, begin) in zip(tallies, self._boxes, self._spans, strict=True):
            first, last = max(cells.start, box.y), min(cells.stop, box.bottom)
            if bottom == top or right == left or last <= first:
                continue
            here = np.flatnonzero(touched[first:last, box.x : box.right]).astype(np.int32)
            size = (bottom - top) * (right - left)
            planes = self._sums[:, begin : begin + size].reshape(_PLANES, bottom - top, right - left)
            down = Runs.of(self._device, self._rows[top:bottom], first, last)
            across = Runs.of(self._device, self._columns[left:right], box.x, box.right)
            found = self._device.array(pick(means(planes, down, across).reshape(_PLANES, -1), self._device.put(here)))
            row, column = np.divmod(here, np.int32(box.width))
            row += np.int32(first - box.y)
            cell, few = row * np.int32(box.width) + column, row * np.int32(tally.hints.shape[2]) + column // BESIDE
            tally.alpha.reshape(-1)[cell] += found[0]
            tally.sums.reshape(10, -1)[:, cell] += found[1:11]
            for hints, told_here in zip(tally.hints.reshape(9, -1), found[11:], strict=True):
                hints += np.bincount(few, told_here, hints.size).astype(np.float32)
