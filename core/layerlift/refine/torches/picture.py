"""The document on the device: one integer per pixel, uploaded once where there is room, by rows where there is not.

Law: holds the pixels and takes them apart into channels; computes nothing with them but what all ask first: whether
the picture is opaque, and what it looks like when it is small.
"""

from __future__ import annotations

from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Document, Pixels, full_scale
from layerlift.imaging.resample import reduce
from layerlift.refine.torches.device import Device, Tensor, pick, torch

_RESIDENT = 0.4
"""Up to this share of the room the whole document is kept there."""


class Picture:
    """`document` on `device`; `scale` is 255 or 65535."""

    def __init__(self, device: Device, document: Document) -> None:
        self.device, self.document = device, document
        self.scale = full_scale(document.pixels)
        self.bits = 8 * document.pixels.itemsize
        self._words = np.ascontiguousarray(document.pixels).view(f"u{4 * document.pixels.itemsize}")[..., 0]
        self._small: dict[Extent, Pixels] = {}
        self._whole: Tensor | None = None
        if self._words.nbytes <= _RESIDENT * device.room():
            self._whole = device.put(self._words)

    def rows(self, first: int, last: int, step: int = 1) -> Tensor:
        """Every `step`-th of some rows, (n, w) int32 | int64: a pixel in each, red in the lowest bits."""
        if self._whole is not None:
            return self._whole[first:last:step]
        return self.device.put(self._words[first:last:step])

    def channel(self, words: Tensor, index: int) -> Tensor:
        """One channel of words of any shape, whole numbers."""
        return (words >> (index * self.bits)) & self.scale

    def levels(self, words: Tensor) -> Tensor:
        """Red, green and blue (3, …) float32, 0…scale."""
        return torch.stack([self.channel(words, k) for k in range(3)]).to(torch.float32)

    def pack(self, alpha: Tensor, colour: Tensor) -> Tensor:
        """Words of whole numbers: `alpha` (n,) and `colour` (3, n), 0 where alpha is 0."""
        kind = torch.int32 if self.bits == 8 else torch.int64
        word = alpha.to(kind)
        for plane in (colour[2], colour[1], colour[0]):
            word = (word << self.bits) | plane.to(kind)
        return torch.where(alpha > 0, word, 0)

    @cached_property
    def opaque(self) -> bool:
        """Whether alpha is full everywhere."""
        height, width = self._words.shape
        step = max(1, int(self.device.room() / 16 / (width * 16)))
        return not any(
            bool((self.channel(self.rows(y, min(y + step, height)), 3) != self.scale).any())
            for y in range(0, height, step)
        )

    def reduced(self, extent: Extent) -> Pixels:
        """`imaging.resample.reduce`, remembered; opaque pictures on the device, where rounding may differ."""
        if extent not in self._small:
            self._small[extent] = self._reduced(extent)
        return self._small[extent]

    def _reduced(self, extent: Extent) -> Pixels:
        height, width = self._words.shape
        if (width, height) == extent or not self.opaque or extent.width > width or extent.height > height:
            return reduce(self.document.pixels, extent)
        across, wide = _areas(width, extent.width)
        down, tall = _areas(height, extent.height)
        columns, heavy = self.device.put(across), self.device.put(wide)
        out = np.full((extent.height, extent.width, 4), self.scale, self.document.pixels.dtype)
        step = max(1, int(self.device.room() / 4 / (width * 40 * height / extent.height)))
        for top in range(0, extent.height, step):
            taps = down[:, top : top + step]
            first, last = int(taps.min()), int(taps.max()) + 1
            words = self.rows(first, last)
            lines = sum(self.levels(pick(words, at)) * weight for at, weight in zip(columns, heavy, strict=True))
            there, weights = self.device.put(taps - first), self.device.put(tall[:, top : top + step, None])
            small = sum(lines.index_select(1, at) * weight for at, weight in zip(there, weights, strict=True))
            levels = torch.round(small).clamp(0, self.scale).permute(1, 2, 0)
            out[top : top + step, :, :3] = self.device.array(levels)
        return cast(Pixels, out)


def _areas(pixels: int, cells: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Which pixels (taps, cells) lie under each cell of an axis, and what share of the cell each one has."""
    edges = np.arange(cells + 1) * (pixels / cells)
    first = np.floor(edges[:-1] + 1e-6).astype(np.int64)
    taps = int((np.ceil(edges[1:] - 1e-6) - first).max())
    at = first + np.arange(taps)[:, None]
    share = np.minimum(at + 1, edges[1:]) - np.maximum(at, edges[:-1])
    share = np.maximum(share, 0) * (cells / pixels)
    return np.minimum(at, pixels - 1), share.astype(np.float32)
