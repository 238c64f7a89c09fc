"""Scenes with other photos, layouts, colours and seeds than the tuning ones: constants are never chosen on these."""

from __future__ import annotations

import math

import cv2
import numpy as np
from tests.bench.scenes.draw import (
    SENTENCE,
    Stack,
    flat,
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


def magazine(h: int, w: int) -> Stack:
    """A cover: astronaut photo, a photo in a tilted frame with its shadow, bands, headlines, tiny print."""
    frame = [(0.48, 0.35), (0.88, 0.29), (0.94, 0.66), (0.54, 0.73)]
    card = shape(h, w, lambda d, s: d.polygon([(x * w * s, y * h * s) for x, y in frame], fill=255))
    band = shape(
        h,
        w,
        lambda d, s: d.polygon(
            [(0, 0.80 * h * s), (w * s, 0.74 * h * s), (w * s, 0.9 * h * s), (0, 0.96 * h * s)], fill=255
        ),
    )
    x, _ = ramp(h, w)
    tone = np.stack([0.75 + 0.2 * x, 0.12 + 0.25 * x, 0.3 - 0.2 * x], -1) + noise(h, w, 1, 61)[..., None] * 0.008
    lines = [(0.04, 0.02, 0.15, "ORBIT"), (0.06, 0.80, 0.07, "The quiet year"), (0.07, 0.885, 0.022, SENTENCE[:50])]
    lines += [(0.05, 0.30 + 0.025 * k, 0.013, SENTENCE[k * 7 : k * 7 + 38]) for k in range(8)]
    return [
        layer(photo("astronaut", h, w, 101), np.ones((h, w), np.float32)),
        layer((0, 0, 0), shadow(card, -0.01, 0.018, 0.02, 0.6)),
        layer(photo("hubble_deep_field", h, w, 103) * 0.9 + 0.05, card),
        layer(tone, band),
        layer((0.97, 0.97, 0.93), text(h, w, lines)),
    ]


def fur(h: int, w: int) -> Stack:
    """A furry ball with whiskers on grass, under a soft ground shadow: thousands of short strokes, similar tones."""
    rng = np.random.default_rng(909)
    ball = shape(h, w, lambda d, s: d.ellipse([0.25 * w * s, 0.30 * h * s, 0.75 * w * s, 0.80 * h * s], fill=255))
    coat = flat(h, w, (0.72, 0.66, 0.58)) + noise(h, w, 25, 7)[..., None] * 0.05 + noise(h, w, 1.5, 8)[..., None] * 0.03
    parts = [(ball, coat)]
    for tone in (0.55, 0.72, 0.86):
        curves = []
        for _ in range(1400):
            turn = rng.uniform(0, 2 * math.pi)
            start = np.array([0.5 * w + 0.245 * w * math.cos(turn), 0.55 * h + 0.245 * h * math.sin(turn)])
            way = turn + rng.normal(0, 0.5)
            reach = rng.uniform(0.01, 0.045) * w
            bend = rng.normal(0, 0.15) * reach
            u = np.linspace(0, 1, 14)[:, None]
            straight = start + u * reach * np.array([math.cos(way), math.sin(way)])
            points = straight + (u * (1 - u)) * bend * np.array([-math.sin(way), math.cos(way)])
            curves.append((points, rng.uniform(0.0005, 0.0016) * w))
        parts.append((strokes(h, w, curves), flat(h, w, (tone, tone * 0.93, tone * 0.82))))
    whiskers = []
    for side in (-1, 1):
        for k in range(7):
            u = np.linspace(0, 1, 30)[:, None]
            end = np.array([0.5 * w + side * 0.42 * w, (0.45 + 0.04 * k) * h])
            start = np.array([0.5 * w + side * 0.1 * w, 0.56 * h])
            whiskers.append((start + u * (end - start) + np.array([0, 0.04 * h]) * (u * (1 - u) * 4), 0.0009 * w))
    parts.append((strokes(h, w, whiskers), flat(h, w, (0.96, 0.95, 0.92))))
    colour, alpha = merge(parts)
    ground = shape(h, w, lambda d, s: d.ellipse([0.22 * w * s, 0.70 * h * s, 0.82 * w * s, 0.88 * h * s], fill=255))
    meadow = photo("grass", h, w, 105) * np.float32([0.75, 0.95, 0.55])
    return [
        layer(meadow, np.ones((h, w), np.float32)),
        layer((0.02, 0.03, 0.01), cv2.GaussianBlur(ground, (0, 0), 0.025 * h) * 0.65),
        layer(colour, alpha),
        layer((0.98, 0.98, 0.2), text(h, w, [(0.06, 0.05, 0.08, "Soft & small"), (0.06, 0.15, 0.02, SENTENCE[:44])])),
    ]


def interface(h: int, w: int) -> Stack:
    """Eight layers of a screen: wallpaper, two translucent panels, cards, a button with a glow, icons, two texts."""
    x, y = ramp(h, w)

    def box(x0: float, y0: float, x1: float, y1: float, radius: float):
        corners = [x0 * w, y0 * h, x1 * w, y1 * h]
        return shape(h, w, lambda d, s: d.rounded_rectangle([v * s for v in corners], radius * w * s, fill=255))

    side, sheet = box(0.03, 0.05, 0.27, 0.95, 0.02), box(0.32, 0.12, 0.96, 0.90, 0.025)
    cards = np.maximum.reduce([box(0.36 + 0.2 * k, 0.2, 0.53 + 0.2 * k, 0.48, 0.012) for k in range(3)])
    button = box(0.70, 0.76, 0.92, 0.85, 0.03)
    ring = lambda d, s, cx, cy: d.ellipse(  # noqa: E731
        [(cx - 0.02) * w * s, cy * h * s - 0.02 * w * s, (cx + 0.02) * w * s, cy * h * s + 0.02 * w * s],
        outline=255,
        width=max(1, int(0.0022 * w * s)),
    )
    icons = shape(h, w, lambda d, s: [ring(d, s, 0.07, 0.15 + 0.09 * k) for k in range(7)])
    menu = [
        (0.11, 0.133 + 0.09 * k, 0.03, word) for k, word in enumerate("Home Inbox Drafts Sent Later Spam Bin".split())
    ]
    body = [(0.36, 0.53 + 0.026 * k, 0.016, SENTENCE[k * 3 : k * 3 + 52]) for k in range(8)]
    glow = cv2.GaussianBlur(button, (0, 0), 0.02 * h) * 0.7
    return [
        layer(photo("retina", h, w, 107) * 0.8 + 0.1, np.ones((h, w), np.float32)),
        layer((0.10, 0.12, 0.16), side * 0.62),
        layer(np.stack([0.93 + 0 * x, 0.94 + 0 * x, 0.99 - 0.05 * y], -1), sheet * (0.82 - 0.12 * y)),
        layer(photo("chelsea", h, w, 109), cards),
        layer((1, 0.45, 0.2), glow),
        layer(np.stack([0.95 + 0 * x, 0.35 + 0.3 * y, 0.15 + 0 * x], -1), button),
        layer((0.92, 0.94, 0.98), np.maximum(icons, text(h, w, menu))),
        layer(
            (0.13, 0.14, 0.2), text(h, w, [*body, (0.74, 0.785, 0.035, "Send now"), (0.36, 0.135, 0.045, "Gallery")])
        ),
    ]


def forest(h: int, w: int) -> Stack:
    """Leaves and twigs over gravel, fog of 10–45 %, a net of wires, a bright label: many thin things at once."""
    rng = np.random.default_rng(4242)
    twigs: list[tuple[np.ndarray, float]] = []
    leaves: list[list[tuple[float, float]]] = []
    for _ in range(26):
        at = np.array([rng.uniform(-0.1, 1.1) * w, h * rng.choice([0.0, 1.0])])
        angle = math.pi / 2 if at[1] == 0 else -math.pi / 2
        thick = rng.uniform(0.002, 0.008) * w
        points = [at]
        for _ in range(22):
            angle += rng.normal(0, 0.16)
            points.append(points[-1] + 0.022 * h * np.array([math.cos(angle), math.sin(angle)]))
            if rng.uniform() < 0.6:
                turn, size = rng.uniform(0, 2 * math.pi), rng.uniform(0.008, 0.022) * w
                tip = np.array([math.cos(turn), math.sin(turn)])
                side = np.array([-tip[1], tip[0]])
                outline = [
                    points[-1] + tip * size * t + side * size * 0.28 * math.sin(math.pi * t)
                    for t in np.linspace(0, 1, 9)
                ]
                outline += [
                    points[-1] + tip * size * t - side * size * 0.28 * math.sin(math.pi * t)
                    for t in np.linspace(1, 0, 9)
                ]
                leaves.append([tuple(p) for p in outline])
        twigs.append((np.array(points), thick))
    plants, alpha = merge(
        [
            (strokes(h, w, twigs), flat(h, w, (0.25, 0.17, 0.1)) + noise(h, w, 2, 31)[..., None] * 0.02),
            (
                shape(
                    h, w, lambda d, s: [d.polygon([(px * s, py * s) for px, py in leaf], fill=255) for leaf in leaves]
                ),
                flat(h, w, (0.35, 0.55, 0.16)) + noise(h, w, 18, 33)[..., None] * 0.06,
            ),
        ]
    )
    fog = np.clip(0.28 + 0.12 * noise(h, w, h / 5, 35), 0.1, 0.45)
    wires = [(np.array([[0, t * h], [w, (t + 0.1) * h]]), 0.0012 * w) for t in np.linspace(-0.05, 0.95, 14)]
    label = [(0.32, 0.42, 0.12, "Wood"), (0.33, 0.56, 0.024, SENTENCE[:36])]
    return [
        layer(photo("gravel", h, w, 111) * np.float32([0.8, 0.75, 0.68]), np.ones((h, w), np.float32)),
        layer((0.86, 0.9, 0.93), fog.astype(np.float32)),
        layer(plants, alpha),
        layer((0.75, 0.78, 0.8), strokes(h, w, wires)),
        layer((0.95, 0.2, 0.3), text(h, w, label)),
    ]


SCENES = {"magazine": magazine, "fur": fur, "interface": interface, "forest": forest}
