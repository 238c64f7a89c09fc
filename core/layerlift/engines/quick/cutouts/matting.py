"""Closed-form matting: from "surely in, surely out, unsure" to a soft alpha that follows the picture's edges.

Law: mathematics on planes; knows the trimap, not where it came from. No sparse matrices: `laplacian` applies L by box
filters and conjugate gradients are led from coarse to fine, so that few fine steps are left to do.
Sources: Levin et al., PAMI 2008 (the energy); He, Sun, Tang, CVPR 2010 (the operator); K. He, J. Sun, "Fast Guided
Filter", arXiv:1505.00996, 2015 (the way up to full size).
"""

from __future__ import annotations

import numpy as np

from layerlift.engines.quick.cutouts.laplacian import MattingLaplacian
from layerlift.engines.quick.raster import resized
from layerlift.imaging.layer import Mask, Plane

SOLVE_SIDE = 640
"""Longest side at which the system is solved; finer detail comes from the guided upsampling."""
EPSILON = 1e-6
"""Levin's regularisation of a window's covariance: lower keeps finer hair, higher survives JPEG noise."""
STEPS = (60, 60, 80, 100)
"""Conjugate gradient steps per level, finest first (each level halves the side): within 1 % of the converged alpha."""
TOLERANCE = 1e-4
_COARSEST = 24
_GUIDE_EPSILON = 2.5e-3
_GUIDE_RADIUS = 2


def alpha(image: Plane, trimap: Plane) -> Plane:
    """Alpha (H, W) float32 0–1 of `image` (H, W, 3) float32 0–1 sRGB under `trimap` (H, W).

    In the trimap ≥ 0.99 is surely foreground, ≤ 0.01 surely background, all else unknown. Known pixels keep their
    value. Without any known foreground the answer is all 0, without any known background all 1.
    """
    inside, outside = trimap >= 0.99, trimap <= 0.01
    if inside.any() and outside.any() and not (inside | outside).all():
        solved = _solved(image, inside, outside)
    else:
        solved = np.full(trimap.shape, 0.0 if not inside.any() else 1.0, np.float32)
    solved[inside], solved[outside] = 1, 0
    return solved


def _solved(image: Plane, inside: Mask, outside: Mask) -> Plane:
    height, width = inside.shape
    scale = min(1.0, SOLVE_SIDE / max(height, width))
    if scale == 1:
        return _coarse_to_fine(image, inside, outside)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = resized(image, size)
    rough = _coarse_to_fine(small, _shrunk(inside, size), _shrunk(outside, size))
    return upsampled(rough, small, image)


def _coarse_to_fine(image: Plane, inside: Mask, outside: Mask) -> Plane:
    """Solve on a pyramid: each level starts from the coarser one's answer."""
    height, width = inside.shape
    levels = [n for n in range(len(STEPS)) if n == 0 or min(height, width) >> n >= _COARSEST]
    guess: Plane | None = None
    for level in reversed(levels):
        size = max(1, width >> level), max(1, height >> level)
        picture = resized(image, size) if level else image
        known_in, known_out = (_shrunk(inside, size), _shrunk(outside, size)) if level else (inside, outside)
        start = np.full(known_in.shape, 0.5, np.float32) if guess is None else resized(guess, size)
        guess = _conjugate_gradients(picture, known_in, known_out, start, STEPS[level])
    assert guess is not None
    return guess


def _conjugate_gradients(image: Plane, inside: Mask, outside: Mask, start: Plane, steps: int) -> Plane:
    """Jacobi-preconditioned conjugate gradients on the unknown pixels only (known ones move to the right side)."""
    unknown = (~(inside | outside)).astype(np.float32)
    known = inside.astype(np.float32)
    laplacian = MattingLaplacian(image, EPSILON)
    scale: Plane = unknown / laplacian.diagonal()
    right: Plane = -laplacian(known) * unknown
    x: Plane = start * unknown
    residual: Plane = right - laplacian(x) * unknown
    enough = TOLERANCE**2 * max(_inner(right, right), 1e-12)
    direction: Plane = scale * residual
    gain = _inner(residual, direction)
    for _ in range(steps):
        if _inner(residual, residual) <= enough or gain <= 0:
            break
        image_of = laplacian(direction) * unknown
        curvature = _inner(direction, image_of)
        if curvature <= 0:  # rounding has eaten the last of the energy
            break
        step = np.float32(gain / curvature)
        x += step * direction
        residual -= step * image_of
        conditioned = scale * residual
        gain, before = _inner(residual, conditioned), gain
        direction = conditioned + np.float32(gain / before) * direction
    out: Plane = np.clip(x * unknown + known, 0, 1)
    return out


def upsampled(rough: Plane, small: Plane, image: Plane) -> Plane:
    """`rough` alpha (h, w) of `small` (h, w, 3) carried to the size of `image` (H, W, 3) along the edges of `image`.

    Fast guided filter: alpha is affine in colour over small windows; the affine maps are enlarged, not the alpha.
    """
    height, width = image.shape[:2]
    maps = MattingLaplacian(small, _GUIDE_EPSILON, _GUIDE_RADIUS).affine(rough)
    wide = resized(maps, (width, height))
    out: Plane = wide[..., 3].copy()
    for channel in range(3):
        out += wide[..., channel] * image[..., channel]
    return np.clip(out, 0, 1, out=out)


def _shrunk(mask: Mask, size: tuple[int, int]) -> Mask:
    """A mask at a smaller size: true only where all of the pixel was."""
    small: Mask = resized(mask.astype(np.float32), size) >= 0.99
    return small


def _inner(a: Plane, b: Plane) -> float:
    return float(np.vdot(a, b))
