"""Letters on photographs and patterns: thin things of one colour that stand out from what is around them.

Law: masks only. A few ink colours are tried; each proposes letters (pixels that are nearer to the ink than to their
local background), and the proposal that looks most like a line of text wins.
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.engines.quick.letters.distances import euclidean, largest
from layerlift.engines.quick.letters.glyphs import measure, vote
from layerlift.engines.quick.letters.ground import continued
from layerlift.engines.quick.letters.patch import Patch, grown, reduced, shrunk
from layerlift.imaging.layer import Mask, Plane

STROKES, PLAIN = 4, 3
"""Ink colours tried: so many among what is thin, and so many among everything in the quad (for heavy letters)."""
NEIGHBOURHOOD = 0.8
"""Side, in line heights, of the median that shows what lies behind thin strokes."""
LEGIBLE = 0.05
"""Least difference (largest channel) between ink and background."""
NEARER = 0.5
"""A pixel is ink when it is at most this share of the way from the ink to the background."""
SAME_INK = 0.3
"""… and within this distance (Euclidean, RGB 0–1) of the ink's colour."""
THICKEST = 0.21
"""Radius of the thickest stroke, in line heights: what holds a larger disc is a thing, not a letter."""
ENOUGH = 48.0
"""Line height in pixels at which ink colours are compared; larger lines are reduced for it."""


def on_texture(patch: Patch) -> Mask:
    """The letters of `patch` where no smooth surface explains its background; may be empty."""
    small = reduced(patch, min(1.0, ENOUGH / patch.height))
    behind = _median(small)
    best: tuple[float, Plane] | None = None
    for ink in _inks(small, behind):
        raw = _nearer(small, ink, behind)
        mask = _letters(small, raw, ink)
        score = likeness(small, mask, raw)
        if best is None or score > best[0]:
            best = score, ink
    if best is None or best[0] <= 0:
        return np.zeros(patch.inside.shape, bool)
    ink = best[1]
    if small is not patch:
        size = patch.bounds.width, patch.bounds.height
        behind = np.asarray(cv2.resize(behind, size, interpolation=cv2.INTER_LINEAR), np.float32)
    mask = _letters(patch, _nearer(patch, ink, behind), ink)
    for _ in range(2):
        behind = continued(patch.pixels, grown(mask, 2))
        mask = _letters(patch, _nearer(patch, ink, behind), ink)
    return mask


def likeness(patch: Patch, mask: Mask, raw: Mask) -> float:
    """How much `mask` looks like the letters of the line (0 = not at all): they span it, what they were chosen from
    (`raw`) is rare around the quad, they are neither specks nor a plate, and edges run along them."""
    ring = grown(patch.inside, max(3, round(0.3 * patch.height))) & ~grown(patch.inside, 1) & ~patch.others
    within, around = _share(mask, patch.inside), _share(raw, ring)
    if within == 0:
        return 0.0
    gray = np.asarray(cv2.cvtColor(patch.pixels, cv2.COLOR_RGB2GRAY), np.float32)
    slope = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    edge = float(slope[grown(mask, 1) & ~shrunk(mask, 1)].mean()) / max(float(slope[patch.inside].mean()), 1e-4)
    density = min(1.0, within / 0.07) * min(1.0, (1 - within) / 0.4)
    return span(patch, mask) ** 2 * within / (within + around) * min(edge, 3.0) * density


def span(patch: Patch, mask: Mask) -> float:
    """Share of the line's length along which there are letters, counted in steps of half a line height."""
    steps = max(1, round(2 * patch.length))
    at = np.clip((patch.along[mask & patch.inside] * steps / max(patch.length, 1e-6)).astype(int), 0, steps - 1)
    return len(np.unique(at)) / steps


def _share(mask: Mask, region: Mask) -> float:
    return float(mask[region].mean()) if region.any() else 0.0


def _median(patch: Patch) -> Plane:
    """(h, w, 3) the median around each pixel: the background, as long as strokes are thin."""
    side = int(np.clip(round(NEIGHBOURHOOD * patch.height), 3, 199)) | 1
    levels = np.rint(np.clip(patch.pixels, 0, 1) * 255).astype(np.uint8)
    return np.asarray(cv2.medianBlur(levels, side), np.float32) * np.float32(1 / 255)


def _inks(patch: Patch, behind: Plane) -> list[Plane]:
    apart = largest(patch.pixels - behind)
    inside = patch.inside & ~patch.others
    if not inside.any():
        return []
    thin = inside & (apart > max(LEGIBLE, float(np.percentile(apart[inside], 70))))
    return _clusters(patch.pixels[thin], STROKES) + _clusters(patch.pixels[inside], PLAIN)


def _clusters(colours: Plane, count: int) -> list[Plane]:
    if len(colours) < 8:
        return []
    samples = np.ascontiguousarray(colours[:: max(1, len(colours) // 4000)])
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.002)
    unset = np.empty(0, np.int32)
    _, _, centres = cv2.kmeans(samples, min(count, len(samples)), unset, stop, 1, cv2.KMEANS_PP_CENTERS)
    return list(np.asarray(centres, np.float32))


def _nearer(patch: Patch, ink: Plane, behind: Plane) -> Mask:
    """Pixels nearer to the ink than to what is behind them, in and around the quad."""
    near = grown(patch.inside, max(4, round(0.35 * patch.height)))
    to_ink = euclidean(patch.pixels - ink)
    whole = euclidean(behind - ink)
    return np.asarray(near & (whole > LEGIBLE) & (to_ink < NEARER * whole) & (to_ink < SAME_INK))


def _letters(patch: Patch, raw: Mask, ink: Plane) -> Mask:
    """`raw` without things thicker than strokes and without what the vote throws out."""
    radius = max(2, round(THICKEST * patch.height))
    things = grown(shrunk(raw, radius), radius + 1)
    strength = 2 - euclidean(patch.pixels - ink)
    parts = measure(patch, raw & ~things, strength.astype(np.float32))
    keep = vote(patch, parts) & (parts.area > max(4, 0.002 * patch.height**2))
    return np.asarray(keep[parts.labels])
