"""The neighbourhood of one line of text: its pixels and who owns them.

Law: geometry and masks; decides nothing. Coordinates along (u) and across (v) the reading direction are in line
heights, so that every rule about letters is written once for all sizes and angles.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Mask, Plane, TextLine

REACH = 1.0
"""How far around a quad (in line heights) its letters are looked for: swashes, bullets, wide accents."""
LEAST_REACH = 10
"""… and at least this many pixels."""


@dataclass(frozen=True, eq=False)
class Patch:
    """One line's surroundings. All arrays have the shape of `bounds`.

    `pixels` (h, w, 3); `inside`: the line's quad; `rim`: a narrow band on both sides of the quad's outline, which is
    background far more often than ink; `others`: quads of other lines; `along`, `across`: position in line heights
    from the quad's top left corner; `length`: the quad's length in line heights; `height` in pixels.
    """

    bounds: Bounds
    pixels: Plane
    inside: Mask
    rim: Mask
    others: Mask
    along: Plane
    across: Plane
    length: float
    height: float


def patch_of(image: Plane, line: TextLine, others: list[TextLine]) -> Patch | None:
    """The patch of `line` in `image` (h, w, 3), or None where the quad has no area in the picture."""
    quad = np.array(line.quad, np.float32)
    height = line.height
    margin = int(max(LEAST_REACH, round(REACH * height)))
    low, high = np.floor(quad.min(axis=0)).astype(int), np.ceil(quad.max(axis=0)).astype(int)
    around = Bounds(int(low[0]), int(low[1]), int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1).grow(margin)
    bounds = around.intersect(Bounds.of(Extent(image.shape[1], image.shape[0])))
    if bounds.empty or height < 1:
        return None
    inside = _polygon(quad, bounds)
    if not inside.any():
        return None
    foreign = np.zeros(inside.shape, bool)
    for other in others:
        foreign |= _polygon(np.array(other.quad, np.float32), bounds)
    along, across, length = _axes(quad, bounds, height)
    return Patch(
        bounds, image[bounds.slices], inside, _rim(inside, height), foreign & ~inside, along, across, length, height
    )


def _polygon(quad: Plane, bounds: Bounds) -> Mask:
    canvas = np.zeros((bounds.height, bounds.width), np.uint8)
    corners = np.rint(quad - np.array([bounds.x, bounds.y], np.float32)).astype(np.int32)
    cv2.fillConvexPoly(canvas, corners, 1)
    return canvas > 0


def _rim(inside: Mask, height: float) -> Mask:
    inner, outer = max(1, round(0.08 * height)), max(2, round(0.06 * height))
    return grown(inside, outer) & ~shrunk(inside, inner)


def _axes(quad: Plane, bounds: Bounds, height: float) -> tuple[Plane, Plane, float]:
    right = quad[1] - quad[0]
    length = float(np.linalg.norm(right))
    unit = right / max(length, 1e-6)
    down = np.array([-unit[1], unit[0]], np.float32)
    x = np.arange(bounds.width, dtype=np.float32) + (bounds.x - quad[0][0])
    y = np.arange(bounds.height, dtype=np.float32)[:, None] + (bounds.y - quad[0][1])
    along = (x * unit[0] + y * unit[1]) / height
    across = (x * down[0] + y * down[1]) / height
    return along.astype(np.float32), across.astype(np.float32), length / height


def grown(mask: Mask, radius: int) -> Mask:
    """`mask` and everything within `radius` pixels of it (round)."""
    return cv2.dilate(mask.astype(np.uint8), _disc(radius)) > 0


def shrunk(mask: Mask, radius: int) -> Mask:
    """`mask` without its outermost `radius` pixels (round); the picture's border does not eat into it."""
    return cv2.erode(mask.astype(np.uint8), _disc(radius), borderType=cv2.BORDER_CONSTANT, borderValue=1) > 0


def _disc(radius: int) -> cv2.typing.MatLike:
    side = 2 * max(0, radius) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def reduced(patch: Patch, scale: float) -> Patch:
    """The patch at `scale` (< 1) of its size; its `bounds` stay those of the full patch. At 1 the patch itself."""
    if scale >= 1:
        return patch
    height, width = patch.inside.shape
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return replace(
        patch,
        pixels=_smaller(patch.pixels, size),
        inside=_smaller(patch.inside.astype(np.float32), size) > 0.5,
        rim=_smaller(patch.rim.astype(np.float32), size) > 0.5,
        others=_smaller(patch.others.astype(np.float32), size) > 0.5,
        along=_smaller(patch.along, size),
        across=_smaller(patch.across, size),
        height=patch.height * scale,
    )


def _smaller(plane: Plane, size: tuple[int, int]) -> Plane:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
