"""Fill holes in the working picture so that nobody sees that something was there.

Law: decides per hole which of three continuations its surroundings ask for: a polynomial (`ground`), a
membrane (`membrane`) or copied patches (`patchfill`); knows none of their mathematics.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.filling import ground
from layerlift.engines.quick.filling.membrane import harmonic
from layerlift.engines.quick.filling.patchfill import complete
from layerlift.engines.quick.filling.replay import replay
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Mask, Plane
from layerlift.progress import Progress

_JOIN = 6
"""Holes nearer than this (pixels) are one: the letters of a line, the dots of a pattern."""
_PATCH_SIDE = 384
"""Longer side (pixels) at which patches are searched; the copies are replayed at full size."""
_NEAR = 7
"""Width (pixels) of the ring that is asked when the wider one shows more than the ground."""
_THIN = 3
"""Half thickness (pixels) up to which the membrane is as good as any copy."""


def fill(
    image: Plane, hole: Mask, progress: Progress | None = None, *, avoid: Mask | None = None, known: Mask | None = None
) -> Plane:
    """`image` with `hole` continued from its surroundings.

    `image` (H, W, 3) float32 0–1, straight, sRGB-encoded; `hole` (H, W) bool, what to fill; `avoid` (H, W): never copy
    from there (other removed things); `known` (H, W): learn from these pixels only, e.g. an element's own visible
    ones (default: everything outside the hole). Returns a copy; pixels outside `hole` are bit-identical. With nothing
    to learn from, `avoid` is ignored, and then the fill is the mean of the picture outside `hole`, or mid grey.
    Deterministic. Raises `Cancelled` through `progress`, ValueError where shapes disagree.
    """
    _check(image, hole, avoid, known)
    out: Plane = image.copy()
    if not hole.any():
        return out
    context = _context(hole, avoid, known)
    if not context.any():
        out[hole] = image[~hole].mean(0) if not hole.all() else 0.5
        return out
    out[hole] = _filled(image, hole, context, progress or Progress())[hole]
    return out


def _check(image: Plane, hole: Mask, *others: Mask | None) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.shape[:2] != hole.shape:
        raise ValueError(f"image {image.shape} and hole {hole.shape} do not belong together")
    for other in others:
        if other is not None and other.shape != hole.shape:
            raise ValueError(f"mask {other.shape} and hole {hole.shape} do not belong together")


def _context(hole: Mask, avoid: Mask | None, known: Mask | None) -> Mask:
    """The pixels to learn from."""
    own = ~hole if known is None else known & ~hole
    if avoid is None or not (own & ~avoid).any():
        return own
    return own & ~avoid


def _filled(image: Plane, hole: Mask, context: Mask, progress: Progress) -> Plane:
    out: Plane = image.copy()
    hard = np.zeros_like(hole)
    labels, parts = _clusters(hole, _JOIN)
    for number, part in enumerate(parts, 1):
        progress.check()
        crop = _around(part, hole.shape).slices
        own = hole[crop] & (labels[crop] == number)
        easy = _easy(out[crop], own, context[crop])
        if easy is None:
            hard[crop] |= own
        else:
            out[crop][own] = easy[own]
    if hard.any():
        out[hard] = _hard(out, hard, context, progress)[hard]
    return out


def _hard(image: Plane, hole: Mask, context: Mask, progress: Progress) -> Plane:
    """The fill by copied patches, group by group; by membrane where too little is known to copy from."""
    out: Plane = image.copy()
    labels, parts = _groups(hole)
    for number, part in enumerate(parts, 1):
        step = progress.part((number - 1) / len(parts), number / len(parts))
        crop = _wide(part, hole.shape).slices
        own = hole[crop] & (labels[crop] == number)
        filled = _patched(out[crop], own, context[crop], step)
        out[crop][own] = filled[own]
    return out


def _groups(hole: Mask) -> tuple[NDArray[np.int32], list[Bounds]]:
    """Clusters of hard holes, joined until their surroundings together are no larger than the picture."""
    for join in (16, 48, 128):
        labels, parts = _clusters(hole, join)
        if len(parts) == 1 or sum(_wide(part, hole.shape).extent.area for part in parts) <= hole.size:
            return labels, parts
    height, width = hole.shape
    return np.ones(hole.shape, np.int32), [Bounds(0, 0, width, height)]


def _wide(part: Bounds, shape: tuple[int, ...]) -> Bounds:
    """Where patches for the group in `part` are looked for."""
    margin = max(64, int(0.75 * max(part.width, part.height)))
    return part.grow(margin).intersect(Bounds.of(Extent(shape[1], shape[0])))


def _patched(image: Plane, hole: Mask, context: Mask, progress: Progress) -> Plane:
    scale = min(1.0, _PATCH_SIDE / max(hole.shape))
    size = (max(8, round(hole.shape[1] * scale)), max(8, round(hole.shape[0] * scale)))
    known = cv2.resize(context.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    small: Plane = np.asarray(cv2.resize(image * context[..., None], size, interpolation=cv2.INTER_AREA), np.float32)
    small /= np.maximum(known, 1e-3)[..., None]
    inside = cv2.resize(hole.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    completion = complete(small, inside, known > 0.999, progress)
    if completion is None:
        return harmonic(image, hole, context)
    return replay(image, hole, context, completion)


def _clusters(hole: Mask, join: int) -> tuple[NDArray[np.int32], list[Bounds]]:
    """A label (1…) for each pixel on and around each group of holes, and the bounds of each label."""
    grown = cv2.dilate(hole.astype(np.uint8), np.ones((2 * join + 1, 2 * join + 1), np.uint8))
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(grown)
    return labels.astype(np.int32, copy=False), [Bounds(*(int(v) for v in box[:4])) for box in boxes[1:]]


def _around(part: Bounds, shape: tuple[int, ...]) -> Bounds:
    margin = max(24, int(0.35 * max(part.width, part.height)))
    return part.grow(margin).intersect(Bounds.of(Extent(shape[1], shape[0])))


def _grow(mask: Mask, radius: int) -> Mask:
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((2 * radius + 1, 2 * radius + 1), np.uint8))
    return grown.astype(bool)


def _easy(image: Plane, hole: Mask, context: Mask) -> Plane | None:
    """The fill by surface or membrane, or None where the ground asks for more.

    What touches the hole decides before what stands farther off: other things on the same ground.
    """
    size = max(np.ptp(axis) for axis in np.nonzero(hole)) + 1
    wide = int(np.clip(0.06 * size, 7, 32))
    ring = _grow(hole, wide) & context
    if ring.sum() < 60:
        wide, ring = 24, _grow(hole, 24) & context
    for near in (ring, _grow(hole, _NEAR) & context) if wide > _NEAR else (ring,):
        degree = 2 if hole.mean() > 0.03 and near.sum() > 200 else 1
        found = ground.fit(image, near, degree)
        if found is not None and found.explains and not ground.cuts(image, hole, near, found):
            return ground.extend(image, hole, context, found)
    thickness = cv2.distanceTransform(np.pad(hole, 1).astype(np.uint8), cv2.DIST_C, 3).max()
    if thickness <= _THIN:
        return harmonic(image, hole, context)
    if ground.smooth(image, ring):
        soft: Plane = np.clip(harmonic(image, hole, context) + ground.grain(image, hole, context), 0, 1)
        return soft
    return None
