"""The clean part of a picture: stretches of slowly changing colour, as designs have them and photographs do not.

Law: pixels in, masks and polynomials out; knows no saliency, no subjects. A *surface* is a connected flat stretch that
a quadratic polynomial explains; large ones are kept one by one, small ones only count as clean ground.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.compression import compressed
from layerlift.engines.quick.cutouts import blend
from layerlift.engines.quick.cutouts.blend import Blend
from layerlift.engines.quick.cutouts.grain import calmed, noise, steps
from layerlift.engines.quick.cutouts.shade import shaded
from layerlift.engines.quick.raster import bounds_of, pieces, placed, worn
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
LEVEL = 1 / 255
DRAWN, WIDE = 0.65 * LEVEL, 0.15
"""Median distance from its model up to which a surface was drawn (rounding alone makes 0.4 levels); a shaded part of a
thing misses by more. From `WIDE`, a share of the picture, it is a ground all the same: seamless paper is not exact."""
DRAWN_JPEG = 0.9 * LEVEL
"""The same after JPEG."""
IDLE = 0.2
"""Mean saliency up to which a surface may miss its model twice as much: nobody takes it for a thing."""
BLENDED, SLIGHT = 0.05, 0.75 / 255
"""Share of the picture from which, and mean step between neighbours (noise added) up to which, a stretch that no
quadratic explains is tried as a drawn gradient: those of photographs are rougher."""
FOLLOWED = 0.5
"""Share of such a stretch that the gradient must explain."""
_SAMPLES = 3000
_SHADES_OF_NOISE = 2.5


@dataclass(frozen=True, eq=False)
class Quadratic:
    """Colour as a quadratic polynomial (`coefficients` (6, 3)) of the place in a picture of `shape`."""

    coefficients: NDArray[np.float64]
    shape: tuple[int, ...]

    def colours(self, y: NDArray[np.intp], x: NDArray[np.intp]) -> NDArray[np.float64]:
        """Colours (n, 3) at the pixels (y, x)."""
        return _terms(y, x, self.shape) @ self.coefficients


@dataclass(frozen=True, eq=False)
class Surface:
    """One large clean stretch: where it is, and its colour as a function of the place."""

    mask: Mask
    model: Quadratic | Blend

    def colours(self, y: NDArray[np.intp], x: NDArray[np.intp]) -> NDArray[np.float64]:
        """Its colours, continued to the pixels (y, x): (n, 3)."""
        return self.model.colours(y, x)


@dataclass(frozen=True, eq=False)
class Terrain:
    """`surfaces`, largest first; `clean`: all clean ground; `flat`: small change to the neighbours; `image`: the
    picture itself, its grain averaged out; `noise`: the standard deviation of what is left of it; `soft`: by how many
    pixels averaging has widened edges."""

    surfaces: tuple[Surface, ...]
    clean: Mask
    flat: Mask
    image: Plane
    noise: float
    soft: int = 0


def survey(image: Plane, salient: Plane) -> Terrain:
    """The terrain of `image` (H, W, 3) float32 0–1, given how `salient` (H, W) its pixels are."""
    blocky = compressed(image)
    image, widened = calmed(image, blocky)
    rest = noise(image)
    allowed = (DRAWN_JPEG if blocky else DRAWN) + min(rest, LEVEL / 3)
    change = steps(image)
    flat = change <= STEP + _SHADES_OF_NOISE * rest
    surfaces: list[Surface] = []
    clean = np.zeros(flat.shape, bool)
    large, small = max(64, LARGE * flat.size), max(24, SMALL * flat.size)
    for piece, bounds in islice(pieces(flat, small, connectivity=4), MOST_STRETCHES):
        if piece.sum() >= large:
            smooth = float(change[bounds.slices][piece].mean()) <= SLIGHT + rest
            for mask, model in _stretches(image, piece, bounds, rest, large, smooth):
                idle = float(salient[bounds.slices][mask].mean()) <= IDLE
                if (
                    mask.sum() >= WIDE * flat.size
                    or _misses(model, image, mask, bounds) <= (2 if idle else 1) * allowed
                ):
                    surfaces.append(Surface(placed(mask, bounds, flat.shape), model))
        elif float(salient[bounds.slices][piece].mean()) <= DULL:
            clean[bounds.slices] |= piece & (_fit(image, piece, bounds)[1] <= TIGHT + rest)
    surfaces.sort(key=lambda surface: -int(surface.mask.sum()))
    surfaces = [_completed(surface, image, rest) for surface in surfaces[:MOST_SURFACES]]
    for surface in surfaces:
        clean |= surface.mask
    return Terrain(tuple(surfaces), clean, flat, image, rest, widened)


def _misses(model: Quadratic | Blend, image: Plane, mask: Mask, bounds: Bounds) -> float:
    """Median distance (largest channel) of a surface's inside from its model."""
    y, x = np.nonzero(worn(np.pad(mask, 1), 1)[1:-1, 1:-1])
    if not y.size:
        return np.inf
    stride = max(1, len(y) // _SAMPLES)
    y, x = y[::stride] + bounds.y, x[::stride] + bounds.x
    return float(np.median(np.abs(model.colours(y, x) - image[y, x]).max(axis=1)))


def _completed(surface: Surface, image: Plane, grain: float) -> Surface:
    """The surface with what goes on of it in shade, and behind holes."""
    mask, window = shaded(image, surface, bounds_of(surface.mask), grain)
    return replace(surface, mask=placed(mask, window, surface.mask.shape))


def _stretches(
    image: Plane, piece: Mask, bounds: Bounds, grain: float, large: float, smooth: bool
) -> Iterator[tuple[Mask, Quadratic | Blend]]:
    """The surfaces in one flat stretch: itself where one polynomial explains it, else those that dominate it.

    Shaded things leak into the panel that they lie on wherever their colours meet: least trimmed squares from the
    commonest colour (P. Rousseeuw, "Least Median of Squares Regression", JASA 79, 1984) tells them apart again.
    """
    coefficients, residual = _fit(image, piece, bounds)
    left, wide = piece, piece.sum() >= BLENDED * image.shape[0] * image.shape[1]
    if residual > TIGHT + grain and wide and smooth:
        mask, model = _blended(image, piece, bounds, TIGHT + grain)
        if mask.sum() >= FOLLOWED * piece.sum():
            yield mask, model
            left = piece & ~mask
    if left is piece and residual <= RESIDUAL + grain:
        yield piece, Quadratic(coefficients, image.shape)
        return
    for terms, least in DOMINANT:
        if left.sum() < large:
            return
        mask, coefficients = _dominant(image, left, bounds, TIGHT + grain, terms)
        mask = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
        if mask.sum() < max(large, least * piece.sum()):
            continue
        yield mask, Quadratic(coefficients, image.shape)
        left = left & ~mask


def _blended(image: Plane, piece: Mask, bounds: Bounds, tolerance: float) -> tuple[Mask, Blend]:
    """The part of `piece` that follows the best drawn gradient, and that."""
    y, x = np.nonzero(piece)
    y, x = y + bounds.y, x + bounds.x
    stride = max(1, len(y) // _SAMPLES)
    pixels = image[y, x]
    model = blend.fit(y[::stride], x[::stride], pixels[::stride].astype(np.float64), image.shape, tolerance)
    mask = np.zeros_like(piece)
    mask[piece] = np.abs(model.colours(y, x) - pixels).max(axis=1) < 1.5 * tolerance
    mask = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    return mask, model


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
