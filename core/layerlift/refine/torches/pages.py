"""What is painted: on the device while a strip is worked on, on the host when it is done.

Law: places and words only. A picture that is one strip is cropped on the device, so that only what there is of each
layer comes down; of others each strip comes down into canvases that are cropped at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Layer, Pixels
from layerlift.refine.torches.device import Array, Device, Tensor, pick, torch
from layerlift.refine.torches.picture import Picture


class Page:
    """The part of every layer's canvas that lies in `strip`, all in one tensor of words, transparent until written."""

    def __init__(self, picture: Picture, canvases: Sequence[Bounds], strip: Bounds) -> None:
        self._height = strip.height
        self.parts = [canvas.intersect(strip) for canvas in canvases]
        lines, size = [], 0
        for part in self.parts:
            lines.append(size + (np.arange(strip.y, strip.bottom) - part.y) * part.width - part.x)
            size += part.extent.area
        self._begins = np.cumsum([0, *(part.extent.area for part in self.parts)])
        self._lines = picture.device.put(np.concatenate(lines).astype(np.int64))
        kind = torch.int32 if picture.bits == 8 else torch.int64
        self._words = torch.zeros(size, dtype=kind, device=picture.device.name)

    def part(self, place: int) -> Tensor:
        """A view (h, w) of one layer's words."""
        begin, end = self._begins[place : place + 2]
        return self._words[begin:end].reshape(self.parts[place].height, self.parts[place].width)

    def write(self, layer: Tensor | int, row: Tensor, column: Tensor, words: Tensor) -> None:
        """Words of pixels given by row and column of the strip; no pixel of a layer is named twice."""
        self._words.index_copy_(0, pick(self._lines, row + layer * self._height) + column, words)


class Landing:
    """Where finished strips go. `sources`: the engine's layers, `canvases`: the part of the document below each."""

    def __init__(self, picture: Picture, sources: Sequence[Layer], canvases: Sequence[Bounds], *, whole: bool) -> None:
        self._device: Device = picture.device
        self._sources, self._canvases, self._whole = sources, canvases, whole
        self._bytes = np.dtype(picture.document.pixels.dtype)
        word = np.dtype(f"u{4 * self._bytes.itemsize}")
        self._words: list[Any] = [None if whole else np.empty((c.height, c.width), word) for c in canvases]
        self._kind = word
        self._rows = [np.zeros(c.height, np.bool_) for c in canvases]
        self._columns = [np.zeros(c.width, np.bool_) for c in canvases]

    def land(self, page: Page) -> None:
        """Take a finished strip."""
        seen = [page.part(place) != 0 for place in range(len(page.parts))]
        for place, (part, canvas) in enumerate(zip(page.parts, self._canvases, strict=True)):
            if part.empty:
                continue
            lines = slice(part.y - canvas.y, part.bottom - canvas.y)
            self._rows[place][lines] = self._device.array(seen[place].any(1))
            self._columns[place] |= self._device.array(seen[place].any(0))
            if self._whole:
                self._words[place] = page.part(place)
            else:
                self._device.take(page.part(place), self._words[place][lines])

    def layers(self) -> list[Layer]:
        """Every layer, cut to its alpha (one transparent pixel at its corner where there is none)."""
        return [self._layer(place) for place in range(len(self._sources))]

    def _layer(self, place: int) -> Layer:
        canvas, words = self._canvases[place], self._words[place]
        self._words[place] = None  # two copies of every layer would not fit where one does
        rows, columns = np.flatnonzero(self._rows[place]), np.flatnonzero(self._columns[place])
        if rows.size == 0:
            return self._made(place, Bounds(canvas.x, canvas.y, 1, 1), np.zeros((1, 1), self._kind))
        bounds = Bounds(int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
        cut = words[bounds.y : bounds.bottom, bounds.x : bounds.right]
        if self._whole:
            out: Array = np.empty(cut.shape, self._kind)
            self._device.take(cut, out)
        else:
            out = np.ascontiguousarray(cut)
        return self._made(place, bounds.shift(canvas.x, canvas.y), out)

    def _made(self, place: int, bounds: Bounds, words: Array) -> Layer:
        pixels = cast(Pixels, words[..., None].view(self._bytes))
        return replace(self._sources[place], bounds=bounds, pixels=pixels, opacity=1.0, blend_mode="normal")
