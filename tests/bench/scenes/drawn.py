"""Scenes drawn by lot, as many as one likes: layouts, photos, colours and what is in them come from the seed.

Every kind of thing that refinement is for is as likely as any other: photos cut out, text, anti-aliased shapes,
hair-like strokes, shadows, glass; veils over the whole picture half as likely. Seeds below 100 are for tuning. Those
from 100 on are for judging: nobody chooses a constant on them, and each lot is measured once (100–123 have been).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from tests.bench.scenes.draw import (
    SENTENCE,
    Plane,
    Stack,
    flat,
    hair,
    layer,
    merge,
    noise,
    photo,
    ramp,
    shadow,
    shape,
    strokes,
    text,
)

Lot = np.random.Generator
Part = tuple[Plane, Plane]
"""Colour (h, w, 3) and alpha (h, w)."""
PHOTOS = (
    *("astronaut", "brick", "chelsea", "coffee", "grass", "gravel"),
    *("hubble_deep_field", "immunohistochemistry", "retina", "rocket", "stereo_motorcycle"),
)
WORDS = (SENTENCE + " Wild harbour lights over seven quiet northern islands, 1987 to 2026 & later!").split()


def drawn(seed: int, h: int, w: int) -> Stack:
    """The scene of a seed: a photo or an even ground, and three to five things upon it (up to nine layers)."""
    lot = np.random.default_rng([seed, 77])
    parts = [_ground(lot, h, w)]
    kinds = list(KINDS)
    chances = np.array([0.5 if kind is _veil else 1.0 for kind in kinds])
    for kind in lot.choice(len(kinds), int(lot.integers(3, 6)), p=chances / chances.sum()):
        parts += kinds[kind](lot, h, w)
    return [layer(colour, alpha) for colour, alpha in parts]


def _ground(lot: Lot, h: int, w: int) -> Part:
    whole = np.ones((h, w), np.float32)
    if lot.uniform() < 0.7:
        return _photo(lot, h, w), whole
    return _gradient(lot, h, w), whole


def _photo(lot: Lot, h: int, w: int) -> Plane:
    """One of the photos, mirrored, lighter or darker, tinted."""
    out = photo(str(lot.choice(PHOTOS)), h, w, int(lot.integers(1 << 20)), lot.uniform(0.005, 0.03))
    if lot.uniform() < 0.5:
        out = out[:, ::-1]
    gain, lift = lot.uniform(0.6, 1.0), lot.uniform(0, 0.25)
    return np.clip(out * np.float32(gain) * lot.uniform(0.85, 1, 3).astype(np.float32) + np.float32(lift), 0, 1)


def _colour(lot: Lot) -> Plane:
    """Any hue; light, dark or strong."""
    hue, chroma, light = lot.uniform(0, 2 * math.pi), lot.uniform(0, 0.5), lot.uniform(0.08, 0.92)
    around = np.cos(hue + np.array([0, 2, 4]) * math.pi / 3)
    return np.clip(light + chroma * around * min(1.0, 2 * min(light, 1 - light) + 0.3), 0, 1).astype(np.float32)


def _gradient(lot: Lot, h: int, w: int) -> Plane:
    """Between two near colours, along any direction, with grain or without."""
    x, y = ramp(h, w)
    turn = lot.uniform(0, 2 * math.pi)
    along = (x * math.cos(turn) + y * math.sin(turn))[..., None].astype(np.float32)
    first = _colour(lot)
    out = first + along * (lot.uniform(-0.25, 0.25, 3).astype(np.float32))
    if lot.uniform() < 0.5:
        out = out + noise(h, w, 1, int(lot.integers(1 << 20)))[..., None] * np.float32(lot.uniform(0.005, 0.02))
    return np.clip(out, 0, 1)


def _outline(lot: Lot, h: int, w: int, largest: float = 0.3) -> list[tuple[float, float]]:
    """A closed curve: box, star, polygon, ellipse or blob, anywhere in the picture."""
    radius = lot.uniform(0.05, largest) * min(h, w)
    cx, cy, turn = lot.uniform(0.1, 0.9) * w, lot.uniform(0.1, 0.9) * h, lot.uniform(0, 2 * math.pi)
    flatness = lot.uniform(0.5, 1)
    form = lot.choice(["box", "star", "polygon", "ellipse", "blob"])
    corners = {"box": 4, "star": 2 * int(lot.integers(4, 9)), "polygon": int(lot.integers(3, 9))}.get(form, 180)
    waves = lot.uniform(0, 0.12, 3), lot.uniform(0, 2 * math.pi, 3)
    out = []
    for k in range(corners):
        angle = 2 * math.pi * k / corners
        reach = radius * (0.5 if form == "star" and k % 2 else 1)
        if form == "blob":
            reach *= 1 + sum(a * math.cos((n + 2) * angle + p) for n, (a, p) in enumerate(zip(*waves, strict=True)))
        px, py = reach * math.cos(angle + math.pi / 4), reach * math.sin(angle + math.pi / 4) * flatness
        out.append((cx + px * math.cos(turn) - py * math.sin(turn), cy + px * math.sin(turn) + py * math.cos(turn)))
    return out


def _mask(h: int, w: int, *outlines: list[tuple[float, float]]) -> Plane:
    return shape(h, w, lambda d, s: [d.polygon([(x * s, y * s) for x, y in outline], fill=255) for outline in outlines])


def _cutout(lot: Lot, h: int, w: int) -> list[Part]:
    """A photo in an outline; mostly it casts a shadow."""
    alpha = _mask(h, w, _outline(lot, h, w, 0.35))
    cast = shadow(
        alpha, lot.uniform(-0.02, 0.02), lot.uniform(0, 0.025), lot.uniform(0.005, 0.02), lot.uniform(0.3, 0.65)
    )
    below = [(flat(h, w, _colour(lot) * 0.12), cast)] if lot.uniform() < 0.7 else []
    return [*below, (_photo(lot, h, w), alpha)]


def _shapes(lot: Lot, h: int, w: int) -> list[Part]:
    outlines = [_outline(lot, h, w, 0.2) for _ in range(int(lot.integers(1, 6)))]
    return [(_gradient(lot, h, w), _mask(h, w, *outlines))]


def _text(lot: Lot, h: int, w: int) -> list[Part]:
    """A few blocks, large and tiny, each in its colour."""
    parts = []
    for _ in range(int(lot.integers(1, 4))):
        size = math.exp(lot.uniform(math.log(0.011), math.log(0.14)))
        x, y = lot.uniform(0.02, 0.5), lot.uniform(0.02, 0.85)
        count = int(lot.integers(1, 3 if size > 0.04 else 9))
        words = [" ".join(lot.choice(WORDS, int(lot.integers(1, 3 if size > 0.04 else 8)))) for _ in range(count)]
        lines = [(x, y + 1.4 * size * k, size, line) for k, line in enumerate(words)]
        parts.append((text(h, w, lines), flat(h, w, _colour(lot))))
    return [merge(parts)]


def _hairy(lot: Lot, h: int, w: int) -> list[Part]:
    """A head of hair, blades of grass, or wires: thin, of similar tones."""
    tone, parts = _colour(lot), []
    form = lot.choice(["hair", "blades", "wires"])
    if form == "hair":
        centre = lot.uniform(0.3, 0.7) * w, lot.uniform(0.5, 0.8) * h
        radius = lot.uniform(0.06, 0.16) * w, lot.uniform(0.08, 0.2) * h
        body = np.zeros((h, w), np.float32)
        cv2.ellipse(body, tuple(map(round, centre)), tuple(map(round, radius)), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
        parts.append((body, flat(h, w, tone) + noise(h, w, 3, int(lot.integers(1 << 20)))[..., None] * 0.03))
    for _ in range(3):
        if form == "hair":
            curves = [(p, t * w) for p, t in hair(lot, centre, radius, lot.uniform(0.05, 0.25) * w, 300)]
        elif form == "blades":
            curves = [_blade(lot, h, w) for _ in range(150)]
        else:
            curves = [_wire(lot, h, w) for _ in range(5)]
        parts.append((strokes(h, w, curves), flat(h, w, np.clip(tone + lot.uniform(-0.12, 0.12), 0, 1))))
    return [merge(parts)]


def _blade(lot: Lot, h: int, w: int) -> tuple[Plane, float]:
    x, reach, lean = lot.uniform(0, 1) * w, lot.uniform(0.05, 0.3) * h, lot.uniform(-0.1, 0.1) * w
    u = np.linspace(0, 1, 20)
    return np.stack([x + lean * u * u, h - reach * u], -1).astype(np.float32), lot.uniform(0.0006, 0.003) * w


def _wire(lot: Lot, h: int, w: int) -> tuple[Plane, float]:
    ends, sag, u = lot.uniform(0, 0.9, 2) * h, lot.uniform(0, 0.1) * h, np.linspace(0, 1, 40)
    y = ends[0] + (ends[1] - ends[0]) * u + sag * 4 * u * (1 - u)
    return np.stack([u * w, y], -1).astype(np.float32), lot.uniform(0.0005, 0.0015) * w


def _shadow(lot: Lot, h: int, w: int) -> list[Part]:
    """What casts it is outside the picture."""
    alpha = cv2.GaussianBlur(_mask(h, w, _outline(lot, h, w, 0.4)), (0, 0), lot.uniform(0.004, 0.03) * h)
    return [(flat(h, w, _colour(lot) * 0.15), alpha * np.float32(lot.uniform(0.25, 0.7)))]


def _glass(lot: Lot, h: int, w: int) -> list[Part]:
    """A tinted pane with a brighter rim and a band of light."""
    outline = _outline(lot, h, w, 0.35)
    pane = _mask(h, w, outline)
    width = max(1, round(lot.uniform(0.001, 0.006) * w))
    rim = pane - cv2.erode(pane, np.ones((2 * width + 1, 2 * width + 1), np.uint8))
    x, y = ramp(h, w)
    turn = lot.uniform(0, 2 * math.pi)
    band = np.exp(-((x * math.cos(turn) + y * math.sin(turn) - lot.uniform(-0.5, 1)) ** 2) / lot.uniform(0.002, 0.05))
    alpha = pane * (lot.uniform(0.15, 0.7) + lot.uniform(0, 0.15) * band) + rim * lot.uniform(0, 0.25)
    return [(_gradient(lot, h, w) * 0.3 + _colour(lot) * 0.7, np.clip(alpha, 0, 0.93).astype(np.float32))]


def _veil(lot: Lot, h: int, w: int) -> list[Part]:
    """Fog, or light from a corner, over all of it."""
    if lot.uniform() < 0.5:
        cloud = noise(h, w, h / lot.uniform(3, 8), int(lot.integers(1 << 20)))
        alpha = np.clip(lot.uniform(0.1, 0.35) + lot.uniform(0.05, 0.12) * cloud, 0, 0.6)
    else:
        x, y = ramp(h, w)
        far = (x - lot.uniform(-0.1, 1.1)) ** 2 + (y - lot.uniform(-0.1, 1.1)) ** 2
        alpha = lot.uniform(0.3, 0.7) * np.exp(-far / lot.uniform(0.05, 0.4))
    return [(flat(h, w, _colour(lot) * 0.4 + 0.6), alpha.astype(np.float32))]


KINDS: tuple[Callable[[Lot, int, int], list[Part]], ...] = (*(_cutout, _shapes, _text, _hairy, _shadow, _glass, _veil),)
