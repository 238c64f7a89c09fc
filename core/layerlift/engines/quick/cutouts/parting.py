"""Parting: things that touch are things of their own where a narrow neck joins bodies of other colours.

Law: a mask and the picture in, masks out. The neck alone is not enough (a head sits on one), nor are the colours (a
coat and its lining): both have to be seen. Touching things without a neck, or of like colours, stay together.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.raster import bounds_of, placed, resized
from layerlift.imaging.layer import Mask, Plane

SIDE = 240
"""Longest side at which necks are looked for."""
NARROW = 0.6
"""Widest neck, in shares of the thickness of the thinner body."""
LEAST = 0.12
"""Smallest body, as a share of the whole: less is a limb."""
ALIKE = 0.35
"""Intersection of two bodies' colour histograms from which they are one thing."""
DEPTH = 4
"""How often what was parted is parted again."""
_DEPTHS = np.linspace(0.06, 0.75, 18)
_SEED = 0.02
_BINS = 8

Labels = NDArray[np.int32]


def parted(mask: Mask, image: Plane) -> list[Mask]:
    """The things of which `mask` (H, W) consists, itself where it is one. `image` (H, W, 3) float32 0–1."""
    leaves = _leaves(mask, image, DEPTH)
    if len(leaves) < 2:
        return [mask]
    groups = _alike([_histogram(image[leaf]) for leaf in leaves])
    return [np.logical_or.reduce([leaf for leaf, g in zip(leaves, groups, strict=True) if g == group])
            for group in dict.fromkeys(groups)]  # fmt: skip


def _leaves(mask: Mask, image: Plane, depth: int) -> list[Mask]:
    """`mask` parted again and again. Two like bodies with another between them are still two here."""
    bounds = bounds_of(mask)
    if depth == 0 or min(bounds.extent) < 8:
        return [mask]
    own = np.ascontiguousarray(mask[bounds.slices])
    scale = min(1.0, SIDE / max(bounds.extent))
    size = max(4, round(bounds.width * scale)), max(4, round(bounds.height * scale))
    small = resized(own.astype(np.float32), size) > 0.5
    bodies = _bodies(small, resized(np.ascontiguousarray(image[bounds.slices]), size))
    if bodies is None:
        return [mask]
    names = cv2.resize(bodies.astype(np.float32), (bounds.width, bounds.height), interpolation=cv2.INTER_NEAREST)
    parts = [placed(own & (names == name), bounds, mask.shape) for name in range(1, int(bodies.max()) + 1)]
    return [leaf for part in parts if part.any() for leaf in _leaves(part, image, depth - 1)]


def _bodies(mask: Mask, image: Plane) -> Labels | None:
    """Which body each pixel of `mask` belongs to (1, 2 …); None where there is but one."""
    depth = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    least = _SEED * mask.sum()
    for level in _DEPTHS * float(depth.max()):
        count, seeds, stats, _ = cv2.connectedComponentsWithStats((depth > level).astype(np.uint8), connectivity=4)
        if count < 3:
            continue
        deepest = np.zeros(count, np.float32)
        np.maximum.at(deepest, seeds.ravel(), depth.ravel().astype(np.float32))
        good = [k for k in range(1, count) if deepest[k] * NARROW >= level and stats[k, cv2.CC_STAT_AREA] > least]
        if len(good) < 2:
            continue
        names = _joined(_flooded(mask, image, [seeds == k for k in good]), image)
        if int(names.max()) > 1:
            return names
    return None


def _flooded(mask: Mask, image: Plane, seeds: list[Mask]) -> Labels:
    """The seeds grown over `mask` until they meet along the picture's edges."""
    bed = (np.clip(image, 0, 1) * 255).astype(np.uint8)
    marks = np.where(cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0, 0, len(seeds) + 1)
    for number, seed in enumerate(seeds, 1):
        marks[seed] = number
    water = cv2.watershed(bed, marks.astype(np.int32))
    known: Labels = np.where((water > 0) & (water <= len(seeds)), water, 0).astype(np.int32)
    return _nearest(known, mask)


def _joined(names: Labels, image: Plane) -> Labels:
    """The bodies numbered anew: limbs go to the nearest body, bodies of like colours are one."""
    areas = np.bincount(names.ravel())
    large = [name for name in range(1, len(areas)) if areas[name] >= LEAST * (names > 0).sum()]
    group = _alike([_histogram(image[names == name]) for name in large])
    order = {leader: number for number, leader in enumerate(dict.fromkeys(group), 1)}
    out = np.zeros_like(names)
    for name, leader in zip(large, group, strict=True):
        out[names == name] = order[leader]
    return _nearest(out, names > 0) if large else out


def _histogram(pixels: Plane) -> NDArray[np.float64]:
    """Shares of the colours (n, 3) in coarse bins."""
    bins = (np.clip(pixels, 0, 1) * (_BINS - 0.01)).astype(np.intp) @ np.array((_BINS * _BINS, _BINS, 1))
    return np.bincount(bins, minlength=_BINS**3) / max(1, len(bins))


def _alike(histograms: list[NDArray[np.float64]]) -> list[int]:
    """For each the first that it is like, itself where none is."""
    group: list[int] = []
    for k, one in enumerate(histograms):
        alike = (group[j] for j in range(k) if float(np.minimum(one, histograms[j]).sum()) >= ALIKE)
        group.append(next(alike, k))
    return group


def _nearest(names: Labels, mask: Mask) -> Labels:
    """The nearest name for each pixel of `mask`."""
    known = (names > 0) & mask
    _, index = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    name_of = np.zeros(int(index.max()) + 1, np.int32)
    name_of[index[known]] = names[known]
    return np.where(mask, name_of[index], 0).astype(np.int32)
