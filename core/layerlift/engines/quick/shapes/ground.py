"""The ground: which surface lies beneath all others, and what of the picture is seen of it.

Law: surfaces in, their numbers out; knows neither pieces nor shapes. Returns nothing where a photograph lies beneath.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.shapes.even import drift
from layerlift.engines.quick.shapes.stripes import alternating
from layerlift.engines.quick.shapes.surface import Labels, Polynomial, Surfaces
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Plane

_BLEND, _BLENDED = 16.0, 2.0
"""A surface whose colour changes by more than this (levels) blends; how much likelier that makes it the ground, and
how much likelier stripes are."""
_EVEN = 4.0
"""Levels by which a surface of one colour, and surfaces of the same colour, may differ."""
_PART = 0.05
"""Share of its family that a surface must have to stand for it."""
_GRAIN, _LOSSY = 0.8, 0.4
"""Texture (levels) above which a picture has grain, and ringing above which it was compressed."""
_DRAWN, _WIDE = 0.8, 0.15
"""Levels by which a drawn surface misses its polynomial (rounding makes 0.5; ringing adds to it): beside one that is
`_WIDE` (share of the picture), smooth stretches that miss by more are a photograph's (sky, skin)."""


def _border_share(labels: Labels, count: int) -> NDArray[np.float64]:
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return np.bincount(edge[edge >= 0], minlength=count) / len(edge)


def ground_of(
    surfaces: Surfaces, areas: NDArray[np.float64], models: dict[int, Polynomial], boxes: list[Bounds]
) -> list[int]:
    """The surface that the others lie on: wide, on the canvas border, and one polynomial (or evenly textured).

    Where two could be it, it is the one that runs from colour to colour or takes turns: panels are mostly painted
    in one. More than one surface where stripes take turns, widest first; none where it is a photograph.
    """
    edge = _border_share(surfaces.labels, surfaces.count)
    share = areas / surfaces.labels.size
    family = _families({i: model for i, model in models.items() if edge[i] > 0}, boxes, surfaces)
    striped = np.zeros(surfaces.count, bool)
    for one, two in alternating(surfaces.labels, family, edge > 0):
        family[family == two] = one
        striped |= (family == one) & (edge > 0)
    edges, shares = (np.bincount(family, values, surfaces.count)[family] for values in (edge, share))
    stands = (edges > 0.12) & (shares > 0.08) & ((share > _PART * shares) | striped) & (edge > 0)
    score = np.where(stands, edges + shares, 0)
    for i in np.flatnonzero(score):
        if striped[i] or (i in models and models[int(i)].span(boxes[i]) > _BLEND):
            score[i] *= _BLENDED
    if not score.any():
        return []
    # Beside surfaces of exactly one colour grainy paper lies beneath; compression leaves nothing exact.
    grainy = surfaces.texture > _GRAIN and surfaces.ringing <= _LOSSY
    rank = np.where(surfaces.even | (not grainy), score, _BLENDED * score)
    best = int(np.lexsort((share, np.maximum(score, rank)))[-1])
    tolerance = 6.0 + 1.2 * surfaces.texture
    plain = np.array([i in models and models[i].residual <= tolerance for i in range(surfaces.count)])
    exactly = _DRAWN + surfaces.ringing
    drawn = np.array([i in models and models[i].residual <= exactly for i in range(surfaces.count)])
    wide = plain & (drawn if (drawn & (share > _WIDE)).any() else True) & (shares > 0.03)
    if edges[best] < 0.6 and _bleeds(surfaces.labels, wide):
        return []
    if not plain[best] or score[best] <= 0.45:
        return []
    same = np.flatnonzero(striped & (family == family[best])) if striped[best] else np.array([best])
    return [int(i) for i in same[np.argsort(-areas[same], kind="stable")]]


def _families(models: dict[int, Polynomial], boxes: list[Bounds], surfaces: Surfaces) -> NDArray[np.intp]:
    """For every surface the first of those of its one colour (stripes, a ground cut up by what lies on it); itself
    where `models` does not have it."""
    family = np.arange(surfaces.count)
    even = [i for i in models if models[i].span(boxes[i]) < _EVEN]
    firsts = _firsts(even, models, boxes, surfaces)
    for i in even:
        family[i] = firsts[i]
    return family


def _plain(model: Polynomial, box: Bounds) -> Polynomial:
    """The one colour that a surface has in the middle of its box."""
    colour = model.at(np.array([box.y + box.height // 2]), np.array([box.x + box.width // 2]))
    return replace(model, terms=colour.astype(np.float64))


def _firsts(
    even: Iterable[int], models: dict[int, Polynomial], boxes: list[Bounds], surfaces: Surfaces
) -> dict[int, int]:
    """For each surface of one colour the first that has the same: exactly, where both are exactly even."""
    firsts: dict[int, int] = {}
    colours: dict[int, Plane] = {}
    exactly = drift(surfaces.ringing)
    for i in sorted(even, key=lambda i: not surfaces.even[i]):
        colour = _plain(models[i], boxes[i]).terms[0].astype(np.float32)
        firsts[i] = i
        for j, other in colours.items():
            if np.abs(colour - other).max() < (exactly if surfaces.even[i] else _EVEN):
                firsts[i] = j
                break
        else:
            colours[i] = colour
    return firsts


def _bleeds(labels: Labels, plain: Mask) -> bool:
    """Whether a photograph (whatever is no wide `plain` surface) runs off the canvas: then it lies below the panels."""
    rough = (labels < 0) | ~plain[labels]
    sides = [float(side.mean()) for side in (rough[0], rough[-1], rough[:, 0], rough[:, -1])]
    return float(rough.mean()) > 0.3 and sum(sides) / 4 > 0.35 and sum(side > 0.3 for side in sides) >= 2


def _same(model: Polynomial, surfaces: Surfaces, where: Mask, bounds: Bounds, exactly: bool) -> bool:
    ys, xs = np.nonzero(where)
    step = max(1, len(ys) // 600)
    ys, xs = ys[::step] + bounds.y, xs[::step] + bounds.x
    off = np.abs(model.at(ys, xs) - surfaces.calm[ys, xs]).max(axis=1)
    return bool(
        np.median(off) < drift(surfaces.ringing)
        if exactly
        else np.median(off) < 4 + min(model.residual, 4) + 0.2 * min(surfaces.texture, 10)
    )


def grow_ground(
    surfaces: Surfaces,
    models: dict[int, Polynomial],
    grounds: list[int],
    is_clean: Mask,
    is_ground: Mask,
    areas: NDArray[np.float64],
    boxes: list[Bounds],
) -> None:
    """Other surfaces that continue the ground's polynomial are ground: seen past shapes and through rings."""
    labels, ground = surfaces.labels, grounds[0]
    colours = [(ground, models[ground])]
    if len(grounds) > 1:  # stripes are too thin to continue more than a colour
        colours = [
            (g, _plain(models[g], boxes[g])) for g in sorted(set(_firsts(grounds, models, boxes, surfaces).values()))
        ]
    if models[ground].span(boxes[ground]) < 2 * _EVEN:  # grain bends a polynomial that is continued far
        colours.append((ground, _plain(models[ground], boxes[ground])))
    for i in models:
        where = labels[boxes[i].slices] == i
        if is_ground[i] or not any(
            _same(model, surfaces, where, boxes[i], bool(surfaces.even[g] and surfaces.even[i])) for g, model in colours
        ):
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
