"""Islands: textured things that stand on clean surfaces, found without asking a network.

Law: pixels in, masks out; knows no saliency, no matting, no elements. A *surface* is a connected stretch of slowly
changing colour that a quadratic polynomial explains; an *island* is what is thick, busy and surrounded by surfaces.
Flat panels are surfaces themselves, so a cut-out on a card is found and the card is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.raster import disc, grown, holes, pieces, placed
from layerlift.imaging.layer import Mask, Plane

STEP = 3.5 / 255
"""Neighbouring pixels of one surface differ by at most this (largest channel), plus what the noise adds."""
RESIDUAL = 3.0 / 255
"""Mean distance (largest channel) from the fitted polynomial that a surface may have, plus noise."""
SMALLEST_SURFACE = 0.004
"""Share of the picture below which a flat spot is part of a thing (a highlight, a shirt), never a surface."""
SMALLEST_ISLAND = 0.003
"""Share of the picture below which a busy spot is left to the graphics."""
SHORE = 0.6
"""Share of an island's surroundings that must be surface: on photographs nothing is an island."""
SOFTEST = 14
"""Widest inner border, in pixels, that is still an edge."""
MOST_SURFACES = 48
_SAMPLES = 3000


@dataclass(frozen=True, eq=False)
class Surface:
    """One clean stretch: where it is, and its colour as a polynomial (`coefficients` (6, 3) of 1 x y xy x² y²)."""

    mask: Mask
    coefficients: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ground:
    """The clean part of a picture: `surfaces`, their union `clean`, and `step` (H, W), the change to the neighbours."""

    surfaces: tuple[Surface, ...]
    clean: Mask
    flat: Mask


def survey(image: Plane) -> Ground:
    """Find the surfaces of `image` (H, W, 3) float32 0–1."""
    flat = _steps(image) <= STEP + 2.5 * noise(image)
    tolerance = RESIDUAL + noise(image)
    surfaces = []
    clean = np.zeros(flat.shape, bool)
    stretches = pieces(flat, max(64, SMALLEST_SURFACE * flat.size), connectivity=4)
    for piece, bounds in islice(stretches, MOST_SURFACES):
        mask = placed(piece, bounds, flat.shape)
        coefficients, residual = _fit(image, mask)
        if residual <= tolerance:
            surfaces.append(Surface(mask, coefficients))
            clean |= mask
    return Ground(tuple(surfaces), clean, flat)


def islands(ground: Ground) -> list[Mask]:
    """The islands of a surveyed picture, largest first. Holes through which the ground shows stay open."""
    height, width = ground.clean.shape
    thick = max(1, round(0.003 * max(height, width)))
    busy = ~ground.clean
    core = cv2.morphologyEx(busy.astype(np.uint8), cv2.MORPH_OPEN, disc(thick), borderType=cv2.BORDER_REPLICATE)
    found = []
    for piece, bounds in pieces(core > 0, max(36, 0.3 * SMALLEST_ISLAND * core.size)):
        mask = _filled(placed(piece, bounds, core.shape), ground)
        if mask.sum() >= SMALLEST_ISLAND * core.size and _surrounded(mask, ground):
            found.append(mask)
    return sorted(found, key=lambda mask: -int(mask.sum()))


def softness(image: Plane, mask: Mask, ground: Ground) -> int:
    """How many pixels inside its outline an island needs to become itself: at least 2, at most `SOFTEST`.

    Measured as the depth at which the distance from the ground's colours has reached most of its plateau.
    """
    around = _around(mask, ground)
    if not around:
        return 3
    depth = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    y, x = np.nonzero((depth > 0) & (depth <= SOFTEST + 2))
    terms = _terms(y, x, mask.shape)
    away = np.min([np.abs(terms @ s.coefficients - image[y, x]).max(axis=1) for s in around], axis=0)
    ring = depth[y, x].astype(np.intp)
    mean = np.bincount(ring, away, SOFTEST + 3) / np.maximum(np.bincount(ring, minlength=SOFTEST + 3), 1)
    reached = np.flatnonzero(mean >= 0.85 * mean[3:].max())
    return int(np.clip(reached[0] + 1 if reached.size else 3, 2, SOFTEST))


def noise(image: Plane) -> float:
    """Standard deviation of the pixel noise, robustly: half of the picture may be texture and it is still right.

    J. Immerkær, "Fast Noise Variance Estimation", CVIU 64(2), 1996, with a low quantile in place of the mean.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    kernel = np.array(((1, -2, 1), (-2, 4, -2), (1, -2, 1)), np.float32)
    response = np.abs(cv2.filter2D(grey, -1, kernel, borderType=cv2.BORDER_REFLECT_101))
    return float(np.quantile(response, 0.3)) / (0.385 * 6)


def _steps(image: Plane) -> Plane:
    """Largest change (over channels) from each pixel to its right and lower neighbour."""
    step = np.zeros(image.shape[:2], np.float32)
    across, down = np.abs(np.diff(image, axis=1)).max(axis=2), np.abs(np.diff(image, axis=0)).max(axis=2)
    step[:, :-1] = across
    np.maximum(step[:-1], down, out=step[:-1])
    return step


def _terms(y: NDArray[np.intp], x: NDArray[np.intp], shape: tuple[int, ...]) -> NDArray[np.float64]:
    v, u = y / max(1, shape[0]), x / max(1, shape[1])
    return np.stack([np.ones_like(u), u, v, u * v, u * u, v * v], axis=1)


def _fit(image: Plane, mask: Mask) -> tuple[NDArray[np.float64], float]:
    """Least squares of a quadratic on a regular sample of `mask`: coefficients, and the 90th percentile of distance."""
    y, x = np.nonzero(mask)
    stride = max(1, len(y) // _SAMPLES)
    y, x = y[::stride], x[::stride]
    terms, colours = _terms(y, x, mask.shape), image[y, x].astype(np.float64)
    coefficients: NDArray[np.float64] = np.linalg.lstsq(terms, colours, rcond=None)[0].astype(np.float64)
    distance = np.abs(terms @ coefficients - colours).max(axis=1)
    return coefficients, float(np.quantile(distance, 0.9))


def _filled(mask: Mask, ground: Ground) -> Mask:
    """`mask` with its holes filled, except where the surface around the island is seen again."""
    inner = holes(mask)
    if not inner.any():
        return mask
    around = _around(mask, ground)
    out = mask.copy()
    for piece, bounds in pieces(inner, connectivity=4):
        hole = placed(piece, bounds, mask.shape)
        seen = [s for s in ground.surfaces if (s.mask & hole).any()]
        shows = any(_same(a, s, hole & s.mask) for a in around for s in seen)
        out |= hole & ~ground.clean if shows else hole
    return out


def _around(mask: Mask, ground: Ground) -> list[Surface]:
    """The surfaces that touch the outside of `mask`."""
    closed: Mask = mask | holes(mask)
    ring = grown(closed, 6) & ~closed
    least = 0.1 * ring.sum()
    return [surface for surface in ground.surfaces if (surface.mask & ring).sum() > least]


def _same(one: Surface, other: Surface, where: Mask) -> bool:
    """Whether the surface `one`, continued to `where`, has the colours of `other` there."""
    y, x = np.nonzero(where)
    terms = _terms(y[:: max(1, len(y) // 500)], x[:: max(1, len(y) // 500)], where.shape)
    return bool(np.abs(terms @ (one.coefficients - other.coefficients)).max(axis=1).mean() < 8 / 255)


def _surrounded(mask: Mask, ground: Ground) -> bool:
    """Whether mostly clean surface lies around `mask` (the frame counts for nothing)."""
    near = grown(mask, 4)
    ring = grown(near, 4) & ~near
    return bool(ring.any()) and float(ground.clean[ring].mean()) >= SHORE
