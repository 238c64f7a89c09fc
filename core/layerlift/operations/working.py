"""Which part of a document an engine looks at, and how large it sees it.

Law: geometry and reduction; no decision about pixels. The working size is spent where it matters: around what is to be
done, with enough of the surroundings to understand it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.port import EngineInfo, Operation
from layerlift.errors import EngineError
from layerlift.imaging.colour import srgb_to_profile8, to_srgb8
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document, Mask, Pixels, Plane, full_scale
from layerlift.imaging.resample import reduce

CONTEXT = 0.5
"""Margin on each side, in the longer side of what is to be done: what lies further away says little about it."""
LEAST_CONTEXT = 48
"""Margin in pixels at least."""


@dataclass(frozen=True)
class Window:
    """A rectangle `bounds` of the document, seen at `size` by the engine."""

    bounds: Bounds
    size: Extent

    @property
    def scale(self) -> float:
        """Document pixels per working pixel."""
        return max(self.bounds.width / self.size.width, self.bounds.height / self.size.height)


def around(part: Bounds, extent: Extent, area: int, multiple: int) -> Window:
    """The window around `part` for an engine that works at `area` pixels: the part and its context, and as much more
    as can be seen without reducing it."""
    margin = max(LEAST_CONTEXT, round(CONTEXT * max(part.width, part.height)))
    whole = Bounds.of(extent)
    low, high = margin, max(margin, *extent)
    while low < high:  # the largest margin that still fits
        middle = (low + high + 1) // 2
        low, high = (middle, high) if part.grow(middle).intersect(whole).extent.area <= area else (low, middle - 1)
    bounds = part.grow(low).intersect(whole)
    return Window(bounds, bounds.extent.fit(area, multiple))


def entire(extent: Extent, area: int, multiple: int) -> Window:
    """The window that is the whole document."""
    return Window(Bounds.of(extent), extent.fit(area, multiple))


def seen(document: Document, window: Window) -> Pixels:
    """The document in the window at working size: its own depth and profile, straight RGBA."""
    return resized(cast(Pixels, np.ascontiguousarray(document.pixels[window.bounds.slices])), window.size)


def resized(pixels: Pixels, size: Extent) -> Pixels:
    """Averaged where it shrinks; where a side must grow to its multiple, that little bit is interpolated."""
    if size.width <= pixels.shape[1] and size.height <= pixels.shape[0]:
        return reduce(pixels, size)
    wider = Extent(max(size.width, pixels.shape[1]), max(size.height, pixels.shape[0]))
    grown = cv2.resize(pixels, tuple(wider), interpolation=cv2.INTER_LINEAR)
    return reduce(cast(Pixels, grown), size)


def view(small: Pixels, icc: bytes | None) -> NDArray[np.uint8]:
    """What an engine is shown: uint8 straight RGBA in sRGB."""
    return to_srgb8(small, icc)


def covered(mask: NDArray[np.uint8], size: Extent) -> Mask:
    """The working pixels that the mask touches at all."""
    touched: Mask = mask > 0
    if size == (mask.shape[1], mask.shape[0]):
        return touched
    weight = touched * np.uint16(65535)  # fine enough for one pixel of 250 × 250
    return np.asarray(cv2.resize(weight, tuple(size), interpolation=cv2.INTER_AREA) > 0)


def answered(drawn: NDArray[np.uint8], size: Extent, info: EngineInfo, operation: Operation) -> NDArray[np.uint8]:
    """The engine's answer, if it is one: (h, w, 4) uint8 of the working size. Raises EngineError."""
    if drawn.dtype != np.uint8 or drawn.shape != (size.height, size.width, 4):
        raise EngineError(
            f"The engine “{info.name}” answered {operation} with {drawn.shape} {drawn.dtype}, not {size}.",
            "This is a defect of the engine: please report it.",
        )
    return drawn


def in_profile(drawn: NDArray[np.uint8], icc: bytes | None) -> Plane:
    """What an engine drew, in the document's own colours: (h, w, 4) float32 0–1."""
    out: Plane = srgb_to_profile8(drawn, icc).astype(np.float32) * np.float32(1 / 255)
    return out


def as_float(pixels: Pixels) -> Plane:
    """(…, 4) integers as float32 0–1."""
    return pixels.astype(np.float32) * np.float32(1 / full_scale(pixels))


def as_levels(values: Plane, dtype: np.dtype[np.uint8] | np.dtype[np.uint16]) -> Pixels:
    """Float 0–1 as integers of `dtype`, rounded, clipped."""
    top = np.iinfo(dtype).max
    return cast(Pixels, np.clip(np.rint(values * np.float32(top)), 0, top).astype(dtype))
