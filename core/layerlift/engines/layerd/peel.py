"""One layer off the top, and what is left beneath it.

Law: the order of LayerD's steps for one layer (arXiv 2509.25134, §3) and when there is nothing more to take; each step
has a file of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from layerlift.engines.layerd import edges, filling, matting, palette
from layerlift.engines.layerd.network import Network
from layerlift.imaging.layer import Mask, Plane
from layerlift.progress import Progress

_SEEN = 0.005
"""Alpha above which something is taken away, at all (the paper's code)."""
_OPAQUE = 0.95
"""Alpha from which a pixel is nothing but the thing (the paper's code)."""
_GROWN = 0.015
"""How far holes are grown beyond the matte, in parts of each side (the paper's code): what is left of a soft edge would
be painted on."""
_LEAST = 1e-4
"""Share of the picture that a thing must cover (with alpha > 1/2) to be one: a tenth of a per mille is 10 × 10 pixels
of a thousand each way."""
_MOST = 0.97
"""Share of the picture that a hole may take: with less left to see, there is no ground to go on with."""
_AGAIN = 0.9
"""Overlap with the layer before, in the same colours, from which it is the same thing painted back by the filling."""
_SAME = 12 / 255


@dataclass(frozen=True, eq=False)
class Peeled:
    """A layer: straight `colours` (h, w, 3) and `alpha` (h, w), float32 0–1, `below`: the picture without it;
    `flat`: made of flat colours; `sureness`: how certain the matte is (mean distance of its alpha from ½, 0–1)."""

    colours: Plane
    alpha: Plane
    below: Plane
    flat: bool
    sureness: float


def peel(
    matter: Network, filler: Network | None, image: Plane, last: Peeled | None, progress: Progress
) -> Peeled | None:
    """The topmost layer of `image` (h, w, 3) float32 0–1 sRGB, or None where there is nothing to take. `last`: the
    layer taken before. Raises Cancelled, EngineError."""
    alpha = matting.alpha(matter, image, progress)
    alpha = np.where(alpha > _SEEN, alpha, np.float32(0))
    if not _worth(alpha):
        return None
    progress.advance(0.5)
    hole = _grown(alpha > 0)
    if hole.mean() > _MOST or (last is not None and _again(image, alpha, last)):
        return None
    below = _ground(filler, image, hole, progress.part(0.5, 0.9))
    alpha, colours, flat = edges.sharpen(image, below, alpha, max(2, max(_reach(image)) // 2))
    missed = (alpha > _SEEN) & ~hole
    if missed.any():
        hole |= _grown(missed)
        below = _ground(filler, image, hole, progress.part(0.9, 1.0))
    progress.advance(1.0)
    colours = np.where((alpha > 0)[..., None], _unblended(colours, image, below, alpha, flat), image)
    return Peeled(colours, alpha, below, flat, float(np.abs(2 * alpha[alpha > 0] - 1).mean()))


def _worth(alpha: Plane) -> bool:
    return bool((alpha > 0.5).mean() >= _LEAST)


def _reach(image: Plane | Mask) -> tuple[int, int]:
    """Odd sides of the element that holes are grown by."""
    height, width = image.shape[:2]
    return max(3, round(height * _GROWN) | 1), max(3, round(width * _GROWN) | 1)


def _grown(mask: Mask) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones(_reach(mask), np.uint8)) > 0)


def _ground(filler: Network | None, image: Plane, hole: Mask, progress: Progress) -> Plane:
    return palette.flatten_ground(filling.fill(filler, image, hole, progress), hole)


def _again(image: Plane, alpha: Plane, last: Peeled) -> bool:
    """Whether this is the layer before, painted back by the filling."""
    one, other = alpha > 0.5, last.alpha > 0.5
    both = one & other
    if both.sum() < _AGAIN * (one | other).sum():
        return False
    return bool(np.abs(image[both] - last.colours[both]).mean() < _SAME)


def _unblended(colours: Plane, image: Plane, below: Plane, alpha: Plane, flat: bool) -> Plane:
    """F = (C − (1 − α)B)/α at soft edges; what `edges` has said already stays said."""
    said = (np.abs(colours - image).max(2) > 0) if flat else np.zeros(alpha.shape, np.bool_)
    share = np.where(alpha >= _OPAQUE, np.float32(1), alpha)[..., None]
    solved = np.clip((image - (1 - share) * below) / np.maximum(share, _SEEN), 0, 1)
    return np.asarray(np.where(said[..., None], colours, solved), np.float32)
