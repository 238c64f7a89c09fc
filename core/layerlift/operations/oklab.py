"""OKLab: a space in which lightness, chroma and hue can be changed one without the other.

Law: pure functions on float64 arrays (…, 3); sRGB-encoded 0–1 in and out.
Source: B. Ottosson, "A perceptual color space for image processing", 2020 (bottosson.github.io/posts/oklab);
IEC 61966-2-1 (sRGB).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Colours: TypeAlias = NDArray[np.float64]

_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_CONES, _FROM_LAB = np.linalg.inv(_TO_CONES), np.linalg.inv(_TO_LAB)
_BISECTIONS = 14


def from_srgb(srgb: Colours) -> Colours:
    """(…, 3) sRGB 0–1 → (L, a, b), L 0–1."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((np.maximum(srgb, 0) + 0.055) / 1.055) ** 2.4)
    out: Colours = np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T
    return out


def to_srgb(lab: Colours) -> Colours:
    """(…, 3) OKLab → sRGB, the chroma of what lies outside the gamut reduced until it fits (lightness and hue stay)."""
    out = _encoded(lab)
    outside = ((out < -1e-4) | (out > 1 + 1e-4)).any(axis=-1)
    if outside.any():
        wild = lab[outside]
        low, high = np.zeros(len(wild)), np.ones(len(wild))
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            tried = _encoded(wild * np.stack([np.ones_like(middle), middle, middle], axis=-1))
            fits = ((tried >= -1e-4) & (tried <= 1 + 1e-4)).all(axis=-1)
            low, high = np.where(fits, middle, low), np.where(fits, high, middle)
        out[outside] = _encoded(wild * np.stack([np.ones_like(low), low, low], axis=-1))
    return np.clip(out, 0, 1)


def _encoded(lab: Colours) -> Colours:
    linear = (lab @ _FROM_LAB.T) ** 3 @ _FROM_CONES.T
    bright = np.maximum(linear, 0.0031308)
    out: Colours = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * bright ** (1 / 2.4) - 0.055)
    return out
