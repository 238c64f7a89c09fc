"""More tuning scenes, rich in what the first four lack: veils over everything, veils on veils, soft light, tones.

Drawn before the remedies that were chosen on them; they share no photo with the unseen half.
"""

from __future__ import annotations

import math

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


def _box(h: int, w: int, corners: tuple[float, float, float, float], radius: float) -> Plane:
    x0, y0, x1, y1 = corners
    ends = [x0 * w, y0 * h, x1 * w, y1 * h]
    return shape(h, w, lambda d, s: d.rounded_rectangle([v * s for v in ends], radius * w * s, fill=255))


def _ellipses(h: int, w: int, items: list[tuple[float, float, float, float]]) -> Plane:
    """(x, y, rx, ry) as shares of the width."""

    def paint(d, s: int) -> None:
        for x, y, rx, ry in items:
            cx, cy = x * w * s, y * h * s
            d.ellipse([cx - rx * w * s, cy - ry * w * s, cx + rx * w * s, cy + ry * w * s], fill=255)

    return shape(h, w, paint)


def smoke(h: int, w: int) -> Stack:
    """A brick wall, smoke of 0–70 % in plumes, sparks, a lamp, letters."""
    rng = np.random.default_rng(2101)
    _, y = ramp(h, w)
    plume = 0.30 + 0.22 * noise(h, w, h / 4, 2102) + 0.07 * noise(h, w, h / 14, 2103)
    plume = np.clip(plume * (0.4 + 0.9 * y), 0, 0.7)
    sparks = []
    for _ in range(160):
        at = np.array([rng.uniform(0, w), rng.uniform(0, h)])
        way = rng.normal(0, 0.012, 2) * w
        sparks.append((np.array([at, at + way]), rng.uniform(0.0006, 0.002) * w))
    lamp = _ellipses(h, w, [(0.76, 0.2, 0.06, 0.06)])
    return [
        layer(photo("brick", h, w, 2104) * np.float32([0.85, 0.55, 0.45]), np.ones((h, w), np.float32)),
        layer((0.74, 0.76, 0.78), plume.astype(np.float32)),
        layer((1.0, 0.72, 0.25), np.maximum(strokes(h, w, sparks), lamp)),
        layer((0.98, 0.97, 0.92), text(h, w, [(0.06, 0.06, 0.1, "Smoke"), (0.07, 0.2, 0.02, SENTENCE[:48])])),
    ]


def aquarium(h: int, w: int) -> Stack:
    """Coins on the ground, green water over all, shafts of light, fishes with translucent fins, bubbles."""
    rng = np.random.default_rng(2201)
    x, y = ramp(h, w)
    water = 0.35 + 0.2 * y + 0.04 * noise(h, w, h / 5, 2202)
    shafts = np.zeros((h, w), np.float32)
    for _ in range(5):
        a, b = rng.uniform(0, 1), rng.uniform(0.02, 0.05)
        shafts = np.maximum(shafts, np.exp(-(((x - a - 0.25 * y) / b) ** 2)) * rng.uniform(0.15, 0.4))
    shafts *= 1 - 0.8 * y
    bodies, fins = [], []
    for _ in range(5):
        fx, fy = rng.uniform(0.15, 0.85), rng.uniform(0.2, 0.8)
        bodies.append((fx, fy, 0.07, 0.03))
        fins.append((fx + 0.08, fy, 0.03, 0.045))
    body, fin = _ellipses(h, w, bodies), _ellipses(h, w, fins)
    skin = (
        np.stack([0.9 - 0.2 * y, 0.45 + 0.25 * np.sin(x * 90), 0.15 + 0 * x], -1) + noise(h, w, 2, 7)[..., None] * 0.02
    )
    colour, alpha = merge([(fin * 0.45, flat(h, w, (0.95, 0.65, 0.3))), (body, skin)])
    rings = []
    for _ in range(40):
        turn, r = np.linspace(0, 2 * math.pi, 40), rng.uniform(0.004, 0.016) * w
        at = np.array([rng.uniform(0, w), rng.uniform(0, h)])
        rings.append((at + r * np.stack([np.cos(turn), np.sin(turn)], 1), 0.0012 * w))
    return [
        layer(photo("coins", h, w, 2203) * np.float32([0.9, 0.82, 0.6]), np.ones((h, w), np.float32)),
        layer((0.08, 0.36, 0.40), np.clip(water, 0.1, 0.8).astype(np.float32)),
        layer(colour, alpha),
        layer((0.95, 1.0, 0.9), shafts.astype(np.float32)),
        layer((0.9, 0.97, 1.0), strokes(h, w, rings)),
    ]


def bokeh(h: int, w: int) -> Stack:
    """Curly hair before a sharp photo, discs of light over both, a dark vignette over all, a signature."""
    rng = np.random.default_rng(2301)
    x, y = ramp(h, w)
    head = _ellipses(h, w, [(0.45, 0.55, 0.15, 0.2)])
    bust = _ellipses(h, w, [(0.45, 1.05, 0.3, 0.3)])
    parts = [
        (bust, flat(h, w, (0.55, 0.12, 0.18)) + noise(h, w, 1.5, 2302)[..., None] * 0.02),
        (head, flat(h, w, (0.62, 0.42, 0.32)) + noise(h, w, 3, 2303)[..., None] * 0.014),
    ]
    for tone in (0.10, 0.17, 0.26):
        curves = []
        for points, thick in hair(rng, (0.45 * w, 0.52 * h), (0.15 * w, 0.2 * h), 0.14 * w, 420):
            u = np.linspace(0, 1, len(points))
            curl = 0.008 * w * u * np.sin(u * rng.uniform(8, 22) + rng.uniform(0, 6))
            curves.append((points + np.stack([curl, 0.6 * curl[::-1]], 1), thick * w))
        parts.append((strokes(h, w, curves), flat(h, w, (tone, tone * 0.75, tone * 0.55))))
    colour, alpha = merge(parts)
    lights = np.zeros((h, w), np.float32)
    for _ in range(14):
        disc = (rng.uniform(0, 1), rng.uniform(0, 0.7), *[rng.uniform(0.02, 0.06)] * 2)
        lights = np.maximum(lights, _ellipses(h, w, [disc]) * np.float32(rng.uniform(0.2, 0.55)))
    corner = np.clip(1.5 * ((x - 0.5) ** 2 + (y - 0.5) ** 2) ** 0.75 - 0.1, 0, 0.8)
    return [
        layer(photo("coffee", h, w, 2304)[:, ::-1], np.ones((h, w), np.float32)),
        layer(colour, alpha),
        layer((1.0, 0.86, 0.6), lights),
        layer((0.03, 0.02, 0.05), corner.astype(np.float32)),
        layer((0.96, 0.96, 0.99), text(h, w, [(0.66, 0.9, 0.04, "A. Nobody"), (0.66, 0.95, 0.014, SENTENCE[:30])])),
    ]


def product(h: int, w: int) -> Stack:
    """A bottle of amber glass on a paper sweep: contact shadow, reflection, gleams, label, print."""
    x, y = ramp(h, w)
    sweep = np.stack([0.82 - 0.2 * y, 0.84 - 0.16 * y, 0.88 - 0.1 * y], -1)
    sweep = sweep + (noise(h, w, 1, 2401) * 0.006 + noise(h, w, h / 3, 2402) * 0.03)[..., None]
    foot = _ellipses(h, w, [(0.52, 0.83, 0.2, 0.035)])
    cast = cv2.GaussianBlur(foot, (0, 0), 0.018 * h) * 0.6
    bottle = np.maximum(_box(h, w, (0.36, 0.36, 0.66, 0.84), 0.04), _box(h, w, (0.46, 0.14, 0.56, 0.40), 0.01))
    label = _box(h, w, (0.36, 0.50, 0.66, 0.72), 0.0)
    gleam = (np.exp(-(((x - 0.40) / 0.008) ** 2)) + 0.6 * np.exp(-(((x - 0.62) / 0.004) ** 2))) * bottle * 0.8
    glass = bottle * (0.62 + 0.18 * np.abs(x - 0.51) / 0.15)
    lines = [
        (0.38, 0.52, 0.055, "Amber No 4"),
        (0.38, 0.60, 0.018, "cold pressed, unfiltered"),
        (0.05, 0.05, 0.07, "NEW"),
    ]
    lines += [(0.38, 0.63 + 0.017 * k, 0.011, SENTENCE[6 * k : 6 * k + 44]) for k in range(4)]
    return [
        layer(sweep, np.ones((h, w), np.float32)),
        layer((0.10, 0.06, 0.02), cast),
        layer(np.stack([0.45 + 0.1 * y, 0.2 + 0.05 * y, 0.03 + 0 * x], -1), np.clip(glass, 0, 0.97)),
        layer(flat(h, w, (0.93, 0.9, 0.82)) + noise(h, w, 2, 2403)[..., None] * 0.01, label),
        layer((1, 1, 1), np.clip(gleam, 0, 1).astype(np.float32)),
        layer((0.2, 0.13, 0.08), text(h, w, lines)),
    ]


def atlas(h: int, w: int) -> Stack:
    """A relief with tinted regions of 40 %, a hatched zone, roads, a legend of 85 % with a shadow, names."""
    rng = np.random.default_rng(2501)
    relief = photo("moon", h, w, 2502, 0.015) * 0.5 + 0.4 * np.float32([0.9, 1.0, 0.8])
    regions, tone = np.zeros((h, w), np.float32), np.array(flat(h, w, (0.5, 0.5, 0.5)))
    for colour in ((0.85, 0.3, 0.25), (0.2, 0.5, 0.85), (0.95, 0.8, 0.2), (0.35, 0.7, 0.35)):
        c, r, k = rng.uniform(0.2, 0.8, 2), rng.uniform(0.15, 0.3), 11
        spots = [
            ((c[0] + r * f * math.cos(t)) * w, (c[1] + r * f * math.sin(t)) * h)
            for t, f in zip(np.linspace(0, 2 * math.pi, k, endpoint=False), rng.uniform(0.5, 1, k), strict=True)
        ]
        mask = shape(h, w, lambda d, s, at=tuple(spots): d.polygon([(px * s, py * s) for px, py in at], fill=255))
        regions, tone = np.maximum(regions, mask * 0.42), np.where(mask[..., None] > 0, np.float32(colour), tone)
    roads = []
    for _ in range(18):
        path = np.cumsum(rng.normal(0, 0.03, (30, 2)) + rng.normal(0, 0.02, 2), 0) + rng.uniform(0.1, 0.9, 2)
        roads.append((path * (w, h), rng.uniform(0.0008, 0.0025) * w))
    legend = _box(h, w, (0.64, 0.62, 0.95, 0.94), 0.01)
    names = [
        (rng.uniform(0.05, 0.55), rng.uniform(0.1, 0.9), rng.uniform(0.015, 0.035), n)
        for n in "Ost Bay Kiel Arno Lund Vik Ems".split()
    ]
    names += [(0.66, 0.65 + 0.035 * k, 0.02, SENTENCE[9 * k : 9 * k + 24]) for k in range(7)]
    return [
        layer(relief, np.ones((h, w), np.float32)),
        layer(tone, regions),
        layer((0.4, 0.1, 0.1), strokes(h, w, roads)),
        layer((0, 0, 0), shadow(legend, 0.004, 0.006, 0.008, 0.5)),
        layer((0.97, 0.96, 0.92), legend * np.float32(0.85)),
        layer((0.1, 0.1, 0.15), text(h, w, names)),
    ]


def modal(h: int, w: int) -> Stack:
    """A photo, a bluish scrim over all, the shadow of a window, the window of 92 %, a drawn arrow, letters."""
    _, y = ramp(h, w)
    window = _box(h, w, (0.25, 0.28, 0.86, 0.72), 0.02)
    arrow = [(np.array([[0.1 * w, 0.9 * h], [0.22 * w, 0.6 * h], [0.24 * w, 0.5 * h]]), 0.006 * w)]
    arrow += [(np.array([[0.20 * w, 0.54 * h], [0.24 * w, 0.5 * h], [0.27 * w, 0.55 * h]]), 0.006 * w)]
    lines = [(0.29, 0.31, 0.05, "Are you sure?"), (0.3, 0.63, 0.03, "Cancel"), (0.7, 0.63, 0.03, "Yes")]
    lines += [(0.29, 0.41 + 0.03 * k, 0.018, SENTENCE[4 * k : 4 * k + 50]) for k in range(5)]
    return [
        layer(photo("camera", h, w, 2601) * np.float32([0.95, 0.9, 0.85]), np.ones((h, w), np.float32)),
        layer((0.08, 0.1, 0.2), (0.5 + 0.2 * (y - 0.5)).astype(np.float32)),
        layer((0.0, 0.0, 0.02), shadow(window, 0.0, 0.015, 0.02, 0.6)),
        layer((0.98, 0.98, 0.99), window * np.float32(0.92)),
        layer((0.1, 0.75, 0.4), strokes(h, w, arrow)),
        layer((0.12, 0.12, 0.16), text(h, w, lines)),
    ]


SCENES = {"smoke": smoke, "aquarium": aquarium, "bokeh": bokeh, "product": product, "atlas": atlas, "modal": modal}
