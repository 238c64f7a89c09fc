"""What a job shows while it still works: the picture in greys, every layer found so far washed in a colour of its own.

Law: knows stacks and small arrays; sends nothing. Milliseconds whatever the stack: pixels are picked, not averaged.
"""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

from layerlift.formats import pngcodec
from layerlift.imaging.layer import Layer, LayerStack, Plane

MOST_BYTES = 160 << 10
"""A preview travels in one message (256 KiB at most, most of it free for what else is on its way)."""
_SIDES = (512, 384, 256, 160, 96)
_TURN = 0.618034
"""Hues go round by the golden ratio: any few neighbours in the stack are far apart."""
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)
_SHADES = 24
"""Grey levels that are kept: enough to recognise the picture, few enough to pack well."""


def rough_preview(stack: LayerStack) -> tuple[int, int, bytes] | None:
    """Width, height and PNG, the longer side at most 512 pixels; None where no size is small enough."""
    for side in _SIDES:
        step = -(-max(stack.extent) // side)
        drawn = _drawn(stack, step)
        png = pngcodec.encode(drawn)
        if len(png) <= MOST_BYTES:
            return drawn.shape[1], drawn.shape[0], png
    return None


def _drawn(stack: LayerStack, step: int) -> NDArray[np.uint8]:
    """Every `step`-th pixel of the stack, (h, w, 4) uint8."""
    size = (-(-stack.extent.height // step), -(-stack.extent.width // step))
    light, tint = np.full(size, 0.5, np.float32), np.ones((*size, 3), np.float32)
    for index, layer in enumerate(stack.layers):
        _lay(layer, _colour(index), step, light, tint)
    out = np.full((*size, 4), 255, np.uint8)
    shade = np.rint(light * _SHADES)[..., None] / _SHADES
    out[..., :3] = np.rint(tint * (0.15 + 0.85 * shade) * 255)
    return out


def _lay(layer: Layer, colour: Plane, step: int, light: Plane, tint: Plane) -> None:
    """Put one 8-bit layer over what is there already."""
    height, width = light.shape
    top, left = -(-max(0, layer.bounds.y) // step), -(-max(0, layer.bounds.x) // step)
    rows, columns = top * step - layer.bounds.y, left * step - layer.bounds.x
    picked = layer.pixels[rows::step, columns::step][: height - top, : width - left].astype(np.float32) / 255
    alpha = picked[..., 3] * np.float32(layer.opacity)
    box = (slice(top, top + picked.shape[0]), slice(left, left + picked.shape[1]))
    light[box] += (picked[..., :3] @ _LUMA - light[box]) * alpha
    tint[box] += (colour - tint[box]) * alpha[..., None]


def _colour(index: int) -> Plane:
    """The bottom layer stays grey."""
    rgb = (1.0, 1.0, 1.0) if index == 0 else colorsys.hsv_to_rgb(index * _TURN % 1, 0.6, 1.0)
    return np.array(rgb, np.float32)
