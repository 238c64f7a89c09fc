"""Flat elements: shapes, panels, icons and pictures in a design, taken apart and completed.

Law: a picture without text and subjects in, elements bottom → top out. The heart of it: surfaces → pieces → shapes
(completed, in depth order) → designer's groups → alpha and colour. Proposes nothing where it is not sure.
"""

from __future__ import annotations

import numpy as np

from layerlift.engines.quick.element import Element
from layerlift.engines.quick.shapes.depth import Shape, arrange, ordered
from layerlift.engines.quick.shapes.groups import group
from layerlift.engines.quick.shapes.paint import paint
from layerlift.engines.quick.shapes.regions import split
from layerlift.engines.quick.shapes.surface import Labels, Surfaces, segment
from layerlift.engines.quick.shapes.translucent import films, horizons
from layerlift.engines.quick.shapes.trust import confidence, trusted
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Plane, Role
from layerlift.progress import Progress

_MOST = 40
_NAMES = {"ellipse": "Ellipse", "rectangle": "Rectangle", "rounded": "Rounded rectangle"}


def find(image: Plane, unknown: Mask, progress: Progress) -> list[Element]:
    """The flat elements of `image`, bottom → top.

    `image` (h, w, 3) float32 0–1 straight sRGB-encoded, text and subjects already removed; `unknown` (h, w) bool marks
    the pixels that were reconstructed there. Returns [] where the picture holds none (photographs).
    """
    if min(image.shape[:2]) < 16:
        return []
    progress.stage("Finding shapes")
    surfaces = segment(image, unknown)
    progress.advance(0.4)
    pieces = split(surfaces, unknown)
    shapes = films([shape for shape in arrange(pieces, unknown) if shape.area], pieces.ground)
    horizons(shapes, image.shape[1])
    shapes = ordered(trusted(shapes, pieces, surfaces))
    progress.advance(0.7)
    groups = group(shapes, image.shape[0] * image.shape[1])
    if len(groups) > _MOST:
        keep = sorted(groups, key=lambda members: -max(shape.area for shape in members))[:_MOST]
        groups = [members for members in groups if members in keep]
    ranked = [shape for members in groups for shape in members]
    cover = np.zeros(image.shape[:2], np.int32)
    for rank, shape in enumerate(ranked, 1):
        _stamp(cover, shape, rank)
    rank_of = {id(shape): rank for rank, shape in enumerate(ranked, 1)}
    return [_element(members, surfaces, cover, rank_of) for members in groups]


def _element(members: list[Shape], surfaces: Surfaces, cover: Labels, rank_of: dict[int, int]) -> Element:
    """One element from the shapes that it is made of, composited bottom → top."""
    painted = [paint(shape, surfaces, cover, rank_of[id(shape)]) for shape in members]
    bounds = painted[0][0]
    for other, _, _ in painted[1:]:
        bounds = bounds.union(other)
    total = np.zeros((bounds.height, bounds.width, 4), np.float32)
    for box, alpha, colour in painted:
        here = total[box.shift(-bounds.x, -bounds.y).slices]
        here *= 1 - alpha[..., None]
        here[..., :3] += alpha[..., None] * colour
        here[..., 3] += alpha
    coverage: Plane = total[..., 3].copy()
    straight: Plane = total[..., :3] / np.maximum(coverage, np.float32(1e-6))[..., None]
    first = members[0]
    name = _NAMES.get(first.kind, "Shape" if first.clean else "Picture") if len(members) == 1 else "Graphic"
    return Element(Role.GRAPHIC, name, bounds, coverage, straight, max(confidence(shape) for shape in members))


def _stamp(cover: Labels, shape: Shape, rank: int) -> None:
    """Write `rank` where the shape's whole covers the canvas."""
    canvas = Bounds(0, 0, cover.shape[1], cover.shape[0])
    common = shape.window.intersect(canvas)
    inside = shape.whole[common.shift(-shape.window.x, -shape.window.y).slices]
    cover[common.slices][inside] = rank
