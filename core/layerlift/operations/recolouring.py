"""Another colour for a layer: hue and chroma move, light and shade stay, alpha is not touched.

Law: exact and without a model. What is painted in one flat colour gets just the colour that was asked for, lightness
included; anything shaded keeps its lightness pixel by pixel, and its greys stay grey unless the layer is nothing but
greys. Only pixels that change are converted: all others keep their bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.colour import is_rgb, srgb_to_profile8, to_srgb8
from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Pixels, full_scale
from layerlift.operations import oklab
from layerlift.operations.enlarging import strips

_GREY = 0.025
"""Chroma below which nobody sees a colour."""
_FLAT = 0.04
"""Distance in OKLab within which pixels are of one paint."""
_MOSTLY = 0.9
"""Share of a layer's paint that must be of one colour for the layer to be flat."""
_SAMPLES = 200_000


@dataclass(frozen=True)
class _Shift:
    """How colours move: lightness by `lightness`, hue by turning (a, b) by the unit vector `turn`, chroma times
    `chroma`; `tint`: (a, b) to take on as a whole instead (the layer is grey, or shall be)."""

    lightness: float
    turn: tuple[float, float]
    chroma: float
    tint: tuple[float, float] | None


def recolour(pixels: Pixels, icc: bytes | None, colour: tuple[int, int, int]) -> Pixels:
    """(H, W, 4) straight `pixels` in `icc`, recoloured to the sRGB `colour`: same dtype, alpha bit-identical."""
    out = pixels.copy()
    shift = _shift(_sample(pixels, icc), np.array(colour, np.float64) / 255)
    extent = Extent(pixels.shape[1], pixels.shape[0])
    plain = icc is None or not is_rgb(icc)
    for top, bottom in strips(extent):
        strip = out[top:bottom]
        chosen = strip[..., 3] > 0
        if chosen.any():
            seen = strip[chosen]
            strip[chosen] = _direct(seen, shift) if plain else _through(seen, icc, shift)
    return out


def _direct(seen: Pixels, shift: _Shift) -> Pixels:
    """The document's numbers are sRGB: at their own depth."""
    top = full_scale(seen)
    out = seen.copy()
    out[:, :3] = np.rint(_moved(seen[:, :3] / top, shift) * top).astype(seen.dtype)
    return out


def _through(seen: Pixels, icc: bytes | None, shift: _Shift) -> Pixels:
    """In another profile: by the difference that the change makes there, so that finer bits than the eight that pass
    through sRGB are kept."""
    srgb = to_srgb8(seen[None], icc)
    new = srgb.copy()
    new[0, :, :3] = np.rint(_moved(srgb[0, :, :3] / 255, shift) * 255)
    before, after = (srgb_to_profile8(each, icc)[0, :, :3].astype(np.int32) for each in (srgb, new))
    top = full_scale(seen)
    out = seen.copy()
    out[:, :3] = np.clip(seen[:, :3].astype(np.int32) + (after - before) * (top // 255), 0, top).astype(seen.dtype)
    return out


def _moved(srgb: oklab.Colours, shift: _Shift) -> oklab.Colours:
    lab = oklab.from_srgb(srgb)
    lab[:, 0] = np.clip(lab[:, 0] + shift.lightness, 0, 1)
    if shift.tint is not None:
        lab[:, 1:] = shift.tint
        return oklab.to_srgb(lab)
    cosine, sine = shift.turn
    a, b = lab[:, 1].copy(), lab[:, 2].copy()
    lab[:, 1] = (a * cosine - b * sine) * shift.chroma
    lab[:, 2] = (a * sine + b * cosine) * shift.chroma
    return oklab.to_srgb(lab)


def _shift(sample: tuple[oklab.Colours, NDArray[np.float64]], wanted: oklab.Colours) -> _Shift:
    """How to come from what the layer mostly is to the colour wanted."""
    target = oklab.from_srgb(wanted)
    lab, weight = sample
    if len(lab) == 0:
        return _Shift(0.0, (1.0, 0.0), 1.0, None)
    main, flat = _main(lab, weight)
    chroma, wanted_chroma = float(np.hypot(*main[1:])), float(np.hypot(*target[1:]))
    lightness = float(target[0] - main[0]) if flat or wanted_chroma < _GREY else 0.0
    if chroma < _GREY or wanted_chroma < _GREY:
        return _Shift(lightness, (1.0, 0.0), 1.0, (float(target[1]), float(target[2])))
    angle = float(np.arctan2(target[2], target[1]) - np.arctan2(main[2], main[1]))
    return _Shift(lightness, (float(np.cos(angle)), float(np.sin(angle))), wanted_chroma / chroma, None)


def _main(lab: oklab.Colours, weight: NDArray[np.float64]) -> tuple[oklab.Colours, bool]:
    """The main colour, and whether it is the layer's only paint. Where most is coloured, greys have no say in it."""
    median = _median(lab, weight)
    if weight[np.linalg.norm(lab - median, axis=1) < _FLAT].sum() >= _MOSTLY * weight.sum():
        return median, True
    strength = np.hypot(lab[:, 1], lab[:, 2])
    coloured = strength >= _GREY
    if weight[coloured].sum() < 0.1 * weight.sum():
        return median, False
    return _median(lab[coloured], (weight * strength)[coloured]), False


def _median(lab: oklab.Colours, weight: NDArray[np.float64]) -> oklab.Colours:
    """Weighted median of each coordinate."""
    out = np.empty(3)
    for channel in range(3):
        order = np.argsort(lab[:, channel], kind="stable")
        total = np.cumsum(weight[order])
        out[channel] = lab[order[int(np.searchsorted(total, total[-1] / 2))], channel]
    return out


def _sample(pixels: Pixels, icc: bytes | None) -> tuple[oklab.Colours, NDArray[np.float64]]:
    """Some of the layer's visible pixels in OKLab, and their alpha."""
    place = np.flatnonzero(pixels[..., 3])
    place = place[:: len(place) // _SAMPLES + 1]
    seen = pixels.reshape(-1, 4)[place]
    srgb = to_srgb8(seen[None], icc)[0, :, :3] if len(seen) else np.zeros((0, 3), np.uint8)
    if icc is None and len(seen):
        return oklab.from_srgb(seen[:, :3] / full_scale(seen)), seen[:, 3] / full_scale(seen)
    return oklab.from_srgb(srgb / 255), seen[:, 3] / full_scale(pixels)
