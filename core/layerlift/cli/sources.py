"""What a command works on: a flat picture or a layered file; and selections, however they were named.

Law: reads files; changes nothing. Raises InputError, RequestError.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift import formats
from layerlift.cli.pictures import STDIN, Wanted
from layerlift.errors import InputError, RequestError
from layerlift.formats import picture
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document, Layer, LayerStack, Role
from layerlift.operations.lettering import moved
from layerlift.operations.pictures import flat

_LAYERED = frozenset(".psd .psb .ora .zip".split())


@dataclass(frozen=True, eq=False)
class Source:
    """A picture (`document`) or a layered file (`stack`)."""

    document: Document | None = None
    stack: LayerStack | None = None

    @property
    def extent(self) -> Extent:
        """Its canvas."""
        whole = self.document or self.stack
        assert whole is not None
        return whole.extent

    @property
    def picture(self) -> Document:
        """It, flattened."""
        return flat(self.document, self.stack, "work on")

    def beneath(self, result: LayerStack, shift: tuple[int, int] = (0, 0)) -> LayerStack:
        """The whole file: its own layers (a picture: one called "Original"), moved by `shift`, and `result` on top."""
        if self.stack is not None:
            own, notes = self.stack.layers, self.stack.notes
        else:
            assert self.document is not None
            bounds = Bounds.of(self.document.extent)
            own, notes = (Layer("Original", Role.BACKGROUND, bounds, self.document.pixels),), ()
        placed = tuple(_shifted(layer, *shift) for layer in own)
        return replace(result, layers=(*placed, *result.layers), notes=(*notes, *result.notes))


def read(wanted: Wanted) -> Source:
    """The file that was named, by its content."""
    path = wanted.path
    if path is None:
        return Source(picture.read(sys.stdin.buffer, name="Picture"))
    if path.is_dir() or path.suffix.lower() in _LAYERED:
        if not path.exists():
            raise InputError(f"There is no file {path}.", "Check the name and the folder.")
        return Source(stack=formats.read(path))
    return Source(picture.read(path))


def wanted_file(name: str) -> Wanted:
    """What the user named, as `targets` wants it."""
    return Wanted("standard input", alone=True) if name == STDIN else Wanted(name, Path(name), alone=True)


def mask_of(name: str, extent: Extent) -> NDArray[np.uint8]:
    """The picture `name` as a selection of `extent`: its brightness, times its alpha."""
    found = picture.read(Path(name))
    if found.extent != extent:
        (w, h), (mw, mh) = extent, found.extent
        raise RequestError(f"The mask {name} is {mw} × {mh} pixels, the picture {w} × {h}.", "Give one of its size.")
    top = 255 if found.depth == 8 else 65535
    values = found.pixels[..., :3].max(axis=2).astype(np.float32) * found.pixels[..., 3] / (top * top)
    return np.rint(values * 255).astype(np.uint8)


def box_mask(box: tuple[int, int, int, int], extent: Extent) -> NDArray[np.uint8]:
    """A rectangle (x, y, width, height) as a selection."""
    mask = np.zeros((extent.height, extent.width), np.uint8)
    seen = Bounds(*box).intersect(Bounds.of(extent))
    if seen.empty:
        raise RequestError("The rectangle lies outside the picture.", f"It is {extent.width} × {extent.height} pixels.")
    mask[seen.slices] = 255
    return mask


def polygon_mask(corners: tuple[tuple[int, int], ...], extent: Extent) -> NDArray[np.uint8]:
    """A polygon as a selection."""
    mask = np.zeros((extent.height, extent.width), np.uint8)
    cv2.fillPoly(mask, [np.array(corners, np.int32)], 255)
    if not mask.any():
        raise RequestError("The polygon lies outside the picture.", f"It is {extent.width} × {extent.height} pixels.")
    return mask


def layer_mask(stack: LayerStack, index: int) -> NDArray[np.uint8]:
    """What one layer covers, as a selection."""
    layer = stack.layers[index]
    alpha = layer.on(stack.extent)[..., 3].astype(np.float32) * layer.opacity
    return np.rint(alpha * (255 / (255 if stack.depth == 8 else 65535))).astype(np.uint8)


def _shifted(layer: Layer, dx: int, dy: int) -> Layer:
    return replace(layer, bounds=layer.bounds.shift(dx, dy), text=moved(layer.text, dx, dy))
