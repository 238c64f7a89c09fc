"""Three scenes that were drawn after the balance had learnt of blur and offsets, measured once (`--half fresh2`).

None of their photos occurs in another half.
"""

from __future__ import annotations

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


def street(h: int, w: int) -> Stack:
    """A workshop, mist over all, streaks of rain, a furry hood with its shadow on the mist, a neon glow, letters."""
    rng = np.random.default_rng(3101)
    x, y = ramp(h, w)
    mist = np.clip(0.18 + 0.28 * (1 - y) + 0.06 * noise(h, w, h / 5, 3102), 0.05, 0.7)
    rain = []
    for _ in range(260):
        at = np.array([rng.uniform(0, w), rng.uniform(-0.1, 1) * h])
        drop = np.array([0.012 * w, rng.uniform(0.03, 0.09) * h])
        rain.append((np.array([at, at + drop]), rng.uniform(0.0006, 0.0014) * w))
    hood = shape(h, w, lambda d, s: d.ellipse([0.55 * w * s, 0.45 * h * s, 0.85 * w * s, 1.1 * h * s], fill=255))
    fur = [(p, t * w) for p, t in hair(rng, (0.70 * w, 0.72 * h), (0.15 * w, 0.26 * h), 0.06 * w, 700)]
    colour, alpha = merge(
        [
            (hood, flat(h, w, (0.18, 0.24, 0.2)) + noise(h, w, 2, 3103)[..., None] * 0.02),
            (strokes(h, w, fur), flat(h, w, (0.62, 0.55, 0.42))),
        ]
    )
    sign = text(h, w, [(0.08, 0.12, 0.13, "OPEN"), (0.09, 0.27, 0.03, "round the clock")])
    glow = np.clip(cv2.GaussianBlur(sign, (0, 0), 0.02 * h) * 1.6, 0, 0.8)
    return [
        layer(photo("stereo_motorcycle", h, w, 3104), np.ones((h, w), np.float32)),
        layer((0.7, 0.74, 0.8), mist.astype(np.float32)),
        layer((0.02, 0.02, 0.04), shadow(hood, -0.02, 0.01, 0.02, 0.5)),
        layer(colour, alpha),
        layer((0.88, 0.92, 0.97), strokes(h, w, rain) * np.float32(0.6)),
        layer((1.0, 0.25, 0.5), glow.astype(np.float32)),
        layer(np.stack([1 - 0.05 * x, 0.85 + 0 * x, 0.9 + 0 * x], -1), sign),
    ]


def desk(h: int, w: int) -> Stack:
    """Grained wood, a sheet with its shadow, tape of 55 %, a coffee stain, a lens of tinted glass, notes by hand."""
    rng = np.random.default_rng(3201)
    x, y = ramp(h, w)
    rings = np.sin(40 * (x + 0.15 * noise(h, w, h / 3, 3202)) + 6 * noise(h, w, h / 20, 3203))
    wood = np.float32([0.52, 0.36, 0.22]) + (rings * 0.06 + noise(h, w, 1.5, 3204) * 0.02)[..., None]
    corners = [(0.2, 0.14), (0.8, 0.2), (0.75, 0.86), (0.15, 0.8)]
    sheet = shape(h, w, lambda d, s: d.polygon([(a * w * s, b * h * s) for a, b in corners], fill=255))
    strip = [(0.12, 0.2), (0.3, 0.08), (0.33, 0.13), (0.15, 0.25)]
    tape = shape(h, w, lambda d, s: d.polygon([(a * w * s, b * h * s) for a, b in strip], fill=255))
    far = np.sqrt((x - 0.62) ** 2 + (y - 0.62) ** 2)
    stain = 0.5 * np.exp(-(((far - 0.12) / 0.008) ** 2)) + 0.14 * (far < 0.12)
    lens = shape(h, w, lambda d, s: d.ellipse([0.3 * w * s, 0.5 * h * s, 0.5 * w * s, 0.7 * h * s], fill=255))
    notes = []
    for row in range(9):
        u = np.linspace(0, 1, 90)
        path = np.stack([0.26 + 0.4 * u, 0.26 + 0.045 * row + 0.05 * u + 0.006 * np.sin(60 * u + row)], 1)
        notes.append(((path + rng.normal(0, 0.0008, path.shape)) * (w, h), 0.0011 * w))
    return [
        layer(wood, np.ones((h, w), np.float32)),
        layer((0.05, 0.03, 0.02), shadow(sheet, 0.012, 0.016, 0.012, 0.6)),
        layer(flat(h, w, (0.95, 0.94, 0.9)) + noise(h, w, 1, 3205)[..., None] * 0.006, sheet),
        layer((0.1, 0.2, 0.6), strokes(h, w, notes)),
        layer((0.35, 0.2, 0.08), stain.astype(np.float32)),
        layer((0.2, 0.5, 0.55), lens * (0.35 + 0.2 * y)),
        layer((0.9, 0.85, 0.55), tape * np.float32(0.55)),
    ]


def poster_night(h: int, w: int) -> Stack:
    """Cells as a night sky, northern lights in two veils, a ridge of firs, a white frame, big and small letters."""
    rng = np.random.default_rng(3301)
    x, y = ramp(h, w)
    sky = photo("cell", h, w, 3302) * np.float32([0.5, 0.55, 0.9]) + 0.03
    green = 0.6 * np.exp(-(((y - 0.3 - 0.06 * np.sin(7 * x)) / 0.1) ** 2)) * (0.6 + 0.3 * np.sin(25 * x))
    violet = 0.5 * np.exp(-(((y - 0.42 - 0.05 * np.sin(5 * x + 1)) / 0.14) ** 2))
    firs = []
    for _ in range(60):
        cx, top, wide = rng.uniform(0, 1), rng.uniform(0.55, 0.75), rng.uniform(0.02, 0.05)
        firs.append([(cx, top), (cx + wide, 0.95), (cx - wide, 0.95)])

    def forest(d, s: int) -> None:
        d.rectangle([0, 0.9 * h * s, w * s, h * s], fill=255)
        for fir in firs:
            d.polygon([(a * w * s, b * h * s) for a, b in fir], fill=255)

    frame = shape(
        h,
        w,
        lambda d, s: d.rectangle(
            [0.04 * w * s, 0.04 * h * s, 0.96 * w * s, 0.96 * h * s], outline=255, width=int(0.012 * w * s)
        ),
    )
    lines = [(0.12, 0.08, 0.12, "Aurora"), (0.12, 0.88, 0.024, SENTENCE[:56])]
    lines += [(0.62, 0.1 + 0.02 * k, 0.012, SENTENCE[5 * k : 5 * k + 40]) for k in range(6)]
    return [
        layer(sky, np.ones((h, w), np.float32)),
        layer((0.45, 0.2, 0.7), np.clip(violet, 0, 1).astype(np.float32)),
        layer((0.3, 0.95, 0.6), np.clip(green, 0, 1).astype(np.float32)),
        layer(flat(h, w, (0.03, 0.06, 0.05)) + noise(h, w, 2, 3303)[..., None] * 0.01, shape(h, w, forest)),
        layer((0.97, 0.97, 0.99), np.maximum(frame, text(h, w, lines))),
    ]


SCENES = {"street": street, "desk": desk, "poster_night": poster_night}
