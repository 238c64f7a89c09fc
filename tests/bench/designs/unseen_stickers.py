"""The sticker sheet of the unseen half. Law: as `unseen_posters`."""

from __future__ import annotations

import cv2
import numpy as np

from . import shapes as s
from .kit import Kit
from .paints import grain, mixed, stripes
from .scene import Scene, Shadow


def stickers(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    scene.background(
        grain(kit.rng, h, w, kit.ground, 3, 1.5)
        if kit.chance(0.5)
        else stripes(kit.ground, mixed(kit.ground, kit.dark, 0.05), 20, 90)
    )
    kit.headline(
        scene, kit.title(0.3).replace("\n", " "), 0.1 * w, 0.05 * h, 0.8 * w, 0.12 * h, align="center", use="script"
    )
    for x, y in kit.some(
        [(0.22, 0.38), (0.54, 0.36), (0.82, 0.42), (0.28, 0.72), (0.6, 0.7)], int(kit.rng.integers(3, 6))
    ):
        rgba = kit.cutout(0.24 * min(w, h), 12)
        rim = int(0.011 * min(w, h))
        if kit.chance(0.75):
            rgba = _sticker(rgba, rim)
        scene.picture(
            "subject", "Sticker", rgba, x * w - rgba.shape[1] / 2, y * h - rgba.shape[0] / 2, Shadow(1, 4, 5, 0.35)
        )
    bw, bh = 0.34 * w, 0.08 * h
    tag = kit.accent(kit.ground, 25)
    scene.shape("Tag", s.turned(s.rect(0.33 * w, 0.87 * h, bw, bh, 10), kit.between(-5, 5)), tag)
    kit.write(
        scene,
        kit.one(kit.words.shouts) + " " + kit.one(kit.words.prices),
        0.5 * w,
        0.87 * h + bh / 2,
        0.45 * bh,
        use="bold",
        anchor="cm",
        colourful=0,
    )
    for _ in range(3):
        r = 0.04 * min(w, h)
        x, y = kit.calm(scene, 4 * r, 2 * r)
        cx, cy = x + 2 * r, y + r
        wobble = [(cx - 2 * r + i * 0.2 * r, cy + 0.5 * r * np.sin(i * 0.9)) for i in range(21)]
        form = kit.one([s.star(cx, cy, r, 4, 0.35), s.stroke(wobble, 0.35 * r), s.crescent(cx, cy, r, 40)])
        scene.shape("Doodle", form, kit.accent(scene.beneath(cx - r, cy - r, 2 * r, 2 * r), 25))


def _sticker(rgba: np.ndarray, rim: int) -> np.ndarray:
    """A cut-out with a white die-cut edge: one element, as a designer exports it."""
    padded = np.pad(rgba, ((rim + 2,) * 2, (rim + 2,) * 2, (0, 0)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1, 2 * rim + 1))
    edge = cv2.GaussianBlur(cv2.dilate(padded[..., 3], disc), (0, 0), 0.8) / 255
    alpha = padded[..., 3:] / 255
    padded[..., :3] = padded[..., :3] * alpha + 255 * (1 - alpha)
    padded[..., 3] = np.maximum(edge, alpha[..., 0]) * 255
    return padded
