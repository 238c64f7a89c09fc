"""Outlines, as shapely geometry in canvas pixels, and their anti-aliased coverage.

Law: pure geometry; knows no colours, no layers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from shapely import affinity
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

Geometry = BaseGeometry
Coverage = tuple[NDArray[np.float32], int, int]
"""(h, w) coverage 0–1 with the x, y of its top left corner on the canvas."""


def rect(x: float, y: float, w: float, h: float, radius: float = 0.0) -> Geometry:
    """A rectangle, rounded by `radius`."""
    r = min(radius, w / 2 - 0.01, h / 2 - 0.01)
    plain = box(x, y, x + w, y + h)
    return plain if r <= 0 else plain.buffer(-r).buffer(r, quad_segs=24)


def ellipse(cx: float, cy: float, rx: float, ry: float | None = None) -> Geometry:
    """A circle, or an axis-parallel ellipse."""
    return affinity.scale(Point(cx, cy).buffer(1.0, quad_segs=48), rx, ry or rx, origin=(cx, cy))


def ring(cx: float, cy: float, outer: float, inner: float) -> Geometry:
    """A circle with a round hole."""
    return ellipse(cx, cy, outer).difference(ellipse(cx, cy, inner))


def sector(cx: float, cy: float, outer: float, inner: float, begin: float, end: float) -> Geometry:
    """A slice of a ring (degrees, clockwise from 12 o'clock); `inner` 0 for a slice of pie."""
    angles = np.radians(np.linspace(begin, end, max(4, int(abs(end - begin)))))
    arc = [(cx + outer * math.sin(a), cy - outer * math.cos(a)) for a in angles]
    back = [(cx + inner * math.sin(a), cy - inner * math.cos(a)) for a in angles[::-1]] if inner else [(cx, cy)]
    return Polygon(arc + back)


def regular(cx: float, cy: float, r: float, sides: int, turn: float = 0.0) -> Geometry:
    """A regular polygon standing on a side (odd) or as turned by `turn` degrees."""
    a = np.radians(turn) + 2 * np.pi * np.arange(sides) / sides
    return Polygon(np.stack([cx + r * np.sin(a), cy - r * np.cos(a)], 1))


def star(cx: float, cy: float, r: float, points: int, depth: float = 0.5, turn: float = 0.0) -> Geometry:
    """A star; `depth` is the inner radius as a share of the outer. Many points and depth .85 make a seal."""
    a = np.radians(turn) + np.pi * np.arange(2 * points) / points
    radii = np.where(np.arange(2 * points) % 2 == 0, r, r * depth)
    return Polygon(np.stack([cx + radii * np.sin(a), cy - radii * np.cos(a)], 1))


def blob(rng: np.random.Generator, cx: float, cy: float, rx: float, ry: float, wobble: float = 0.2) -> Geometry:
    """A soft closed curve: a circle with a few random harmonics."""
    a = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    r = 1 + sum(rng.normal(0, wobble / k) * np.cos(k * a + rng.uniform(0, 6.28)) for k in (2, 3, 4))
    r = np.clip(r, 0.45, 1.5)
    return Polygon(np.stack([cx + rx * r * np.cos(a), cy + ry * r * np.sin(a)], 1)).buffer(0)


def wave(
    w: float, h: float, y: float, amplitude: float, cycles: float, phase: float, thick: float | None = None
) -> Geometry:
    """Everything below a wavy line at height `y` (or a band of it `thick` high), across a canvas of width `w`."""
    xs = np.linspace(-20, w + 20, 160)
    top = y + amplitude * np.sin(2 * np.pi * cycles * xs / w + phase)
    low = np.full_like(xs, h + 20) if thick is None else top + thick
    return Polygon(np.concatenate([np.stack([xs, top], 1), np.stack([xs, low], 1)[::-1]])).buffer(0)


def stroke(points: Sequence[tuple[float, float]], width: float, round_ends: bool = True) -> Geometry:
    """A line through points, `width` thick."""
    return LineString(points).buffer(width / 2, cap_style="round" if round_ends else "flat", join_style="round")


def arrow(x0: float, y0: float, x1: float, y1: float, width: float) -> Geometry:
    """A straight arrow from (x0, y0) to (x1, y1)."""
    length, angle = math.hypot(x1 - x0, y1 - y0), math.degrees(math.atan2(y1 - y0, x1 - x0))
    head = min(3.2 * width, length / 2)
    flat = [(0, -width / 2), (length - head, -width / 2), (length - head, -1.4 * width), (length, 0),
            (length - head, 1.4 * width), (length - head, width / 2), (0, width / 2)]  # fmt: skip
    return affinity.translate(affinity.rotate(Polygon(flat), angle, origin=(0, 0)), x0, y0)


def bubble(x: float, y: float, w: float, h: float, tail: tuple[float, float], oval: bool = False) -> Geometry:
    """A speech bubble whose tail ends at `tail`."""
    body = ellipse(x + w / 2, y + h / 2, w / 2, h / 2) if oval else rect(x, y, w, h, min(w, h) * 0.25)
    cx, cy = x + w / 2, y + h / 2
    dx, dy = tail[0] - cx, tail[1] - cy
    n = math.hypot(dx, dy) or 1.0
    sx, sy = -dy / n * min(w, h) * 0.13, dx / n * min(w, h) * 0.13
    return unary_union([body, Polygon([(cx + sx, cy + sy), tail, (cx - sx, cy - sy)])])


def ribbon(x: float, y: float, w: float, h: float) -> Geometry:
    """A banner with swallow tails."""
    t = h * 0.45
    return Polygon([(x, y), (x + w, y), (x + w - t, y + h / 2), (x + w, y + h), (x, y + h), (x + t, y + h / 2)])


def heart(cx: float, cy: float, r: float) -> Geometry:
    """A heart about 2r wide."""
    t = np.linspace(0, 2 * np.pi, 120)
    x, y = 16 * np.sin(t) ** 3, 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return Polygon(np.stack([cx + x * r / 16, cy - y * r / 16], 1)).buffer(0)


def crescent(cx: float, cy: float, r: float, turn: float) -> Geometry:
    """A moon."""
    moon = ellipse(cx, cy, r).difference(ellipse(cx + 0.45 * r, cy - 0.1 * r, 0.85 * r))
    return affinity.rotate(moon, turn, origin=(cx, cy))


def cloud(cx: float, cy: float, w: float) -> Geometry:
    """A cloud `w` wide with a flat foot."""
    puffs = [(-0.32, 0.0, 0.18), (-0.08, -0.1, 0.25), (0.2, -0.03, 0.2), (0.36, 0.06, 0.13)]
    body = [ellipse(cx + a * w, cy + b * w, r * w) for a, b, r in puffs]
    return unary_union([*body, rect(cx - 0.42 * w, cy, 0.86 * w, 0.19 * w, 0.09 * w)]).intersection(
        box(cx - w, cy - w, cx + w, cy + 0.19 * w)
    )


def arch(x: float, y: float, w: float, h: float) -> Geometry:
    """A door with a round top."""
    return unary_union([ellipse(x + w / 2, y + w / 2, w / 2), box(x, y + w / 2, x + w, y + h)])


def torn(rng: np.random.Generator, x: float, y: float, w: float, h: float, rough: float) -> Geometry:
    """A strip of paper torn along its top and bottom."""
    xs = np.linspace(x, x + w, max(12, int(w / 9)))
    top, low = y + rng.uniform(-rough, rough, xs.size), y + h + rng.uniform(-rough, rough, xs.size)
    return Polygon(np.concatenate([np.stack([xs, top], 1), np.stack([xs, low], 1)[::-1]])).buffer(0)


def many(parts: Iterable[Geometry]) -> Geometry:
    """Several outlines as one."""
    return unary_union(list(parts))


def turned(geometry: Geometry, degrees: float) -> Geometry:
    """The outline turned clockwise about its centre."""
    return affinity.rotate(geometry, degrees, origin="centroid")


def coverage(geometry: Geometry, width: int, height: int) -> Coverage:
    """Anti-aliased coverage of an outline, cut to the canvas. Raises ValueError where nothing is left."""
    geometry = geometry.intersection(box(0, 0, width, height))
    if geometry.is_empty:
        raise ValueError("outside the canvas")
    x0, y0 = (math.floor(v) for v in geometry.bounds[:2])
    x1, y1 = (math.ceil(v) for v in geometry.bounds[2:])
    w, h = max(1, x1 - x0), max(1, y1 - y0)
    s = 8 if w * h < 120_000 else 4
    plane = Image.new("L", (w * s, h * s))
    draw = ImageDraw.Draw(plane)
    parts = geometry.geoms if isinstance(geometry, MultiPolygon) or hasattr(geometry, "geoms") else [geometry]
    for part in parts:
        if isinstance(part, Polygon):
            for line, value in [(part.exterior, 255)] + [(hole, 0) for hole in part.interiors]:
                draw.polygon([((px - x0) * s - 0.5, (py - y0) * s - 0.5) for px, py in line.coords], fill=value)
    return np.asarray(plane.reduce(s), np.float32) / np.float32(255), x0, y0
