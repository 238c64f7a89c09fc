"""Pictures in and out of a pipeline, at sizes that it can do.

Law: arrays and Pillow pictures; knows no pipeline. Sides must be multiples of 16 (eight pixels a latent, two latents a
token); the edit pipeline chooses its own, multiples of 32. Padding keeps every pixel where it is, so that what comes
back fits what went in without resampling; only where a pipeline insists on a size of its own is anything resampled.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from layerlift.errors import InputError
from layerlift.imaging.geometry import Extent

Picture = NDArray[np.uint8]
SIDE = 16
"""Pixels of a token's side."""
SLIMMEST = 100
"""Longest side over shortest: the encoder refuses pictures from 200 on."""
LEAST_PIXELS = 640 * 640
"""Smaller than this the models were not trained; what is smaller is drawn at this size and brought back."""
_OVER = 1.1
"""Sides are rounded to multiples, so a picture made for a resolution may have a little more than its pixels."""


def extent_of(pixels: Picture) -> Extent:
    """Size of an (h, w, …) array."""
    return Extent(pixels.shape[1], pixels.shape[0])


def fitted(pixels: Picture, extent: Extent) -> Picture:
    """`pixels` resampled to `extent`: averaged where it shrinks, bicubic where it grows. Colours only, no alpha."""
    if extent_of(pixels) == extent:
        return pixels
    shrinks = extent.width <= pixels.shape[1] and extent.height <= pixels.shape[0]
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    out: Picture = cv2.resize(pixels, tuple(extent), interpolation=kind).astype(np.uint8, copy=False)
    return out


def opaque(pixels: Picture) -> bool:
    """Whether no pixel of the (h, w, 4) picture lets anything through."""
    return bool((pixels[..., 3] == 255).all())


def with_alpha(colours: Picture, alpha: Picture | int = 255) -> Picture:
    """(h, w, 3) colours and (h, w) alpha (or one for all) as a new (h, w, 4) array."""
    out = np.empty((*colours.shape[:2], 4), np.uint8)
    out[..., :3], out[..., 3] = colours, alpha
    return out


def on_white(pixels: Picture) -> Picture:
    """(h, w, 4) straight RGBA shown on white: (h, w, 3). For references, whose alpha no model understands."""
    if opaque(pixels):
        return np.ascontiguousarray(pixels[..., :3])
    return over_plain(pixels, (255, 255, 255))


def over_plain(pixels: Picture, ground: tuple[int, int, int]) -> Picture:
    """(h, w, 4) straight RGBA over one plain colour: (h, w, 3), rounded."""
    alpha = pixels[..., 3:].astype(np.float32) / 255
    mixed = pixels[..., :3] * alpha + np.array(ground, np.float32) * (1 - alpha)
    out: Picture = np.rint(mixed).astype(np.uint8)
    return out


def picture(pixels: Picture) -> Image.Image:
    """(h, w, 3) or (h, w) as what a pipeline takes."""
    return Image.fromarray(np.ascontiguousarray(pixels))


def working(extent: Extent, resolution: int | None, multiple: int = SIDE) -> Extent:
    """The size at which a picture of `extent` is drawn: its own where the model is at home there, else scaled to at
    least LEAST_PIXELS and at most `resolution`² (1024² when None) pixels, sides multiples of `multiple`.
    Raises InputError for what is too slim."""
    if max(extent) > SLIMMEST * min(extent):
        raise InputError(
            f"The picture is {max(extent) // min(extent)} times as long as it is wide.",
            f"This engine draws what is at most {SLIMMEST} times as long as wide: cut it into pieces.",
        )
    most = (resolution or 1024) ** 2
    area = min(max(extent.area, min(LEAST_PIXELS, most)), most)
    if area == extent.area or (extent.area > most and extent.area <= _OVER * most):
        width, height = (-(-side // multiple) * multiple for side in extent)
        return Extent(width, height)
    scale = (area / extent.area) ** 0.5
    width, height = (max(1, round(side * scale / multiple)) * multiple for side in extent)
    return Extent(width, height)


def placed(pixels: Picture, size: Extent) -> Picture:
    """`pixels` at the working `size`: padded where it is its own size rounded up, resampled where it is another."""
    own = extent_of(pixels)
    if _rounded_up(own, size):
        height, width = pixels.shape[:2]
        border = ((0, size.height - height), (0, size.width - width), *(((0, 0),) * (pixels.ndim - 2)))
        return np.pad(pixels, border, mode="edge")
    return fitted(pixels, size)


def back(pixels: Picture, extent: Extent) -> Picture:
    """What was drawn at the working size at the size that was asked for: the inverse of `placed`."""
    if _rounded_up(extent, extent_of(pixels)):
        return np.ascontiguousarray(pixels[: extent.height, : extent.width])
    return fitted(pixels, extent)


def _rounded_up(extent: Extent, size: Extent) -> bool:
    return all(0 <= larger - side < 32 for side, larger in zip(extent, size, strict=True))
