"""Translucency and horizons: what the colours of overlaps and the bands of a landscape say about depth.

Law: shapes in, the same shapes with depth, opacity and extent corrected; no pixels, only surfaces and masks.

Where two shapes overlap in a third colour C, one of them is a film of opacity α: C − C₁ = (1 − α)(C₂ − C₀), with C₁ and
C₂ the two shapes' colours on the ground C₀ (the X-junction rule, F. Metelli, "The perception of transparency",
Scientific American 1974).
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.shapes.depth import Shape
from layerlift.engines.quick.shapes.surface import Polynomial
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask

Colour = NDArray[np.float32]

_MISFIT = 7.0
"""Levels by which an overlap's colour may be off the mixture that explains it."""


def place(shape: Shape, mask: Mask, window: Bounds) -> Mask:
    """`mask`, given in the shape's window, in another `window`."""
    out = np.zeros((window.height, window.width), bool)
    common = window.intersect(shape.window)
    if not common.empty:
        out[common.shift(-window.x, -window.y).slices] = mask[common.shift(-shape.window.x, -shape.window.y).slices]
    return out


def films(shapes: list[Shape], ground: Polynomial | None) -> list[Shape]:
    """Dissolve overlaps that a film explains: the film gets its opacity and lies above what shines through."""
    out = list(shapes)
    by_number = {n: s for s in shapes for n in s.numbers}
    for lens in sorted(shapes, key=lambda s: s.area):
        if not lens.clean or lens not in out:
            continue
        pair = _beside(lens, out)
        if len(pair) != 2:
            continue
        hosts = [by_number[n] for n in pair[0].hosts & pair[1].hosts if n in by_number]
        behind = min(hosts, key=lambda s: s.area).surface if hosts else ground
        if behind is not None and _explain(lens, pair[0], pair[1], behind):
            out.remove(lens)
            for shape in pair:
                shape.whole = shape.whole | place(lens, lens.seen, shape.window)
    return out


def _beside(lens: Shape, shapes: list[Shape]) -> list[Shape]:
    """The clean shapes that share the border of an overlap between them, or else go on behind all of it."""
    core = lens.seen.astype(np.uint8)
    rim = (cv2.dilate(core, np.ones((7, 7), np.uint8)) > 0) & (cv2.dilate(core, np.ones((3, 3), np.uint8)) == 0)
    length = max(1, int(rim.sum()))
    near = [
        ((place(s, s.seen, lens.window) & rim).sum() / length, i)
        for i, s in enumerate(shapes)
        if s is not lens and s.clean and not set(lens.numbers) & s.hosts
    ]
    best = sorted(near, reverse=True)[:2]
    if len(best) == 2 and best[1][0] > 0.15 and best[0][0] + best[1][0] > 0.8:
        return [shapes[i] for _, i in best]
    count = 0.85 * lens.seen.sum()
    hidden = [s for s in shapes if s is not lens and s.clean and lens.numbers[0] in s.below]
    return [s for s in hidden if (place(s, s.whole, lens.window) & lens.seen).sum() >= count]


def _explain(lens: Shape, one: Shape, two: Shape, behind: Polynomial) -> bool:
    ys, xs = np.nonzero(lens.seen)
    at = np.array([int(np.median(ys))]) + lens.window.y, np.array([int(np.median(xs))]) + lens.window.x
    mixed, ground = lens.surface.at(*at)[0], behind.at(*at)[0]
    trials = []
    for film, under in ((one, two), (two, one)):
        share, misfit = _share(mixed, film.surface.at(*at)[0], under.surface.at(*at)[0], ground)
        pure = (film.surface.at(*at)[0] - share * ground) / max(1 - share, 1e-3)
        if 0.08 < share < 0.92 and misfit < _MISFIT and pure.min() > -12 and pure.max() < 267:
            trials.append((misfit, id(film), film, under, share))
    if not trials:
        return False
    _, _, film, under, share = min(trials)
    film.opacity, film.behind = 1 - share, behind
    film.below.difference_update({*lens.numbers, *under.numbers})
    under.below.difference_update(lens.numbers)
    under.below.update(film.numbers)
    return True


def _share(mixed: Colour, film: Colour, under: Colour, ground: Colour) -> tuple[float, float]:
    """1 − α of the film, and by how many levels the mixture misses `mixed`."""
    axis = under - ground
    strength = float(axis @ axis)
    if strength < 12.0**2:
        return 0.0, np.inf
    share = float((mixed - film) @ axis) / strength
    return share, float(np.abs(film + share * axis - mixed).max())


def horizons(shapes: list[Shape], width: int) -> None:
    """Wavy bands from the left to the right edge lie one behind the other: each goes on behind the nearer one.

    Nearer is lower where the bands stand on the canvas bottom, and upper where they hang from its top.
    """
    bands = [s for s in shapes if s.clean and not s.hosts and _spans(s, width)]
    bands.sort(key=lambda s: float(np.nonzero(s.seen)[0].mean()) + s.window.y)
    for upper, lower in reversed(list(pairwise(bands))):
        if _wavy(upper, lower):
            _extend(upper, lower)


def _spans(shape: Shape, width: int) -> bool:
    columns = np.flatnonzero(shape.seen.any(axis=0)) + shape.window.x
    return len(columns) > 0 and bool(columns[0] <= 1 and columns[-1] >= width - 2)


def _wavy(upper: Shape, lower: Shape) -> bool:
    """Whether `lower` begins right below `upper` nearly everywhere, along a line that is not straight."""
    window = upper.window.union(lower.window)
    top, bottom = place(upper, upper.seen, window), place(lower, lower.seen, window)
    columns = np.flatnonzero(top.any(axis=0) & bottom.any(axis=0))
    if len(columns) < 0.6 * window.width:
        return False
    last = window.height - 1 - np.argmax(top[::-1, columns], axis=0)
    first = np.argmax(bottom[:, columns], axis=0)
    close = np.abs(first - last) <= 4
    if close.mean() < 0.6:
        return False
    line = np.polyfit(columns[close], first[close], 1)
    return bool(np.abs(np.polyval(line, columns[close]) - first[close]).max() > 3)


def _extend(upper: Shape, lower: Shape) -> None:
    window = upper.window.union(lower.window)
    upper.seen, upper.whole = (
        place(upper, upper.seen, window),
        place(upper, upper.whole, window) | place(lower, lower.whole, window),
    )
    upper.window = window
    lower.below.difference_update(upper.numbers)
    upper.below.update(lower.numbers)
