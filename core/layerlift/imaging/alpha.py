"""Porter–Duff "over" in premultiplied float32, the arithmetic in which everything is thought.

Law: pure functions on arrays; knows no layers, no files, no hosts (their integer arithmetics are in `arithmetic`).
Source: T. Porter, T. Duff, "Compositing Digital Images", SIGGRAPH 1984, §4.3.
"""

from __future__ import annotations

import numpy as np

from layerlift.imaging.layer import Pixels, Plane, full_scale


def to_float(pixels: Pixels) -> Plane:
    """Integer pixels (any shape) as float32 0–1, still straight."""
    return pixels.astype(np.float32) * np.float32(1 / full_scale(pixels))


def to_integer(values: Plane, like: Pixels) -> Pixels:
    """Float 0–1 as integers of the dtype of `like`, rounded half to even, clipped."""
    scale = full_scale(like)
    rounded = np.clip(np.rint(values * np.float32(scale)), 0, scale)
    return rounded.astype(np.uint8) if scale == 255 else rounded.astype(np.uint16)


def premultiply(straight: Plane) -> Plane:
    """(…, 4) straight RGBA → premultiplied."""
    out = straight.copy()
    out[..., :3] *= straight[..., 3:]
    return out


def unpremultiply(premultiplied: Plane) -> Plane:
    """(…, 4) premultiplied RGBA → straight; colour is 0 where alpha is 0."""
    alpha = premultiplied[..., 3:]
    out = premultiplied.copy()
    np.divide(premultiplied[..., :3], alpha, out=out[..., :3], where=alpha > 0)
    out[..., :3] *= alpha > 0
    return out


def over(top: Plane, bottom: Plane) -> Plane:
    """Premultiplied `top` over premultiplied `bottom`: C = C_t + (1 − α_t) C_b, in all four channels."""
    out: Plane = top + (1 - top[..., 3:]) * bottom
    return out
