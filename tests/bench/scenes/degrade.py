"""A ground-truth stack as a layered diffusion model would return it: small, blurred, drifted, hazy.

Simulated after the published description of such models (a lossy VAE at a 640 or 1024 bucket); no real output of one
was seen here.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from tests.bench.scenes.draw import Plane, Stack, noise


def bucket(height: int, width: int, side: int) -> tuple[int, int]:
    """(h, w) of the model's canvas: area side², sides multiples of 32."""
    w = math.sqrt(side * side * width / height)
    return round(side * side / w / 32) * 32, round(w / 32) * 32


def degrade(stack: Stack, side: int, seed: int = 1, severity: float = 1.0) -> Stack:
    """The rough stack: reduced, shifted by fractions of a cell, blurred, JPEG-like colours that drift, alphas with
    haze, pinholes, and edges that grow or shrink. `severity` scales everything but size and blur."""
    h, w = bucket(*stack[0].shape[:2], side)
    rng = np.random.default_rng(seed)
    return [_degrade(one, h, w, place, rng, seed, severity) for place, one in enumerate(stack)]


def _degrade(
    one: np.ndarray, h: int, w: int, place: int, rng: np.random.Generator, seed: int, severity: float
) -> np.ndarray:
    alpha = one[..., 3].astype(np.float32) / 255
    premultiplied = one[..., :3].astype(np.float32) / 255 * alpha[..., None]
    alpha = cv2.resize(alpha, (w, h), interpolation=cv2.INTER_AREA)
    colour = cv2.resize(premultiplied, (w, h), interpolation=cv2.INTER_AREA) / np.maximum(alpha, 1e-3)[..., None]
    present = np.clip(alpha / 0.02, 0, 1)[..., None]
    colour = colour * present + float(rng.choice([0, 0.5, 1])) * (1 - present)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    dx, dy = (noise(h, w, 60, seed * k + place) * 0.35 * severity for k in (31, 37))
    colour = _moved(colour, x + dx, y + dy)
    alpha = _moved(alpha, x + dx, y + dy)
    colour = cv2.GaussianBlur(colour, (0, 0), 0.55)
    drift = np.stack([noise(h, w, 80, seed * 100 + place * 3 + c) for c in range(3)], -1)
    colour = colour * (1 + rng.normal(0, 0.02 * severity, 3)) + rng.normal(0, 0.012 * severity, 3)
    colour += drift * 0.01 * severity + rng.standard_normal(colour.shape) * 0.006 * severity
    levels = np.rint(np.clip(colour, 0, 1) * 255).astype(np.uint8)
    ok, code = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, 92])
    assert ok
    out = np.empty((h, w, 4), np.uint8)
    out[..., :3] = cv2.imdecode(code, cv2.IMREAD_COLOR)
    out[..., 3] = np.rint(np.clip(_hazy(alpha, place, rng, seed, severity), 0, 1) * 255) if place else 255
    return out


def _hazy(alpha: Plane, place: int, rng: np.random.Generator, seed: int, severity: float) -> Plane:
    h, w = alpha.shape
    alpha = cv2.GaussianBlur(alpha, (0, 0), 0.6)
    alpha = alpha + alpha * (1 - alpha) * 4 * noise(h, w, 50, seed * 7 + place) * 0.12 * severity
    haze = np.maximum(noise(h, w, 25, seed * 11 + place), 0) * 0.012 * severity * (alpha < 0.02)
    holes = np.maximum(noise(h, w, 25, seed * 13 + place), 0) * 0.02 * severity * (alpha > 0.98)
    return alpha + haze - holes + rng.standard_normal(alpha.shape) * 0.006 * severity


def _moved(plane: Plane, x: Plane, y: Plane) -> Plane:
    return cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
