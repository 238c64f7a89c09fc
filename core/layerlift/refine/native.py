"""The finished layers once more, in the numbers of a colour space that is not RGB, and exact in those.

A host that composites in CMYK, Lab or gray mixes other numbers than RGB's: layers that are exact in RGB shift there
wherever a soft edge lies over something. So where one layer alone is seen it gets the document's own numbers; where
several are seen they are converted and then moved as little as possible until Σ wᵢ cᵢ is the document (`project`);
what nobody sees is converted.

Law: knows pixels and a table, no profile: how colours convert is the host's own business, and the table is its answer.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Layer, LayerStack, Mask, Pixels, Plane, full_scale
from layerlift.refine.project import Part, project

_STRIP_PIXELS = 1 << 18
"""Pixels taken at a time: the working arrays stay small whatever the picture's size."""
_CHUNK = 1 << 14
"""Colours looked up at a time: the corners of their cells stay in the cache."""


@dataclass(frozen=True, eq=False)
class Native:
    """A document in its host's numbers: `pixels` (H, W, c + 1), c colour channels and alpha (not looked at); `table`
    (n³, c + 1): what RGB colours are in them, n evenly spaced from 0 to full in each channel, red changing fastest."""

    pixels: Pixels
    table: Pixels


def translated(stack: LayerStack, native: Native) -> list[Pixels] | None:
    """Each layer's pixels (h, w, c + 1) in the document's own numbers, bottom → top.

    Composited as Krita does (see `imaging.arithmetic`) they show the document's own numbers where it is opaque. None
    where a layer is not painted as it is (opacity, blend mode): such a stack has no exact translation. Raises
    ValueError where `native` is not of the stack's size.
    """
    if native.pixels.shape[:2] != (stack.extent.height, stack.extent.width):
        raise ValueError(f"{native.pixels.shape[:2]} numbers for a document of {stack.extent}")
    if any(layer.opacity != 1 or layer.blend_mode != "normal" for layer in stack.layers):
        return None
    lattice = _Lattice(native.table)
    channels = native.pixels.shape[2]
    made = [cast(Pixels, np.zeros((*layer.pixels.shape[:2], channels), native.pixels.dtype)) for layer in stack.layers]
    rows = max(1, _STRIP_PIXELS // stack.extent.width)
    strips = [
        Bounds(0, y, stack.extent.width, min(rows, stack.extent.height - y))
        for y in range(0, stack.extent.height, rows)
    ]
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for _ in pool.map(lambda strip: _strip(stack.layers, made, native.pixels, lattice, strip), strips):
            pass
    return made


class _Lattice:
    """The table, interpolated between its eight nearest colours."""

    def __init__(self, table: Pixels) -> None:
        self._side = round(len(table) ** (1 / 3))
        self._colours = np.ascontiguousarray(table[:, :-1], np.float32)

    def __call__(self, rgb: Plane) -> Plane:
        """(n, 3) 0–1 as (n, c) whole numbers of the other space."""
        out = np.empty((len(rgb), self._colours.shape[1]), np.float32)
        for begin in range(0, len(rgb), _CHUNK):
            out[begin : begin + _CHUNK] = self._some(rgb[begin : begin + _CHUNK])
        return np.rint(out, out=out)

    def _some(self, rgb: Plane) -> Plane:
        place = rgb * np.float32(self._side - 1)
        cell = np.minimum(place.astype(np.int32), self._side - 2)
        share = (place - cell)[..., None]
        first = cell[:, 0] + cell[:, 1] * self._side + cell[:, 2] * self._side**2
        corners = [
            self._between(first + above + behind, share[:, 0])
            for behind in (0, self._side**2)
            for above in (0, self._side)
        ]
        front, back = (low + (high - low) * share[:, 1] for low, high in (corners[:2], corners[2:]))
        return cast(Plane, front + (back - front) * share[:, 2])

    def _between(self, first: NDArray[np.int32], share: Plane) -> Plane:
        """Between a colour of the table and the next."""
        low = np.take(self._colours, first, axis=0)
        return cast(Plane, low + (np.take(self._colours, first + 1, axis=0) - low) * share)


def _strip(layers: Sequence[Layer], made: Sequence[Pixels], own: Pixels, lattice: _Lattice, strip: Bounds) -> None:
    """Translate one strip of every layer into `made`."""
    scale, target = full_scale(own), own[strip.slices][..., :-1]
    seen = [strip.intersect(layer.bounds) for layer in layers]
    alphas = [_levels(layer, box, scale) for layer, box in zip(layers, seen, strict=True)]
    through = np.ones((strip.height, strip.width), np.float32)
    count = np.zeros((strip.height, strip.width), np.uint16)
    shown: list[Mask] = []
    for alpha, box in zip(reversed(alphas), reversed(seen), strict=True):
        here = box.shift(-strip.x, -strip.y).slices
        visible = (alpha > 0) & (through[here] > 0)
        count[here] += visible
        through[here] *= 1 - alpha * np.float32(1 / scale)
        shown.append(visible)
    shown.reverse()
    mixed = (count > 1) & (through == 0)
    parts, places = [], []
    for number, (layer, alpha, box, visible) in enumerate(zip(layers, alphas, seen, shown, strict=True)):
        if box.empty:
            continue
        here = box.shift(-strip.x, -strip.y).slices
        inside = box.shift(-layer.bounds.x, -layer.bounds.y).slices
        out = made[number][inside]
        alone = visible & (count[here] == 1)
        other = (alpha > 0) & ~alone
        out[..., -1] = alpha
        out[alone, :-1] = target[here][alone]
        out[other, :-1] = lattice(layer.pixels[inside][other][:, :3] * np.float32(1 / full_scale(layer.pixels)))
        both = other & mixed[here]
        if both.any():
            rank = (np.cumsum(mixed.ravel()) - 1).reshape(mixed.shape)[here][both]
            colour = np.ascontiguousarray(out[both][:, :-1].T.astype(np.float32))
            parts.append(Part(number, rank, alpha[both], colour, np.ones(rank.size, np.float32)))
            places.append((out, both))
    if parts:
        project(parts, np.ascontiguousarray(target[mixed].T.astype(np.float32)), "krita", scale)
        for part, (out, both) in zip(parts, places, strict=True):
            out[both] = np.concatenate([part.colour, part.alpha[None]]).T.astype(out.dtype)


def _levels(layer: Layer, box: Bounds, scale: int) -> Plane:
    """The alpha of the layer's part in `box` as whole numbers 0…scale."""
    pixels = layer.pixels[box.shift(-layer.bounds.x, -layer.bounds.y).slices]
    alpha = pixels[..., 3].astype(np.float32)
    if (full := full_scale(pixels)) != scale:
        alpha = np.rint(alpha * np.float32(scale / full))
    return alpha
