"""Pieces: the visible parts from which elements are put together, and the ground that they lie on.

Law: surfaces in, a map of pieces out; decides what is ground, what is a clean piece and what is texture, not what lies
in front of what.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.shapes.surface import Labels, Polynomial, Surfaces, fit
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Plane

GROUND = 0
"""The number of the ground (whatever the pieces lie on) in a map of pieces."""

_SMALLEST = 1.2e-4
"""Smallest piece worth a name, as a share of the picture."""
_BLEND, _BLENDED = 16.0, 2.0
"""A surface whose colour changes by more than this (levels) blends; how much likelier that makes it the ground."""
_EVEN = 4.0
"""Levels by which a surface of one colour, and surfaces of the same colour, may differ."""
_PART = 0.05
"""Share of its family that a surface must have to stand for it."""
_DRAWN, _WIDE = 0.8, 0.15
"""Levels by which a drawn surface misses its polynomial (rounding makes 0.5; ringing adds to it): beside one that is
`_WIDE` (share of the picture), smooth stretches that miss by more are a photograph's (sky, skin)."""


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


def crispness(labels: Labels, count: int, calm: Plane) -> NDArray[np.float64]:
    """Per label the share of its border (canvas edge apart) across which colour steps instead of drifting."""
    height, width = labels.shape
    sharp, total = np.zeros(count), np.zeros(count)
    for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        shifted = np.full_like(labels, -2)
        y0, y1, x0, x1 = max(0, -dy), height - max(0, dy), max(0, -dx), width - max(0, dx)
        shifted[y0:y1, x0:x1] = labels[y0 + dy : y1 + dy, x0 + dx : x1 + dx]
        ys, xs = np.nonzero((labels >= 0) & (shifted != labels) & (shifted >= -1))
        which = labels[ys, xs]

        def at(step: int, ys: NDArray[np.intp] = ys, xs: NDArray[np.intp] = xs, dy: int = dy, dx: int = dx) -> Plane:
            return calm[np.clip(ys + step * dy, 0, height - 1), np.clip(xs + step * dx, 0, width - 1)]

        inside, deep = at(-1), at(-4)
        y, x = np.clip(ys - 4 * dy, 0, height - 1), np.clip(xs - 4 * dx, 0, width - 1)
        deep = np.where((labels[y, x] == which)[:, None], deep, inside)
        step = np.maximum(np.abs(at(2) - inside).max(axis=1), np.abs(at(3) - inside).max(axis=1))
        good = step > 5 + 1.5 * np.minimum(np.abs(deep - inside).max(axis=1), 40)
        sharp += np.bincount(which, good, count)
        total += np.bincount(which, minlength=count)
    return sharp / np.maximum(total, 1)


def _border_share(labels: Labels, count: int) -> NDArray[np.float64]:
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return np.bincount(edge[edge >= 0], minlength=count) / len(edge)


def _ground(
    surfaces: Surfaces, areas: NDArray[np.float64], models: dict[int, Polynomial], boxes: list[Bounds]
) -> int | None:
    """The surface that the others lie on: wide, on the canvas border, and one polynomial (or evenly textured).

    Where two could be it, it is the one that runs from colour to colour: panels are mostly painted in one.
    """
    edge = _border_share(surfaces.labels, surfaces.count)
    share = areas / surfaces.labels.size
    family = _families({i: model for i, model in models.items() if edge[i] > 0}, boxes, surfaces.count)
    edges, shares = (np.bincount(family, values, surfaces.count)[family] for values in (edge, share))
    score = np.where((edges > 0.12) & (shares > 0.08) & (share > _PART * shares) & (edge > 0), edges + shares, 0)
    for i in np.flatnonzero(score):
        if i in models and models[int(i)].span(boxes[i]) > _BLEND:
            score[i] *= _BLENDED
    if not score.any():
        return None
    best = int(np.lexsort((share, score))[-1])
    tolerance = 6.0 + 1.2 * surfaces.texture
    plain = np.array([i in models and models[i].residual <= tolerance for i in range(surfaces.count)])
    exactly = _DRAWN + surfaces.ringing
    drawn = np.array([i in models and models[i].residual <= exactly for i in range(surfaces.count)])
    wide = plain & (drawn if (drawn & (share > _WIDE)).any() else True) & (shares > 0.03)
    if edges[best] < 0.6 and _bleeds(surfaces.labels, wide):
        return None
    return best if plain[best] and score[best] > 0.45 else None


def _families(models: dict[int, Polynomial], boxes: list[Bounds], count: int) -> NDArray[np.intp]:
    """For every surface the first of those of its one colour (stripes, a ground cut up by what lies on it); itself
    where `models` does not have it."""
    family = np.arange(count)
    even = [i for i in models if models[i].span(boxes[i]) < _EVEN]
    colours = {
        i: models[i].at(
            np.array([boxes[i].y + boxes[i].height // 2], np.intp),
            np.array([boxes[i].x + boxes[i].width // 2], np.intp),
        )[0]
        for i in even
    }
    for i in even:
        family[i] = next(j for j in even if family[j] == j and np.abs(colours[i] - colours[j]).max() < _EVEN)
    return family


def _bleeds(labels: Labels, plain: Mask) -> bool:
    """Whether a photograph (whatever is no wide `plain` surface) runs off the canvas: then it lies below the panels."""
    rough = (labels < 0) | ~plain[labels]
    sides = [float(side.mean()) for side in (rough[0], rough[-1], rough[:, 0], rough[:, -1])]
    return float(rough.mean()) > 0.3 and sum(sides) / 4 > 0.35 and sum(side > 0.3 for side in sides) >= 2


def _same(model: Polynomial, surfaces: Surfaces, where: Mask, bounds: Bounds) -> bool:
    ys, xs = np.nonzero(where)
    step = max(1, len(ys) // 600)
    ys, xs = ys[::step] + bounds.y, xs[::step] + bounds.x
    off = np.abs(model.at(ys, xs) - surfaces.calm[ys, xs]).max(axis=1)
    return bool(np.median(off) < 4 + min(model.residual, 4) + 0.2 * min(surfaces.texture, 10))


def split(surfaces: Surfaces, unknown: Mask) -> Pieces:
    """Pieces of the picture: clean surfaces, clusters of texture, and the ground. `unknown` (h, w) does not count."""
    labels, count = surfaces.labels, surfaces.count
    size = labels.size
    areas = np.bincount(labels[labels >= 0], minlength=count).astype(np.float64)
    boxes = bounds_of(labels, count)
    crisp = crispness(np.where(unknown, -2, labels).astype(np.int32), count, surfaces.calm)
    named = [i for i in range(count) if areas[i] >= max(20.0, _SMALLEST * size)]
    models: dict[int, Polynomial] = {}
    for i in named:
        mine = (labels[boxes[i].slices] == i) & ~unknown[boxes[i].slices]
        ys, xs = np.nonzero(cv2.erode(mine.astype(np.uint8), np.ones((3, 3), np.uint8)))
        if len(ys) < 4:
            ys, xs = np.nonzero(labels[boxes[i].slices] == i)
        models[i] = fit(surfaces.calm if surfaces.ringing > 0.4 else surfaces.levels, ys + boxes[i].y, xs + boxes[i].x)
    ground = _ground(surfaces, areas, models, boxes)
    tolerance = 2.5 + 1.5 * surfaces.ringing + (1.2 * surfaces.texture if ground is not None else 0.0)
    is_clean = np.zeros(count + 1, bool)
    is_ground = np.zeros(count + 1, bool)
    for i in named:
        is_clean[i] = models[i].residual <= tolerance and crisp[i] >= 0.6
    if ground is not None:
        is_clean[ground], is_ground[ground] = False, True
        _grow_ground(surfaces, models, ground, is_clean, is_ground, areas, boxes)
    rest = ~is_clean[labels] & ~is_ground[labels] & ~unknown
    return _numbered(surfaces, models, is_clean, rest, crisp, boxes, areas, ground)


def _grow_ground(
    surfaces: Surfaces,
    models: dict[int, Polynomial],
    ground: int,
    is_clean: Mask,
    is_ground: Mask,
    areas: NDArray[np.float64],
    boxes: list[Bounds],
) -> None:
    """Other surfaces that continue the ground's polynomial are ground: seen past shapes and through rings."""
    labels = surfaces.labels
    for i in models:
        if i == ground or not _same(models[ground], surfaces, labels[boxes[i].slices] == i, boxes[i]):
            continue
        around = boxes[i].grow(2).intersect(Bounds(0, 0, labels.shape[1], labels.shape[0]))
        here = labels[around.slices]
        ring = cv2.dilate((here == i).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        beside = here[ring & (here != i) & (here >= 0)]
        touches_edge = around.x == 0 or around.y == 0 or around.right == labels.shape[1]
        touches_edge = touches_edge or around.bottom == labels.shape[0]
        host = int(np.bincount(beside).argmax()) if len(beside) else ground
        enclosed = len(beside) > 0 and (beside == host).mean() > 0.9 and host != ground
        if not enclosed or touches_edge or areas[i] > 0.65 * areas[host]:
            is_clean[i], is_ground[i] = False, True


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
