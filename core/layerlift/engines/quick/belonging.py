"""Text that is part of a thing stays with the thing: a number plate belongs to its car.

Law: moves elements between lists; finds none.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from layerlift.engines.quick.element import Element
from layerlift.imaging.layer import Mask, Plane

INSIDE = 0.9
"""Share of a text's alpha that must lie on a subject to be in-scene text."""
SMALL = 0.022
"""Line height, relative to the picture's longer side, above which text on a subject is a caption laid over it …"""
DOUBTFUL = 0.8
"""… unless the reader was less sure than this …"""
FEW = 3
"""… of no more than so many characters: wrinkles and buckles read as letters, but not as words."""
MINOR = 0.06
"""Largest area of in-scene text relative to its subject."""


def hand_back(image: Plane, texts: list[Element], subjects: list[Element]) -> tuple[list[Element], list[Element]]:
    """The texts that stand on their own, and the subjects with their own text painted back from `image`."""
    kept, owned = [], list(subjects)
    for text in texts:
        owner = next((k for k, subject in enumerate(owned) if _in_scene(text, subject, max(image.shape[:2]))), None)
        if owner is None:
            kept.append(text)
        else:
            owned[owner] = _painted(owned[owner], text, image)
    return kept, owned


def _canvas_alpha(element: Element, shape: tuple[int, ...]) -> Plane:
    alpha = np.zeros(shape[:2], np.float32)
    alpha[element.bounds.slices] = element.alpha
    return alpha


def _in_scene(text: Element, subject: Element, side: int) -> bool:
    common = text.bounds.intersect(subject.bounds)
    if common.empty or text.text is None:
        return False
    glyphs = text.alpha > 0.3
    area = int(glyphs.sum())
    on_text = glyphs[common.shift(-text.bounds.x, -text.bounds.y).slices]
    on_subject = subject.alpha[common.shift(-subject.bounds.x, -subject.bounds.y).slices]
    inside = float((on_subject * on_text).sum()) / max(1, area)
    small = max(line.height for line in text.text.lines) < SMALL * side
    doubtful = text.confidence < DOUBTFUL and len(text.text.content) <= FEW
    return inside > INSIDE and (small or doubtful) and area < MINOR * float(subject.alpha.sum())


def _painted(subject: Element, text: Element, image: Plane) -> Element:
    marks: Mask = _canvas_alpha(text, image.shape)[subject.bounds.slices] > 0
    own = image[subject.bounds.slices]
    return replace(subject, colour=np.where((marks & (subject.alpha > 0.5))[..., None], own, subject.colour))
