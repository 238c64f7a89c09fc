"""What everyone else would do with a rough stack: enlarge it, with more or less of a look at the picture.

Each takes the picture (H, W, 3) uint8 and the rough layers and returns layers at full size, projected onto the picture
(minimum norm), because only exact stacks can be compared.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.bench.scenes.draw import Plane, Stack

from layerlift.refine.symmetric import factor, outer, solve

Picture = NDArray[np.uint8]


def enlarged(picture: Picture, rough: Stack) -> list[Plane]:
    """Bicubic, 0–1."""
    size = (picture.shape[1], picture.shape[0])
    return [
        np.clip(cv2.resize(one, size, interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255, 0, 1) for one in rough
    ]


def bicubic(picture: Picture, rough: Stack) -> Stack:
    """What users get today."""
    big = enlarged(picture, rough)
    return _exact(picture, big, [one[..., 3] for one in big])


def guided(picture: Picture, rough: Stack) -> Stack:
    """He, Sun, Tang, "Guided Image Filtering", PAMI 2013: each alpha filtered under the guidance of the picture."""
    big = enlarged(picture, rough)
    guide = _Guide(picture, radius=round(1.5 * picture.shape[0] / rough[0].shape[0]), eps=1e-4)
    alphas = [big[0][..., 3]] + [_snap(guide.filter(one[..., 3])) for one in big[1:]]
    return _exact(picture, big, alphas)


def joint_guided(picture: Picture, rough: Stack) -> Stack:
    """The same on what one sees of each layer, which adds up to one: edges shared by two layers agree."""
    big = enlarged(picture, rough)
    guide = _Guide(picture, radius=round(1.5 * picture.shape[0] / rough[0].shape[0]), eps=1e-4)
    through = np.ones(picture.shape[:2], np.float32)
    seen = []
    for one in reversed(big):
        alpha = one[..., 3] if one is not big[0] else np.float32(1)
        seen.append(np.clip(guide.filter(through * alpha), 0, 1))
        through = through * (1 - alpha)
    seen.reverse()
    alphas, below = [np.ones_like(through)], seen[0].copy()
    for share in seen[1:]:
        below += share
        alphas.append(_snap(share / np.maximum(below, 1e-4)))
    return _exact(picture, big, alphas)


def bilateral(picture: Picture, rough: Stack) -> Stack:
    """Kopf et al., "Joint Bilateral Upsampling", SIGGRAPH 2007: 5 × 5 cells, σ_d = 1 cell, σ_r = 0.07."""
    h, w = rough[0].shape[:2]
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    full = picture.astype(np.float32) / 255
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    y, x = (y + 0.5) * (h / height) - 0.5, (x + 0.5) * (w / width) - 0.5
    sums = [np.zeros((height, width), np.float32) for _ in rough]
    total = np.full((height, width), 1e-8, np.float32)
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            py, px = np.clip(np.rint(y) + dy, 0, h - 1), np.clip(np.rint(x) + dx, 0, w - 1)
            there = cv2.remap(small, px, py, cv2.INTER_NEAREST)
            weight = np.exp(-((py - y) ** 2 + (px - x) ** 2) / 2 - ((there - full) ** 2).sum(-1) / (2 * 0.07**2))
            total += weight
            for sum_, one in zip(sums, rough, strict=True):
                sum_ += weight * cv2.remap(one[..., 3].astype(np.float32) / 255, px, py, cv2.INTER_NEAREST)
    return _exact(picture, enlarged(picture, rough), [_snap(sum_ / total) for sum_ in sums])


def closed_form(picture: Picture, rough: Stack) -> Stack:
    """Levin, Lischinski, Weiss, CVPR 2006 (pymatting), layer by layer from the top, foreground and background by
    Germer et al. 2020; the background is what the next layer is cut from."""
    from pymatting import estimate_alpha_cf, estimate_foreground_ml

    big = enlarged(picture, rough)
    kernel = np.ones((int(2 * picture.shape[0] / rough[0].shape[0]) | 1,) * 2, np.uint8)
    rest = picture.astype(np.float64) / 255
    alphas: list[Plane] = []
    for place in range(len(big) - 1, 0, -1):
        alpha = big[place][..., 3].astype(np.float64)
        sure = cv2.erode((alpha > 0.95).astype(np.uint8), kernel) > 0
        empty = cv2.erode((alpha < 0.05).astype(np.uint8), kernel) > 0
        if sure.any() and empty.any():
            trimap = np.where(sure, 1.0, np.where(empty, 0.0, 0.5))
            alpha = estimate_alpha_cf(rest, trimap, laplacian_kwargs={"epsilon": 1e-6}, cg_kwargs={"maxiter": 300})
        _, back = estimate_foreground_ml(rest, alpha, return_background=True)
        under = big[0][..., :3].copy()
        for one in big[1:place]:
            under += one[..., 3:] * (one[..., :3] - under)
        hidden = np.clip((alpha - 0.5) / 0.45, 0, 1)[..., None]
        rest = np.ascontiguousarray(back * (1 - hidden) + under * hidden)
        alphas.append(_snap(alpha.astype(np.float32)))
    return _exact(picture, big, [np.ones(picture.shape[:2], np.float32), *reversed(alphas)])


METHODS = {"bicubic": bicubic, "guided": guided, "joint guided": joint_guided, "joint bilateral": bilateral}


class _Guide:
    """The colour guided filter of one picture: everything that does not depend on what is filtered."""

    def __init__(self, picture: Picture, radius: int, eps: float):
        self._size = (2 * radius + 1, 2 * radius + 1)
        self._colour = np.ascontiguousarray((picture.astype(np.float32) / 255).transpose(2, 0, 1))
        self._mean = self._box(self._colour)
        spread = self._box(outer(self._colour)) - outer(self._mean)
        for k in (0, 3, 5):
            spread[k] += eps
        self._factors = factor(spread)

    def filter(self, plane: Plane) -> Plane:
        """Locally the linear function of the colour that fits best."""
        mean = cv2.blur(plane, self._size)
        slope = solve(self._factors, self._box(self._colour * plane) - self._mean * mean)
        offset = mean - (slope * self._mean).sum(0)
        return (self._box(slope) * self._colour).sum(0) + cv2.blur(offset, self._size)

    def _box(self, planes: Plane) -> Plane:
        return np.stack([cv2.blur(plane, self._size) for plane in planes])


def _snap(alpha: Plane) -> Plane:
    return np.where(alpha < 6 / 255, 0, np.where(alpha > 249 / 255, 1, alpha)).astype(np.float32)


def _exact(picture: Picture, big: list[Plane], alphas: list[Plane]) -> Stack:
    """Minimum-norm colours, clipped and redistributed three times, rounded."""
    through = np.ones(picture.shape[:2], np.float32)
    shares = []
    for place in range(len(big) - 1, -1, -1):
        alpha = alphas[place] if place else np.float32(1)
        shares.append(through * alpha)
        through = through * (1 - alpha)
    shares.reverse()
    colours = [one[..., :3].copy() for one in big]
    power = sum(share**2 for share in shares)[..., None]
    for _ in range(3):
        rest = picture.astype(np.float32) / 255 - sum(s[..., None] * c for s, c in zip(shares, colours, strict=True))
        for share, colour in zip(shares, colours, strict=True):
            np.clip(colour + share[..., None] * rest / np.maximum(power, 1e-6), 0, 1, out=colour)
    planes = [np.dstack([c, a if i else np.ones_like(a)]) for i, (c, a) in enumerate(zip(colours, alphas, strict=True))]
    return [np.rint(np.clip(plane, 0, 1) * 255).astype(np.uint8) for plane in planes]
