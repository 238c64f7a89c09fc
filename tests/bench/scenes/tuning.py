"""The scenes that the refinement's constants were chosen on."""

from __future__ import annotations

import math

import cv2
import numpy as np
from tests.bench.scenes.draw import (
    SENTENCE,
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


def poster(h: int, w: int) -> Stack:
    """Photo, shapes with a shadow, a cut-out photo, text down to 1 % of the height."""
    x, y = ramp(h, w)
    panel = shape(
        h,
        w,
        lambda d, s: (
            d.rounded_rectangle([0.08 * w * s, 0.10 * h * s, 0.55 * w * s, 0.48 * h * s], 0.03 * w * s, fill=255),
            d.ellipse([0.58 * w * s, 0.5 * h * s, 0.93 * w * s, 0.85 * h * s], fill=255),
        ),
    )
    colour = np.stack([0.9 - 0.47 * y + 0.1 * x, 0.27 + 0.35 * x, 0.24 + 0.6 * y], -1)
    colour += 0.024 * np.sin(x * w / 9)[..., None]
    spikes = [
        (0.30 * w + r * w * math.cos(t), 0.70 * h + r * w * math.sin(t))
        for k in range(10)
        for r, t in [((0.22, 0.11)[k % 2], -math.pi / 2 + k * math.pi / 5)]
    ]
    star = shape(h, w, lambda d, s: d.polygon([(px * s, py * s) for px, py in spikes], fill=255))
    lines = [(0.10, 0.13, 0.11, "Poster"), (0.11, 0.27, 0.05, "full-res layers"), (0.60, 0.60, 0.09, "SALE")]
    lines += [(0.10, 0.36 + 0.022 * k, 0.012, SENTENCE[:62]) for k in range(4)]
    lines += [(0.55, 0.03 + 0.018 * k, 0.010, SENTENCE[:58]) for k in range(4)]
    lines += [(0.05, 0.91, 0.05, "2025 Krita GIMP Photoshop")]
    ink = np.array(flat(h, w, (0.98, 0.96, 0.88)))
    ink[int(0.88 * h) :] = (0.08, 0.12, 0.35)
    ink[: int(0.1 * h)] = (0.06, 0.06, 0.08)
    return [
        layer(photo("rocket", h, w, 1), np.ones((h, w), np.float32)),
        layer((0.04, 0.04, 0.06), shadow(panel, 0.015, 0.02, 0.012, 0.55)),
        layer(colour, panel),
        layer(photo("coffee", h, w, 9), star),
        layer(ink, text(h, w, lines)),
    ]


def portrait(h: int, w: int) -> Stack:
    """Hair over a blurred photo: 1500 strokes of half a pixel to three at 2048."""
    back = (
        cv2.GaussianBlur(photo("immunohistochemistry", h, w, 21, 0), (0, 0), w / 700)
        + noise(h, w, 1, 5)[..., None] * 0.01
    )
    rng = np.random.default_rng(3)
    cx, cy = 0.5 * w, 0.55 * h
    parts = []
    for box, grain, colour, seed, amount in (
        ((0.08, 0.74, 0.92, 1.5), 1, (0.16, 0.27, 0.47), 13, 0.02),
        ((0.33, 0.33, 0.67, 0.77), 2, (0.84, 0.64, 0.53), 9, 0.016),
        ((0.315, 0.30, 0.685, 0.50), 3, (0.27, 0.16, 0.09), 11, 0.035),
    ):
        x0, y0, x1, y1 = box
        mask = shape(h, w, lambda d, s, b=(x0 * w, y0 * h, x1 * w, y1 * h): d.ellipse([v * s for v in b], fill=255))
        parts.append((mask, flat(h, w, colour) + noise(h, w, grain, seed)[..., None] * amount))
    for colour in ((0.23, 0.13, 0.07), (0.36, 0.22, 0.11), (0.47, 0.29, 0.16), (0.16, 0.09, 0.06)):
        curves = hair(rng, (cx, cy), (0.16 * w, 0.21 * h), 0.3 * w, 375)
        parts.append((strokes(h, w, [(points, t * w) for points, t in curves]), flat(h, w, colour)))
    figure, alpha = merge(parts)
    words = text(h, w, [(0.04, 0.04, 0.06, "Portrait"), (0.05, 0.93, 0.015, SENTENCE[:70])])
    return [
        layer(back, np.ones((h, w), np.float32)),
        layer(figure, alpha),
        layer((1, 0.94, 0.47), words),
    ]


def glass(h: int, w: int) -> Stack:
    """A tinted pane with a brighter border over a photo disc, text on the pane."""
    x, y = ramp(h, w)
    back = photo("rocket", h, w, 31) * 0.6 + 0.24
    back = back + (noise(h, w, 40, 4) * 0.08 + noise(h, w, 8, 41) * 0.035)[..., None]
    disc = shape(h, w, lambda d, s: d.ellipse([0.12 * w * s, 0.15 * h * s, 0.62 * w * s, 0.75 * h * s], fill=255))

    def pane(inset: float):
        box = [(0.35 + inset) * w, (0.40 + inset) * h, (0.92 - inset) * w, (0.88 - inset) * h]
        return shape(h, w, lambda d, s: d.rounded_rectangle([v * s for v in box], 0.03 * w * s, fill=255))

    outer, inner = pane(0), pane(0.007)
    gleam = 0.10 * np.exp(-((x - 0.5 - 0.4 * (y - 0.6)) ** 2) / 0.004)
    tint = np.stack([np.full_like(x, 0.78), 0.88 + 0.08 * y, np.full_like(x, 0.98)], -1)
    lines = [(0.40, 0.45, 0.07, "Glass UI")] + [(0.40, 0.56 + 0.03 * k, 0.018, SENTENCE[:40]) for k in range(5)]
    return [
        layer(back, np.ones((h, w), np.float32)),
        layer((0.02, 0.02, 0.08), shadow(disc, 0.012, 0.015, 0.015, 0.5)),
        layer(photo("coffee", h, w, 33), disc),
        layer(tint, outer * (0.34 + gleam) + (outer - inner) * 0.4),
        layer((0.10, 0.12, 0.24), text(h, w, lines)),
    ]


def cartoon(h: int, w: int) -> Stack:
    """Eight layers: sky, sun, clouds of 90 %, two hills, trees with twigs, a house, outlines."""
    rng = np.random.default_rng(77)
    x, y = ramp(h, w)
    sky = np.stack([0.47 + 0.31 * y, 0.70 + 0.2 * y, 0.92 - 0.08 * y], -1)
    sun = shape(h, w, lambda d, s: d.ellipse([0.68 * w * s, 0.08 * h * s, 0.88 * w * s, 0.28 * h * s], fill=255))
    puffs = ((0.2, 0.2), (0.28, 0.18), (0.35, 0.21), (0.62, 0.25), (0.7, 0.22), (0.78, 0.26))
    cloud = shape(
        h,
        w,
        lambda d, s: [
            d.ellipse([(a - 0.09) * w * s, (b - 0.05) * h * s, (a + 0.09) * w * s, (b + 0.05) * h * s], fill=255)
            for a, b in puffs
        ],
    )

    def hill(level: float, amount: float, phase: float, colour: tuple[float, float, float], seed: int):
        line = level * h + amount * h * np.sin(x[0] * 8.2 + phase) + 0.004 * h * np.sin(x[0] * 251)
        alpha = np.clip(y * h - line[None] + 0.5, 0, 1)
        return layer(flat(h, w, colour) + noise(h, w, 30, seed)[..., None] * 0.02, alpha)

    twigs: list[tuple[np.ndarray, float]] = []

    def branch(at: tuple[float, float], angle: float, length: float, thick: float, left: int) -> None:
        end = (at[0] + length * math.cos(angle), at[1] + length * math.sin(angle))
        twigs.append((np.array([at, end]), thick))
        for _ in range(3 if left else 0):
            branch(end, angle + rng.uniform(-0.6, 0.6), length * rng.uniform(0.6, 0.8), thick * 0.62, left - 1)

    branch((0.3 * w, 0.9 * h), -1.57, 0.17 * h, 0.02 * w, 7)
    branch((0.72 * w, 0.95 * h), -1.5, 0.14 * h, 0.015 * w, 7)
    house = shape(
        h,
        w,
        lambda d, s: (
            d.rectangle([0.44 * w * s, 0.62 * h * s, 0.62 * w * s, 0.86 * h * s], fill=255),
            d.polygon(
                [(0.41 * w * s, 0.62 * h * s), (0.53 * w * s, 0.48 * h * s), (0.65 * w * s, 0.62 * h * s)], fill=255
            ),
        ),
    )
    walls = np.where((y < 0.62)[..., None], np.float32([0.7, 0.24, 0.2]), np.float32([0.92, 0.84, 0.7]))
    walls = walls - 0.1 * ((y * 60 % 1) < 0.15)[..., None]
    frame = np.array([[0.44, 0.62], [0.62, 0.62], [0.62, 0.86], [0.44, 0.86], [0.44, 0.62]]) * (w, h)
    lines = [(frame, 0.003 * w)]
    for _ in range(40):
        turn = np.linspace(math.pi, math.pi * 5 / 3, 30)
        px, py = rng.uniform(0, 1) * w, rng.uniform(0.8, 1.02) * h
        lines.append((np.stack([px + 0.02 * w * np.cos(turn), py + 0.06 * h * np.sin(turn)], 1), 0.0014 * w))
    return [
        layer(sky, np.ones((h, w), np.float32)),
        layer((1, 0.84, 0.31), sun),
        layer((0.98, 0.99, 1), cloud * 0.9),
        hill(0.55, 0.06, 0, (0.27, 0.55, 0.35), 1),
        hill(0.68, 0.05, 2, (0.2, 0.45, 0.24), 2),
        layer(flat(h, w, (0.29, 0.2, 0.14)) + noise(h, w, 2, 6)[..., None] * 0.016, strokes(h, w, twigs)),
        layer(walls, house),
        layer((0.08, 0.07, 0.1), strokes(h, w, lines)),
    ]


SCENES = {"poster": poster, "portrait": portrait, "glass": glass, "cartoon": cartoon}
