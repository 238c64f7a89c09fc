"""Tuning scenes of thin translucent strokes: rain, hatching, scratches, wisps.

Drawn before the remedies that were chosen on them; they share no photo with the unseen half.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.bench.scenes.draw import SENTENCE, Stack, flat, layer, merge, noise, photo, ramp, shape, strokes, text

Curves = list[tuple[NDArray[np.floating], float]]


def _hatch(rng: np.random.Generator, h: int, w: int, centre: tuple[float, float], reach: float, turn: float) -> Curves:
    """Nearly parallel pencil strokes that fill a disc; lengths are shares of the width."""
    way, across = (np.array([math.cos(turn + k), math.sin(turn + k)]) for k in (0, math.pi / 2))
    curves: Curves = []
    for offset in np.arange(-1, 1, 0.0042 / reach):
        half = reach * math.sqrt(max(1 - offset**2, 0.01)) * rng.uniform(0.85, 1.1)
        u = np.linspace(-1, 1, 24)[:, None]
        line = np.array([centre[0], centre[1] * h / w]) + across * offset * reach + way * u * half
        line = line + across * (0.002 * rng.normal() * (u**2) + 0.0006 * rng.normal())
        curves.append((line * w, rng.uniform(0.0007, 0.0014) * w))
    return curves


def drizzle(h: int, w: int) -> Stack:
    """A street of blurred lights, an umbrella, slanted rain of 60 % in two widths over both, a caption."""
    rng = np.random.default_rng(2701)
    x, y = ramp(h, w)
    back = cv2.GaussianBlur(photo("rocket", h, w, 2702, 0)[:, ::-1], (0, 0), w / 500)
    back = back * 0.75 + np.stack([0.20 * y, 0.13 * x, 0.12 + 0.05 * x], -1) + noise(h, w, 1.2, 2703)[..., None] * 0.008
    cloth = shape(
        h, w, lambda d, s: d.pieslice([0.30 * w * s, 0.35 * h * s, 0.80 * w * s, 0.85 * h * s], 180, 360, 255)
    )
    pole = strokes(h, w, [(np.array([[0.55 * w, 0.6 * h], [0.55 * w, 0.95 * h]]), 0.006 * w)])
    red = (
        np.stack([0.62 + 0.12 * np.sin(30 * x), 0.10 + 0 * x, 0.14 + 0 * x], -1)
        + noise(h, w, 2, 2704)[..., None] * 0.02
    )
    colour, alpha = merge([(pole, flat(h, w, (0.15, 0.13, 0.12))), (cloth, red)])
    drops: Curves = []
    for _ in range(1100):
        at = np.array([rng.uniform(-0.05, 1.0) * w, rng.uniform(-0.1, 1.0) * h])
        drops.append(
            (np.array([at, at + rng.uniform(0.02, 0.07) * h * np.array([0.22, 1.0])]), rng.choice([6e-4, 1e-3]) * w)
        )
    return [
        layer(back, np.ones((h, w), np.float32)),
        layer(colour, alpha),
        layer((0.80, 0.86, 0.92), strokes(h, w, drops) * np.float32(0.6)),
        layer((0.98, 0.95, 0.80), text(h, w, [(0.05, 0.88, 0.06, "Drizzle"), (0.05, 0.95, 0.016, SENTENCE[:60])])),
    ]


def hatching(h: int, w: int) -> Stack:
    """Watercolour blots of 55 % on paper, graphite of 65 % hatched both ways, a red pencil of 50 %, an ink outline."""
    rng = np.random.default_rng(2801)
    x, y = ramp(h, w)
    paper = (
        flat(h, w, (0.93, 0.91, 0.86)) + (noise(h, w, 1.5, 2802) * 0.010 + noise(h, w, h / 6, 2803) * 0.012)[..., None]
    )
    blot = np.zeros((h, w), np.float32)
    for cx, cy, r in ((0.35, 0.4, 0.22), (0.68, 0.6, 0.2)):
        blot = np.maximum(blot, np.clip((r - np.hypot(x - cx, (y - cy)) + 0.02 * noise(h, w, h / 12, 2804)) * 40, 0, 1))
    tone = np.stack([0.25 + 0.5 * x, 0.52 - 0.1 * y, 0.62 - 0.3 * x], -1)
    graphite = [*_hatch(rng, h, w, (0.36, 0.42), 0.18, 0.7), *_hatch(rng, h, w, (0.40, 0.46), 0.12, -0.5)]
    red = [*_hatch(rng, h, w, (0.68, 0.62), 0.16, 1.1), *_hatch(rng, h, w, (0.5, 0.2), 0.08, 0.2)]
    turn = np.linspace(0, 2 * math.pi, 90)
    ring = [
        (np.stack([(cx + r * np.cos(turn)) * w, cy * h + r * w * np.sin(turn)], 1), 0.0016 * w)
        for cx, cy, r in ((0.36, 0.42, 0.19), (0.68, 0.62, 0.17))
    ]
    return [
        layer(paper, np.ones((h, w), np.float32)),
        layer(tone, blot * np.float32(0.55)),
        layer((0.72, 0.13, 0.12), strokes(h, w, red) * np.float32(0.5)),
        layer(
            flat(h, w, (0.22, 0.22, 0.25)) + noise(h, w, 1, 2805)[..., None] * 0.02,
            strokes(h, w, graphite) * np.float32(0.65),
        ),
        layer((0.07, 0.06, 0.10), np.maximum(strokes(h, w, ring), text(h, w, [(0.06, 0.9, 0.04, "Study, No 3")]))),
    ]


def scratches(h: int, w: int) -> Stack:
    """Coins below a pane: wisps of dark smoke of 35–55 %, pale scratches of 30–80 %, a sticker on top."""
    rng = np.random.default_rng(2901)
    _, y = ramp(h, w)
    wisps = np.zeros((h, w), np.float32)
    for _ in range(45):
        u = np.linspace(0, 1, 60)
        at = rng.uniform(0.05, 0.95) * w
        sway = sum(rng.normal() * 0.02 / k * w * np.sin(k * 4 * u + rng.uniform(0, 6)) for k in (1, 2, 3))
        line = np.stack([at + sway, (1 - u * rng.uniform(0.4, 0.95)) * h], 1)
        one = strokes(h, w, [(line, rng.uniform(0.001, 0.0022) * w)]) * np.float32(rng.uniform(0.35, 0.55))
        wisps = np.maximum(wisps, one * (0.25 + 0.75 * y))
    marks = np.zeros((h, w), np.float32)
    for strength in (0.3, 0.45, 0.6, 0.8):
        arcs: Curves = []
        for _ in range(70):
            at, angle, bend = rng.uniform(0, 1, 2) * (w, h), rng.uniform(0, 2 * math.pi), rng.normal(0, 0.5)
            u = np.linspace(0, 1, 30)
            steps = np.stack([np.cos(angle + bend * u), np.sin(angle + bend * u)], 1) * rng.uniform(0.05, 0.3) * w / 30
            arcs.append((at + np.cumsum(steps, 0), rng.uniform(0.0005, 0.0011) * w))
        marks = np.maximum(marks, strokes(h, w, arcs) * np.float32(strength))
    disc = shape(h, w, lambda d, s: d.ellipse([0.62 * w * s, 0.10 * h * s, 0.90 * w * s, 0.38 * h * s], fill=255))
    sticker = np.stack([0.95 - 0.1 * y, 0.62 + 0.3 * y, 0.1 + 0 * y], -1) + noise(h, w, 2, 2902)[..., None] * 0.01
    return [
        layer(photo("coins", h, w, 2903)[::-1] * np.float32([0.72, 0.8, 0.95]) + 0.08, np.ones((h, w), np.float32)),
        layer((0.09, 0.07, 0.12), wisps),
        layer((0.93, 0.95, 0.97), marks),
        layer(sticker, disc),
    ]


SCENES = {"drizzle": drizzle, "hatching": hatching, "scratches": scratches}
