"""Two scenes of eight layers that were drawn after every constant of the refinement had been fixed, and measured once.

Rich in what `unseen` was looked at for while the balance of densities was written: smoke, glass, shadows, scrims.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from tests.bench.scenes.draw import SENTENCE, Stack, flat, layer, noise, photo, ramp, shadow, shape, strokes, text


def harbour(h: int, w: int) -> Stack:
    """Photo, haze that thickens downwards, rigging, sails, a lamp's glow, a bottle of green glass, a tag, letters."""
    rng = np.random.default_rng(71)
    x, y = ramp(h, w)
    haze = np.clip(0.15 + 0.35 * y + 0.05 * noise(h, w, h / 6, 72), 0.1, 0.6)
    ropes = []
    for _ in range(22):
        start = np.array([rng.uniform(0, 1) * w, 0])
        end = np.array([start[0] + rng.normal(0, 0.25) * w, rng.uniform(0.5, 1.0) * h])
        u = np.linspace(0, 1, 24)[:, None]
        ropes.append((start + u * (end - start) + [0, 0.03 * h] * (u * (1 - u) * 4), rng.uniform(0.0007, 0.003) * w))
    sails = shape(
        h,
        w,
        lambda d, s: (
            d.polygon([(0.1 * w * s, 0.7 * h * s), (0.3 * w * s, 0.12 * h * s), (0.38 * w * s, 0.7 * h * s)], fill=255),
            d.polygon([(0.42 * w * s, 0.7 * h * s), (0.42 * w * s, 0.2 * h * s), (0.6 * w * s, 0.7 * h * s)], fill=255),
        ),
    )
    cloth = (
        flat(h, w, (0.86, 0.82, 0.72)) * (0.85 + 0.15 * np.sin(x * 60)[..., None])
        + noise(h, w, 1, 73)[..., None] * 0.012
    )
    glow = np.exp(-((x - 0.78) ** 2 + (y - 0.25) ** 2) / 0.012) * 0.75
    bottle = shape(
        h,
        w,
        lambda d, s: (
            d.rounded_rectangle([0.68 * w * s, 0.5 * h * s, 0.86 * w * s, 0.92 * h * s], 0.05 * w * s, fill=255),
            d.rectangle([0.745 * w * s, 0.4 * h * s, 0.795 * w * s, 0.52 * h * s], fill=255),
        ),
    )
    tag = shape(h, w, lambda d, s: d.ellipse([0.71 * w * s, 0.62 * h * s, 0.83 * w * s, 0.74 * h * s], fill=255))
    lines = [(0.05, 0.83, 0.08, "Harbour"), (0.06, 0.93, 0.02, SENTENCE[:46]), (0.735, 0.66, 0.03, "No 8")]
    return [
        layer(photo("coffee", h, w, 171)[::-1], np.ones((h, w), np.float32)),
        layer((0.78, 0.82, 0.86), haze.astype(np.float32)),
        layer((0.16, 0.12, 0.09), strokes(h, w, ropes)),
        layer(cloth, sails),
        layer((1.0, 0.83, 0.45), glow.astype(np.float32)),
        layer(np.stack([0.1 + 0.1 * x, 0.35 + 0.2 * y, 0.18 + 0 * x], -1), bottle * (0.5 + 0.12 * x)),
        layer((0.93, 0.9, 0.8), tag),
        layer((0.12, 0.08, 0.3), text(h, w, lines)),
    ]


def dialogue(h: int, w: int) -> Stack:
    """Photo, a scrim, a cast shadow, a frosted sheet, a picture on it, a tinted bar, a hand-drawn ring, letters."""
    x, y = ramp(h, w)

    def box(x0: float, y0: float, x1: float, y1: float, radius: float):
        corners = [x0 * w, y0 * h, x1 * w, y1 * h]
        return shape(h, w, lambda d, s: d.rounded_rectangle([v * s for v in corners], radius * w * s, fill=255))

    sheet = box(0.18, 0.2, 0.82, 0.86, 0.03)
    turn = np.linspace(0, 2.2 * math.pi, 120)
    circle = np.array([0.62 * w, 0.42 * h]) + np.stack(
        [0.12 * w * np.cos(turn), (0.09 + 0.004 * turn) * h * np.sin(turn)], 1
    )
    lines = [(0.23, 0.24, 0.05, "Delete everything?"), (0.24, 0.77, 0.03, "Keep"), (0.64, 0.77, 0.03, "Delete")]
    lines += [(0.23, 0.6 + 0.026 * k, 0.016, SENTENCE[k * 5 : k * 5 + 60]) for k in range(5)]
    back = cv2.GaussianBlur(photo("chelsea", h, w, 181), (0, 0), 1.0)[:, ::-1]
    return [
        layer(back, np.ones((h, w), np.float32)),
        layer((0.05, 0.05, 0.09), np.full((h, w), 0.38, np.float32) + 0.14 * (x - 0.5)),
        layer((0, 0, 0), shadow(sheet, 0.0, 0.03, 0.03, 0.5)),
        layer((0.96, 0.96, 0.98), sheet * (0.74 + 0.1 * y)),
        layer(photo("rocket", h, w, 183), box(0.23, 0.33, 0.48, 0.56, 0.01)),
        layer((0.86, 0.2, 0.24), box(0.18, 0.74, 0.82, 0.86, 0.0) * 0.45),
        layer((0.95, 0.1, 0.1), strokes(h, w, [(circle.astype(np.float64), 0.004 * w)])),
        layer((0.1, 0.1, 0.13), text(h, w, lines)),
    ]


SCENES = {"harbour": harbour, "dialogue": dialogue}
