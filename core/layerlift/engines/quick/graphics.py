"""Flat elements: shapes, panels, icons and pictures in a design, taken apart and completed.

Law: a picture without text and subjects in, elements bottom → top out. The heart of it: surfaces → pieces → shapes
(completed, in depth order) → designer's groups → alpha and colour. Proposes nothing where it is not sure.
"""

from __future__ import annotations

import numpy as np

from layerlift.engines.quick.depth import Shape, arrange
from layerlift.engines.quick.element import Element
from layerlift.engines.quick.paint import paint
from layerlift.engines.quick.regions import split
from layerlift.engines.quick.surface import segment
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
    shapes = arrange(split(surfaces))
    progress.advance(0.7)
    shapes = [s for s in shapes if s.area]
    if len(shapes) > _MOST:
        shapes = []
    cover = np.zeros(image.shape[:2], np.int32)
    for rank, shape in enumerate(shapes, 1):
        _stamp(cover, shape, rank)
    out = []
    for rank, shape in enumerate(shapes, 1):
        bounds, alpha, colour = paint(shape, surfaces, cover, rank)
        name = _NAMES.get(shape.kind, "Shape" if shape.clean else "Picture")
        out.append(Element(Role.GRAPHIC, name, bounds, alpha, colour, 0.5))
    return out


def _stamp(cover: np.ndarray, shape: Shape, rank: int) -> None:
    ys, xs = np.nonzero(shape.whole)
    cover[ys + shape.window.y, xs + shape.window.x] = rank
