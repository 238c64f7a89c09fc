"""Documents with an alpha of their own: taken apart as if something were everywhere, then given their alpha again.

Where the document has colour I and alpha A, layers with alphas a_i show it when their coverage is A and their colours
mix to I. Let C_i = 1 − Π_{j≤i}(1 − a_j) be what layer i and all below it cover together, and v_i = a_i / C_i the share
that layer i has of that. Then C_n = A, and from the top down

    a_i = v_i C_i,    C_{i−1} = (C_i − a_i) / (1 − a_i),    I = Σ_i v_i Π_{j>i}(1 − v_j) c_i:

the v_i are alphas of an opaque stack (the lowest layer that there is has v = 1) which shows the document's straight
colour. So everything that refinement knows of opaque documents holds for the v_i, A being known, and a layer that is
alone over nothing has v = 1 and keeps the document's own pixels. (Porter & Duff, SIGGRAPH 1984: over, its alpha taken
off again.)

Law: here coverage is taken off rough layers (`conditioned`) and the document (`continued`) before they are understood,
over the grid, and put on again pixel by pixel (`show`). Knows no colour model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import cv2
import numpy as np

from layerlift.imaging.arithmetic import Arithmetic
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Document, Pixels, Plane, full_scale
from layerlift.imaging.resample import Grid, Positions
from layerlift.refine.cells import places
from layerlift.refine.clean import edge, smoothstep
from layerlift.refine.fill import push_pull
from layerlift.refine.models import ENOUGH, SMOOTH
from layerlift.refine.project import Part, project, put_back, subset
from layerlift.refine.rough import RoughLayer

REACH = 12
"""Cells around a layer in which it may go on over nothing: the document says where it ends, not the engine."""
FAINT = 16 / 255
"""Document alpha below which a straight colour is uncertain by more than a few levels, and its neighbours' help."""
NOISE, SHIFT, DENSITY = 0.02, 0.5, 0.12
"""What an engine's alphas err by: everywhere, where they change (share of the change), and where they are translucent
(share of 4α(1 − α))."""
SURE = 0.2
"""Coverage from which on a quotient by it, and an engine's colour, are taken as they are."""
COLOURS, COVERED, COVERED_EDGE = 0.03, 0.15, 0.5
"""Standard deviation of what is known of an alpha from colours, and of a coverage, even and with edges."""
_BELIEVED = (1.5, 3.0)
"""Innovations in units of their error: from where they count, and from where they count wholly."""
THING = 0.25
"""Alpha from which on the bottom layer is there."""
_SURE = 0.2
"""Weight from which on the bottom layer counts as seen alone."""
_ALONE = 0.9
"""Share from which on a layer counts as seen alone."""
_EXPLAINED = 0.7
"""Share of the engine's error of colour that may be left for a ground to be believed."""
_BLUR = 0.6
"""Gaussian sigma, in cells, by which engines blur alphas."""
_ROWS = 256


def cover_of(small: Pixels) -> Plane:
    """(h, w) alpha 0–1 of the document over its cells."""
    return cast(Plane, small[..., 3].astype(np.float32) * np.float32(1 / full_scale(small)))


def continued(document: Document, grid: Grid, small: Pixels) -> Document:
    """The document opaque, its colours continued to where it has none. `small`: the document over the cells."""
    unit = np.float32(1 / full_scale(small))
    cover = cover_of(small)
    colour = push_pull(small[..., :3].astype(np.float32) * unit * cover[..., None], cover, SMOOTH, ENOUGH)
    height, width = document.pixels.shape[:2]
    out = document.pixels.copy()
    scale = full_scale(out)
    columns = grid.columns(np.arange(width, dtype=np.int32))
    for top in range(0, height, _ROWS):
        part = out[top : top + _ROWS]
        row, column = places(part[..., 3] < round(FAINT * scale))
        if row.size:
            lines = grid.rows(np.arange(top, top + len(part), dtype=np.int32))
            around = Positions.at(columns[column], lines[row]).read(colour).T * np.float32(scale)
            known = part[row, column, 3:].astype(np.float32) * np.float32(1 / (FAINT * scale))
            mixed = around + (part[row, column, :3] - around) * known
            part[row, column, :3] = np.rint(mixed).clip(0, scale).astype(out.dtype)
        part[..., 3] = scale
    return replace(document, pixels=out)


def conditioned(layers: Sequence[RoughLayer], small: Pixels, *, trusted: bool) -> tuple[list[RoughLayer], list[Plane]]:
    """The layers, bottom first, with shares v for alphas, and of each (h, w, 2) over its box: C where something hides
    it, and the edge-ness of that.

    `small`: the document over the cells. Boxes grow; of the bottom layer, whose share is 1 wherever there is nothing
    below, the alpha stays what the engine said.
    """
    cover = cover_of(small)
    shown = cover if trusted else cast(Plane, cv2.GaussianBlur(cover, (0, 0), _BLUR))
    lowest = _lowest(layers[1:], shown, trusted=trusted)
    bottom = layers[0] if trusted else replace(layers[0], colour=_spread(layers[0].colour, cover * layers[0].alpha))
    out, said, total = [bottom], [lowest], lowest.copy()
    for layer in layers[1:]:
        box = layer.box if trusted else layer.box.grow(REACH).intersect(layers[0].box)
        alpha, colour = _grown(layer.alpha, layer.box, box), _grown(layer.colour, layer.box, box)
        here = total[box.slices]
        here += alpha * (1 - here)
        share = np.divide(alpha, here, out=np.zeros_like(alpha), where=here > 0)
        if not trusted:
            around = push_pull(alpha[..., None], here, SMOOTH, ENOUGH)[..., 0]
            share = around + (share - around) * np.clip(here * np.float32(1 / SURE), 0, 1)
            colour = _spread(colour, np.minimum(alpha, cover[box.slices]))
        out.append(replace(layer, box=box, alpha=np.clip(share, 0, 1), colour=colour))
        said.append(here.copy())
    covers = _covers(out, said, shown, trusted=trusted)
    ratios = [
        np.where(one > SURE, has[..., 0] / np.maximum(one, np.float32(SURE)), 1)
        for has, one in zip(covers, [bottom.alpha, *said[1:]], strict=True)
    ]
    colour = small[..., :3].astype(np.float32) * np.float32(1 / full_scale(small))
    return _off_ground(out, ratios, colour, cover), covers


def _off_ground(layers: Sequence[RoughLayer], ratios: Sequence[Plane], colour: Plane, cover: Plane) -> list[RoughLayer]:
    """Colours without the plain ground that the engine was shown the document on.

    Where a layer covers only ρ of what the engine said, the engine's colour is ρ c + (1 − ρ) G. G by least squares from
    where a layer is seen alone and so c is the document's; left as they are where that explains nothing.
    """
    through, alone = np.ones_like(cover), []
    for place, layer in reversed(list(enumerate(layers))):
        here = through[layer.box.slices]
        share = layer.alpha if place else np.float32(1)
        alone.append(cover[layer.box.slices] * (here * share > _ALONE))
        here *= 1 - share
    alone.reverse()
    shown = [colour[layer.box.slices] for layer in layers]
    sums, weight = np.zeros(3), 0.0
    for layer, ratio, seen, own in zip(layers, ratios, shown, alone, strict=True):
        missing = own * (1 - ratio)
        sums += (missing[..., None] * (layer.colour - ratio[..., None] * seen)).sum((0, 1))
        weight += float((missing * (1 - ratio)).sum())
    ground = (sums / max(weight, 1e-6)).clip(0, 1).astype(np.float32)
    least = [np.maximum(ratio, np.float32(SURE))[..., None] for ratio in ratios]
    bare = [
        np.clip((layer.colour - (1 - ratio) * ground) / ratio, 0, 1) for layer, ratio in zip(layers, least, strict=True)
    ]
    before, after = (
        sum(
            float((own[..., None] * (one - seen) ** 2).sum())
            for one, seen, own in zip(those, shown, alone, strict=True)
        )
        for those in ([layer.colour for layer in layers], bare)
    )
    if after > _EXPLAINED * before:
        return list(layers)
    return [replace(layer, colour=one) for layer, one in zip(layers, bare, strict=True)]


def _covers(layers: Sequence[RoughLayer], said: Sequence[Plane], shown: Plane, *, trusted: bool) -> list[Plane]:
    """What each layer and all below it cover: as the engine has it (`said`), in the proportion in which it is wrong
    where one sees it. (Shown on a ground, what is translucent may come back solid.)"""
    through, out = np.ones_like(shown), []
    for layer, cover in zip(reversed(layers[1:]), reversed(said[1:]), strict=True):
        rows, columns = layer.box.slices
        alpha, weight = _below(through, shown, trusted=trusted)
        alpha, weight = alpha[rows, columns], weight[rows, columns]
        both = np.stack([alpha * weight, cover * weight], -1) * (cover > SURE)[..., None]
        ratio = push_pull(both + np.float32(1e-9), weight + np.float32(1e-9), SMOOTH, ENOUGH)
        cover = np.clip(cover * ratio[..., 0] / np.maximum(ratio[..., 1], np.float32(1e-9)), 0, 1)
        through[rows, columns] *= 1 - layer.alpha * cover
        out.append(_with_edges(cover, trusted=trusted))
    return [_with_edges(said[0], trusted=trusted), *reversed(out)]


def _below(through: Plane, shown: Plane, *, trusted: bool) -> tuple[Plane, Plane]:
    """1 − (1 − A) / T, what there is below something that lets T through, and how sure that is, 0–1."""
    alpha = np.clip(1 - (1 - shown) / np.maximum(through, np.float32(1e-3)), 0, 1)
    return alpha, (through * np.float32(NOISE) / _error(through, trusted=trusted)) ** 4


def _error(through: Plane, *, trusted: bool) -> Plane:
    """Standard deviation of T."""
    out = np.full_like(through, NOISE)
    if not trusted:
        square = np.ones((3, 3), np.uint8)
        out += np.float32(SHIFT) * (cv2.dilate(through, square) - cv2.erode(through, square))
        out += np.float32(4 * DENSITY) * through * (1 - through)
    return out


def show(
    parts: Sequence[Part],
    below: Sequence[Plane],
    target: Plane,
    cover: Plane,
    host: Arithmetic,
    scale: int,
) -> None:
    """From shares v to alphas a that cover what the document does, and colours that show it, in place.

    `parts` (bottom first): alphas are v in whole numbers 0…scale. `below`: of each part at its points (2, k), what all
    that lies below it is expected to cover, and the edge-ness of that. `target` (3, n) and `cover` (n,), 0 < A < scale:
    the document, straight.
    """
    left, held = cover * np.float32(1 / scale), np.zeros(cover.size, np.uint8)
    for part, expected in zip(reversed(parts), reversed(below), strict=True):
        at = part.where(cover.size)
        alpha = _agreed(part.alpha * left[at] * np.float32(1 / scale), left[at], *expected)
        part.alpha = np.where(part.alpha > 0, np.rint(alpha * np.float32(scale)), 0)
        mine = part.alpha * np.float32(1 / scale)
        held[at] += part.alpha > 0
        more = (left[at] - alpha) * np.float32(scale) > 0.5  # else roundings would make ghosts of one level
        left[at] = np.where(more | (mine == 0), np.maximum(left[at] - mine, 0) / (1 - mine), 0)
    for part in parts:
        alone = np.flatnonzero((held[part.at] == 1) & (part.alpha > 0))
        part.alpha[alone] = cover[part.at[alone]]
        part.paint(alone, np.take(target, part.at[alone], axis=1))
    some = np.flatnonzero(held > 1)
    if some.size:
        few, chosen = subset(parts, some)
        project(few, np.take(target, some, axis=1), host, scale, cover[some])
        put_back(parts, few, chosen)


def _agreed(alpha: Plane, left: Plane, below: Plane, edge: Plane) -> Plane:
    """What colours say of a layer's alpha, and what coverage says: a = (C − C_below) / (1 − C_below).

    Inverse variances are the weights: where the layer is dense the document's alpha tells it exactly, where next to
    nothing lies below, or all, it tells all or nothing. Of two that contradict each other the colours are believed.
    """
    told = np.clip((left - below) / np.maximum(1 - below, np.float32(1e-3)), 0, left)
    error = np.float32(COVERED) + np.float32(COVERED_EDGE) * edge
    error = (error * (1 - told) + np.float32(0.5 / 255)) / np.maximum(1 - below, np.float32(1e-3))
    both = np.float32(COLOURS**2) + error**2
    weight = np.float32(COLOURS**2) / both
    weight *= 1 - smoothstep(np.abs(told - alpha) / np.sqrt(both), *_BELIEVED)
    out: Plane = alpha + weight * (told - alpha)
    return out


def _lowest(above: Sequence[RoughLayer], shown: Plane, *, trusted: bool) -> Plane:
    """The bottom layer's own alpha, continued from where it is seen.

    What the layers above err by divides by T, so where they are dense or change, that is no more than an innovation on
    what the surroundings say, to be believed if it is larger than its error (gating: Bar-Shalom & Fortmann, "Tracking
    and Data Association", 1988). A thing over nothing so has nothing below it, whatever its engine's alpha. A bottom
    layer that is faint wherever it is seen, or seen nowhere, is none: it is the ends of others, which the engine lost.
    (Nothing can be hidden below what is translucent: there it would show.)
    """
    through = np.ones_like(shown)
    for layer in above:
        through[layer.box.slices] *= 1 - layer.alpha
    alpha, weight = _below(through, shown, trusted=trusted)
    if float((alpha * (weight > _SURE)).max(initial=0)) < THING:
        return np.zeros_like(shown)
    weight += np.float32(1e-9)
    around = push_pull((alpha * weight)[..., None], weight, SMOOTH, ENOUGH)[..., 0]
    innovation = alpha - around
    error = _error(through, trusted=trusted)
    out: Plane = around + innovation * smoothstep(np.abs(innovation) * through / error, *_BELIEVED)
    return np.clip(out, 0, 1)


def _spread(colour: Plane, weight: Plane) -> Plane:
    """Colours (h, w, 3) continued to where they have no weight: there, engines paint anything."""
    around = push_pull(colour * weight[..., None], weight, SMOOTH, ENOUGH)
    return cast(Plane, around + (colour - around) * np.clip(weight * np.float32(1 / SURE), 0, 1)[..., None])


def _with_edges(cover: Plane, *, trusted: bool) -> Plane:
    edges = np.zeros_like(cover) if trusted else edge(cover)
    return np.ascontiguousarray(np.stack([cover, edges], -1))


def _grown(plane: Plane, box: Bounds, larger: Bounds) -> Plane:
    """A plane over `box` over a larger one, zero around."""
    out = np.zeros((larger.height, larger.width, *plane.shape[2:]), np.float32)
    out[box.shift(-larger.x, -larger.y).slices] = plane
    return out
