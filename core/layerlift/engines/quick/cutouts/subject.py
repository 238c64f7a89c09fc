"""Subjects: the cut-out things of a picture, each an Element with soft alpha and its own colours.

Law: the order of the steps and what counts as a subject live here; saliency, islands, matting and colours have files
of their own. There is no classifier: subjects are numbered, not named.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from layerlift.engines.quick.cutouts import matting
from layerlift.engines.quick.cutouts.candidates import Candidate, propose
from layerlift.engines.quick.cutouts.foreground import foreground
from layerlift.engines.quick.cutouts.islands import softness
from layerlift.engines.quick.cutouts.saliency import saliency
from layerlift.engines.quick.cutouts.terrain import Terrain, survey
from layerlift.engines.quick.element import Element
from layerlift.engines.quick.raster import bounds_of, grown, worn
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Mask, Plane, Role
from layerlift.limits import MIN_ANALYSIS_SIDE
from layerlift.progress import Progress

MOST = 12
"""Most subjects of one picture: more are a pattern."""
STRANDS = 0.06
"""How far hair may stick out of an island, in shares of its longest side."""
SEAM = 3
"""Pixels by which the border between two things that touch may be wrong."""
NEAR = 0.5
"""Share of the picture up to which a closer look at a subject shows more than the first one did."""
AGREEMENT = 0.7
"""Intersection over union with the first pass below which the zoomed pass has looked at something else."""


def find(image: Plane, progress: Progress) -> list[Element]:
    """The subjects of `image` (H, W, 3) float32 0–1 sRGB, largest first; an empty list where there are none.

    Raises Cancelled only.
    """
    height, width = image.shape[:2]
    if min(height, width) < MIN_ANALYSIS_SIDE:
        return []
    salient = saliency(image)
    progress.advance(0.2)
    terrain = survey(image, salient)
    candidates = propose(salient, terrain)[:MOST]
    progress.advance(0.4)
    elements: list[Element] = []
    for number, candidate in enumerate(candidates, 1):
        element = cut_out(image, salient, terrain, candidate)
        if element is not None:
            elements.append(element)
        progress.advance(0.4 + 0.6 * number / len(candidates))
    return _numbered(elements)


def cut_out(image: Plane, salient: Plane, terrain: Terrain, candidate: Candidate) -> Element | None:
    """Matte one candidate and take its colours; None where nothing of it is left."""
    height, width = candidate.mask.shape
    box = bounds_of(candidate.mask)
    canvas = Bounds.of(Extent(width, height))
    view = box.grow(round(0.15 * max(box.width, box.height)) + 8).intersect(canvas)
    picture = np.ascontiguousarray(image[view.slices])
    if candidate.exact:
        trimap = np.ascontiguousarray(_exact_trimap(image, candidate.mask, terrain)[view.slices])
    else:
        mask = np.ascontiguousarray(candidate.mask[view.slices])
        again = saliency(picture) if view.extent.area < NEAR * canvas.extent.area else salient[view.slices]
        trimap = _trimap(_agreed(again, mask) * ~(terrain.clean[view.slices] & ~mask))
    if candidate.others is not None:
        trimap[worn(candidate.others[view.slices], SEAM) & ~grown(candidate.mask[view.slices], SEAM)] = 0
    alpha = matting.alpha(picture, trimap)
    alpha = np.clip((alpha - np.float32(0.03)) / np.float32(0.94), 0, 1)
    if not (alpha > 0.5).any():
        return None
    seen = bounds_of(alpha > 0)
    alpha = np.ascontiguousarray(alpha[seen.slices])
    colour = foreground(np.ascontiguousarray(picture[seen.slices]), alpha)
    role, name = (Role.GRAPHIC, "Photo") if candidate.framed else (Role.SUBJECT, "Subject")
    return Element(role, name, seen.shift(view.x, view.y), alpha, colour, confidence=candidate.sure)


def _numbered(elements: list[Element]) -> list[Element]:
    """The second and later of one name get a number."""
    count: dict[str, int] = {}
    named = []
    for element in elements:
        number = count[element.name] = count.get(element.name, 0) + 1
        named.append(element if number == 1 else replace(element, name=f"{element.name} {number}"))
    return named


def _agreed(plane: Plane, mask: Mask) -> Plane:
    """The saliency near `mask`, if its second look agrees on what is meant; else a soft version of the mask."""
    near = plane * grown(mask, max(6, round(0.03 * max(mask.shape))))
    again = near > 0.5
    union = int((again | mask).sum())
    if union and int((again & mask).sum()) / union >= AGREEMENT:
        return near
    blurred = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(1.0, max(mask.shape) / 160))
    return blurred.astype(np.float32, copy=False)


def _trimap(plane: Plane) -> Plane:
    """Unsure where the network is, and as far beyond as its resolution reaches."""
    reach = max(2, round(0.010 * max(plane.shape)))
    inside = worn(plane > 0.9, reach)
    outside = ~grown(plane > 0.15, reach)
    return np.where(inside, 1, np.where(outside, 0, 0.5)).astype(np.float32)


def _exact_trimap(image: Plane, mask: Mask, terrain: Terrain) -> Plane:
    """Unsure along the outline of an island, as deep as it is soft, and where something fine sticks out of it."""
    reach = max(4, round(STRANDS * max(bounds_of(mask).extent)))
    inside = worn(mask, softness(image, mask, terrain))
    outside = ~(grown(mask, 4) | (~terrain.clean & grown(mask, reach)))
    return np.where(inside, 1, np.where(outside, 0, 0.5)).astype(np.float32)
