"""From ground truth to what we are given, and back from what we made of it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from tests.bench.scenes.draw import Stack
from tests.bench.scenes.jpeg import through_jpeg
from tests.bench.scenes.metrics import flatten

from layerlift.imaging.arithmetic import Arithmetic
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document, Layer, LayerStack, Role

HOSTS: tuple[Arithmetic, ...] = ("krita", "float", "gimp", "photoshop")


def document_of(truth: Stack, depth: int = 8, quality: int = 0) -> Document:
    """The truth, flattened; and through JPEG of this quality, if any."""
    levels = flatten(truth)
    if quality:
        levels = through_jpeg(levels, quality).astype(np.float32)
    scale = 1 if depth == 8 else 257
    pixels = np.full((*levels.shape[:2], 4), 255 * scale, np.uint8 if depth == 8 else np.uint16)
    pixels[..., :3] = np.rint(levels * scale)
    return Document(pixels)


def rough_stack(layers: Stack) -> LayerStack:
    """Layers as an engine returns them; each is called by its place."""
    extent = Extent(layers[0].shape[1], layers[0].shape[0])
    return LayerStack(
        extent, tuple(Layer(f"{k}", Role.GRAPHIC, Bounds.of(extent), one) for k, one in enumerate(layers))
    )


def lined_up(stack: LayerStack, order: Iterable[int | None]) -> Stack:
    """The layers of a refined stack, full canvas, 8 bits, in the order of the rough ones; empty ones where it has
    none."""
    found = {layer.name: layer.on(stack.extent) for layer in stack.layers}
    nothing = np.zeros((stack.extent.height, stack.extent.width, 4), np.uint8)
    pixels = [found.get(str(k), nothing) for k in order]
    return [(one // 257).astype(np.uint8) if one.dtype == np.uint16 else one for one in pixels]
