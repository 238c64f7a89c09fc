"""Depth: which shape lies in front of which, and how far each continues behind the others.

Law: a map of pieces in, whole shapes bottom → top out; masks and outlines only, colours decide nothing but whether two
parts are one. Evidence, strongest first: what encloses lies below; what becomes a primitive when continued lies below
what hides it; what continues its straight edges or closes to its hull lies below what hides it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from layerlift.engines.quick.shapes.amodal import Completion, complete
from layerlift.engines.quick.shapes.regions import GROUND, Piece, Pieces, filled
from layerlift.engines.quick.shapes.surface import Labels, Polynomial
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask

OFF = -1
"""Beyond the canvas, in a padded map."""
PAD = 4
"""Pixels by which the map is padded, so that the canvas edge hides like a shape does."""


@dataclass(eq=False)
class Shape:
    """One surface's whole outline. `window` in canvas pixels (may stick out by PAD); `whole` and `seen` bool masks of
    that size; `numbers` the pieces it is seen in; `below` the numbers of pieces known to lie in front of it;
    `opacity` of a film, through which the surface `behind` shines."""

    numbers: tuple[int, ...]
    window: Bounds
    seen: Mask
    whole: Mask
    surface: Polynomial
    clean: bool
    crisp: float
    kind: str = "seen"
    cost: float = 1.0
    hosts: frozenset[int] = frozenset()
    below: set[int] = field(default_factory=set)
    opacity: float = 1.0
    behind: Polynomial | None = None

    @property
    def area(self) -> int:
        """Pixels of the whole."""
        return int(self.whole.sum())


class _Scene:
    """The padded map and who is enclosed by whom."""

    def __init__(self, pieces: Pieces, unknown: Mask) -> None:
        self.pieces = pieces
        self.map: Labels = np.pad(pieces.map, PAD, constant_values=OFF)
        self.veil: Mask = np.pad(unknown, PAD, constant_values=False)
        self.hosts: dict[int, set[int]] = {n: set() for n in pieces.all}

    def window(self, bounds: Bounds, room: float = 0.35) -> Bounds:
        """`bounds` with room around it for what may be hidden, in canvas coordinates."""
        grow = 6 + int(room * max(bounds.width, bounds.height))
        height, width = self.map.shape
        return bounds.grow(grow).intersect(Bounds(-PAD, -PAD, width, height))

    def cut(self, window: Bounds) -> Labels:
        """The map inside `window`."""
        return self.map[window.shift(PAD, PAD).slices]


def _closed(here: Labels, number: int) -> Mask:
    """The piece with the holes closed that something of its own fills; holes through which one sees stay open."""
    seen: Mask = here == number
    full = filled(seen)
    holes = full & ~seen
    if not holes.any():
        return seen
    count, parts, stats, _ = cv2.connectedComponentsWithStats(holes.astype(np.uint8), connectivity=4)
    out: Mask = full.copy()
    area = full.sum()
    beyond = (cv2.dilate(full.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & ~full
    open_numbers = np.union1d(np.unique(here[beyond & (here >= 0)]), [GROUND])
    for i in range(1, count):
        if stats[i, cv2.CC_STAT_AREA] < 6:
            continue
        hole = parts == i
        rim = hole & (cv2.dilate((~hole).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)
        through = np.isin(here, open_numbers)
        if through[rim].mean() > 0.6 and (through & hole).sum() > 0.02 * area:
            out &= ~hole
    return out


def _see_through(scene: _Scene) -> None:
    """A surface seen through a ring is the surface around the ring: give it that number."""
    known = scene.pieces.all
    for number, piece in list(known.items()):
        if not piece.clean:
            continue
        window = scene.window(piece.bounds, 0.0)
        here = scene.cut(window)
        mine = here == number
        rim = (cv2.dilate(mine.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & ~mine
        beside = here[rim]
        if not len(beside) or beside.min() < 0:
            continue
        ring = int(np.bincount(beside).argmax())
        if ring == GROUND or (beside == ring).mean() < 0.95 or ring not in known:
            continue
        outer = scene.window(known[ring].bounds, 0.0)
        there = scene.cut(outer)
        full = filled(there == ring)
        around = there[(cv2.dilate(full.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & ~full]
        around = around[around > 0]
        if not len(around):
            continue
        host = int(np.bincount(around).argmax())
        if host == number or host not in known or piece.area < 0.3 * full.sum() or not known[host].clean:
            continue
        ys, xs = np.nonzero(mine)
        ys, xs = ys[:: max(1, len(ys) // 400)] + window.y, xs[:: max(1, len(xs) // 400)] + window.x
        if np.abs(known[host].surface.at(ys, xs) - piece.surface.at(ys, xs)).max(axis=1).mean() < 5:
            scene.map[scene.map == number] = host
            del known[number]
            scene.hosts.pop(number, None)


def _shape(scene: _Scene, piece: Piece) -> Shape:
    window = scene.window(piece.bounds)
    seen = scene.cut(window) == piece.number
    whole = _closed(scene.cut(window), piece.number)
    return Shape((piece.number,), window, seen, whole, piece.surface, piece.clean, piece.crisp)


def _enclosures(scene: _Scene, shapes: list[Shape]) -> None:
    """Fill in `hosts`: the pieces that a shape lies in, with all (97 %) of its pixels."""
    areas = {n: p.area for n, p in scene.pieces.all.items()}
    for shape in shapes:
        inside = scene.cut(shape.window)[shape.whole]
        inside = inside[inside > 0]
        counts = np.bincount(inside) if len(inside) else np.zeros(1, np.int64)
        for number in np.flatnonzero(counts):
            if int(number) not in shape.numbers and counts[number] >= 0.97 * areas.get(int(number), 1 << 40):
                scene.hosts[int(number)].add(shape.numbers[0])
    for shape in shapes:
        shape.hosts = frozenset(scene.hosts[shape.numbers[0]])


def _hiding(scene: _Scene, shape: Shape, barred: set[int]) -> Mask:
    here = scene.cut(shape.window)
    out: Mask = here != GROUND
    for number in {*shape.numbers, *shape.hosts, *barred}:
        out &= here != number
    return out


def _bite(mask: Mask) -> Mask:
    """What is left of added pixels without the slivers along an outline."""
    left: Mask = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    return left


def _adopt(scene: _Scene, shape: Shape, best: Completion) -> None:
    here = scene.cut(shape.window)
    added = here[_bite(best.mask & ~shape.whole)]
    shape.kind, shape.cost = best.kind, best.cost
    counts = np.bincount(added[added > 0], minlength=1)
    shape.below |= {int(n) for n in np.flatnonzero(counts) if counts[n] > max(8, 0.03 * len(added))}
    shape.whole = best.mask & (here != OFF)


def _complete_all(scene: _Scene, shapes: list[Shape]) -> None:
    by_number = {shape.numbers[0]: shape for shape in shapes}
    for weak in (False, True):
        found: list[tuple[float, Shape, Completion]] = []
        for shape in shapes:
            if weak and (shape.kind != "seen" or not shape.clean):
                continue
            lower = {n for n, other in by_number.items() if shape.numbers[0] in other.below}
            veil = scene.veil[shape.window.shift(PAD, PAD).slices]
            best = complete(shape.whole, _hiding(scene, shape, lower), veil, weak=weak)[0]
            if best.kind != "seen":
                found.append((best.cost, shape, best))
        for _, shape, best in sorted(found, key=lambda f: (f[2].added > 8, f[0])):
            _settle(scene, shape, best, by_number)


def _settle(scene: _Scene, shape: Shape, best: Completion, by_number: dict[int, Shape]) -> None:
    """Adopt a completion unless it would go behind something that is already known to lie behind this shape."""
    here = scene.cut(shape.window)
    added = here[_bite(best.mask & ~shape.whole)]
    fronts = {int(n) for n in np.unique(added[added > 0])}
    for number in fronts:
        other = by_number.get(number)
        if other is not None and shape.numbers[0] in other.below and (added == number).sum() > 8:
            return
    _adopt(scene, shape, best)


def ordered(shapes: list[Shape]) -> list[Shape]:
    """Bottom → top: hosts below guests, hidden below hiding, larger below smaller where nothing is known."""
    by_number = {n: shape for shape in shapes for n in shape.numbers}
    left = sorted(shapes, key=lambda s: -s.area)
    above: dict[int, set[int]] = {id(s): set() for s in shapes}
    for shape in shapes:
        for number in shape.hosts:
            if number in by_number:
                above[id(shape)].add(id(by_number[number]))
        for number in shape.below:
            if number in by_number and by_number[number] is not shape:
                above[id(by_number[number])].add(id(shape))
    out: list[Shape] = []
    placed: set[int] = set()
    while left:
        ready = next((s for s in left if above[id(s)] <= placed), left[0])
        left.remove(ready)
        placed.add(id(ready))
        out.append(ready)
    return out


def arrange(pieces: Pieces, unknown: Mask) -> list[Shape]:
    """All shapes of the picture, each with its hidden parts, not yet in order.

    Under `unknown` (h, w) nothing was seen.
    """
    scene = _Scene(pieces, unknown)
    _see_through(scene)
    shapes = [_shape(scene, piece) for piece in scene.pieces.all.values()]
    _enclosures(scene, shapes)
    _complete_all(scene, shapes)
    return shapes
