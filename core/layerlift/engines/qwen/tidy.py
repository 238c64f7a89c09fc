"""What of a model's answer is worth keeping: blank layers and repetitions out, doubtful ones marked.

Law: arrays in, arrays out; decides by measurement only, and says what it did. Models that are asked for more layers
than the picture has answer with blank ones, or with the same one twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerlift.errors import EngineError
from layerlift.imaging.alpha import over, premultiply, to_float
from layerlift.imaging.layer import Plane

Painted = NDArray[np.uint8]
"""(h, w, 4) uint8 straight RGBA."""

HAZE = 10
"""Alpha (0–255) up to which a pixel is haze: a VAE never paints perfect nothing."""
SPECK = 0.0002
"""Share of the picture that a layer must cover (area × coverage, haze not counted) to be one: 80 pixels at 640²."""
SAME_ALPHA, SAME_COLOUR = 0.06, 0.05
"""Two layers are one when, averaged over where either is, alpha and colour differ by less."""
NOTHING_NEW = 0.03
"""A layer whose colours differ from what shows without it by less than this shows nothing new."""
DOUBTFUL = 0.4
"""Confidence in a layer that shows nothing new."""


@dataclass(frozen=True, eq=False)
class Kept:
    """One layer that stays: its pixels (haze removed), its `place` in the model's answer (0: bottom), `confidence`."""

    pixels: Painted
    place: int
    confidence: float = 1.0


def tidy(layers: list[Painted], picture: Painted) -> tuple[list[Kept], tuple[str, ...]]:
    """The layers worth keeping, bottom → top, the bottom one opaque, and sentences about the others.

    `picture` (h, w, 3): what the layers are of; where the bottom layer is translucent it is completed from it. Raises
    EngineError when all of them are blank.
    """
    cleared = [_without_haze(layer) for layer in layers]
    if not any(_covers(layer) for layer in cleared):
        raise EngineError(
            f"All {len(layers)} layers came back blank.",
            "Try another seed; if that does not help, check the weights with `layerlift models verify`.",
        )
    solid = [opaque_over(layers[0], picture), *cleared[1:]]
    blank = [place for place, layer in enumerate(cleared) if place and not _covers(layer)]
    twice = _repeated(solid, blank)
    kept = [Kept(solid[place], place) for place in range(len(solid)) if place not in {*blank, *twice}]
    return _doubted(kept), _told(len(layers), len(blank), len(twice))


def _told(asked: int, blank: int, twice: int) -> tuple[str, ...]:
    notes = []
    if blank:
        notes.append(f"{blank} of {asked} layers came back blank and {'was' if blank == 1 else 'were'} left out.")
    if twice:
        notes.append(f"{twice} of {asked} layers repeated another one and {'was' if twice == 1 else 'were'} left out.")
    if asked > 1 and blank + twice == asked - 1:
        notes.append(
            "The model took nothing out of the picture: try another number of layers, or say what to take out."
        )
    return tuple(notes)


def _without_haze(layer: Painted) -> Painted:
    out = layer.copy()
    out[layer[..., 3] <= HAZE] = 0
    return out


def _covers(layer: Painted) -> bool:
    return float(layer[..., 3].mean()) / 255 >= SPECK


def opaque_over(layer: Painted, picture: Painted) -> Painted:
    """`layer` as a bottom one: opaque, and what shows through it is the picture."""
    alpha = to_float(layer[..., 3:])
    out = np.full_like(layer, 255)
    mixed = to_float(layer[..., :3]) * alpha + to_float(picture[..., :3]) * (1 - alpha)
    out[..., :3] = np.rint(mixed * 255)
    return out


def _repeated(layers: list[Painted], blank: list[int]) -> list[int]:
    """Places of layers that a higher one says again. The bottom one stays: what repeats it goes."""
    gone: list[int] = []
    places = [place for place in range(len(layers)) if place not in blank]
    for index, low in enumerate(places):
        for high in places[index + 1 :]:
            if {low, high} & set(gone) or not same(layers[low], layers[high]):
                continue
            gone.append(high if low == 0 else low)
    return gone


def same(a: Painted, b: Painted) -> bool:
    """Whether two layers hold the same thing."""
    covered = sorted((float(a[..., 3].mean()), float(b[..., 3].mean())))
    if covered[1] - covered[0] >= SAME_ALPHA * covered[1] > 0:
        return False  # the sums differ by no more than the alphas do: most pairs need no closer look
    first, second = to_float(a), to_float(b)
    either = float(np.maximum(first[..., 3], second[..., 3]).sum())
    if either == 0:
        return True
    if float(np.abs(first[..., 3] - second[..., 3]).sum()) / either >= SAME_ALPHA:
        return False
    both = np.minimum(first[..., 3], second[..., 3])
    return float((np.abs(first[..., :3] - second[..., :3]).mean(-1) * both).sum()) / either < SAME_COLOUR


def _doubted(kept: list[Kept]) -> list[Kept]:
    """Less confidence in layers that look like what is beneath them: the thing was taken out but left behind, too."""
    beneath: Plane = np.zeros((*kept[0].pixels.shape[:2], 4), np.float32)
    judged: list[Kept] = []
    for layer in kept:
        straight = to_float(layer.pixels)
        if judged:
            alpha = straight[..., 3]
            news = float((np.abs(straight[..., :3] - beneath[..., :3]).mean(-1) * alpha).sum() / alpha.sum())
            layer = layer if news >= NOTHING_NEW else Kept(layer.pixels, layer.place, DOUBTFUL)
        judged.append(layer)
        beneath = over(premultiply(straight), beneath)
    return judged
