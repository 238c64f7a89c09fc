"""A small sRGB picture of a flattened stack, for file browsers.

Law: pixels in, pixels or bytes out; knows no format that embeds it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.alpha import premultiply, to_float, to_integer, unpremultiply
from layerlift.imaging.colour import to_srgb8
from layerlift.imaging.layer import Pixels, Plane


def of(flat: Pixels, icc: bytes | None, side: int) -> NDArray[np.uint8]:
    """(h, w, 4) pixels of any depth, in `icc`, as straight sRGB RGBA uint8, no side longer than `side`."""
    height, width = flat.shape[:2]
    scale = side / max(height, width)
    if scale < 1:
        # Area averages of straight colour would bleed what lies under transparency, hence premultiplied; nearest
        # picks first keep that from taking the memory of the whole picture in float.
        step = max(1, int(1 / scale / 4))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small: Plane = np.asarray(
            cv2.resize(premultiply(to_float(flat[::step, ::step])), size, interpolation=cv2.INTER_AREA), np.float32
        )
        flat = to_integer(unpremultiply(small), like=flat)
    return to_srgb8(flat, icc)


def jpeg(small: NDArray[np.uint8]) -> bytes:
    """Straight RGBA as a JPEG on white."""
    alpha = small[..., 3:].astype(np.float32) / 255
    bgr = np.rint(small[..., 2::-1] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])[1])
