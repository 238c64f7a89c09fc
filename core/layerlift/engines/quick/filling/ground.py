"""Flat and gradient grounds: a polynomial colour surface continued under a hole, with the noise that lies on it.

Law: pure functions on one crop; decides whether a polynomial explains the ring around a hole, never what else to do.
Fit: iteratively reweighted least squares with Cauchy weights (P. J. Huber, "Robust Statistics", 1981, §7.8).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.channels import largest
from layerlift.imaging.layer import Mask, Plane

LEVEL = 1 / 255
_SAMPLES = 6000
_MAX_NOISE = 7 * LEVEL
"""Above this, what looks like noise is texture: grass, fabric, film at ISO 6400."""
_GRAIN_FROM = 0.7 * LEVEL
"""Below this, noise is rounding, and a fill without any is right."""
_SMOOTH = 3.0
"""Steepest slope (levels per pixel) of a ground without edges: the softest edges people draw are steeper."""
_BLOCK = 8


@dataclass(frozen=True, eq=False)
class Ground:
    """A fitted polynomial over a crop: its `values` (H, W, C), the `noise` sigma around it, the deviation `slow` that
    is not noise (both 0–1 units), the share of ring pixels that are `inliers`, the `tolerance` of being one."""

    values: Plane
    noise: float
    slow: float
    inliers: float
    tolerance: float

    @property
    def explains(self) -> bool:
        """Whether the ring is this surface plus noise."""
        slow_enough = self.slow <= max(1.3 * LEVEL, 0.5 * self.noise)
        return self.inliers > 0.93 and self.noise < _MAX_NOISE and slow_enough


def fit(image: Plane, ring: Mask, degree: int) -> Ground | None:
    """The polynomial of lowest degree ≤ `degree` that describes `image` (H, W, C) on `ring`; None below 12 pixels."""
    index = np.flatnonzero(ring)
    if len(index) < 12:
        return None
    if len(index) > _SAMPLES:
        index = np.random.default_rng(0).choice(index, _SAMPLES, replace=False)
    monomials = _monomials(ring.shape)
    values = image.reshape(-1, image.shape[2])[index].astype(np.float64)
    noise = measure_noise(image, ring)
    tolerance = float(np.clip(4 * noise, 3 * LEVEL, 16 * LEVEL))
    basis = np.stack([m.ravel()[index] for m in monomials], 1).astype(np.float64)
    fits = [_robust(basis[:, :terms], values, tolerance) for terms in (1, 3, 6)[: degree + 1]]
    best = min(spread for _, spread in fits)
    coefficients = next(c for c, spread in fits if spread <= 1.1 * best + 0.1 * LEVEL).astype(np.float32)
    surface = np.zeros_like(image)
    for monomial, coefficient in zip(monomials, coefficients, strict=False):
        surface += monomial[..., None] * coefficient
    return _judged(image, ring, surface, noise, tolerance)


def cuts(image: Plane, hole: Mask, ring: Mask, ground: Ground) -> bool:
    """Whether `hole` cuts through something that stands on the ground: it should be continued, not wiped out.

    What is thinner than three pixels is the halo of what was removed and does not count.
    """
    outlier = ring & (largest(np.abs(image - ground.values)) >= ground.tolerance)
    solid = cv2.morphologyEx(outlier.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    contact = (cv2.dilate(hole.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0) & ring
    return bool((solid & contact).sum() > 0.015 * contact.sum())


def smooth(image: Plane, ring: Mask) -> bool:
    """Whether the ring shows neither edges nor texture: nothing that a membrane would smear."""
    inner = cv2.erode(ring.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if inner.sum() < 30:
        return False
    noise = measure_noise(image, ring)
    grey = cv2.blur(image, (3, 3))
    slope = np.maximum(
        largest(np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0))), largest(np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1)))
    )
    steepest = float(np.percentile(slope[inner], 99.9)) / 8
    return noise < _MAX_NOISE / 2 and steepest < _SMOOTH * LEVEL + noise


def grain(image: Plane, hole: Mask, context: Mask) -> Plane:
    """(H, W, C) the noise of the ground around `hole`, to be added to a smooth fill; 0 outside."""
    residual = image - cv2.blur(image, (5, 5))
    inlier = cv2.erode(context.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    inlier &= largest(np.abs(residual)) < 16 * LEVEL
    out = np.zeros_like(image)
    sigma = _calm_noise(residual, inlier)
    if sigma > _GRAIN_FROM:
        out[hole] = _grain(residual, hole, inlier, sigma)[hole]
    return out


def measure_noise(image: Plane, ring: Mask) -> float:
    """Sigma of the noise on `ring`, from differences of neighbours; the upper fifth, edges mostly, does not count."""
    both = ring[:, 1:] & ring[:, :-1]
    if not both.any():
        return 0.0
    difference = np.sort(np.abs(image[:, 1:][both] - image[:, :-1][both]).mean(1))
    return float(difference[: max(1, int(0.8 * len(difference)))].mean() / 0.8)


def extend(image: Plane, hole: Mask, context: Mask, ground: Ground) -> Plane:
    """`image` with `hole` continued by the polynomial of `ground` and by the noise found on it."""
    residual = image - ground.values
    inlier = context & (largest(np.abs(residual)) < ground.tolerance)
    fill = ground.values[hole]
    sigma = _calm_noise(residual, inlier)
    if sigma > _GRAIN_FROM:
        fill += _grain(residual, hole, inlier, sigma)[hole]
    out: Plane = image.copy()
    out[hole] = np.clip(fill, 0, 1)
    return out


def _calm_noise(residual: Plane, inlier: Mask) -> float:
    """Sigma of the noise in the calmer half of the ground: a JPEG's ringing around what was removed is no grain."""
    both = inlier[::2, 1:] & inlier[::2, :-1]
    if not both.any():
        return 0.0
    return float(np.median(np.abs(residual[::2, 1:][both] - residual[::2, :-1][both]).mean(1)))


def _monomials(shape: tuple[int, ...]) -> list[Plane]:
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j].astype(np.float32)
    return [np.ones_like(x), x, y, x * x, x * y, y * y]


def _robust(
    basis: NDArray[np.float64], values: NDArray[np.float64], tolerance: float
) -> tuple[NDArray[np.float64], float]:
    """Coefficients (terms, C) and the mean distance of the values from the surface, outliers cut off."""
    coefficients = np.zeros((basis.shape[1], values.shape[1]))
    coefficients[0] = np.median(values, 0)
    distance = largest(np.abs(values - coefficients[0]))
    for scale in (8.0, 4.0, 2.0, 1.0, 1.0, 0.5, 0.5):
        weight = 1 / (1 + (distance / (scale * tolerance)) ** 2)
        weighted = basis * weight[:, None]
        gram = weighted.T @ weighted + 1e-9 * np.eye(basis.shape[1])
        coefficients = np.linalg.solve(gram, weighted.T @ (values * weight[:, None]))
        distance = largest(np.abs(values - basis @ coefficients))
    return coefficients, float(np.mean(np.minimum(distance, tolerance)))


def _judged(image: Plane, ring: Mask, values: Plane, noise: float, tolerance: float) -> Ground:
    residual = image - values
    inlier = ring & (largest(np.abs(residual)) < tolerance)
    count = int(inlier.sum())
    if count == 0:
        return Ground(values, noise, 1.0, 0.0, tolerance)
    weight = inlier.astype(np.float32)
    support = np.maximum(cv2.blur(weight, (9, 9)), 1e-6)
    slow = (cv2.blur(residual * weight[..., None], (9, 9)) / support[..., None])[inlier]
    spread = float(np.sqrt(np.mean(residual[inlier] ** 2)))
    drift = float(np.sqrt(np.mean(slow**2)))
    return Ground(values, min(noise, spread), drift, count / float(ring.sum()), tolerance)


def _grain(residual: Plane, hole: Mask, inlier: Mask, sigma: float) -> Plane:
    """Noise over the crop: blocks of the real residual from random clean places, or white noise without any."""
    generator = np.random.default_rng(0)
    height, width = hole.shape
    whole = cv2.erode(
        inlier.astype(np.uint8), np.ones((_BLOCK, _BLOCK), np.uint8), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT
    )
    inner = max(0, width - _BLOCK)
    corners = np.flatnonzero(whole[: max(0, height - _BLOCK), :inner])
    if len(corners) < 24:
        return generator.normal(0, sigma, residual.shape).astype(np.float32)
    rows, columns = -(-height // _BLOCK), -(-width // _BLOCK)
    pick = corners[generator.integers(0, len(corners), (rows, columns))]
    y = np.repeat(np.repeat(pick // inner, _BLOCK, 0), _BLOCK, 1)[:height, :width] + np.arange(height)[:, None] % _BLOCK
    x = np.repeat(np.repeat(pick % inner, _BLOCK, 0), _BLOCK, 1)[:height, :width] + np.arange(width)[None] % _BLOCK
    out: Plane = residual[y, x]
    return out
