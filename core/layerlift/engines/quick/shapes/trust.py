"""Trust: which shapes were drawn and which are only patches of a photograph.

Law: looks at shapes and numbers already measured; removes, never adds. On a plain photograph nothing must be left.
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.engines.quick.shapes.depth import Shape
from layerlift.engines.quick.shapes.regions import Pieces
from layerlift.engines.quick.shapes.surface import Surfaces
from layerlift.imaging.layer import Mask

STRONG = ("ellipse", "rectangle", "rounded")
"""Kinds of outline that hardly come about by chance."""

_RAGGED = 0.32
_SMALLEST = 1.4e-3
"""Smallest shape on a photograph, as a share of the picture."""
_SMALLEST_PICTURE = 5e-3


def photographic(pieces: Pieces, surfaces: Surfaces) -> bool:
    """Whether what lies beneath the shapes is a photograph rather than a designed ground."""
    if pieces.ground is None:
        return True
    texture = surfaces.texture if surfaces.texture < 14 else 0.0
    # A radial blend misses the quadratic polynomial by a few levels, yet is smooth as no photograph is.
    smooth = 4.0 if surfaces.texture < 0.5 else 0.0
    return pieces.ground.residual > 2.5 + smooth + 1.2 * texture + 0.5 * surfaces.ringing


def raggedness(mask: Mask) -> float:
    """How much of an outline a slight blur displaces: pixels per pixel of outline; drawn shapes stay below 0.3."""
    padded = cv2.copyMakeBorder(mask.astype(np.float32), 8, 8, 8, 8, cv2.BORDER_REPLICATE)
    smooth = cv2.GaussianBlur(padded, (0, 0), 3.0) > 0.5
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    length = sum(len(contour) for contour in contours)
    return float((smooth != (padded > 0.5)).sum()) / max(1, length)


def _drawn(shape: Shape, canvas: int, surfaces: Surfaces) -> bool:
    """Whether a shape on a photograph looks drawn: even colour, sharp border, smooth or simple outline."""
    if not shape.clean:
        return shape.kind in STRONG and shape.area >= _SMALLEST_PICTURE * canvas
    if shape.area < _SMALLEST * canvas or shape.surface.residual > 1.5 + surfaces.ringing:
        return False
    return shape.crisp >= 0.75 and raggedness(shape.whole) <= _RAGGED


def trusted(shapes: list[Shape], pieces: Pieces, surfaces: Surfaces) -> list[Shape]:
    """The shapes that were drawn. What lies on a trusted clean shape is trusted with it."""
    canvas = surfaces.labels.size
    photo = photographic(pieces, surfaces)
    by_number = {n: shape for shape in shapes for n in shape.numbers}
    good: set[int] = set()
    for shape in sorted(shapes, key=lambda s: len(s.hosts)):
        hosts = [by_number[n] for n in shape.hosts if n in by_number]
        host = min(hosts, key=lambda s: s.area) if hosts else None
        designed = (not photo) if host is None else (host.clean and id(host) in good)
        if designed or _drawn(shape, canvas, surfaces):
            good.add(id(shape))
    return [shape for shape in shapes if id(shape) in good]


def confidence(shape: Shape) -> float:
    """How sure we are that a shape is a thing of its own."""
    base = 0.95 if shape.kind in STRONG else 0.85 if shape.clean else 0.6
    return base * (0.6 + 0.4 * (shape.crisp if shape.clean else 1.0))
