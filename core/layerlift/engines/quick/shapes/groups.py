"""Groups: which shapes a designer would have made as one element.

Law: shapes bottom → top in, lists of shapes (bottom → top each) out, in depth order; looks at outlines, places and
main colours, never at pixels.

A line around a shape and the shape are one; the parts of a glyph are one; a row of equal little things is one; crumbs
belong to what they lie on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.shapes.depth import Shape
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask

_CRUMB = 9e-4
"""Shapes below this share of the picture are never an element of their own."""
_PART = 0.012
"""Largest share of the picture for a part of a glyph or of a row."""
_ALIKE = 14.0
"""How far the main colours (levels, largest channel) of parts of one element may be apart."""


_Join: TypeAlias = "Callable[[_Part, _Part], None]"


@dataclass(eq=False)
class _Part:
    shape: Shape
    box: Bounds
    area: int
    colour: NDArray[np.float32]
    group: int


def _part(shape: Shape, index: int) -> _Part:
    ys, xs = np.nonzero(shape.whole)
    box = Bounds(
        int(xs.min()) + shape.window.x, int(ys.min()) + shape.window.y, int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1
    )
    middle = np.array([round(shape.surface.centre[1])]), np.array([round(shape.surface.centre[0])])
    return _Part(shape, box, len(ys), shape.surface.at(*middle)[0], index)


def _gap(a: Bounds, b: Bounds) -> int:
    """Pixels between two boxes along the axis where they are farther apart; ≤ 0 where they overlap."""
    across = max(a.x, b.x) - min(a.right, b.right)
    down = max(a.y, b.y) - min(a.bottom, b.bottom)
    return max(across, down)


def _in(shape: Shape, box: Bounds, *, seen: bool = False) -> Mask:
    """The whole (or seen) mask of `shape` cut to `box` (canvas pixels)."""
    mask = shape.seen if seen else shape.whole
    out = np.zeros((box.height, box.width), bool)
    common = box.intersect(shape.window)
    out[common.shift(-box.x, -box.y).slices] = mask[common.shift(-shape.window.x, -shape.window.y).slices]
    return out


def _outlines(outer: _Part, inner: _Part) -> bool:
    """Whether `outer` is just a line of even width around `inner`."""
    slack = outer.area - inner.area
    if slack <= 0 or slack > 0.45 * outer.area or _gap(outer.box, inner.box) > 0:
        return False
    box = outer.box.grow(2)
    big, small = _in(outer.shape, box), _in(inner.shape, box)
    if (small & ~big).sum() > 0.03 * inner.area:
        return False
    depth = cv2.distanceTransform(big.astype(np.uint8), cv2.DIST_L2, 5)
    rim = small & ~(cv2.erode(small.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    beside = cv2.dilate(_in(outer.shape, box, seen=True).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    if not rim.any() or (beside & rim).sum() < 0.6 * rim.sum():
        return False
    low, high = np.percentile(depth[rim], (8, 92))
    limit = max(6.0, 0.07 * min(box.width, box.height))
    return bool(high - low <= max(2.0, 0.35 * high) and high <= limit)


def _row(a: _Part, b: _Part) -> bool:
    """Whether two little parts stand in one row or column, middle on middle."""
    dx = abs(2 * a.box.x + a.box.width - 2 * b.box.x - b.box.width) / 2
    dy = abs(2 * a.box.y + a.box.height - 2 * b.box.y - b.box.height) / 2
    return min(dx, dy) <= 2


def _aligned(a: _Part, b: _Part) -> bool:
    """Whether two parts are bars of one chart: the same thickness, standing on one line."""
    wide = abs(a.box.width - b.box.width) <= 2 and min(abs(a.box.bottom - b.box.bottom), abs(a.box.y - b.box.y)) <= 2
    flat = abs(a.box.height - b.box.height) <= 2 and min(abs(a.box.x - b.box.x), abs(a.box.right - b.box.right)) <= 2
    return wide or flat


def _together(a: _Part, b: _Part, canvas: int) -> bool:
    """Whether two parts of one colour on the same ground are parts of one element."""
    if a.shape.hosts != b.shape.hosts or not (a.shape.clean and b.shape.clean):
        return False
    if np.abs(a.colour - b.colour).max() > _ALIKE:
        return False
    gap = _gap(a.box, b.box)
    large = max(a, b, key=lambda part: part.area)
    size = max(large.box.width, large.box.height)
    if large.area <= _PART * canvas and gap <= 0.4 * max(min(large.box.width, large.box.height), 0.35 * size):
        union = a.box.union(b.box)
        return union.extent.area <= 0.05 * canvas
    thickness = min(large.box.width, large.box.height)
    if large.area <= 0.25 * _PART * canvas and _row(a, b):
        return gap <= 0.75 * thickness
    return False


def group(shapes: list[Shape], canvas: int) -> list[list[Shape]]:
    """Elements as lists of shapes, bottom → top inside and outside. `canvas`: pixels of the picture."""
    parts = [_part(shape, i) for i, shape in enumerate(shapes)]

    def join(a: _Part, b: _Part) -> None:
        old, new = max(a.group, b.group), min(a.group, b.group)
        for part in parts:
            if part.group == old:
                part.group = new

    for i, a in enumerate(parts):
        for b in parts[:i]:
            if a.group == b.group:
                continue
            if _together(a, b, canvas) or (b.shape.numbers[0] in a.shape.hosts and _outlines(b, a)):
                join(a, b)
    _join_charts(parts, canvas, join)
    _join_patterns(parts, join)
    _settle_crumbs(parts, canvas, join)
    groups: dict[int, list[Shape]] = {}
    for part in parts:
        if part.group >= 0:
            groups.setdefault(part.group, []).append(part.shape)
    return list(groups.values())


def _neighbouring_bars(a: _Part, b: _Part, canvas: int) -> bool:
    """Whether two parts of one colour look like bars of one chart."""
    if a.shape.hosts != b.shape.hosts or np.abs(a.colour - b.colour).max() > _ALIKE:
        return False
    thickness = max(min(part.box.width, part.box.height) for part in (a, b))
    small = max(a.area, b.area) <= 4 * _PART * canvas
    return small and _aligned(a, b) and _gap(a.box, b.box) <= 0.85 * thickness


def _join_charts(parts: list[_Part], canvas: int, join: _Join) -> None:
    """Bars are a chart when there are three or more of one colour side by side; two may be chance."""
    for middle in parts:
        beside = [p for p in parts if p is not middle and _neighbouring_bars(middle, p, canvas)]
        if len(beside) >= 2:
            for other in beside:
                if other.group != middle.group:
                    join(middle, other)


def _join_patterns(parts: list[_Part], join: _Join) -> None:
    """Five or more pieces of one colour on one host, none a plain box or disc, are one pattern (rays)."""
    for first in parts:
        like = [
            p
            for p in parts
            if p.shape.hosts == first.shape.hosts
            and p.shape.clean
            and first.area <= 8 * p.area <= 64 * first.area
            and p.shape.kind not in ("ellipse", "rectangle", "rounded")
            and np.abs(p.colour - first.colour).max() <= _ALIKE
        ]
        if len(like) >= 5 and first in like:
            for other in like:
                if other.group != first.group:
                    join(first, other)


def _settle_crumbs(parts: list[_Part], canvas: int, join: _Join) -> None:
    """Give groups that are too small to the smallest host, or drop them (group −1) where there is none."""
    for number in {part.group for part in parts}:
        members = [part for part in parts if part.group == number]
        if sum(part.area for part in members) >= _CRUMB * canvas:
            continue
        hosts = [p for p in parts if p.shape.numbers[0] in members[0].shape.hosts and p.group != number]
        if hosts:
            join(members[0], min(hosts, key=lambda p: p.area))
        else:
            for part in members:
                part.group = -1
