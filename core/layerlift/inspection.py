"""What is in a stack, in numbers, and how far its composite is from a picture.

Law: reads stacks and documents, changes nothing, prints nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from layerlift.errors import InputError
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Document, Layer, LayerStack, Pixels, Role, full_scale

_STRIP_PIXELS = 1 << 20


@dataclass(frozen=True)
class LayerFacts:
    """One layer without its pixels. `coverage`: how much of the canvas it covers (0–1), alpha and opacity counted."""

    name: str
    role: Role
    bounds: Bounds
    coverage: float
    opacity: float
    blend_mode: str
    group: tuple[str, ...]
    confidence: float
    text: str | None


@dataclass(frozen=True)
class Difference:
    """How far a composite is from an original, over all four channels, in levels of `depth` bits.

    `maximum` and `mean` difference; `share_off`: share of the pixels (0–1) more than one 8-bit level off in any
    channel. Where both are fully transparent nothing can differ.
    """

    depth: int
    maximum: int
    mean: float
    share_off: float


def facts(stack: LayerStack) -> tuple[LayerFacts, ...]:
    """What each layer is, bottom first."""
    return tuple(_facts(layer, stack) for layer in stack.layers)


def compare(stack: LayerStack, original: Document) -> Difference:
    """Flatten the stack and compare it with the original, at the deeper of their depths.

    Raises InputError if their sizes differ.
    """
    if stack.extent != original.extent:
        (w, h), (ow, oh) = stack.extent, original.extent
        raise InputError(
            f"The stack is {w} × {h} pixels, the original {ow} × {oh}.", "Name the picture it was made of."
        )
    flat, depth = composite(stack), max(stack.depth, original.depth)
    scale = 255 if depth == 8 else 65535
    maximum, total, off = 0, 0.0, 0
    rows = max(1, _STRIP_PIXELS // stack.extent.width)
    for y in range(0, stack.extent.height, rows):
        ours, theirs = (_levels(pixels[y : y + rows], scale) for pixels in (flat, original.pixels))
        apart = np.abs(ours - theirs)
        apart[(ours[..., 3] == 0) & (theirs[..., 3] == 0)] = 0
        maximum = max(maximum, int(apart.max(initial=0)))
        total += float(apart.sum(dtype=np.float64))
        off += int((apart.max(axis=2) > scale // 255).sum())
    area = stack.extent.area
    return Difference(depth, maximum, total / (4 * area), off / area)


def _facts(layer: Layer, stack: LayerStack) -> LayerFacts:
    seen = layer.bounds.intersect(Bounds.of(stack.extent))
    alpha = layer.pixels[seen.shift(-layer.bounds.x, -layer.bounds.y).slices][..., 3]
    covered = float(alpha.sum(dtype=np.uint64)) / full_scale(layer.pixels) * layer.opacity
    return LayerFacts(
        layer.name,
        layer.role,
        layer.bounds,
        covered / max(1, stack.extent.area),
        layer.opacity,
        layer.blend_mode,
        layer.group,
        layer.confidence,
        layer.text.content if layer.text else None,
    )


def _levels(pixels: Pixels, scale: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Integers 0…`scale` (8-bit pixels among 16-bit ones: 255 is 65535)."""
    return pixels.astype(np.int32) * (scale // full_scale(pixels))
