"""Subjects: the cut-out things of a picture, each an Element with soft alpha and its own colours.

Law: the order of the steps and what counts as a subject live here; saliency, islands, matting and colours have files
of their own. There is no classifier: subjects are numbered, not named.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from layerlift.engines.quick import islands, matting
from layerlift.engines.quick.element import Element
from layerlift.engines.quick.foreground import foreground
from layerlift.engines.quick.raster import bounds_of, grown, pieces, placed, worn
from layerlift.engines.quick.saliency import saliency
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Mask, Plane, Role
from layerlift.limits import MIN_ANALYSIS_SIDE
from layerlift.progress import Progress

SMALLEST = 0.004
"""Share of the picture below which a salient spot is no subject."""
LARGEST = 0.8
"""Share of the picture above which "subject" means the picture itself."""
LEAST_CONFIDENCE = 0.75
"""Mean saliency over a component below which the network is guessing."""
MOST = 12
STRANDS = 0.06
"""How far hair may stick out of an island, in shares of its longest side."""
PANEL = 0.5
"""Share of a salient component explained by clean surfaces above which it is a panel, not a thing."""
AGREEMENT = 0.7
"""Intersection over union with the first pass below which the zoomed pass has looked at something else."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A likely subject: its full-size `mask`, how `sure` it is (0–1), and whether its outline is `exact` to a pixel
    (an island) or only as good as the saliency's resolution."""

    mask: Mask
    sure: float
    exact: bool


def find(image: Plane, progress: Progress) -> list[Element]:
    """The subjects of `image` (H, W, 3) float32 0–1 sRGB, largest first; an empty list where there are none.

    Raises Cancelled only.
    """
    height, width = image.shape[:2]
    if min(height, width) < MIN_ANALYSIS_SIDE:
        return []
    ground = islands.survey(image)
    candidates = propose(image, ground)[:MOST]
    progress.advance(0.4)
    elements: list[Element] = []
    for number, candidate in enumerate(candidates, 1):
        name = "Subject" if not elements else f"Subject {len(elements) + 1}"
        element = cut_out(image, ground, candidate, name)
        if element is not None:
            elements.append(element)
        progress.advance(0.4 + 0.6 * number / len(candidates))
    return elements


def propose(image: Plane, ground: islands.Ground) -> list[Candidate]:
    """What may be a subject, largest first: salient components, corrected by the islands that they cover."""
    plane = saliency(image)
    exact = [mask for mask in islands.islands(ground) if _is_thing(mask, ground)]
    found: list[Candidate] = []
    for component in _components(plane):
        sure = float(plane[component].mean())
        if sure < LEAST_CONFIDENCE or _is_backdrop(component) or _is_panel(component, ground):
            continue
        inside = [mask for mask in exact if (mask & component).sum() > 0.5 * mask.sum()]
        if sum(int(mask.sum()) for mask in inside) < 0.6 * component.sum():
            found.append(Candidate(component, sure, exact=False))
            exact = [mask for mask in exact if not any(mask is other for other in inside)]
    found += [Candidate(mask, _island_sureness(mask, plane), exact=True) for mask in exact]
    return sorted(found, key=lambda candidate: -int(candidate.mask.sum()))


def cut_out(image: Plane, ground: islands.Ground, candidate: Candidate, name: str) -> Element | None:
    """Matte one candidate and take its colours; None where nothing of it is left."""
    height, width = candidate.mask.shape
    box = bounds_of(candidate.mask)
    canvas = Bounds.of(Extent(width, height))
    view = box.grow(round(0.15 * max(box.width, box.height)) + 8).intersect(canvas)
    picture = np.ascontiguousarray(image[view.slices])
    if candidate.exact:
        trimap = np.ascontiguousarray(_exact_trimap(image, candidate.mask, ground)[view.slices])
    else:
        trimap = _trimap(_zoomed(picture, np.ascontiguousarray(candidate.mask[view.slices])))
    alpha = matting.alpha(picture, trimap)
    alpha = np.clip((alpha - np.float32(0.03)) / np.float32(0.94), 0, 1)
    if not (alpha > 0.5).any():
        return None
    seen = bounds_of(alpha > 0)
    alpha = np.ascontiguousarray(alpha[seen.slices])
    colour = foreground(np.ascontiguousarray(picture[seen.slices]), alpha)
    return Element(Role.SUBJECT, name, seen.shift(view.x, view.y), alpha, colour, confidence=candidate.sure)


def _components(plane: Plane) -> list[Mask]:
    """Connected salient components of sufficient area."""
    salient = plane > 0.5
    return [placed(piece, bounds, plane.shape) for piece, bounds in pieces(salient, SMALLEST * plane.size)]


def _is_backdrop(mask: Mask) -> bool:
    """Whether `mask` is the picture itself: nearly all of it, or along most of the frame."""
    frame = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return float(mask.mean()) > LARGEST or float(frame.mean()) > 0.7


def _is_panel(mask: Mask, ground: islands.Ground) -> bool:
    return float(ground.clean[mask].mean()) > PANEL


def _is_thing(mask: Mask, ground: islands.Ground) -> bool:
    """Whether an island is more than a flat shape with an outline, and less than the picture."""
    core = worn(mask, 2)
    return bool(core.any()) and float(ground.flat[core].mean()) < 0.85 and not _is_backdrop(mask)


def _island_sureness(mask: Mask, plane: Plane) -> float:
    """An island is a thing by its surroundings alone; saliency adds the rest."""
    return 0.6 + 0.4 * float(plane[mask].mean())


def _zoomed(picture: Plane, mask: Mask) -> Plane:
    """A second look at one component: saliency of its surroundings alone, if it agrees on what is meant."""
    reach = max(6, round(0.03 * max(mask.shape)))
    near = grown(mask, reach)
    plane: Plane = saliency(picture) * near
    again = plane > 0.5
    union = int((again | mask).sum())
    if union and int((again & mask).sum()) / union >= AGREEMENT:
        return plane
    blurred = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(1.0, max(mask.shape) / 160))
    return blurred.astype(np.float32, copy=False)


def _trimap(plane: Plane) -> Plane:
    """Unsure where the network is, and as far beyond as its resolution reaches."""
    reach = max(2, round(0.010 * max(plane.shape)))
    inside = worn(plane > 0.9, reach)
    outside = ~grown(plane > 0.15, reach)
    return np.where(inside, 1, np.where(outside, 0, 0.5)).astype(np.float32)


def _exact_trimap(image: Plane, mask: Mask, ground: islands.Ground) -> Plane:
    """Unsure along the outline of an island, as deep as it is soft, and where something fine sticks out of it."""
    reach = max(4, round(STRANDS * max(bounds_of(mask).extent)))
    inside = worn(mask, islands.softness(image, mask, ground))
    outside = ~(grown(mask, 4) | (~ground.clean & grown(mask, reach)))
    return np.where(inside, 1, np.where(outside, 0, 0.5)).astype(np.float32)
