"""The drift meter: how far a rough stack is from the document, before anything is made exact.

Law: only measures. Exactness must never disguise a wrong decomposition, so what was wrong is said here, in numbers.
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.imaging.colour import to_srgb8
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Document, Drift, LayerStack, Pixels, Plane, full_scale
from layerlift.imaging.resample import reduce

BAD_MEAN = 0.06
"""Mean difference above which the run is reported. The colour drift of a diffusion model's VAE is 0.01–0.03."""
BAD_LAYER = 0.15
"""Mean difference of one layer, where it is what one sees, above which it is named."""
BIG = 0.02
"""Share of the picture that one must see of a layer for its drift to be worth a sentence."""
STRAY = 0.25
"""A cell that differs by more than this shows something that no layer holds."""
STRAY_SHARE = 0.02
"""Share of the picture that may be stray (edges that are off by a cell) before it is reported."""


def measure(document: Document, rough: LayerStack, small: Pixels | None = None) -> tuple[Drift, tuple[str, ...]]:
    """Drift between the rough composite and the document reduced to the same size, both in sRGB, premultiplied, and
    sentences for the user where it is bad. Differences are means over red, green and blue, 0–1. `small`: the document
    reduced, where somebody did that already."""
    if small is None:
        small = reduce(document.pixels, rough.extent)
    wanted = _planes(to_srgb8(small, document.icc))
    seen, apart = _seen(rough), np.zeros_like(wanted[3])
    # Where the picture itself is translucent, the rough one is opaque by contract: compare what both show.
    for plane, shown in zip(wanted[:3], seen, strict=True):
        plane -= shown
        plane *= wanted[3]
        apart += np.abs(plane, out=plane)
    difference = apart / np.float32(3)
    per_layer, seen_share = _per_layer(rough, difference)
    drift = Drift(float(difference.mean()), float(np.percentile(difference, 99)), per_layer)
    return drift, tuple(_notes(rough, drift, seen_share, float((difference > STRAY).mean())))


def _seen(rough: LayerStack) -> Plane:
    """What the rough stack shows, (3, h, w) premultiplied 0–1, whatever its blend modes."""
    out = np.zeros((3, rough.extent.height, rough.extent.width), np.float32)
    for layer in rough.layers:
        box = layer.bounds.intersect(Bounds.of(rough.extent))
        here = out[:, box.y : box.bottom, box.x : box.right]
        *colour, alpha = _planes(layer.pixels[box.shift(-layer.bounds.x, -layer.bounds.y).slices])
        alpha *= np.float32(layer.opacity)
        here *= 1 - alpha
        for below, plane in zip(here, colour, strict=True):
            plane *= alpha
            below += plane
    return out


def _planes(pixels: Pixels) -> list[Plane]:
    """Red, green, blue and alpha of (h, w, 4) pixels, four planes of float32 0–1."""
    unit = np.float32(1 / full_scale(pixels))
    return [plane * unit for plane in cv2.split(pixels)]


def _per_layer(rough: LayerStack, difference: Plane) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean difference weighted by how much of each layer one sees (0 for a layer that nobody sees), and the share of
    the picture that one sees of it."""
    remaining = np.ones_like(difference)
    means, shares = [], []
    for place, layer in reversed(list(enumerate(rough.layers))):
        box = layer.bounds.intersect(Bounds.of(rough.extent))
        alpha = layer.pixels[box.shift(-layer.bounds.x, -layer.bounds.y).slices][..., 3]
        strength = alpha * np.float32(layer.opacity / 255)
        weight = remaining[box.slices] * strength
        total = float(weight.sum())
        shares.append(total / difference.size)
        means.append(float((weight * difference[box.slices]).sum()) / total if total else 0.0)
        if place:
            remaining[box.slices] *= 1 - strength
    return tuple(reversed(means)), tuple(reversed(shares))


def _notes(rough: LayerStack, drift: Drift, seen_share: tuple[float, ...], stray: float) -> list[str]:
    notes = []
    if drift.mean > BAD_MEAN:
        notes.append(
            f"The engine's layers differ from the picture by {drift.mean:.0%} on average ({drift.p99:.0%} at worst): "
            "together they are now exactly the picture, but some may hold the wrong things."
        )
    large = [place for place, share in enumerate(seen_share) if share > BIG]
    worst = max(large, key=drift.per_layer.__getitem__, default=None)
    if worst is not None and drift.per_layer[worst] > BAD_LAYER:
        name, far = rough.layers[worst].name, drift.per_layer[worst]
        notes.append(f"The engine painted “{name}” {far:.0%} away from the picture: look at it first.")
    if stray > STRAY_SHARE:
        notes.append(f"{stray:.0%} of the picture is in none of the engine's layers; it was given to what lies there.")
    return notes
