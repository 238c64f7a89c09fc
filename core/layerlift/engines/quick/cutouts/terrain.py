"""The clean part of a picture: stretches of slowly changing colour, as designs have them and photographs do not.

Law: pixels in, masks and polynomials out; knows no saliency, no subjects. A *surface* is a connected flat stretch that
a quadratic polynomial explains; large ones are kept one by one, small ones only count as clean ground.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.raster import pieces, placed, worn
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Plane

STEP = 3.5 / 255
"""Neighbouring pixels of one surface differ by at most this (largest channel), plus what the noise adds."""
RESIDUAL, TIGHT = 3.0 / 255, 1.6 / 255
"""Distance (largest channel, 90th percentile) from the fitted polynomial that a large surface may have, and a small
one or a part of a flat drawing; the noise is added."""
LARGE, SMALL = 0.004, 0.0003
"""Shares of the picture: from `LARGE` a stretch is a surface whatever it belongs to; from `SMALL` it is clean ground
if nothing salient is there (else a highlight, a shirt)."""
DULL = 0.3
"""Mean saliency up to which a small stretch is ground."""
MOST_SURFACES, MOST_STRETCHES = 48, 400
DOMINANT = ((3, 0.25), (3, 0.25), (6, 0.45))
"""What one flat stretch that leaks is taken apart into: terms of the polynomial, and the share it must explain."""
_SAMPLES = 3000
_SHADES_OF_NOISE = 2.5


@dataclass(frozen=True, eq=False)
class Surface:
    """One large clean stretch: where it is, and its colour as a polynomial (`coefficients` (6, 3))."""

    mask: Mask
    coefficients: NDArray[np.float64]

    def colours(self, y: NDArray[np.intp], x: NDArray[np.intp]) -> NDArray[np.float64]:
        """Its colours, continued to the pixels (y, x): (n, 3)."""
        return _terms(y, x, self.mask.shape) @ self.coefficients


@dataclass(frozen=True, eq=False)
class Terrain:
    """`surfaces`, largest first; `clean`: all clean ground; `flat`: small change to the neighbours; `image`: the
    picture itself; `noise`: its standard deviation."""

    surfaces: tuple[Surface, ...]
    clean: Mask
    flat: Mask
    image: Plane
    noise: float


def survey(image: Plane, salient: Plane) -> Terrain:
    """The terrain of `image` (H, W, 3) float32 0–1, given how `salient` (H, W) its pixels are."""
    rest = noise(image)
    flat = steps(image) <= STEP + _SHADES_OF_NOISE * rest
    surfaces: list[Surface] = []
    clean = np.zeros(flat.shape, bool)
    large, small = max(64, LARGE * flat.size), max(24, SMALL * flat.size)
    for piece, bounds in islice(pieces(flat, small, connectivity=4), MOST_STRETCHES):
        if piece.sum() >= large:
            for mask, coefficients in _stretches(image, piece, bounds, rest, large):
                clean[bounds.slices] |= mask
                surfaces.append(Surface(placed(mask, bounds, flat.shape), coefficients))
        elif float(salient[bounds.slices][piece].mean()) <= DULL:
            clean[bounds.slices] |= piece & (_fit(image, piece, bounds)[1] <= TIGHT + rest)
    surfaces.sort(key=lambda surface: -int(surface.mask.sum()))
    return Terrain(tuple(surfaces[:MOST_SURFACES]), clean, flat, image, rest)


def _stretches(
    image: Plane, piece: Mask, bounds: Bounds, grain: float, large: float
) -> Iterator[tuple[Mask, NDArray[np.float64]]]:
    """The surfaces in one flat stretch: itself where one polynomial explains it, else those that dominate it.

    Shaded things leak into the panel that they lie on wherever their colours meet: least trimmed squares from the
    commonest colour (P. Rousseeuw, "Least Median of Squares Regression", JASA 79, 1984) tells them apart again.
    """
    coefficients, residual = _fit(image, piece, bounds)
    if residual <= RESIDUAL + grain:
        yield piece, coefficients
        return
    left = piece
    for terms, least in DOMINANT:
        mask, coefficients = _dominant(image, left, bounds, TIGHT + grain, terms)
        mask = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
        if mask.sum() < max(large, least * piece.sum()):
            continue
        yield mask, coefficients
        left = left & ~mask


def _dominant(
    image: Plane, piece: Mask, bounds: Bounds, tolerance: float, count: int
) -> tuple[Mask, NDArray[np.float64]]:
    """The pixels of `piece` that follow a polynomial of `count` terms grown from its commonest colour, and that."""
    y, x = np.nonzero(piece)
    pixels = image[bounds.slices][y, x]
    terms = _terms(y + bounds.y, x + bounds.x, image.shape)[:, :count]
    stride = max(1, len(y) // _SAMPLES)
    sample, basis = pixels[::stride], terms[::stride]
    bins = (sample * 31.99).astype(np.int64) @ np.array((1024, 32, 1))
    centre = np.median(sample[bins == np.bincount(bins).argmax()], axis=0)
    chosen = np.abs(sample - centre).max(axis=1) < 3 * tolerance
    coefficients = np.zeros((count, 3))
    for _ in range(4):
        if not chosen.any():
            break
        coefficients = np.linalg.lstsq(basis[chosen], sample[chosen].astype(np.float64), rcond=None)[0]
        chosen = np.abs(basis @ coefficients - sample).max(axis=1) < 1.5 * tolerance
    mask = np.zeros_like(piece)
    mask[y, x] = np.abs(terms @ coefficients - pixels).max(axis=1) < 1.5 * tolerance
    return mask, np.vstack([coefficients, np.zeros((6 - count, 3))])


def plainness(mask: Mask, bounds: Bounds, terrain: Terrain) -> float:
    """Share of the inside of `mask` (cut to `bounds`) that flat pieces of plain or graded colour explain: near 1 for
    drawn shapes, near 0 for photographs and shaded things."""
    core = worn(np.pad(mask, 3), 2)[3:-3, 3:-3]
    total = int(core.sum())
    if total == 0:
        return 1.0
    explained = 0
    for piece, place in pieces(terrain.flat[bounds.slices] & core, max(16, 0.015 * total), connectivity=4):
        _, residual = _fit(terrain.image[bounds.slices], piece, place)
        explained += int(piece.sum()) if residual <= TIGHT + terrain.noise else 0
    return explained / total


def noise(image: Plane) -> float:
    """Standard deviation of the pixel noise, robustly: half of the picture may be texture and it is still right.

    J. Immerkær, "Fast Noise Variance Estimation", CVIU 64(2), 1996, with a low quantile in place of the mean.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    kernel = np.array(((1, -2, 1), (-2, 4, -2), (1, -2, 1)), np.float32)
    response = np.abs(cv2.filter2D(grey, -1, kernel, borderType=cv2.BORDER_REFLECT_101))
    return float(np.quantile(response, 0.3)) / (0.385 * 6)


def steps(image: Plane) -> Plane:
    """Largest change (over channels) from each pixel to its right and lower neighbour."""
    step = np.zeros(image.shape[:2], np.float32)
    across, down = cv2.absdiff(image[:, 1:], image[:, :-1]), cv2.absdiff(image[1:], image[:-1])
    if across.size:
        step[:, :-1] = np.maximum(np.maximum(across[..., 0], across[..., 1]), across[..., 2])
    if down.size:
        np.maximum(step[:-1], np.maximum(np.maximum(down[..., 0], down[..., 1]), down[..., 2]), out=step[:-1])
    return step


def _terms(y: NDArray[np.intp], x: NDArray[np.intp], shape: tuple[int, ...]) -> NDArray[np.float64]:
    v, u = y / max(1, shape[0]), x / max(1, shape[1])
    return np.stack([np.ones_like(u), u, v, u * v, u * u, v * v], axis=1)


def _fit(image: Plane, piece: Mask, bounds: Bounds) -> tuple[NDArray[np.float64], float]:
    """Least squares of a quadratic on a regular sample of `piece`: coefficients, 90th percentile of distance."""
    y, x = np.nonzero(piece)
    stride = max(1, len(y) // _SAMPLES)
    y, x = y[::stride] + bounds.y, x[::stride] + bounds.x
    terms, colours = _terms(y, x, image.shape), image[y, x].astype(np.float64)
    coefficients: NDArray[np.float64] = np.linalg.lstsq(terms, colours, rcond=None)[0].astype(np.float64)
    distance = np.abs(terms @ coefficients - colours).max(axis=1)
    return coefficients, float(np.quantile(distance, 0.9))
