"""Pictures with an alpha of their own: stickers, sprites, logos, cut-outs; and what an engine answers to them.

Truth stacks here have a transparent bottom. Engines that know no alpha are shown such a picture on a plain ground
(`engines.qwen.context`); what they paint is lifted off it again by the engine's own code, not by a copy of it. Two ways
in which a model may understand the ground are simulated: as the lowest layer ("ground"), and as part of what lies
lowest, which then is opaque ("blended"). `TUNING` is for choosing, `UNSEEN` for judging.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from tests.bench.scenes.degrade import bucket, degrade
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

from layerlift.engines.qwen.context import laid
from layerlift.engines.qwen.tidy import opaque_over
from layerlift.imaging.geometry import Extent
from layerlift.imaging.resample import reduce


def composite(stack: Sequence[np.ndarray]) -> Plane:
    """Float composite (h, w, 4), premultiplied, 0–255."""
    out = np.zeros(stack[0].shape, np.float32)
    for one in stack:
        alpha = one[..., 3:].astype(np.float32) / 255
        out[..., :3] += alpha * (one[..., :3] - out[..., :3])
        out[..., 3:] += alpha * (255 - out[..., 3:])
    return out


def flattened(stack: Stack, depth: int = 8) -> np.ndarray:
    """The stack as one straight RGBA picture (colour is 0 where nothing is), uint8 or uint16."""
    scale = 255 if depth == 8 else 65535
    total, through = np.zeros((*stack[0].shape[:2], 3), np.float64), np.ones(stack[0].shape[:2])
    for one in reversed(stack):
        alpha = one[..., 3] / 255
        total += (through * alpha)[..., None] * one[..., :3]
        through *= 1 - alpha
    covered = 1 - through
    out = np.zeros(stack[0].shape, np.uint8 if depth == 8 else np.uint16)
    out[..., 3] = np.rint(covered * scale)
    straight = total / np.maximum(covered, 1e-9)[..., None] * (scale / 255)
    out[..., :3] = np.rint(np.clip(straight, 0, scale)) * (out[..., 3:] > 0)
    return out


@dataclass(frozen=True, eq=False)
class Answer:
    """A rough stack, and the truth that its layers are to be judged by, one for one (an empty one for a ground)."""

    rough: Stack
    truth: Stack


def answer(truth: Stack, side: int, way: str = "ground", seed: int = 1, severity: float = 1.0) -> Answer:
    """What an engine that knows no alpha makes of the flattened truth; `way`: see above."""
    h, w = bucket(*truth[0].shape[:2], side)
    small = np.asarray(reduce(flattened(truth), Extent(w, h)), np.uint8)
    on = laid(small)
    colour = _ground_of(on.shown, small)
    ground = layer(colour, np.ones(truth[0].shape[:2], np.float32))
    if way == "blended":
        bottom = np.rint(composite([ground, truth[0]])).astype(np.uint8)
        painted = degrade([bottom, *truth[1:]], side, seed, severity)
    else:
        painted = degrade([ground, *truth], side, seed, severity)
    lifted = on.lifted(painted)
    rough = [opaque_over(lifted[0], small), *lifted[1:]]
    return Answer(rough, truth if len(rough) == len(truth) else [np.zeros_like(truth[0]), *truth])


def _ground_of(shown: np.ndarray, small: np.ndarray) -> tuple[float, float, float]:
    """The colour that the picture was laid on, 0–1."""
    alpha = small[..., 3].astype(np.float32) / 255
    clear = np.unravel_index(int(alpha.argmin()), alpha.shape)
    a = float(alpha[clear])
    levels = np.rint((shown[clear].astype(np.float32) - a * small[clear][:3]) / (1 - a))
    return tuple(float(v) / 255 for v in np.clip(levels, 0, 255))  # type: ignore[return-value]


def _box(h: int, w: int, x0: float, y0: float, x1: float, y1: float, radius: float) -> Plane:
    corners = [x0 * w, y0 * h, x1 * w, y1 * h]
    return shape(h, w, lambda d, s: d.rounded_rectangle([v * s for v in corners], radius * w * s, fill=255))


def _ellipse(h: int, w: int, x: float, y: float, rx: float, ry: float) -> Plane:
    box = [(x - rx) * w, (y - ry) * h, (x + rx) * w, (y + ry) * h]
    return shape(h, w, lambda d, s: d.ellipse([v * s for v in box], fill=255))


def _polygon(h: int, w: int, corners: Sequence[tuple[float, float]]) -> Plane:
    return shape(h, w, lambda d, s: d.polygon([(x * w * s, y * h * s) for x, y in corners], fill=255))


def _star(x: float, y: float, outer: float, inner: float, points: int) -> list[tuple[float, float]]:
    turns = [(math.pi * k / points, (outer, inner)[k % 2]) for k in range(2 * points)]
    return [(x + r * math.cos(t), y + r * math.sin(t)) for t, r in turns]


def sticker(h: int, w: int) -> Stack:
    """A die-cut sticker: soft shadow, white rim, a photo, letters on it."""
    body = _polygon(h, w, _star(0.48, 0.47, 0.36, 0.31, 14))
    inner = _polygon(h, w, _star(0.48, 0.47, 0.325, 0.28, 14))
    picture = np.where(inner[..., None] > 0, photo("coffee", h, w, 71) * inner[..., None] + (1 - inner[..., None]), 1)
    lines = [
        (0.25, 0.36, 0.13, "Slow Days"),
        (0.27, 0.55, 0.045, "roasted on Mondays"),
        (0.3, 0.63, 0.022, SENTENCE[:38]),
    ]
    return [
        layer((0.03, 0.02, 0.05), shadow(body, 0.02, 0.035, 0.02, 0.55)),
        layer(picture, body),
        layer((0.98, 0.93, 0.3), text(h, w, lines)),
    ]  # fmt: skip


def sprite(h: int, w: int) -> Stack:
    """A figure of several solid parts on nothing: cape, body, armour, face, sword."""
    x, y = ramp(h, w)
    cape = _polygon(
        h, w, [(0.40, 0.30), (0.60, 0.30), (0.80, 0.88), (0.62, 0.84), (0.5, 0.9), (0.38, 0.84), (0.2, 0.88)]
    )
    limbs = np.maximum.reduce([
        _box(h, w, 0.42, 0.38, 0.58, 0.68, 0.04), _box(h, w, 0.42, 0.62, 0.485, 0.92, 0.02),
        _box(h, w, 0.515, 0.62, 0.58, 0.92, 0.02), _box(h, w, 0.30, 0.40, 0.46, 0.47, 0.03),
    ])  # fmt: skip
    plate = np.maximum(_box(h, w, 0.405, 0.37, 0.595, 0.56, 0.03), _ellipse(h, w, 0.60, 0.40, 0.05, 0.04))
    face = _ellipse(h, w, 0.5, 0.25, 0.085, 0.10)
    sword = np.maximum(
        _polygon(h, w, [(0.26, 0.44), (0.30, 0.44), (0.20, 0.12), (0.17, 0.05), (0.165, 0.13)]),
        _box(h, w, 0.235, 0.43, 0.34, 0.45, 0.004),
    )
    eyes = _ellipse(h, w, 0.47, 0.24, 0.012, 0.016) + _ellipse(h, w, 0.53, 0.24, 0.012, 0.016)
    skin = flat(h, w, (0.93, 0.76, 0.62)) * (1 - eyes[..., None]) + 0.1 * eyes[..., None]
    metal = np.stack([0.55 + 0.3 * np.sin(14 * x), 0.58 + 0.3 * np.sin(14 * x), 0.66 + 0.28 * np.sin(14 * x)], -1)
    return [
        layer(np.stack([0.62 - 0.3 * y, 0.08 + 0 * y, 0.12 + 0.1 * x], -1), cape),
        layer(flat(h, w, (0.30, 0.33, 0.42)) + noise(h, w, 2, 72)[..., None] * 0.015, limbs),
        layer(metal, plate),
        layer(skin, face),
        layer((0.86, 0.90, 0.95), sword),
    ]


def logo(h: int, w: int) -> Stack:
    """A ring with a wide coloured glow, a sign in it and its name below, all over nothing."""
    x, _ = ramp(h, w)
    disc, hole = _ellipse(h, w, 0.5, 0.40, 0.24, 0.24), _ellipse(h, w, 0.5, 0.40, 0.17, 0.17)
    ring = np.clip(disc - hole, 0, 1)
    glow = np.clip(cv2.GaussianBlur(ring, (0, 0), 0.035 * h) * 1.3, 0, 0.85)
    sign = _polygon(h, w, _star(0.5, 0.40, 0.15, 0.055, 5))
    name = text(h, w, [(0.27, 0.72, 0.15, "Aurora"), (0.29, 0.88, 0.035, "northern instruments")])
    return [
        layer((0.25, 0.95, 0.75), glow),
        layer(np.stack([0.15 + 0.5 * x, 0.35 + 0 * x, 0.95 - 0.4 * x], -1), ring),
        layer((0.99, 0.85, 0.25), sign),
        layer((0.92, 0.94, 0.98), name),
    ]


def faded(h: int, w: int) -> Stack:
    """A photo of 60 % with round corners, a tinted panel on it, solid words, some of them beyond its edge."""
    frame = _box(h, w, 0.1, 0.1, 0.9, 0.8, 0.05)
    panel = _box(h, w, 0.16, 0.5, 0.62, 0.72, 0.02)
    lines = [(0.18, 0.52, 0.07, "Sixty percent"), (0.19, 0.63, 0.028, SENTENCE[:36]), (0.3, 0.76, 0.10, "Overhang")]
    return [
        layer(photo("astronaut", h, w, 73), frame * np.float32(0.6)),
        layer((0.08, 0.10, 0.35), panel * np.float32(0.5)),
        layer((0.99, 0.60, 0.15), text(h, w, lines)),
    ]


def cutout(h: int, w: int) -> Stack:
    """A head with loose hair cut out on nothing, glasses of tinted glass, a ribbon, a signature beside it."""
    rng = np.random.default_rng(74)
    head, bust = _ellipse(h, w, 0.5, 0.48, 0.15, 0.2), _ellipse(h, w, 0.5, 0.98, 0.3, 0.26)
    parts = [
        (bust, photo("chelsea", h, w, 75)),
        (head, flat(h, w, (0.82, 0.62, 0.5)) + noise(h, w, 3, 76)[..., None] * 0.015),
    ]
    for tone in (0.12, 0.22, 0.36):
        curves = [(p, t * w) for p, t in hair(rng, (0.5 * w, 0.46 * h), (0.15 * w, 0.19 * h), 0.2 * w, 420)]
        parts.append((strokes(h, w, curves), flat(h, w, (tone * 1.3, tone * 0.8, tone * 0.5))))
    colour, alpha = merge(parts)
    lenses = np.maximum(_ellipse(h, w, 0.44, 0.46, 0.05, 0.045), _ellipse(h, w, 0.56, 0.46, 0.05, 0.045))
    ribbon = _polygon(h, w, [(0.30, 0.74), (0.72, 0.70), (0.76, 0.78), (0.72, 0.79), (0.34, 0.83)])
    return [
        layer(np.clip(colour, 0, 1), alpha),
        layer((0.1, 0.25, 0.3), lenses * np.float32(0.55)),
        layer((0.85, 0.1, 0.25), ribbon),
        layer((0.2, 0.2, 0.7), text(h, w, [(0.70, 0.88, 0.06, "A. Nobody"), (0.38, 0.735, 0.04, "first prize")])),
    ]


def mascot(h: int, w: int) -> Stack:
    """A furry ball on its ground shadow, a scarf, a speech bubble of 85 % with words."""
    rng = np.random.default_rng(81)
    ball = _ellipse(h, w, 0.42, 0.55, 0.22, 0.24)
    curves = []
    for _ in range(1600):
        turn, reach = rng.uniform(0, 2 * math.pi), rng.uniform(0.01, 0.04) * w
        start = np.array([0.42 * w + 0.21 * w * math.cos(turn), 0.55 * h + 0.23 * h * math.sin(turn)])
        way = turn + rng.normal(0, 0.5)
        points = start + np.linspace(0, 1, 12)[:, None] * reach * np.array([math.cos(way), math.sin(way)])
        curves.append((points, rng.uniform(0.0006, 0.0016) * w))
    fur, tone = flat(h, w, (0.55, 0.42, 0.75)) + noise(h, w, 9, 82)[..., None] * 0.05, flat(h, w, (0.66, 0.55, 0.85))
    colour, alpha = merge([(ball, fur), (strokes(h, w, curves), tone)])
    scarf = _polygon(h, w, [(0.22, 0.62), (0.62, 0.60), (0.64, 0.68), (0.30, 0.71), (0.27, 0.86), (0.21, 0.85)])
    bubble = np.maximum(
        _box(h, w, 0.58, 0.12, 0.95, 0.36, 0.05), _polygon(h, w, [(0.62, 0.33), (0.70, 0.34), (0.58, 0.44)])
    )
    ground = cv2.GaussianBlur(_ellipse(h, w, 0.43, 0.82, 0.22, 0.04), (0, 0), 0.02 * h) * np.float32(0.5)
    return [
        layer((0.05, 0.04, 0.10), ground),
        layer(np.clip(colour, 0, 1), alpha),
        layer(photo("brick", h, w, 83) * np.float32([1.0, 0.5, 0.3]), scarf),
        layer((0.97, 0.98, 1.0), bubble * np.float32(0.85)),
        layer((0.1, 0.1, 0.15), text(h, w, [(0.62, 0.17, 0.07, "Hello you"), (0.62, 0.27, 0.025, SENTENCE[:26])])),
    ]  # fmt: skip


def widget(h: int, w: int) -> Stack:
    """A pane of tinted glass with a soft shadow, a lit button, icons and words: a screen's overlay."""
    _, y = ramp(h, w)
    pane, button = _box(h, w, 0.12, 0.15, 0.88, 0.85, 0.04), _box(h, w, 0.55, 0.68, 0.82, 0.79, 0.03)
    drop = shadow(pane, 0.0, 0.02, 0.025, 0.6) * (1 - pane)
    icons = np.maximum.reduce([_ellipse(h, w, 0.2 + 0.1 * k, 0.3, 0.03, 0.03) for k in range(4)])
    lines = [(0.17, 0.40, 0.06, "Weather today"), (0.60, 0.705, 0.05, "Share")]
    lines += [(0.17, 0.50 + 0.03 * k, 0.02, SENTENCE[5 * k : 5 * k + 50]) for k in range(5)]
    return [
        layer((0, 0, 0.02), drop),
        layer(np.stack([0.2 + 0.1 * y, 0.28 + 0 * y, 0.45 - 0.1 * y], -1), pane * (0.78 - 0.15 * y)),
        layer((0.98, 0.55, 0.2), np.maximum(button, cv2.GaussianBlur(button, (0, 0), 0.012 * h) * 0.6)),
        layer(photo("hubble_deep_field", h, w, 84), icons),
        layer((0.95, 0.96, 0.97), text(h, w, lines)),
    ]


TUNING = {"sticker": sticker, "sprite": sprite, "logo": logo, "faded": faded, "cutout": cutout}
UNSEEN = {"mascot": mascot, "widget": widget}
