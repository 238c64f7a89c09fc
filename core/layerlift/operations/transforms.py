"""Exact transforms of one layer: moved, mirrored, turned, scaled, recoloured. No model, no guess.

Law: layer in, layer out; about the layer's own centre, in the document's depth and profile. What can be done by moving
numbers (moves, mirrors, quarter turns) is bit-exact; what must resample does so premultiplied, once, and never invents
alpha outside 0–1 or colour above alpha.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import cv2
import numpy as np

from layerlift.errors import RequestError
from layerlift.imaging.alpha import premultiply, unpremultiply
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, Pixels, Plane, Text
from layerlift.limits import MAX_PIXELS, MAX_SIDE
from layerlift.operations.commands import steps
from layerlift.operations.lettering import moved, turned
from layerlift.operations.recolouring import recolour
from layerlift.operations.working import as_float, as_levels

_NOTHING = 1e-4
"""Alpha (0–1) below which there is no colour to speak of: far less than one 8-bit level."""


def apply(step: steps.Step, layer: Layer, extent: Extent, icc: bytes | None) -> Layer:
    """The layer after `step`, on a canvas of `extent`. Order, Show and Delete are about the stack, not the layer
    (`editing`); here they change nothing. Raises RequestError where the result would be too large."""
    if isinstance(step, steps.Move):
        width, height = (extent.width / 100, extent.height / 100) if step.unit == "%" else (1.0, 1.0)
        return move(layer, round(step.dx * width), round(step.dy * height))
    if isinstance(step, steps.Centre):
        return centre(layer, extent, step.axis)
    if isinstance(step, steps.Scale):
        return scale(layer, step.x, step.y)
    if isinstance(step, steps.Resize):
        x, y = _factors(step, layer.bounds)
        return scale(layer, x, y)
    if isinstance(step, steps.Rotate):
        return rotate(layer, step.degrees)
    if isinstance(step, steps.Flip):
        return flip(layer, step.axis)
    if isinstance(step, steps.Recolour):
        return _recoloured(layer, icc, step.colour)
    if isinstance(step, steps.Opacity):
        return replace(layer, opacity=step.value)
    return layer


def carried(step: steps.Step, before: Layer, after: Layer, extent: Extent) -> Layer:
    """`after` (the layer turned, mirrored or scaled about its own centre) where it belongs when the whole canvas is:
    its centre goes the same way about the canvas' centre, to whole pixels (mirrors are exact)."""
    matrix = _linear(step)
    if matrix is None:
        return after
    (x, y), (cx, cy) = _middle(before.bounds), (extent.width / 2, extent.height / 2)
    (a, b), (c, d) = matrix
    dx, dy = a * (x - cx) + b * (y - cy) - (x - cx), c * (x - cx) + d * (y - cy) - (y - cy)
    return move(after, round(dx), round(dy))


def _linear(step: steps.Step) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The linear map of a step that has one about a centre."""
    if isinstance(step, steps.Flip):
        return ((-1.0, 0.0), (0.0, 1.0)) if step.axis == "horizontal" else ((1.0, 0.0), (0.0, -1.0))
    if isinstance(step, steps.Scale):
        return (step.x, 0.0), (0.0, step.y)
    if isinstance(step, steps.Rotate):
        cosine, sine = float(np.cos(np.deg2rad(step.degrees))), float(np.sin(np.deg2rad(step.degrees)))
        return (cosine, -sine), (sine, cosine)
    return None


def move(layer: Layer, dx: int, dy: int) -> Layer:
    """Somewhere else: the very same pixels."""
    return replace(layer, bounds=layer.bounds.shift(dx, dy), text=moved(layer.text, dx, dy))


def centre(layer: Layer, extent: Extent, axis: steps.Axis = "both") -> Layer:
    """Into the middle of the canvas."""
    b = layer.bounds
    dx = 0 if axis == "vertical" else (extent.width - b.width) // 2 - b.x
    dy = 0 if axis == "horizontal" else (extent.height - b.height) // 2 - b.y
    return move(layer, dx, dy)


def flip(layer: Layer, axis: str) -> Layer:
    """Left to right ("horizontal") or upside down, within its own bounds: the same pixels in another order."""
    turn = layer.pixels[:, ::-1] if axis == "horizontal" else layer.pixels[::-1]
    x, y = _middle(layer.bounds)
    sign = (-1.0, 1.0) if axis == "horizontal" else (1.0, -1.0)
    text = turned(layer.text, (x, y), ((sign[0], 0.0), (0.0, sign[1])), (x, y))
    return replace(layer, pixels=cast(Pixels, np.ascontiguousarray(turn)), text=text)


def rotate(layer: Layer, degrees: float) -> Layer:
    """Clockwise about its centre; by quarter turns exactly, else by Lanczos over 8 × 8 pixels."""
    quarters, rest = divmod(degrees % 360, 90)
    if rest == 0:
        return _quarters(layer, int(quarters))
    radians = np.deg2rad(degrees)
    cosine, sine = float(np.cos(radians)), float(np.sin(radians))
    return _mapped(layer, ((cosine, -sine), (sine, cosine)))


def scale(layer: Layer, x: float, y: float) -> Layer:
    """By `x` and `y` about its centre: averaged over areas where it shrinks, by Lanczos where it grows."""
    old = layer.bounds
    size = Extent(max(1, round(old.width * x)), max(1, round(old.height * y)))
    if size == old.extent:
        return layer
    _check(size)
    grows = size.width >= old.width and size.height >= old.height
    flat = premultiply(as_float(layer.pixels))
    way = cv2.INTER_LANCZOS4 if grows else cv2.INTER_AREA
    if not grows and (size.width > old.width or size.height > old.height):  # one side each way
        wide = Extent(max(size.width, old.width), max(size.height, old.height))
        flat = np.asarray(cv2.resize(flat, tuple(wide), interpolation=cv2.INTER_LANCZOS4), np.float32)
    values = np.asarray(cv2.resize(flat, tuple(size), interpolation=way), np.float32)
    cx, cy = _middle(old)
    left, top = int(np.floor(cx - size.width / 2 + 0.5)), int(np.floor(cy - size.height / 2 + 0.5))
    bounds = Bounds(left, top, size.width, size.height)
    factors = ((size.width / old.width, 0.0), (0.0, size.height / old.height))
    text = turned(layer.text, (cx, cy), factors, _middle(bounds))
    return replace(layer, bounds=bounds, pixels=_straight(values, layer.pixels), text=text).cropped()


def _recoloured(layer: Layer, icc: bytes | None, colour: tuple[int, int, int]) -> Layer:
    text = None if layer.text is None else Text(layer.text.lines, colour)
    return replace(layer, pixels=recolour(layer.pixels, icc, colour), text=text)


def _quarters(layer: Layer, quarters: int) -> Layer:
    if quarters == 0:
        return layer
    old = layer.bounds
    pixels = np.ascontiguousarray(np.rot90(layer.pixels, -quarters))
    cx, cy = _middle(old)
    height, width = pixels.shape[:2]
    bounds = Bounds(int(np.floor(cx - width / 2 + 0.5)), int(np.floor(cy - height / 2 + 0.5)), width, height)
    cosine, sine = ((0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[quarters - 1]
    text = turned(layer.text, (cx, cy), ((cosine, -sine), (sine, cosine)), _middle(bounds))
    return replace(layer, bounds=bounds, pixels=cast(Pixels, pixels), text=text)


def _mapped(layer: Layer, matrix: tuple[tuple[float, float], tuple[float, float]]) -> Layer:
    """The layer under a linear map about its centre, resampled once."""
    old = layer.bounds
    cx, cy = _middle(old)
    linear = np.array(matrix)
    corners = np.array([[sx * old.width / 2, sy * old.height / 2] for sx in (-1, 1) for sy in (-1, 1)]) @ linear.T
    middle = np.array([cx, cy])
    x0, y0 = np.floor(corners.min(axis=0) + middle).astype(int) - 1
    x1, y1 = np.ceil(corners.max(axis=0) + middle).astype(int) + 1
    bounds = Bounds(int(x0), int(y0), int(x1 - x0), int(y1 - y0))
    _check(bounds.extent)
    _check(old.extent)  # OpenCV counts pixels of both in 16 bits
    # pixel (0, 0) of the result lies at (x0 + ½, y0 + ½) of the canvas, of the layer at (old.x + ½, old.y + ½)
    origin = np.array([old.x + 0.5, old.y + 0.5]) - middle
    shift = linear @ origin + middle - np.array([x0 + 0.5, y0 + 0.5])
    warp = np.hstack([linear, shift[:, None]])
    flat = premultiply(as_float(layer.pixels))
    values = np.asarray(
        cv2.warpAffine(flat, warp, tuple(bounds.extent), flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_CONSTANT),
        np.float32,
    )
    text = turned(layer.text, (cx, cy), matrix, (cx, cy))
    return replace(layer, bounds=bounds, pixels=_straight(values, layer.pixels), text=text).cropped()


def _straight(premultiplied: Plane, like: Pixels) -> Pixels:
    """Integer straight pixels. Lanczos overshoots beside hard edges, alpha and colour alike: the colour is their ratio,
    taken before either is cut to 0–1, so that no bright or dark line is left."""
    straight = unpremultiply(np.where(premultiplied[..., 3:] > _NOTHING, premultiplied, np.float32(0)))
    out = as_levels(straight, like.dtype)
    out[..., :3] *= out[..., 3:] > 0
    return out


def _factors(step: steps.Resize, bounds: Bounds) -> tuple[float, float]:
    x = None if step.width is None else step.width / bounds.width
    y = None if step.height is None else step.height / bounds.height
    return (x or y or 1.0, y or x or 1.0)


def _middle(bounds: Bounds) -> tuple[float, float]:
    return bounds.x + bounds.width / 2, bounds.y + bounds.height / 2


def _check(size: Extent) -> None:
    if size.area > MAX_PIXELS or max(size) > min(MAX_SIDE, 32_000):
        raise RequestError(
            f"The layer would become {size.width} × {size.height} pixels: that is too large.", "Scale it by less."
        )
