"""Shade: ground that a soft shadow darkens is ground still, and no part of what casts the shadow.

Law: planes in, masks out; knows surfaces only by the colours with which they continue. Black "over" a ground B is k · B
with one k for all channels; soft means that k changes slowly and starts at 1 where the shadow begins.
"""

from __future__ import annotations

from itertools import islice
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.raster import disc, grown, pieces, placed
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Plane

REACH = 90
"""How far (pixels) beyond its surface a shadow is followed."""
DEEPEST = 0.3
"""Darkest k: below it nothing can be told from black."""
EXACT = 5 / 255
"""How exactly shade is a multiple of its ground (largest channel); the noise is added."""
SOFT = 0.02
"""Steepest step of k between neighbours."""
GATE = 1
"""Radius (pixels) of the narrowest passage that shade flows through: a soft spot in an outline is no way in."""
LEAST, MOST = 30, 60
"""Pixels of a hole from which ground shows through it, and how many holes are looked at."""
RIM, CRISP = 3, 0.1
"""A hole ends within so many pixels, where the thing around it is so different."""
_COARSE = 4
_DARK = 0.04


class Coloured(Protocol):
    """What is known of a surface."""

    @property
    def mask(self) -> Mask:
        """Where it is seen."""

    def colours(self, y: NDArray[np.intp], x: NDArray[np.intp]) -> NDArray[np.float64]:
        """Its colours, continued."""


def shaded(image: Plane, surface: Coloured, bounds: Bounds, noise: float) -> tuple[Mask, Bounds]:
    """Where `surface` (seen within `bounds`) goes on in `image` (H, W, 3), in its own colours or in shade; with the
    bounds to which that mask is cut. Holds what is seen of the surface, too."""
    canvas = Bounds(0, 0, image.shape[1], image.shape[0])
    window = bounds.grow(REACH).intersect(canvas)
    seen = surface.mask[window.slices]
    ground = continued(surface, window)
    here = image[window.slices]
    k = (here * ground).sum(axis=2) / np.maximum((ground * ground).sum(axis=2), _DARK * _DARK)
    rest = cv2.absdiff(here, ground * k[..., None])
    off = np.maximum(np.maximum(rest[..., 0], rest[..., 1]), rest[..., 2])
    ok = (off < EXACT + 3 * noise) & (k > DEEPEST) & (k < 1.02) & (_steps(k) < SOFT + 4 * noise)
    core = cv2.morphologyEx((ok | seen).astype(np.uint8), cv2.MORPH_OPEN, disc(GATE)) > 0
    count, labels = cv2.connectedComponents((core | seen).astype(np.uint8), connectivity=4)
    joined = np.zeros(count, bool)
    joined[np.unique(labels[seen])] = True
    joined[0] = False
    out = joined[labels]
    return out | _again(off, k, out, noise), window


def _again(off: Plane, k: Plane, known: Mask, noise: float) -> Mask:
    """Where the surface is seen again through holes: its very colours, and around them at once something else."""
    away = np.maximum(off, np.abs(k - 1))
    exact = cv2.morphologyEx(((away < EXACT + 2 * noise) & ~known).astype(np.uint8), cv2.MORPH_OPEN, disc(1)) > 0
    out = np.zeros_like(known)
    for piece, bounds in islice(pieces(exact, LEAST, connectivity=4), MOST):
        around = bounds.grow(RIM + 1).intersect(Bounds(0, 0, known.shape[1], known.shape[0]))
        mask = placed(piece, bounds.shift(-around.x, -around.y), (around.height, around.width))
        rim = grown(mask, RIM + 1) & ~grown(mask, RIM) & ~known[around.slices]
        if rim.any() and float((away[around.slices][rim] > CRISP).mean()) > 0.8:
            out[around.slices] |= mask
    return out


def continued(surface: Coloured, window: Bounds) -> Plane:
    """The surface's colours (h, w, 3) all over `window`: they change slowly, so they are worked out coarsely."""
    rows, columns = -(-window.height // _COARSE), -(-window.width // _COARSE)
    y = (np.arange(rows) + 0.5) * (window.height / rows) - 0.5 + window.y
    x = (np.arange(columns) + 0.5) * (window.width / columns) - 0.5 + window.x
    grid = np.meshgrid(y, x, indexing="ij")
    colours = surface.colours(grid[0].ravel(), grid[1].ravel()).reshape(rows, columns, 3)
    out = cv2.resize(colours.astype(np.float32), (window.width, window.height), interpolation=cv2.INTER_LINEAR)
    return np.clip(out, 0, 1).astype(np.float32, copy=False)


def _steps(k: Plane) -> Plane:
    """Largest change of k to a direct neighbour."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    out: Plane = np.maximum(cv2.dilate(k, cross) - k, k - cv2.erode(k, cross))
    return out
