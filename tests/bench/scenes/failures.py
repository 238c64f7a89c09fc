"""One small scene for each way in which rough stacks are wrong or refinement has failed before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from tests.bench.scenes.degrade import degrade
from tests.bench.scenes.draw import Stack, flat, layer, noise, photo, shadow, shape, strokes, text

SIDE = 320
"""The model's canvas for these scenes of 1 MP."""


@dataclass(frozen=True, eq=False)
class Case:
    """Truth and rough stack; `order[i]` is the rough layer that truth layer i is to be judged by (None: it is missing,
    which must be reported)."""

    truth: Stack
    rough: Stack
    order: tuple[int | None, ...]


def _disc(h: int, w: int, x: float, y: float, r: float):
    box = [x * w - r * h, y * h - r * h, x * w + r * h, y * h + r * h]
    return shape(h, w, lambda d, s: d.ellipse([v * s for v in box], fill=255))


def _basic(h: int, w: int) -> Stack:
    return [
        layer(photo("gravel", h, w, 5), np.ones((h, w), np.float32)),
        layer(photo("coffee", h, w, 6), _disc(h, w, 0.4, 0.5, 0.28)),
        layer((0.95, 0.85, 0.1), text(h, w, [(0.1, 0.1, 0.12, "Label"), (0.1, 0.85, 0.03, "small print under it")])),
    ]


def _plain(truth: Stack) -> Case:
    return Case(truth, degrade(truth, SIDE), tuple(range(len(truth))))


def camouflage(h: int, w: int) -> Case:
    """1 Foreground and background of the same colours, both textured."""
    back = photo("grass", h, w, 7)
    front = np.roll(photo("grass", h, w, 8), (h // 3, w // 4), (0, 1)) * np.float32([1.05, 0.97, 0.95])
    return _plain([layer(back, np.ones((h, w), np.float32)), layer(front, _disc(h, w, 0.5, 0.5, 0.3))])


def hidden_grain(h: int, w: int) -> Case:
    """2 A grainy background behind an opaque disc: does what nobody sees look like what one sees?"""
    back = flat(h, w, (0.5, 0.55, 0.6)) + noise(h, w, 1, 3)[..., None] * 0.06
    return _plain([layer(back, np.ones((h, w), np.float32)), layer((0.8, 0.2, 0.1), _disc(h, w, 0.5, 0.5, 0.3))])


def missing(h: int, w: int) -> Case:
    """3 The model left the disc out."""
    case = _plain(_basic(h, w))
    return Case(case.truth, [case.rough[0], case.rough[2]], (0, None, 1))


def shifted(h: int, w: int) -> Case:
    """4 Every layer is off by two cells, each in its own direction."""
    case = _plain(_basic(h, w))
    moves = ((0, 0), (2, -1), (-1, 2))
    return Case(
        case.truth, [np.roll(one, move, (0, 1)) for one, move in zip(case.rough, moves, strict=True)], case.order
    )


def shadow_tail(h: int, w: int) -> Case:
    """5 A wide shadow of at most 30 %, most of it below 5 %."""
    disc = _disc(h, w, 0.5, 0.45, 0.2)
    soft = shadow(disc, 0.03, 0.05, 0.06, 0.3)
    paper = flat(h, w, (0.9, 0.88, 0.84)) + noise(h, w, 2, 4)[..., None] * 0.01
    return _plain([layer(paper, np.ones((h, w), np.float32)), layer((0, 0, 0), soft), layer((0.2, 0.4, 0.8), disc)])


def faint(h: int, w: int) -> Case:
    """6 A veil of 8 %: its colours must not be noise."""
    return _plain([_basic(h, w)[0], layer((0.1, 0.3, 0.9), _disc(h, w, 0.5, 0.5, 0.3) * np.float32(0.08))])


def cloud(h: int, w: int) -> Case:
    """7 White of 90 % over a pale sky."""
    sky = flat(h, w, (0.75, 0.85, 0.95)) + noise(h, w, 60, 4)[..., None] * 0.02
    puff = np.maximum(_disc(h, w, 0.45, 0.5, 0.15), _disc(h, w, 0.6, 0.45, 0.18))
    return _plain([layer(sky, np.ones((h, w), np.float32)), layer((0.98, 0.99, 1), puff * np.float32(0.9))])


def ghost(h: int, w: int) -> Case:
    """A faint copy of the disc in a layer below it, and the disc painted into the background."""
    case = _plain(_basic(h, w))
    rough = [one.copy() for one in case.rough]
    mask = rough[1][..., 3:] / 255
    rough[0][..., :3] = rough[0][..., :3] * (1 - 0.6 * mask) + rough[1][..., :3] * (0.6 * mask)
    copy = rough[1].copy()
    copy[..., 3] = copy[..., 3] // 12
    return Case(case.truth, [rough[0], copy, rough[1], rough[2]], (0, 2, 3))


def repeated(h: int, w: int) -> Case:
    """The disc twice, and an empty layer."""
    case = _plain(_basic(h, w))
    empty = np.zeros_like(case.rough[1])
    return Case(case.truth, [case.rough[0], case.rough[1], case.rough[1].copy(), empty, case.rough[2]], (0, 2, 4))


def see_through(h: int, w: int) -> Case:
    """The bottom layer has a hole where the disc is, and haze elsewhere."""
    case = _plain(_basic(h, w))
    rough = [one.copy() for one in case.rough]
    rough[0][..., 3] = np.where(rough[1][..., 3] > 200, 0, 240)
    rough[0][rough[1][..., 3] > 200, :3] = 0
    return Case(case.truth, rough, case.order)


def one_pixel(h: int, w: int) -> Case:
    """Text strokes and wires of one pixel: a third of a cell."""
    wires = [(np.array([[0, t * h], [w, (t + 0.2) * h]]), 1.0) for t in np.linspace(-0.2, 1, 12)]
    alpha = np.maximum(
        strokes(h, w, wires), text(h, w, [(0.1, 0.2 + 0.05 * k, 0.018, "one pixel wide") for k in range(9)])
    )
    back = cv2.GaussianBlur(photo("astronaut", h, w, 3), (0, 0), 3)
    return _plain([layer(back, np.ones((h, w), np.float32)), layer((0.05, 0.05, 0.05), alpha)])


CASES: dict[str, Callable[[int, int], Case]] = {
    one.__name__: one
    for one in (
        camouflage, hidden_grain, missing, shifted, shadow_tail, faint, cloud, ghost, repeated, see_through, one_pixel,
    )
}  # fmt: skip
