"""Names for flat elements, from what can be measured: a colour word and a shape word ("Blue panel", "Red circle").

Law: pure functions of an Element; no model, no guess at meaning.
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.engines.quick.element import Element
from layerlift.imaging.layer import Plane

_COLOURS = {
    "Black": (0.06, 0.06, 0.06),
    "Grey": (0.5, 0.5, 0.5),
    "White": (0.97, 0.97, 0.97),
    "Red": (0.85, 0.12, 0.12),
    "Orange": (0.95, 0.55, 0.1),
    "Yellow": (0.97, 0.87, 0.2),
    "Green": (0.2, 0.62, 0.25),
    "Teal": (0.1, 0.55, 0.55),
    "Cyan": (0.3, 0.85, 0.92),
    "Blue": (0.15, 0.35, 0.85),
    "Navy": (0.08, 0.12, 0.35),
    "Purple": (0.5, 0.2, 0.65),
    "Pink": (0.97, 0.6, 0.75),
    "Brown": (0.45, 0.28, 0.15),
    "Beige": (0.93, 0.86, 0.74),
}


def name(element: Element) -> str:
    """Two words for a flat element: its main colour and its shape."""
    return f"{colour_word(element)} {shape_word(element.alpha)}"


def colour_word(element: Element) -> str:
    """The basic colour word nearest (in CIE Lab) to the median colour of the element's opaque part."""
    solid = element.alpha > 0.5 * float(element.alpha.max(initial=0.0))
    median = np.median(element.colour[solid], axis=0) if solid.any() else np.zeros(3)
    words = np.array([median, *_COLOURS.values()], np.float32)[None]
    lab = cv2.cvtColor(np.clip(words, 0, 1), cv2.COLOR_RGB2Lab)[0]
    nearest = int(np.argmin(np.linalg.norm(lab[1:] - lab[0], axis=1)))
    return list(_COLOURS)[nearest]


def shape_word(alpha: Plane) -> str:
    """line, bar, frame, circle, panel, triangle or shape: by how the alpha fills its box, hull and ellipse."""
    mask = (alpha > 0.5 * float(alpha.max(initial=0.0))).astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return "shape"
    points = np.concatenate(outlines)
    (_, (long, short), _), area = cv2.minAreaRect(points), float(mask.sum())
    long, short = max(long, short) + 1, min(long, short) + 1
    hull = max(1.0, float(cv2.contourArea(cv2.convexHull(points))))
    box = area / (long * short)
    if short <= 6 or long > 25 * short:
        return "line"
    if len(outlines) > 3:
        return "marks"
    if area / hull < 0.45:
        return "frame" if float(cv2.contourArea(outlines[0])) > 1.6 * area else "shape"
    if box > 0.9:
        return "bar" if long > 6 * short else "panel"
    if 0.74 < box < 0.84 and area / hull > 0.9:
        return "circle" if long < 1.15 * short else "ellipse"
    corners = cv2.approxPolyDP(cv2.convexHull(points), 0.04 * cv2.arcLength(points, closed=True), closed=True)
    return "triangle" if len(corners) == 3 and area / hull > 0.85 else "shape"
