"""Surfaces: which pixels of the picture belong to one smooth stretch of colour.

Law: pixels in, labels and colour polynomials out; knows nothing of shapes, of depth order or of elements.

Neighbours are linked where they differ by less than the noise allows; components of links that are somewhere thicker
than two pixels are *cores*. Pixels between cores are anti-aliasing where their colour lies between those of the cores
beside them, and detail (strokes, texture) otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.compression import compressed
from layerlift.engines.quick.shapes.even import drift, mostly, stretches
from layerlift.imaging.channels import largest
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Plane

Labels: TypeAlias = NDArray[np.int32]
"""(h, w) int32: the number of the surface, −1 for none."""

_BLOCK = 16
_TRUSTED_TEXTURE = 14.0
"""Above this (levels of 255) the picture is a photograph, not a textured plane: smoothing it gains nothing."""


@dataclass(frozen=True, eq=False)
class Surfaces:
    """`labels` 0…count−1 (−1: detail), `levels` the picture in 0–255, `calm` its texture smoothed, `texture` typical
    deviation inside a block, `ringing` the same beside sharp edges (levels)."""

    labels: Labels
    count: int
    levels: Plane
    calm: Plane
    texture: float
    ringing: float
    even: Mask


@dataclass(frozen=True, eq=False)
class Polynomial:
    """A colour polynomial of degree 0, 1 or 2 in coordinates relative to `centre` (x, y), in units of `scale` pixels.

    `terms` (k, 3) in levels; `residual`: four fifths of the pixels that it was fitted to deviate less (levels).
    """

    centre: tuple[float, float]
    scale: float
    terms: NDArray[np.float64]
    residual: float

    def at(self, ys: NDArray[np.intp], xs: NDArray[np.intp]) -> Plane:
        """Colours (n, 3) in levels at the given pixels, clipped to 0–255."""
        basis = _basis(xs, ys, self.centre, self.scale, len(self.terms))
        return np.clip(basis @ self.terms, 0, 255).astype(np.float32)

    def span(self, bounds: Bounds) -> float:
        """By how much (levels) the colour changes at most over a grid of points in `bounds`."""
        ys, xs = np.mgrid[bounds.y : bounds.bottom : 8j, bounds.x : bounds.right : 8j].reshape(2, -1).astype(np.intp)
        return float(np.ptp(self.at(ys, xs), axis=0).max())


def _basis(
    xs: NDArray[np.intp], ys: NDArray[np.intp], centre: tuple[float, float], scale: float, terms: int
) -> NDArray[np.float64]:
    u, v = (xs - centre[0]) / scale, (ys - centre[1]) / scale
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v][:terms], axis=-1)


def fit(levels: Plane, ys: NDArray[np.intp], xs: NDArray[np.intp], most: int = 2500) -> Polynomial:
    """The robust colour polynomial through the given pixels; at most `most` of them are looked at, evenly spread."""
    step = max(1, len(ys) // most)
    ys, xs = ys[::step], xs[::step]
    colours = levels[ys, xs].astype(np.float64)
    centre = (float(xs.mean()), float(ys.mean()))
    scale = max(1.0, float(np.ptp(xs)) / 2, float(np.ptp(ys)) / 2)
    terms = 1 if len(ys) < 24 else 3 if len(ys) < 200 else 6
    basis = _basis(xs, ys, centre, scale, terms)
    keep = np.ones(len(ys), bool)
    for _ in range(2):
        gram = basis[keep].T @ basis[keep] + 1e-6 * np.eye(terms)
        solution = np.linalg.solve(gram, basis[keep].T @ colours[keep])
        off = np.abs(basis @ solution - colours).max(axis=1)
        spread = float(np.median(off))
        keep = off <= max(2.0, 4 * spread)
        if keep.sum() < 2 * terms:
            break
    return Polynomial(centre, scale, solution, float(np.percentile(off, 80)))


def texture_of(levels: Plane) -> float:
    """Median over blocks of the deviation (levels) from the block's own colour plane: noise, grain, pattern."""
    height, width = (side // _BLOCK * _BLOCK for side in levels.shape[:2])
    if not height or not width:
        return 0.0
    grey = levels[:height, :width].mean(axis=2)
    blocks = grey.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK).transpose(0, 2, 1, 3)
    blocks = blocks.reshape(-1, _BLOCK * _BLOCK)
    ys, xs = np.mgrid[:_BLOCK, :_BLOCK].astype(np.float32) - (_BLOCK - 1) / 2
    basis = np.linalg.qr(np.stack([np.ones(_BLOCK**2), xs.ravel(), ys.ravel()], axis=1))[0].astype(np.float32)
    rest = blocks - (blocks @ basis) @ basis.T
    return float(np.median(rest.std(axis=1)))


def ringing_of(levels: Plane) -> float:
    """How restless the picture is beside its sharp edges (levels): 0 in a clean design, 1–3 after JPEG compression."""
    grey = levels.mean(axis=2)
    steep = np.zeros(grey.shape, np.uint8)
    steep[:, 1:] |= np.abs(np.diff(grey, axis=1)) > 30
    steep[1:] |= np.abs(np.diff(grey, axis=0)) > 30
    near = cv2.dilate(steep, np.ones((13, 13), np.uint8)) > cv2.dilate(steep, np.ones((7, 7), np.uint8))
    if near.sum() < 200:
        return 0.0
    return float(np.median(largest(np.abs(levels - cv2.blur(levels, (3, 3))))[near]))


def _calmed(levels: Plane, texture: float, ringing: float) -> Plane:
    if ringing > 0.4 and texture < 0.8:
        return cv2.bilateralFilter(levels, 9, 10 + 3 * min(ringing, 3.0), 3.0).astype(np.float32)
    if texture < 0.8 or texture > _TRUSTED_TEXTURE:
        return cv2.bilateralFilter(levels, 5, 6.0, 2.0).astype(np.float32)
    once = cv2.bilateralFilter(levels, 9, 4.5 * texture + 4, 4.0)
    return cv2.bilateralFilter(once, 9, 2.5 * texture + 4, 4.0).astype(np.float32)


def _linked(calm: Plane, threshold: float, known: Mask, stretch: Labels) -> tuple[int, Labels]:
    """Components of known 4-neighbours that differ by at most `threshold` in every channel (on a grid with links) and
    lie in the same exactly even stretch, or in none."""
    height, width = calm.shape[:2]
    grid = np.zeros((2 * height - 1, 2 * width - 1), np.uint8)
    grid[::2, ::2] = known
    across = (largest(np.abs(np.diff(calm, axis=1))) <= threshold) & (stretch[:, 1:] == stretch[:, :-1])
    down = (largest(np.abs(np.diff(calm, axis=0))) <= threshold) & (stretch[1:] == stretch[:-1])
    grid[::2, 1::2] = across & known[:, 1:] & known[:, :-1]
    grid[1::2, ::2] = down & known[1:] & known[:-1]
    count, labels = cv2.connectedComponents(grid, connectivity=4, ltype=cv2.CV_32S)
    return count - 1, np.ascontiguousarray(labels[::2, ::2], np.int32) - np.int32(1)


def _cores(labels: Labels, count: int, thickness: int) -> Labels:
    """Labels renumbered, −1 wherever a component has nowhere a few pixels whose whole 3×3 window is its own."""
    field = labels.astype(np.float32)
    kernel = np.ones((3, 3), np.uint8)
    inner = cv2.erode(field, kernel) == cv2.dilate(field, kernel)
    strong = np.bincount(labels[inner & (labels >= 0)], minlength=count) >= thickness
    number = np.where(strong, np.cumsum(strong) - 1, -1).astype(np.int32)
    return np.where(labels >= 0, number[labels], -1).astype(np.int32)


def nearest(labels: Labels, floor: int = 0) -> tuple[Labels, NDArray[np.intp], Plane]:
    """For every pixel: the label ≥ `floor` nearest to it, the flat index of that pixel, and its distance in pixels."""
    known = labels >= floor
    if not known.any():
        return labels, np.zeros(labels.shape, np.intp), np.full(labels.shape, np.inf, np.float32)
    distance, index = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    where = np.zeros(int(index.max()) + 1, np.intp)
    flat = np.flatnonzero(known)
    where[index.ravel()[flat]] = flat
    source = where[index]
    return labels.ravel()[source], source, np.asarray(distance, np.float32)


_PAIRS = ((0, 1), (1, 0), (1, 1), (1, -1))


def _blend_edges(labels: Labels, calm: Plane, levels: Plane, tolerance: float) -> Labels:
    """Give anti-aliased pixels to the nearer of the two cores whose colour line they lie on."""
    field, source, distance = nearest(labels)
    height, width = labels.shape
    ys, xs = np.nonzero((labels < 0) & (distance <= 3.5))
    colours, flat = levels[ys, xs], calm.reshape(-1, 3)
    best = np.full(len(ys), np.inf, np.float32)
    chosen = np.full(len(ys), -1, np.int32)
    for radius in (1, 2, 3):
        for dy, dx in _PAIRS:
            sides = []
            for sign in (radius, -radius):
                y, x = np.clip(ys + sign * dy, 0, height - 1), np.clip(xs + sign * dx, 0, width - 1)
                sides.append((field[y, x], flat[source[y, x]]))
            (la, a), (lb, b) = sides
            axis = a - b
            share = np.clip(((colours - b) * axis).sum(1) / np.maximum((axis * axis).sum(1), 1e-3), 0, 1)
            # Halved chroma (JPEG 4:2:0) pulls edge pixels off the colour line, in proportion to the contrast.
            off = np.abs(colours - (b + share[:, None] * axis)).max(axis=1) - 0.12 * np.abs(axis).max(axis=1)
            off += 0.5 * radius
            better = off < best
            best[better] = off[better]
            chosen[better] = np.where(share >= 0.5, la, lb)[better]
    out: Labels = labels.copy()
    good = best <= tolerance
    out[ys[good], xs[good]] = chosen[good]
    return out


def _swallow_crumbs(labels: Labels, smallest: int) -> Labels:
    """Give components of detail below `smallest` pixels to their nearest surface."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats((labels == -1).astype(np.uint8), connectivity=8)
    crumb = stats[:, cv2.CC_STAT_AREA] < smallest
    crumb[0] = False
    field, _, _ = nearest(labels)
    return np.where(crumb[parts], field, labels).astype(np.int32) if count > 1 else labels


def _joined(
    labels: Labels, count: int, calm: Plane, levels: Plane, stretch: Labels, tolerance: float, least: float
) -> tuple[Labels, int]:
    """Merge neighbours whose colours differ across their common border by at most `tolerance` (banding, noise), but for
    those that most of that border keeps apart: for an exactly even one, that it steps by more than `least`."""
    even = mostly(labels, count, stretch)
    keys, steps, walls, seams = [], [], [], []
    for axis in (0, 1):
        near, far = (labels[:-1], labels[1:]) if axis == 0 else (labels[:, :-1], labels[:, 1:])
        ys, xs = np.nonzero((near != far) & (near >= 0) & (far >= 0))
        a, b = near[ys, xs].astype(np.int64), far[ys, xs].astype(np.int64)
        dy, dx = (1, 0) if axis == 0 else (0, 1)
        before = np.maximum(ys - dy, 0), np.maximum(xs - dx, 0)
        after = np.minimum(ys + 2 * dy, labels.shape[0] - 1), np.minimum(xs + 2 * dx, labels.shape[1] - 1)
        keys.append(np.minimum(a, b) * count + np.maximum(a, b))
        steps.append((calm[after] - calm[before]) * np.where(a < b, 1, -1)[:, None])
        touching = sum(np.abs(p[ys + dy, xs + dx] - p[ys, xs]).max(axis=1) for p in (levels, calm))
        seams.append(
            (even[a] | even[b]) & (touching < 0.5)
        )  # one and the same colour: what is left of a stretch where it is thin
        walls.append((even[a] | even[b]) & (np.abs(levels[after] - levels[before]).max(axis=1) > least))
    pairs, inverse, times = np.unique(np.concatenate(keys), return_inverse=True, return_counts=True)
    step = np.concatenate(steps)
    mean = np.stack([np.bincount(inverse, step[:, c], len(pairs)) for c in range(3)], axis=1) / times[:, None]
    off = np.abs(mean).max(axis=1)
    seamless = 2 * np.bincount(inverse, np.concatenate(seams), len(pairs)) > times
    off[seamless] = 0
    apart = (2 * np.bincount(inverse, np.concatenate(walls), len(pairs)) > times) & ~seamless
    alike = np.flatnonzero((off <= tolerance) & ~apart)
    one, two = np.divmod(pairs, max(1, count))
    roots = _merged(count, one, two, alike[np.argsort(off[alike], kind="stable")], np.flatnonzero(apart))
    names, number = np.unique(roots, return_inverse=True)
    return np.where(labels >= 0, number.astype(np.int32)[labels], -1).astype(np.int32), len(names)


def _merged(
    count: int, one: NDArray[np.int64], two: NDArray[np.int64], alike: NDArray[np.intp], apart: NDArray[np.intp]
) -> NDArray[np.int32]:
    """For each surface the first of those it is one with: pairs `alike` in their order, unless that joined `apart`."""
    root = np.arange(count)
    barred: dict[int, set[int]] = {}
    for pair in apart:
        i, j = int(one[pair]), int(two[pair])
        barred.setdefault(i, set()).add(j)
        barred.setdefault(j, set()).add(i)
    for pair in alike:
        i, j = sorted((_root(root, int(one[pair])), _root(root, int(two[pair]))))
        if i == j or j in barred.get(i, ()):
            continue
        root[j] = i
        for other in barred.pop(j, ()):
            barred[other].discard(j)
            barred[other].add(i)
            barred.setdefault(i, set()).add(other)
    return np.array([_root(root, i) for i in range(count)], np.int32)


def _root(root: NDArray[np.intp], i: int) -> int:
    while root[i] != i:
        root[i] = root[root[i]]
        i = int(root[i])
    return i


def segment(image: Plane, unknown: Mask | None = None) -> Surfaces:
    """Split `image` (h, w, 3) float32 0–1 sRGB-encoded into surfaces. `unknown` (h, w) bool pixels are reconstructions:
    they take part like the others, but never as a surface of their own."""
    levels = np.ascontiguousarray(image, np.float32) * 255
    texture = texture_of(levels)
    ringing = ringing_of(levels)
    calm = _calmed(levels, texture, ringing)
    slack = max(texture if texture <= _TRUSTED_TEXTURE else 1.0, 1.5 * min(ringing, 2.0))
    known = np.ones(levels.shape[:2], bool) if unknown is None or unknown.all() else ~unknown
    # A JPEG is even in some blocks and restless in the next: nothing in it is exact.
    stretch = stretches(levels, known & (not compressed(image)))
    count, labels = _linked(calm, 2.6 + 0.5 * slack, known, stretch)
    labels = _cores(labels, count, 4) if count else labels
    count = int(labels.max()) + 1
    if count:
        blended = _blend_edges(labels, calm, levels, 10 + 2.5 * slack)
        labels = _swallow_crumbs(np.where(known, blended, -2).astype(np.int32), 7)
        if not known.all():
            # What was reconstructed tells nothing: it goes on as whatever is nearest to it.
            labels, source, _ = nearest(labels, floor=-1)
            calm = calm.reshape(-1, 3)[source]
        for _ in range(2):
            labels, count = _joined(labels, count, calm, levels, stretch, 5.0 + 0.5 * slack, drift(ringing))
    return Surfaces(labels, count, levels, calm, texture, min(ringing, 3.0), mostly(labels, count, stretch))
