"""Little designs with known shapes, for the tests of the flat-element floor. Law: drawing only."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.element import Element

F32 = NDArray[np.float32]
_S = 4


def disc(size: tuple[int, int], x: float, y: float, radius: float) -> F32:
    """Coverage (h, w) of a disc on a canvas of `size` (height, width)."""
    big = np.zeros((size[0] * _S, size[1] * _S), np.uint8)
    cv2.circle(big, (round(x * _S), round(y * _S)), round(radius * _S), 255, -1)
    return np.asarray(cv2.resize(big, size[::-1], interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)


def polygon(size: tuple[int, int], points: list[tuple[float, float]]) -> F32:
    """Coverage (h, w) of a polygon."""
    big = np.zeros((size[0] * _S, size[1] * _S), np.uint8)
    cv2.fillPoly(big, [np.rint(np.array(points) * _S).astype(np.int32)], 255)
    return np.asarray(cv2.resize(big, size[::-1], interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)


def rect(size: tuple[int, int], x: float, y: float, width: float, height: float) -> F32:
    """Coverage (h, w) of a rectangle."""
    return polygon(size, [(x, y), (x + width - 0.25, y), (x + width - 0.25, y + height - 0.25), (x, y + height - 0.25)])


def flat(size: tuple[int, int], colour: tuple[int, int, int]) -> F32:
    """A picture of one colour (levels)."""
    return np.broadcast_to(np.float32(colour) / np.float32(255), (*size, 3)).copy()


def over(picture: F32, coverage: F32, colour: tuple[int, int, int]) -> F32:
    """The picture with a colour painted on it, rounded to 8 bit."""
    share = coverage[..., None]
    mixed = picture * (1 - share) + np.float32(colour) / np.float32(255) * share
    return (np.rint(mixed * 255) / 255).astype(np.float32)


def ramp(size: tuple[int, int], first: tuple[int, int, int], last: tuple[int, int, int]) -> F32:
    """A slanting blend from the top left to the bottom right."""
    ys, xs = np.mgrid[: size[0], : size[1]]
    t = ((ys / size[0] + xs / size[1]) / 2)[..., None]
    return (np.rint(np.float32(first) * (1 - t) + np.float32(last) * t) / 255).astype(np.float32)


def photograph(size: tuple[int, int], seed: int = 0) -> F32:
    """Something as restless as a photograph: noise at every scale."""
    rng = np.random.default_rng(seed)
    out = np.zeros((*size, 3), np.float32)
    for scale in (2, 4, 8, 16, 32, 64):
        small = rng.normal(0, 1, (size[0] // scale + 2, size[1] // scale + 2, 3)).astype(np.float32)
        out += cv2.resize(small, size[::-1], interpolation=cv2.INTER_CUBIC) * np.float32(scale**0.7)
    return (np.rint(np.clip(128 + 7 * out, 0, 255)) / 255).astype(np.float32)


def alpha(element: Element, size: tuple[int, int]) -> F32:
    """An element's alpha on the whole canvas."""
    out = np.zeros(size, np.float32)
    out[element.bounds.slices] = element.alpha
    return out


def agreement(found: F32, true: F32) -> float:
    """Soft intersection over union of two alphas."""
    return float(np.minimum(found, true).sum() / max(1e-6, float(np.maximum(found, true).sum())))


def best(elements: list[Element], true: F32) -> float:
    """The best agreement of any element with `true`."""
    size = (true.shape[0], true.shape[1])
    return max((agreement(alpha(e, size), true) for e in elements), default=0.0)
