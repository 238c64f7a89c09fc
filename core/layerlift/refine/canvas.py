"""Full-resolution pixels of one layer while they are written, and cut to size when they are done.

Law: storage only; decides nothing. Whatever is written has alpha, so that a word is zero where a pixel is transparent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Pixels, Plane

Words: TypeAlias = "NDArray[np.uint32] | NDArray[np.uint64]"
_WORTH = 0.75
"""A layer that fills less of its canvas than this is copied out of it, so that the canvas can be given back."""
_STEP = 64
"""Columns looked at together in search of the first one that holds something."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """Pixels of one layer over `bounds`, transparent until written; `words` are the same, one integer per pixel."""

    bounds: Bounds
    pixels: Pixels
    words: Words

    @classmethod
    def blank(cls, bounds: Bounds, like: Pixels) -> Canvas:
        """Nothing yet, at the depth of `like`."""
        pixels = cast(Pixels, np.zeros((bounds.height, bounds.width, 4), like.dtype))
        return cls(bounds, pixels, words(pixels))

    def put(self, some: Words, row: NDArray[np.intp], column: NDArray[np.intp]) -> None:
        """Write words (n,) at document pixels inside the bounds."""
        place = (row - self.bounds.y) * self.bounds.width
        place += column
        place -= self.bounds.x
        self.words.reshape(-1)[place] = some

    def cut(self) -> tuple[Bounds, Pixels]:
        """The smallest part that holds all that was written (1×1 transparent at the corner when nothing was).

        The canvas is used up: where little is cut off, the pixels are moved together within its own memory, for two
        copies of a large layer would not fit where one does.
        """
        rows, columns = _extent(self.words), _extent(self.words.T)
        if rows[0] == rows[1]:
            return Bounds(self.bounds.x, self.bounds.y, 1, 1), cast(Pixels, np.zeros((1, 1, 4), self.pixels.dtype))
        tight = Bounds(columns[0], rows[0], columns[1] - columns[0], rows[1] - rows[0])
        at = tight.shift(self.bounds.x, self.bounds.y)
        if tight.extent == self.bounds.extent:
            return at, self.pixels
        if tight.extent.area < _WORTH * self.bounds.extent.area:
            return at, cast(Pixels, np.ascontiguousarray(self.pixels[tight.slices]))
        flat = self.words.reshape(-1)
        for row in range(tight.height):
            flat[row * tight.width : (row + 1) * tight.width] = self.words[tight.y + row, tight.x : tight.right]
        out = flat[: tight.extent.area].view(self.pixels.dtype).reshape(tight.height, tight.width, 4)
        return at, cast(Pixels, out)


def words(pixels: Pixels) -> Words:
    """(h, w, 4) pixels as (h, w) words."""
    word = np.uint32 if pixels.dtype == np.uint8 else np.uint64
    return cast(Words, np.ascontiguousarray(pixels).view(word)[..., 0])


def opaque(some: Words) -> bool:
    """Whether every one of the pixels is."""
    highest = np.iinfo(some.dtype)
    return some.size == 0 or int(some.min()) >= highest.max << (3 * highest.bits // 4) & highest.max


def solid(some: Words) -> Mask:
    """Which of the pixels are opaque."""
    highest = np.iinfo(some.dtype)
    return cast(Mask, some >= some.dtype.type(highest.max << (3 * highest.bits // 4) & highest.max))


def shown(some: Words) -> Mask:
    """Which of the pixels are not wholly transparent."""
    return cast(Mask, some >= some.dtype.type(1 << (3 * np.iinfo(some.dtype).bits // 4)))


def alphas(some: Words) -> Words:
    """Alphas of the pixels."""
    return cast(Words, some >> some.dtype.type(3 * np.iinfo(some.dtype).bits // 4))


def packed(colour: Plane, alpha: Plane, dtype: np.dtype[np.uint8] | np.dtype[np.uint16]) -> Words:
    """(3, n) and (n,) whole numbers 0…scale as (n,) words."""
    planes = np.empty((4, alpha.size), dtype)  # little-endian words, as on every platform that OpenCV is built for
    planes[:3], planes[3] = colour, alpha
    if alpha.size == 0:
        return words(cast(Pixels, planes.T[None]))[0]
    return words(cast(Pixels, cv2.transpose(planes)[None]))[0]


def _extent(table: Words) -> tuple[int, int]:
    """First row that holds something, and the one after the last; twice the same where none does."""
    height = table.shape[0]
    for low in range(0, height, _STEP):
        held = np.flatnonzero(table[low : low + _STEP].any(1))
        if held.size:
            break
    else:
        return 0, 0
    for high in range(height, 0, -_STEP):
        back = max(0, high - _STEP)
        last = np.flatnonzero(table[back:high].any(1))
        if last.size:
            return low + int(held[0]), back + int(last[-1]) + 1
    raise AssertionError("something was there from the other side")
