"""From the wire's words to the library's nouns: LayerInfo and bytes → Layer, Done → LayerStack.

Law: translation only. What a server announces is checked against the library's own limits before memory is taken.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from layerlift.client.errors import strange
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Drift, Layer, LayerStack, Pixels, Role, Text, TextLine
from layerlift.limits import MAX_LAYERS, MAX_PIXELS, MAX_SIDE
from layerlift.wire.messages import Done
from layerlift.wire.values import LayerInfo
from layerlift.wire.values import Text as WireText

MAX_PROFILE = 16 << 20
"""Largest ICC profile taken from a server, in bytes: the largest printer profiles in use have about 5 MB."""


def buffer(info: LayerInfo) -> NDArray[np.uint8]:
    """Memory for the layer's bytes, flat. Raises ServerError if what is announced is not a layer's size."""
    b = info.bounds
    depth = 2 if info.depth == 16 else 1
    fits = 0 < b.width <= MAX_SIDE and 0 < b.height <= MAX_SIDE and b.width * b.height <= MAX_PIXELS
    if not fits or info.size != b.width * b.height * 4 * depth or info.index >= MAX_LAYERS:
        raise strange(f"layer “{info.name}” of {b.width} × {b.height} pixels and {info.size} bytes")
    return np.empty(info.size, np.uint8)


def layer(info: LayerInfo, data: NDArray[np.uint8]) -> Layer:
    """The layer whose bytes are `data` (its memory becomes the layer's)."""
    b = info.bounds
    shape = (b.height, b.width, 4)
    deep = info.depth == 16
    pixels: Pixels = data.view("<u2").astype(np.uint16, copy=False) if deep else data
    return Layer(
        info.name,
        _role(info.role),
        Bounds(b.x, b.y, b.width, b.height),
        pixels.reshape(shape),
        info.opacity,
        info.blend_mode,
        info.group,
        _text(info.text) if info.text is not None else None,
        info.confidence,
    )


def stack(done: Done, layers: list[Layer], name: str, icc: bytes | None) -> LayerStack:
    """The whole result. The server tells only the mean of the drift; its 99th percentile is NaN."""
    drift = None if done.drift is None else Drift(done.drift, math.nan)
    return LayerStack(Extent(done.width, done.height), tuple(layers), name, icc, done.notes, drift)


def _role(name: str) -> Role:
    """A newer server may know roles that we don't: such a layer is a graphic, which is treated like any other."""
    return Role(name) if name in {str(role) for role in Role} else Role.GRAPHIC


def _text(text: WireText) -> Text:
    if len(text.colour) != 3 or any(len(line.quad) != 8 for line in text.lines):
        raise strange("text layer without four corners and a colour")
    lines = tuple(
        TextLine(line.content, tuple(zip(line.quad[::2], line.quad[1::2], strict=True)), line.confidence)
        for line in text.lines
    )
    red, green, blue = text.colour
    return Text(lines, (red, green, blue))
