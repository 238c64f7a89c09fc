"""Islands: busy things that stand on clean surfaces, found without asking a network what they are.

Law: terrain in, masks out; knows no matting and no elements. Flat panels are surfaces themselves, so a cut-out on a
card is an island and the card is not.
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.engines.quick.cutouts.terrain import Surface, Terrain
from layerlift.engines.quick.raster import bounds_of, disc, grown, holes, pieces, placed
from layerlift.imaging.layer import Mask, Plane

SMALLEST = 0.003
"""Share of the picture below which a busy spot is left to the graphics."""
SHORE = 0.6
"""Share of an island's surroundings that must be clean: on photographs nothing is an island."""
COURT = 0.35
"""Share of what an outline encloses that surfaces may take before it is a frame around a panel, not a thing."""
LINE = 0.3
"""Share of thin parts from which a thing is line art, to be judged without them."""
SPARSE = 0.05
"""Share of its bounds that a slender thing fills at least: a frame with gaps fills less."""
SPECK = 0.0002
"""Share of the picture below which a hole is filled without a look at what is in it."""
SOFTEST = 14
"""Widest inner border, in pixels, that is still an edge."""
EDGE, EDGED = 14 / 255, 0.5
"""By how much (largest channel) a thing stands out from its ground just inside its outline, along at least how much of
that: a photograph's calm part goes over into its busy one without an edge."""
SHORELINE = 4
"""Pixels within which it does."""
SHADE = 5 / 255
"""How exactly a shadow is a multiple of what it falls on (largest channel)."""
_ALIKE = 8 / 255


def islands(terrain: Terrain) -> list[Mask]:
    """The islands, largest first. Holes through which the ground shows stay open."""
    size = terrain.clean.size
    found = []
    for piece, bounds in pieces(_bodies(terrain), max(36, 0.3 * SMALLEST * size)):
        mask = filled(placed(piece, bounds, terrain.clean.shape), terrain)
        if (
            mask.sum() >= SMALLEST * size
            and _surrounded(mask, terrain)
            and not (_is_frame(mask) or _is_shadow(mask, terrain))
        ):
            found.append(mask)
    return sorted(found, key=lambda mask: -int(mask.sum()))


def _bodies(terrain: Terrain) -> Mask:
    """What is thick and not clean, with the thin parts (stems, straps, bridges) that belong to it."""
    rough = ~terrain.clean
    body = thick(rough, terrain.soft)
    strands = rough & ~body & _alone(terrain)
    least = round(0.6 * np.sqrt(SMALLEST * rough.size))
    count, labels, stats, _ = cv2.connectedComponentsWithStats((body | strands).astype(np.uint8), connectivity=8)
    thin = np.bincount(labels[strands], minlength=count)
    whole = np.bincount(labels.ravel(), minlength=count)
    lines = np.flatnonzero((thin > LINE * whole) | (stats[:, cv2.CC_STAT_AREA] < least))
    drawn = np.isin(labels, lines)
    return np.where(drawn, body, body | strands)


def _alone(terrain: Terrain) -> Mask:
    """Where at most one surface is near: what is thin there is a thing, not the edge between two surfaces."""
    names = np.zeros(terrain.clean.shape, np.float32)
    for number, surface in enumerate(terrain.surfaces, 1):
        names[surface.mask] = number
    square = np.ones((9, 9), np.uint8)
    highest = cv2.dilate(names, square)
    lowest = 999 - cv2.dilate(np.where(names > 0, 999 - names, 0), square)
    out: Mask = (highest > 0) & (highest == lowest)
    return out


def thick(mask: Mask, soft: int = 0) -> Mask:
    """`mask` without what is thinner than outlines and anti-aliasing are, which averaging widens by `soft` pixels."""
    radius = max(1, round(0.003 * max(mask.shape))) + soft
    core = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disc(radius), borderType=cv2.BORDER_REPLICATE)
    out: Mask = core > 0
    return out


def filled(mask: Mask, terrain: Terrain) -> Mask:
    """`mask` with its holes filled, except panels and where the surface around it is seen again."""
    inner = holes(mask)
    if not inner.any():
        return mask
    around = _around(mask | inner, terrain)
    whole = int((mask | inner).sum())
    out = mask | inner
    for piece, bounds in pieces(inner, max(64, SPECK * mask.size), connectivity=4):
        hole = placed(piece, bounds, mask.shape)
        seen = [s for s in terrain.surfaces if (s.mask[bounds.slices] & piece).any()]
        shows = any(_alike(a, s, hole & s.mask) for a in around for s in seen)
        panel = sum(int((s.mask[bounds.slices] & piece).sum()) for s in seen) > COURT * whole
        if shows or panel:
            out &= ~(hole & terrain.clean)
    return out


def ashore(mask: Mask, terrain: Terrain) -> bool:
    """Whether an island ends at an edge where it meets the surfaces around it."""
    around = _around(mask | holes(mask), terrain)
    if not around:
        return True
    depth = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    y, x = np.nonzero((depth > 0) & (depth <= SHORELINE))
    away = np.zeros(mask.shape, np.float32)
    away[y, x] = np.min([np.abs(s.colours(y, x) - terrain.image[y, x]).max(axis=1) for s in around], axis=0)
    reach = 2 * SHORELINE + 1
    highest = cv2.dilate(away, np.ones((reach, reach), np.uint8))
    ground = np.logical_or.reduce([surface.mask for surface in around])
    line = (depth > 0) & (depth < 2) & grown(ground, SHORELINE)
    return not line.any() or float((highest[line] > EDGE).mean()) >= EDGED


def softness(image: Plane, mask: Mask, terrain: Terrain) -> int:
    """How many pixels inside its outline an island needs to become itself: at least 2, at most `SOFTEST`.

    Measured as the depth at which the distance from the ground's colours has reached most of its plateau.
    """
    around = _around(mask | holes(mask), terrain)
    if not around:
        return 3
    depth = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    y, x = np.nonzero((depth > 0) & (depth <= SOFTEST + 2))
    away = np.min([np.abs(s.colours(y, x) - image[y, x]).max(axis=1) for s in around], axis=0)
    ring = depth[y, x].astype(np.intp)
    mean = np.bincount(ring, away, SOFTEST + 3) / np.maximum(np.bincount(ring, minlength=SOFTEST + 3), 1)
    reached = np.flatnonzero(mean >= 0.85 * mean[3:].max())
    return int(np.clip(reached[0] + 1 if reached.size else 3, 2, SOFTEST))


def _around(closed: Mask, terrain: Terrain) -> list[Surface]:
    """The surfaces that touch the outside of a mask without holes."""
    ring = grown(closed, 6) & ~closed
    least = 0.1 * ring.sum()
    return [surface for surface in terrain.surfaces if (surface.mask & ring).sum() > least]


def _alike(one: Surface, other: Surface, where: Mask) -> bool:
    """Whether the surface `one`, continued to `where`, has the colours of `other` there."""
    y, x = np.nonzero(where)
    if not y.size:
        return False
    stride = max(1, len(y) // 500)
    y, x = y[::stride], x[::stride]
    return bool(np.abs(one.colours(y, x) - other.colours(y, x)).max(axis=1).mean() < _ALIKE)


def _surrounded(mask: Mask, terrain: Terrain) -> bool:
    """Whether mostly clean ground lies around `mask` (the picture's edge counts for nothing)."""
    near = grown(mask, 4)
    ring = grown(near, 4) & ~near
    return bool(ring.any()) and float(terrain.clean[ring].mean()) >= SHORE


def _is_frame(mask: Mask) -> bool:
    """Whether it is a line around something, or what is seen of one, rather than something."""
    area = float(mask.sum())
    around = area < 0.5 * float((mask | holes(mask)).sum()) or area < SPARSE * bounds_of(mask).extent.area
    return around and _slender(mask)


def _is_shadow(mask: Mask, terrain: Terrain) -> bool:
    """Whether it is the ground beside it, only darker: each pixel a multiple of one surface's colour there."""
    y, x = np.nonzero(mask)
    stride = max(1, len(y) // 2000)
    y, x = y[::stride], x[::stride]
    seen = terrain.image[y, x]
    explained = np.zeros(len(y), bool)
    for surface in _around(mask | holes(mask), terrain):
        ground = surface.colours(y, x)
        ratio = (seen * ground).sum(axis=1) / np.maximum((ground * ground).sum(axis=1), 1e-6)
        distance = np.abs(seen - ratio[:, None] * ground).max(axis=1)
        explained |= (distance < SHADE) & (ratio > 0.4) & (ratio < 1.02)
    return float(explained.mean()) > 0.7


def _slender(mask: Mask) -> bool:
    depth = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 3)
    return 2 * float(depth.max()) < 0.1 * float(np.sqrt(mask.size))
