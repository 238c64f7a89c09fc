"""What lies behind a line of text: a surface fitted robustly to what is seen between and around the letters.

Law: models backgrounds only. Straight sRGB-encoded float32 0–1. A surface is a polynomial of degree 0–2 in x, y per
channel, fitted by repeated selection of inliers (least trimmed squares, Rousseeuw 1984) from several seeds, since
quads on small buttons show two surfaces.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.letters.distances import largest
from layerlift.engines.quick.letters.patch import Patch, grown
from layerlift.imaging.layer import Mask, Plane

SEEDS = 4
"""Colours from which surfaces are tried: panel, what is around the panel, ink, and one to spare."""
SAMPLES = 4000
"""Pixels used for fitting; more change the third digit only."""
COARSE, FINE = 0.12, 0.02
"""A pixel belongs to the surface within this distance (largest channel), first and at last, before noise is known."""
NOISIEST = 0.03
"""Above this standard deviation in its two quieter channels a "surface" is a texture (JPEG may spoil the third)."""


@dataclass(frozen=True, eq=False)
class Ground:
    """A background: `colour` (h, w, 3) everywhere in the patch, the `noise` (3,) of what was explained (standard
    deviation per channel: JPEG is noisiest in blue), the share of the quad's `rim` that it explains, and whether it is
    a `smooth` surface or what was interpolated from a texture."""

    colour: Plane
    noise: Plane
    rim: float
    smooth: bool = True


def surface(patch: Patch) -> Ground | None:
    """The surface on which the line stands, or None where nothing smooth explains the quad's rim."""
    near = (patch.inside | patch.rim) & ~patch.others
    basis = _basis(near.shape)
    index = np.flatnonzero(near.ravel())
    if index.size < 12:
        return None
    index = index[:: max(1, index.size // SAMPLES)]
    colours = patch.pixels.reshape(-1, 3)[index]
    rim = patch.rim.ravel()[index]
    near_basis = basis[index]
    best: tuple[float, Plane, Plane, float] | None = None
    for seed in _seeds(colours):
        fitted = _fit(near_basis, colours, seed)
        if fitted is None:
            continue
        weights, noise, explained = fitted
        on_rim = float(explained[rim].mean()) if rim.any() else 0.0
        score = float(explained.mean()) + 2 * on_rim
        if np.median(noise) <= NOISIEST and (best is None or score > best[0]):
            best = score, weights, noise, on_rim
    if best is None or best[3] < 0.5:
        return None
    colour = np.clip((basis @ best[1]).reshape(patch.pixels.shape), 0, 1).astype(np.float32)
    return Ground(colour, best[2], best[3])


def _basis(shape: tuple[int, ...]) -> Plane:
    height, width = shape
    scale = 2 / max(height, width)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = (x - width / 2) * scale, (y - height / 2) * scale
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6).astype(np.float32)


def _seeds(colours: Plane) -> list[Plane]:
    clusters = min(SEEDS, len(colours))
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.002)
    unset = np.empty(0, np.int32)
    _, _, centres = cv2.kmeans(np.ascontiguousarray(colours), clusters, unset, stop, 1, cv2.KMEANS_PP_CENTERS)
    return list(centres.astype(np.float32))


def _fit(basis: Plane, colours: Plane, seed: Plane) -> tuple[Plane, Plane, NDArray[np.bool_]] | None:
    weights = np.zeros((6, 3), np.float32)
    weights[0] = seed
    limit = COARSE
    error = largest(colours - basis @ weights)
    for step in range(7):
        inliers = error < limit
        if inliers.sum() < 12:
            return None
        terms = 1 if step == 0 else 3 if step < 4 else 6
        weights = np.zeros((6, 3), np.float32)
        a = basis[inliers, :terms].astype(np.float64)
        ridge = 1e-4 * len(a) * np.diag([0.0, 1, 1, 1, 1, 1][:terms])
        weights[:terms] = np.linalg.solve(a.T @ a + ridge, a.T @ colours[inliers])
        error = largest(colours - basis @ weights)
        limit = max(FINE, 5 * float(np.median(error[inliers])), limit * 0.6 if step < 5 else 0)
    explained = np.asarray(error < limit)
    if explained.sum() < 12:
        return None
    return weights, _noise(colours[explained] - basis[explained] @ weights), explained


def _noise(residual: Plane) -> Plane:
    """(3,) standard deviation per channel, from the 90th percentile: JPEG's noise lies in few blocks, near letters."""
    return (np.percentile(np.abs(residual), 90, axis=0) / 1.645).astype(np.float32)


def continued(pixels: Plane, hole: Mask) -> Plane:
    """`pixels` (h, w, 3) with `hole` filled smoothly from around it.

    Source: pull–push, Gortler et al., "The Lumigraph", SIGGRAPH 1996, §3.4.
    """
    if not hole.any():
        return pixels
    if hole.all():
        return np.broadcast_to(pixels.mean(axis=(0, 1)), pixels.shape).astype(np.float32)
    known = (~hole).astype(np.float32)
    return _pull_push(pixels * known[..., None], known)


def _pull_push(weighted: Plane, weight: Plane) -> Plane:
    """`weighted` is colour × weight; returns colour, with what has little weight taken from coarser levels."""
    height, width = weight.shape
    here = (weighted / np.maximum(weight, 1e-6)[..., None]).astype(np.float32)
    if max(height, width) == 1 or bool((weight > 0.999).all()):
        return here
    half = ((width + 1) // 2, (height + 1) // 2)
    colour = cv2.resize(cv2.blur(weighted, (3, 3)), half, interpolation=cv2.INTER_AREA).reshape(half[1], half[0], 3)
    share = cv2.resize(cv2.blur(weight, (3, 3)), half, interpolation=cv2.INTER_AREA).reshape(half[1], half[0])
    sure = np.minimum(share * 4, 1)
    coarse = _pull_push((colour * (sure / np.maximum(share, 1e-6))[..., None]).astype(np.float32), sure)
    above = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width, 3)
    return (weight[..., None] * here + (1 - weight[..., None]) * above).astype(np.float32)


def interpolated(pixels: Plane, ink: Mask, noise: float) -> Ground:
    """The background as what surrounds `ink` (the letters, generously): for textures and photographs."""
    return Ground(continued(pixels, ink), np.full(3, noise, np.float32), float((~grown(ink, 1)).mean()), smooth=False)
