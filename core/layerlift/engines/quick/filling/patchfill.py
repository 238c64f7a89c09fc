"""Complete a small picture from its own patches, coarse to fine.

Law: works at one small size and answers with where every hole pixel should be copied from; copying at full size is
`replay`'s business.
Sources: Y. Wexler, E. Shechtman, M. Irani, "Space-Time Completion of Video", PAMI 2007 (expectation–maximisation over
patches); A. Newson et al., "Video Inpainting of Complex Scenes", SIAM J. Imaging Sciences 2014 (onion-peel start,
texture channel); J. Han et al., "Fast Example-based Surface Texture Synthesis via Discrete Optimization", The Visual
Computer 2006 (copies instead of means, which keep texture alive).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.filling.membrane import harmonic
from layerlift.engines.quick.filling.patches import RADIUS, Index, Patches
from layerlift.imaging.layer import Mask, Plane
from layerlift.progress import Progress

_MIN_SOURCES = 60
"""Fewer whole patches than this teach nothing."""
_ROUNDS = 6
_FINE_ROUNDS = 3
_TEXTURE = np.float32(5.0)
"""Weight of the texture channel (mean gradient) against a colour channel."""
_WINDOW = 17
"""Side (pixels) of the window over which the gradient is averaged: several grains of sand or blades of grass."""
_THICK = 8
"""Half thickness of the hole (pixels) at the coarsest level: about one patch from rim to core."""
_PAIRS = 20_000_000
"""Pairs of patches up to which all are compared."""
_SMALLEST = 48
"""Shorter side (pixels) of the coarsest level: some sources must remain."""


@dataclass(frozen=True, eq=False)
class _Level:
    """One resolution: `image` (h, w, 4) RGB and texture with unknown pixels prefilled; `unknown` is to be completed
    (the hole and what of its neighbourhood nobody knows), `source` may be copied."""

    image: Plane
    unknown: Mask
    source: Mask


@dataclass(frozen=True, eq=False)
class Completion:
    """`image` (h, w, 3) completed, and `offset` (h, w, 2): (dy, dx) to where each hole pixel is copied from."""

    image: Plane
    offset: NDArray[np.int32]


def complete(image: Plane, hole: Mask, known: Mask, progress: Progress) -> Completion | None:
    """Complete `hole` (h, w) of `image` (h, w, 3) from `known` pixels; None when too little is known to learn from."""
    levels = _pyramid(image, hole, known)
    while levels and _sources(levels[-1]).sum() < _MIN_SOURCES:
        levels.pop()
    if not levels:
        return None
    generator = np.random.default_rng(0)
    offset = _start(levels[-1], generator, progress)
    for number, level in enumerate(reversed(levels[:-1]), 1):
        progress.advance(number / len(levels))
        offset = _sharpened(level, offset, generator)
    height, width = hole.shape
    ys, xs = np.nonzero(levels[0].unknown)
    picture: Plane = levels[0].image[..., :3].copy()
    whole = np.rint(offset).astype(np.int32)
    sy = np.clip(ys + whole[ys, xs, 0], 0, height - 1)
    sx = np.clip(xs + whole[ys, xs, 1], 0, width - 1)
    picture[ys, xs] = picture[sy, sx]
    return Completion(picture, whole)


def _start(level: _Level, generator: np.random.Generator, progress: Progress) -> Plane:
    """Expectation–maximisation at the coarsest level, with means: it finds the layout, and blurs texture.

    Few patches are all compared, from an onion-peel start; many (thin strokes over a large picture: the layout is
    clear) are searched by PatchMatch from the membrane and the nearest sources.
    """
    patches = Patches(level.image, _sources(level), _grow(level.unknown, RADIUS))
    few = len(patches.sources) * len(patches.targets) <= _PAIRS
    picture = _peel(level) if few else level.image
    found = _nearest(level, patches)
    for _ in range(_ROUNDS if few else _FINE_ROUNDS):
        progress.check()
        wanted = patches.over(picture).describe(patches.targets)
        found = patches.exact(wanted) if few else patches.improve(wanted, found, 2, generator)[0]
        picture = _voted(level, patches, found, patches.distance(wanted, found))
    return _offsets(patches, found)


def _nearest(level: _Level, patches: Patches) -> Index:
    """For every target, the source nearest to it in the picture."""
    sources = np.pad(_sources(level), RADIUS)
    _, label = cv2.distanceTransformWithLabels(
        (~sources).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(label.max()) + 1, np.intp)
    table[label[sources]] = np.flatnonzero(sources)
    out: Index = table[label.ravel()[patches.targets]]
    return out


def _sharpened(level: _Level, offset: Plane, generator: np.random.Generator) -> Plane:
    """The field on a finer level: there, pixels are copied and never mixed, so that texture stays alive."""
    patches = Patches(level.image, _sources(level), _grow(level.unknown, RADIUS))
    found = _finer(patches, offset, generator)
    for _ in range(_FINE_ROUNDS):
        wanted = patches.over(_copied(level, patches, found)).describe(patches.targets)
        found, _ = patches.improve(wanted, found, 2, generator)
    return _offsets(patches, found)


def _pyramid(image: Plane, hole: Mask, known: Mask) -> list[_Level]:
    """Finest first, halved until the hole is a few pixels thick or the picture no wider than a few patches."""
    grey = image.mean(2)
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(grey, cv2.CV_32F, 0, 1) / 8)
    usable = known & ~hole
    clean = cv2.erode(usable.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    share = cv2.blur(clean, (_WINDOW, _WINDOW))
    texture = cv2.blur(slope * clean, (_WINDOW, _WINDOW)) / np.maximum(share, 1e-3) * _TEXTURE
    stack = np.dstack([image, texture]).astype(np.float32)
    near = _grow(hole, RADIUS + 1) & ~usable
    thickness = cv2.distanceTransform(np.pad(hole, 1).astype(np.uint8), cv2.DIST_L2, 5).max()
    levels, scale = [], 1.0
    while True:
        levels.append(_level(stack, near, usable, scale))
        if min(hole.shape) * scale < _SMALLEST or thickness * scale <= _THICK:
            return levels
        scale /= 2


def _level(stack: Plane, unknown: Mask, usable: Mask, scale: float) -> _Level:
    size = (max(8, round(unknown.shape[1] * scale)), max(8, round(unknown.shape[0] * scale)))
    weight = usable.astype(np.float32)
    small: Plane = np.asarray(cv2.resize(stack * weight[..., None], size, interpolation=cv2.INTER_AREA), np.float32)
    share = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    target = cv2.resize(unknown.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 1e-4
    small /= np.maximum(share, 1e-3)[..., None]
    source = (share > 0.999) & ~target
    return _Level(harmonic(small, ~source & (target | (share < 0.5)), source, cycles=0), target, source)


def _sources(level: _Level) -> Mask:
    size = 2 * RADIUS + 1
    whole = cv2.erode(level.source.astype(np.uint8), np.ones((size, size), np.uint8), borderType=cv2.BORDER_CONSTANT)
    return whole.astype(bool)


def _grow(mask: Mask, radius: int) -> Mask:
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((2 * radius + 1, 2 * radius + 1), np.uint8))
    return grown.astype(bool)


def _peel(level: _Level) -> Plane:
    """A first guess, from the rim inwards: each pixel from the patch that agrees best with what is there already."""
    picture: Plane = level.image.copy()
    todo = level.unknown.copy()
    patches = Patches(level.image, _sources(level), todo)
    keys = patches.raw(patches.sources)
    squares = keys**2
    while todo.any():
        rim = todo & _grow(~todo, 1)
        if not rim.any():
            break
        centres = np.flatnonzero(np.pad(rim, RADIUS))
        padded = np.pad(picture, ((RADIUS, RADIUS), (RADIUS, RADIUS), (0, 0)), mode="symmetric").reshape(-1, 4)
        seen = np.pad((~todo).astype(np.float32), RADIUS).ravel()
        reach = centres[:, None] + patches.steps
        mask = np.repeat(seen[reach], 4, 1)
        wanted = padded[reach].reshape(len(centres), -1) * mask
        cost = mask @ squares.T - 2 * (wanted @ keys.T)
        picture[rim] = patches.flat[patches.sources[np.argmin(cost, 1)]]
        todo &= ~rim
    return picture


def _voted(level: _Level, patches: Patches, found: Index, cost: Plane) -> Plane:
    """The level with its unknown pixels replaced by the vote: patches near the rim and good matches count more."""
    depth = cv2.distanceTransform(np.pad(level.unknown, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    sure = np.pad(np.float32(1.3) ** -depth, RADIUS).ravel()[patches.targets]
    spread = max(float(np.percentile(cost, 75)), 1e-6)
    voted = patches.vote(found, (sure * np.exp(-cost / (2 * spread)) + 1e-8).astype(np.float32))
    picture: Plane = level.image.copy()
    picture[level.unknown] = voted[level.unknown]
    return picture


def _copied(level: _Level, patches: Patches, found: Index) -> Plane:
    """The level with its unknown pixels replaced by the centres of the found patches."""
    shown = patches.flat.copy()
    shown[patches.targets] = patches.flat[found]
    picture: Plane = level.image.copy()
    inner = shown.reshape(patches.padded.shape)[RADIUS:-RADIUS, RADIUS:-RADIUS]
    picture[level.unknown] = inner[level.unknown]
    return picture


def _offsets(patches: Patches, found: Index) -> Plane:
    """(h, w, 2) float32 offsets of the field; 0 outside of the targets."""
    height, width = patches.padded.shape[:2]
    grid = np.zeros((height * width, 2), np.float32)
    grid[patches.targets, 0] = found // patches.width - patches.targets // patches.width
    grid[patches.targets, 1] = found % patches.width - patches.targets % patches.width
    return grid.reshape(height, width, 2)[RADIUS:-RADIUS, RADIUS:-RADIUS]


def _finer(patches: Patches, offset: Plane, generator: np.random.Generator) -> Index:
    """The field of a coarser level on this one; where it points at no source, a random one."""
    height, width = patches.padded.shape[0] - 2 * RADIUS, patches.padded.shape[1] - 2 * RADIUS
    ratio = np.array([height / offset.shape[0], width / offset.shape[1]], np.float32)
    grown = cv2.resize(offset, (width, height), interpolation=cv2.INTER_NEAREST) * ratio
    steps = np.pad(np.rint(grown).astype(np.intp), ((RADIUS, RADIUS), (RADIUS, RADIUS), (0, 0))).reshape(-1, 2)
    pointed = patches.targets + steps[patches.targets] @ np.array([patches.width, 1])
    found: Index = np.clip(pointed, 0, len(patches.row) - 1)
    lost = patches.row[found] < 0
    found[lost] = patches.sources[generator.integers(0, len(patches.sources), int(lost.sum()))]
    return found
