"""Pieces: the visible parts from which elements are put together, and the ground that they lie on.

Law: surfaces in, a map of pieces out; decides what is a clean piece and what is texture, not what lies
in front of what.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.shapes.even import drift
from layerlift.engines.quick.shapes.ground import ground_of, grow_ground
from layerlift.engines.quick.shapes.surface import Labels, Polynomial, Surfaces, fit
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Plane

GROUND = 0
"""The number of the ground (whatever the pieces lie on) in a map of pieces."""

_SMALLEST = 1.2e-4
"""Smallest piece worth a name, as a share of the picture."""


@dataclass(frozen=True, eq=False)
class Piece:
    """A connected visible part. `clean`: one crisp surface, else texture (a cluster of whatever is no clean surface).

    `crisp` (0–1): share of its border with a sharp step of colour; `surface`: its colours, in levels.
    """

    number: int
    bounds: Bounds
    area: int
    clean: bool
    crisp: float
    surface: Polynomial


@dataclass(frozen=True, eq=False)
class Pieces:
    """`map` (h, w) int32: the number of the piece at each pixel, GROUND for the ground. `ground` is the ground's
    colour polynomial, None where the ground is a photograph or a strong texture."""

    map: Labels
    all: dict[int, Piece]
    ground: Polynomial | None


def filled(mask: Mask) -> Mask:
    """The mask with all its holes closed."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    out = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(out, contours, -1, 1, cv2.FILLED)
    return out > 0


def bounds_of(labels: Labels, count: int) -> list[Bounds]:
    """The bounds of every label 0…count−1 (empty where a label has no pixel)."""
    height, width = labels.shape
    ys, xs = np.nonzero(labels >= 0)
    which = labels[ys, xs]
    low = np.full((count, 2), [height, width])
    high = np.full((count, 2), -1)
    for column, values in ((0, ys), (1, xs)):
        np.minimum.at(low[:, column], which, values)
        np.maximum.at(high[:, column], which, values)
    return [
        Bounds(int(x0), int(y0), int(x1 - x0 + 1), int(y1 - y0 + 1)) if y1 >= 0 else Bounds(0, 0, 0, 0)
        for (y0, x0), (y1, x1) in zip(low, high, strict=True)
    ]


def _blinded(surfaces: Surfaces) -> Mask:
    """(count,) bool: surfaces that run off the canvas at an end of the scale, as skies do in photographs: exactly even
    not because they were painted."""
    labels = surfaces.labels
    out = np.zeros(surfaces.count, bool)
    for side, colours in ((0, surfaces.levels[0]), (-1, surfaces.levels[-1])):
        out[labels[side][(labels[side] >= 0) & ((colours < 1) | (colours > 254)).any(axis=1)]] = True
    for side, colours in ((0, surfaces.levels[:, 0]), (-1, surfaces.levels[:, -1])):
        out[labels[:, side][(labels[:, side] >= 0) & ((colours < 1) | (colours > 254)).any(axis=1)]] = True
    return out


def crispness(labels: Labels, surfaces: Surfaces) -> NDArray[np.float64]:
    """Per label the share of its border (canvas edge apart) across which colour steps instead of drifting."""
    count = surfaces.count
    height, width = labels.shape
    even = surfaces.even & ~_blinded(surfaces)
    sharp, total = np.zeros(count), np.zeros(count)
    for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        shifted = np.full_like(labels, -2)
        y0, y1, x0, x1 = max(0, -dy), height - max(0, dy), max(0, -dx), width - max(0, dx)
        shifted[y0:y1, x0:x1] = labels[y0 + dy : y1 + dy, x0 + dx : x1 + dx]
        ys, xs = np.nonzero((labels >= 0) & (shifted != labels) & (shifted >= -1))
        which = labels[ys, xs]

        exact = even[which]

        def at(step: int, ys: NDArray[np.intp] = ys, xs: NDArray[np.intp] = xs, dy: int = dy, dx: int = dx,
               exact: Mask = exact) -> Plane:  # fmt: skip
            y, x = np.clip(ys + step * dy, 0, height - 1), np.clip(xs + step * dx, 0, width - 1)
            return np.where(exact[:, None], surfaces.levels[y, x], surfaces.calm[y, x])

        inside, deep = at(-1), at(-4)
        y, x = np.clip(ys - 4 * dy, 0, height - 1), np.clip(xs - 4 * dx, 0, width - 1)
        deep = np.where((labels[y, x] == which)[:, None], deep, inside)
        step = np.maximum(np.abs(at(2) - inside).max(axis=1), np.abs(at(3) - inside).max(axis=1))
        least = np.where(exact, drift(surfaces.ringing), 5)
        good = step > least + 1.5 * np.minimum(np.abs(deep - inside).max(axis=1), 40)
        sharp += np.bincount(which, good, count)
        total += np.bincount(which, minlength=count)
    return sharp / np.maximum(total, 1)


def split(surfaces: Surfaces, unknown: Mask) -> Pieces:
    """Pieces of the picture: clean surfaces, clusters of texture, and the ground. `unknown` (h, w) does not count."""
    labels, count = surfaces.labels, surfaces.count
    size = labels.size
    areas = np.bincount(labels[labels >= 0], minlength=count).astype(np.float64)
    boxes = bounds_of(labels, count)
    crisp = crispness(np.where(unknown, -2, labels).astype(np.int32), surfaces)
    named = [i for i in range(count) if areas[i] >= max(20.0, _SMALLEST * size)]
    models: dict[int, Polynomial] = {}
    for i in named:
        mine = (labels[boxes[i].slices] == i) & ~unknown[boxes[i].slices]
        ys, xs = np.nonzero(cv2.erode(mine.astype(np.uint8), np.ones((3, 3), np.uint8)))
        if len(ys) < 4:
            ys, xs = np.nonzero(labels[boxes[i].slices] == i)
        models[i] = fit(surfaces.calm if surfaces.ringing > 0.4 else surfaces.levels, ys + boxes[i].y, xs + boxes[i].x)
    grounds = ground_of(surfaces, areas, models, boxes)
    ground = grounds[0] if grounds else None
    tolerance = 2.5 + 1.5 * surfaces.ringing + (1.2 * surfaces.texture if ground is not None else 0.0)
    is_clean = np.zeros(count + 1, bool)
    is_ground = np.zeros(count + 1, bool)
    for i in named:
        is_clean[i] = models[i].residual <= tolerance and crisp[i] >= 0.6
    if ground is not None:
        is_clean[grounds], is_ground[grounds] = False, True
        grow_ground(surfaces, models, grounds, is_clean, is_ground, areas, boxes)
    rest = ~is_clean[labels] & ~is_ground[labels] & ~unknown
    return _numbered(surfaces, models, is_clean, rest, crisp, boxes, areas, ground)


def _trim(numbers: Labels, pieces: dict[int, Piece]) -> None:
    """Cut off the thin tongues by which a piece reaches into a photograph of about its colour. Changes `numbers`."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    for piece in pieces.values():
        here = numbers[piece.bounds.slices]
        mine = here == piece.number
        framed = cv2.copyMakeBorder(mine.astype(np.uint8), 3, 3, 3, 3, cv2.BORDER_REPLICATE)
        trunk = cv2.morphologyEx(framed, cv2.MORPH_OPEN, kernel)[3:-3, 3:-3] > 0
        if trunk.sum() > 0.85 * mine.sum():
            here[mine & ~trunk] = GROUND


def _numbered(
    surfaces: Surfaces,
    models: dict[int, Polynomial],
    is_clean: Mask,
    rest: Mask,
    crisp: NDArray[np.float64],
    boxes: list[Bounds],
    areas: NDArray[np.float64],
    ground: int | None,
) -> Pieces:
    names = np.zeros(surfaces.count + 1, np.int32)
    pieces: dict[int, Piece] = {}
    for i in np.flatnonzero(is_clean):
        names[i] = len(pieces) + 1
        pieces[len(pieces) + 1] = Piece(len(pieces) + 1, boxes[i], int(areas[i]), True, float(crisp[i]), models[int(i)])
    out = names[surfaces.labels]
    if ground is None:
        _trim(out, pieces)
    if ground is not None:
        count, clusters, stats, _ = cv2.connectedComponentsWithStats(rest.astype(np.uint8), connectivity=8)
        for c in range(1, count):
            x, y, width, height, area = (int(v) for v in stats[c])
            if area < max(12.0, _SMALLEST * rest.size / 2):
                continue
            number, bounds = len(pieces) + 1, Bounds(x, y, width, height)
            inside = clusters[bounds.slices] == c
            out[bounds.slices][inside] = number
            ys, xs = np.nonzero(inside)
            model = fit(surfaces.levels, ys + y, xs + x)
            pieces[number] = Piece(number, bounds, area, False, 0.0, model)
    return Pieces(out, pieces, None if ground is None else models[ground])
