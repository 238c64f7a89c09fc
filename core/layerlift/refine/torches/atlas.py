"""Models read at document pixels: once along the columns, then by rows at any pixel.

Law: positions among the cells come as one list of columns and one of rows (pixels lie in a raster), so half of the
interpolation is done once for a whole column; what remains per pixel is two rows to read (four for bicubic ones), of
whichever layer. Positions are rounded to 1/32 of a cell, and bicubic weights are Keys' with a = −0.75, as OpenCV's
remap has them; beyond the border the border continues.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Plane
from layerlift.refine.models import LayerModel
from layerlift.refine.torches.device import Device, Tensor, pick, torch

_STEPS = 32
"""Positions are rounded to 1/_STEPS of a cell (OpenCV: INTER_TAB_SIZE)."""
_KEYS = -0.75
LEAD, EDGE, CEILING, FILL = slice(0, 4), 4, 5, slice(6, 9)
"""Planes over the cells: mean colour and alpha; edge-ness; largest alpha; colours where one does not see it."""
SPREAD, GRAIN = slice(0, 6), 6
"""Planes over quarter cells: covariance; grain."""
Indices = NDArray[np.int32]


class Models:
    """The models of a scene on the device: their planes over the cells (9, h, w), and over quarter cells (7, …), and
    where the document is translucent, what each covers (2, h, w; see `strips.Scene.covers`)."""

    def __init__(self, device: Device, models: Sequence[LayerModel], covers: Sequence[Plane] | None = None) -> None:
        self.device = device
        self.boxes = [model.box for model in models]
        self.grained = [model.grain is not None for model in models]
        self.fine = [self._fine(model) for model in models]
        self.coarse = [self._coarse(model) for model in models]
        self.covers = None if covers is None else [device.put(one).permute(2, 0, 1) for one in covers]

    def _fine(self, model: LayerModel) -> Tensor:
        put = self.device.put
        lead, nature = put(model.lead).permute(2, 0, 1), put(model.nature).permute(2, 0, 1)
        return torch.cat([lead, nature, lead[:3] if model.fill is None else put(model.fill)])

    def _coarse(self, model: LayerModel) -> Tensor:
        put = self.device.put
        planes = [put(half).permute(2, 0, 1) for half in model.spread]
        grain = np.zeros(model.spread[0].shape[:2], np.float32) if model.grain is None else model.grain
        return torch.cat([*planes, put(grain)[None]])


class Atlas:
    """All models, read along the columns `xs` (w,) for the rows `ys` (h,), both positions among the cells, ascending.

    A pixel is a row and a column of these lists, and must lie over the layer's box, one cell around it at most.
    """

    def __init__(self, models: Models, xs: Plane, ys: Plane) -> None:
        device = models.device
        self.height = ys.size
        fine, coarse = _Sheet(device, 9, FILL.start, len(ys)), _Sheet(device, 7, 7, len(ys))
        over = None if models.covers is None else _Sheet(device, 2, 2, len(ys))
        for place, (box, planes, quarters) in enumerate(zip(models.boxes, models.fine, models.coarse, strict=True)):
            first, last = (int(k) for k in np.searchsorted(xs, [box.x - 1, np.nextafter(np.float32(box.right), 1e9)]))
            x, y = xs[first:last] - box.x, ys - box.y
            fine.lay(planes, x, y, first)
            if over is not None and models.covers is not None:
                over.lay(models.covers[place], x, y, first)
            size = Bounds(0, 0, int(quarters.shape[2]), int(quarters.shape[1]))
            coarse.lay(quarters, _scaled(x, size.width, box.width), _scaled(y, size.height, box.height), first)
        fine.finish()
        coarse.finish()
        if over is not None:
            over.finish()
        self._fine, self._coarse, self._covers = fine, coarse, over

    def read(self, layer: Tensor, row: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
        """`lead` and `nature` (6, k) and the covariance (6, k) of each pixel's own layer."""
        key = layer * self.height + row
        return self._fine.linear(slice(0, FILL.start), key, column), self._coarse.linear(SPREAD, key, column)

    def hidden(self, layer: int, row: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
        """Alpha and edge-ness (2, k) and grain (k,) of one layer."""
        key = row + layer * self.height
        return (
            self._fine.linear(slice(3, 5), key, column),
            self._coarse.linear(slice(GRAIN, GRAIN + 1), key, column)[0],
        )

    def covered(self, layer: Tensor | int, row: Tensor, column: Tensor) -> tuple[Tensor, Tensor] | None:
        """What a layer and all below it cover (k,), and the edge-ness of that; None where the document is opaque."""
        if self._covers is None:
            return None
        cover, edge = self._covers.linear(slice(0, 2), row + layer * self.height, column)
        return cover, edge

    def fill(self, layer: Tensor | int, row: Tensor, column: Tensor) -> Tensor:
        """Colours (3, k), 0–1 but for the overshoot of the bicubic."""
        return self._fine.cubic(FILL, row + layer * self.height, column)


class _Sheet:
    """Planes of all layers, one behind the other, each as (rows of cells, columns of pixels)."""

    def __init__(self, device: Device, planes: int, linear: int, height: int) -> None:
        self._device, self._planes, self._linear, self._height = device, planes, linear, height
        self._parts: list[Tensor] = []
        self._lines: list[Indices] = []
        self._fractions: list[Plane] = []
        self._size = 0

    def lay(self, planes: Tensor, x: Plane, y: Plane, first: int) -> None:
        """Add a layer's planes (c, h, w), read at the columns `x`; its first one is the raster's column `first`."""
        across, s = _places(x, int(planes.shape[2]))
        down, t = _places(y, int(planes.shape[1]))
        top, bottom = int(down.min()), int(down.max()) + 1
        rows, put = planes[:, top:bottom], self._device.put
        taps, fractions = put(across), put(s)
        half = torch.empty((self._planes, bottom - top, x.size), dtype=torch.float32, device=self._device.name)
        straight = rows[: self._linear]
        torch.lerp(pick(straight, taps[1]), pick(straight, taps[2]), fractions, out=half[: self._linear])
        if self._linear < self._planes:
            weights, curved, out = put(_keys(s)), rows[self._linear :], half[self._linear :]
            torch.mul(pick(curved, taps[0]), weights[0], out=out)
            for k in (1, 2, 3):
                out.addcmul_(pick(curved, taps[k]), weights[k])
        self._parts.append(half.reshape(self._planes, -1))
        self._lines.append((self._size + (down - top) * x.size - first).astype(np.int32))
        self._fractions.append(t)
        self._size += (bottom - top) * x.size

    def finish(self) -> None:
        """All layers are laid; now they can be read."""
        self._all = torch.cat(self._parts, 1)
        self._parts.clear()
        t = np.concatenate(self._fractions)
        self._down = self._device.put(np.concatenate(self._lines, 1))
        self._t, self._weights = self._device.put(t), self._device.put(_keys(t))

    def linear(self, which: slice, key: Tensor, column: Tensor) -> Tensor:
        """Some planes at pixels: `key` is layer · height + row."""
        planes = self._all[which]
        upper, lower = (pick(planes, pick(self._down[k], key) + column) for k in (1, 2))
        return torch.lerp(upper, lower, pick(self._t, key))

    def cubic(self, which: slice, key: Tensor, column: Tensor) -> Tensor:
        """The same for the planes that were read with bicubic weights."""
        planes = self._all[which]
        out = pick(planes, pick(self._down[0], key) + column) * pick(self._weights[0], key)
        for k in (1, 2, 3):
            out.addcmul_(pick(planes, pick(self._down[k], key) + column), pick(self._weights[k], key))
        return out


def _scaled(position: Plane, size: int, cells: int) -> Plane:
    """Positions among cells as positions among the (coarser) cells of a plane."""
    out: Plane = (position + np.float32(0.5)) * np.float32(size / cells) - np.float32(0.5)
    return out


def _places(position: Plane, size: int) -> tuple[Indices, Plane]:
    """The four neighbours (4, n) of each position, inside, and how far it lies between the middle two."""
    steps = np.rint(position * np.float32(_STEPS)).astype(np.int32)
    left = steps // _STEPS
    fraction = (steps - left * _STEPS).astype(np.float32) / np.float32(_STEPS)
    return np.clip(left + np.arange(-1, 3, dtype=np.int32)[:, None], 0, size - 1), fraction


def _keys(t: Plane) -> Plane:
    """Bicubic weights (4, n), in the order of operations of OpenCV."""
    a = np.float32(_KEYS)
    u = 1 - t
    far = ((a * (t + 1) - 5 * a) * (t + 1) + 8 * a) * (t + 1) - 4 * a
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    next_one = ((a + 2) * u - (a + 3)) * u * u + 1
    out: Plane = np.stack([far, near, next_one, 1 - far - near - next_one]).astype(np.float32)
    return out
