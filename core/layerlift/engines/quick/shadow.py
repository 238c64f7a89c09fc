"""Soft shadows: what an element darkens around itself on an even ground, lifted off as a layer of its own.

Law: an element and the picture it stands in; believes in a shadow only where a polynomial explains the ground beyond it
and every channel is darkened alike, I = (1 − a) · B (black "over" the ground B). Measured small: shadows are soft.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from layerlift.engines.quick.element import Element
from layerlift.engines.quick.filling.ground import LEVEL, fit
from layerlift.engines.quick.filling.membrane import harmonic
from layerlift.engines.quick.raster import grown, resized
from layerlift.imaging.channels import largest, least
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Mask, Plane, Role

SIDE = 480
"""Longest side (pixels) of the window at which a shadow is measured."""
REACH = 0.3
"""How far a shadow is looked for, in shares of the element's shorter side …"""
NEAREST, FARTHEST = 10, 70
"""… and in pixels."""
FAINT, DEEP = 0.03, 0.85
"""Darkness below which it is noise, and above which it is a thing."""
DARK_GROUND = 0.15
"""A ground darker than this (0–1) shows no shadow that could be measured."""


def shadow_of(element: Element, image: Plane, others: Mask) -> Element | None:
    """The soft shadow that `element` casts in `image` (H, W, 3), complete under the element; None where there is none.

    `others` (H, W) bool: pixels that tell nothing about the ground (other things, reconstructed places).
    """
    canvas = Bounds(0, 0, image.shape[1], image.shape[0])
    reach = int(np.clip(REACH * min(element.bounds.extent), NEAREST, FARTHEST))
    window = element.bounds.grow(2 * reach).intersect(canvas)
    scale = min(1.0, SIDE / max(window.extent))
    small = Extent(max(8, round(window.width * scale)), max(8, round(window.height * scale)))
    solid = _solid(element, window, small)
    blind = resized(others[window.slices].astype(np.float32), small) > 0.01
    darkness = _darkness(resized(image[window.slices], small), solid, blind, max(2, round(reach * scale)))
    if darkness is None:
        return None
    alpha = resized(darkness, window.extent)
    alpha[alpha < FAINT / 8] = 0
    black = np.zeros((*alpha.shape, 3), np.float32)
    return Element(Role.SHADOW, "Shadow", window, alpha, black, 0.6 * element.confidence)


def lit(element: Element, shadow: Element, image: Plane) -> Element:
    """`element`, on which `shadow` falls, without it: its own pixels of `image` brightened by 1/(1 − a)."""
    common = element.bounds.intersect(shadow.bounds)
    if common.empty:
        return element
    here = common.shift(-element.bounds.x, -element.bounds.y).slices
    through = 1 - shadow.alpha[common.shift(-shadow.bounds.x, -shadow.bounds.y).slices][..., None]
    colour = element.colour.copy()
    own = np.abs(colour[here] - image[common.slices]).max(axis=2, keepdims=True) < 4 * LEVEL
    colour[here] = np.where(own, np.minimum(colour[here] / np.maximum(through, 1 - DEEP), 1), colour[here])
    return replace(element, colour=colour)


def _solid(element: Element, window: Bounds, small: Extent) -> Mask:
    """The element's own pixels in the reduced window, with the pixel that reducing smears them over."""
    alpha = np.zeros((window.height, window.width), np.float32)
    alpha[element.bounds.shift(-window.x, -window.y).slices] = element.alpha
    return grown(resized(alpha, small) > 0.01, 1)


def _darkness(image: Plane, solid: Mask, blind: Mask, reach: int) -> Plane | None:
    """How much darker (0–1) than its ground the picture is around `solid`, continued under it."""
    open_ground = ~solid & ~blind
    near = grown(solid, reach) & open_ground
    far = open_ground & ~near
    if near.sum() < 40:
        return None
    measured = np.zeros(image.shape[:2], np.float32)
    known = np.zeros(image.shape[:2], bool)
    for ground in _grounds(image, far):
        dark, alike = _attenuation(image, ground)
        mine = near & alike & ~known
        measured[mine], known = np.clip(dark[mine], 0, 1), known | mine
    weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), 1.0)
    measured = np.where(known, cv2.GaussianBlur(measured, (0, 0), 1.0) / np.maximum(weight, 1e-3), 0)
    measured = _touching(measured.astype(np.float32), solid)
    return _completed(measured, solid, near, known) if _is_shadow(measured, near, known) else None


def _grounds(image: Plane, far: Mask) -> list[Plane]:
    """Up to two even grounds (polynomial surfaces) that explain most of `far`: a wall and a floor."""
    found: list[Plane] = []
    rest, least = far, max(60, int(0.15 * far.sum()))
    for _ in range(2):
        ground = fit(image, rest, 2) if rest.sum() >= least else None
        if ground is None or ground.slow > max(1.5 * LEVEL, 0.5 * ground.noise) or ground.inliers < 0.4:
            break
        rest = rest & (largest(np.abs(image - ground.values)) >= ground.tolerance)
        if float(ground.values[far].mean()) > DARK_GROUND:
            found.append(ground.values)
    return found


def _attenuation(image: Plane, ground: Plane) -> tuple[Plane, Mask]:
    """1 − I/B, and where all channels agree on it."""
    ratio = image / np.maximum(ground, 0.05)
    dark = 1 - ratio.mean(axis=2)
    rounding = 4 * LEVEL / np.maximum(least(ground), 0.05)
    return dark, (np.ptp(ratio, axis=2) < 0.04 + 0.2 * np.maximum(dark, 0) + rounding) & (dark > -0.04)


def _touching(darkness: Plane, solid: Mask) -> Plane:
    """Only the parts that reach the element."""
    count, labels = cv2.connectedComponents(((darkness > FAINT / 2) | solid).astype(np.uint8))
    touching = np.zeros(count, bool)
    touching[np.unique(labels[solid])] = True
    touching[0] = False
    return np.where(touching[labels], darkness, 0)


def _is_shadow(darkness: Plane, near: Mask, known: Mask) -> bool:
    """Soft, neither faint nor deep, on ground that was understood around most of the element."""
    seen = near & known & (darkness > FAINT)
    if known.sum() < 0.3 * near.sum() or seen.sum() < max(20, 0.04 * near.sum()) or float(darkness.max()) > DEEP:
        return False
    steep = np.hypot(cv2.Sobel(darkness, cv2.CV_32F, 1, 0), cv2.Sobel(darkness, cv2.CV_32F, 0, 1)) / 8
    return float(np.percentile(steep[seen], 90)) < 0.12


def _completed(darkness: Plane, solid: Mask, near: Mask, known: Mask) -> Plane:
    """The shadow under the element and across thin gaps (the edge between two grounds): a membrane over its rim."""
    gap = near & ~known & grown(known & (darkness > FAINT), 2)
    return harmonic(darkness[..., None], solid | gap, ~grown(solid | gap, 1) | (near & known & ~gap))[..., 0]
