"""What an alpha plane of an engine means: haze and pinholes taken out, edges told from even veils.

Law: pure functions on one alpha plane (h, w) float32 0–1 over the grid.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from layerlift.imaging.layer import Mask, Plane

HAZE, THING = 0.05, 0.10
"""Alpha below HAZE is haze and above THING something, unless a thing is near (hairs fade to nothing)."""
NEAR = 4
"""Cells within which a thing is near."""
TAIL, DENT = 0.03, 0.045
"""Alpha above TAIL that hangs together with a thing belongs to it, for haze does not reach so far up; and so do alphas
below 1 − DENT that hang together with a gap: pinholes are deeper than haze."""
WIDE, BARE, MOST = 32, 0.03, 0.5
"""Within so many cells, what is less than half covered must be barer than BARE in at least this share of it for its
faint alphas to be haze. Haze and pinholes come in patches and leave the rest as it was; an even veil, faint (8 %) or
dense (92 %), does not."""
_FLAT_STEP = 0.02
"""Standard deviation of alpha over 3 × 3 cells below which it is an even veil."""
_VEIL = (0.08, 0.955)
"""Range of alphas that an even veil can have."""
_EDGE = (0.012, 0.11)
"""Share of the largest possible variance at which a 5 × 5 window counts as even, and as holding an edge."""


def smoothstep(values: Plane, low: float, high: float) -> Plane:
    """Hermite step from 0 at `low` to 1 at `high`."""
    t = values - np.float32(low)
    t *= np.float32(1 / (high - low))
    np.clip(t, 0, 1, out=t)
    out: Plane = t * t
    t *= -2
    t += 3
    out *= t
    return out


def clean(alpha: Plane) -> Plane:
    """Without haze (faint alpha far from anything) and, by the same rule upside down, without pinholes."""
    return 1 - _without_haze(1 - _without_haze(alpha, TAIL), DENT)


def _without_haze(alpha: Plane, tail: float) -> Plane:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * NEAR + 1, 2 * NEAR + 1))
    near = cv2.dilate((alpha > THING).astype(np.uint8), disc) > 0
    kept = np.where(near | _tails(alpha, tail), alpha, alpha * smoothstep(alpha, HAZE, THING))
    return cast(Plane, np.where(_even(alpha), alpha, kept * smoothstep(kept, 0.008, 0.03)))


def _even(alpha: Plane) -> Mask:
    """Where hardly any cell around is bare: in a veil, whose alpha means what it says."""
    side = (2 * WIDE + 1, 2 * WIDE + 1)
    open_, bare = (cv2.blur((alpha < limit).astype(np.float32), side) for limit in (0.5, BARE))
    return cast(Mask, bare < np.float32(MOST) * open_)


def _tails(alpha: Plane, least: float) -> Mask:
    """Faint alpha that hangs together with a thing: the tails of shadows and fog (hysteresis: Canny, PAMI 1986)."""
    count, labels = cv2.connectedComponents((alpha > least).astype(np.uint8), connectivity=4)
    things = np.zeros(count, np.bool_)
    things[labels[alpha > THING]] = True
    things[0] = False
    return cast(Mask, things[labels])


def box(plane: Plane, radius: int) -> Plane:
    """Mean over (2·radius + 1)² cells."""
    side = 2 * radius + 1
    return cast(Plane, cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT))


def variance(plane: Plane, radius: int, mean: Plane) -> Plane:
    """Variance over (2·radius + 1)² cells, given their `mean` (see `box`)."""
    side = 2 * radius + 1
    out = cast(Plane, cv2.sqrBoxFilter(plane, cv2.CV_32F, (side, side), borderType=cv2.BORDER_REFLECT))
    out -= mean * mean
    return cast(Plane, np.maximum(out, np.float32(0), out=out))


def edge(alpha: Plane) -> Plane:
    """0 where alpha is an even veil (or nothing changes), 1 where things begin and end: edges, hair, text."""
    mean = box(alpha, 2)
    return smoothstep(variance(alpha, 2, mean) / np.maximum(mean * (1 - mean), np.float32(2e-3)), *_EDGE)


def ceiling(alpha: Plane) -> Plane:
    """Largest alpha to expect: 1, or the level of an even veil (glass, tinted panels) where one is near and nothing
    denser (a border, a stroke) is."""
    mean = box(alpha, 1)
    even = ((variance(alpha, 1, mean) < _FLAT_STEP**2) & (mean > _VEIL[0]) & (mean < _VEIL[1])).astype(np.float32)
    even = cv2.erode(even, np.ones((3, 3), np.uint8)).astype(np.float32)
    if not even.any():
        return np.ones_like(alpha)
    support = cv2.GaussianBlur(even, (0, 0), 2)
    level = cv2.GaussianBlur(even * mean, (0, 0), 2) / np.maximum(support, np.float32(1e-6))
    solid = cv2.GaussianBlur((mean >= _VEIL[1]).astype(np.float32), (0, 0), 2)
    sure = np.clip(support / np.float32(0.04), 0, 1)
    sure *= np.clip(1 - solid / np.maximum(support + solid, np.float32(1e-6)) * np.float32(1.5), 0, 1)
    highest = 1 - sure * (1 - level)
    denser = cv2.dilate(mean, np.ones((5, 5), np.uint8)) - level
    release = np.clip((denser - np.float32(0.06)) / np.float32(0.12), 0, 1)
    return cast(Plane, (highest + (1 - highest) * release).astype(np.float32))
