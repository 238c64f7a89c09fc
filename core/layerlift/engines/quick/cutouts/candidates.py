"""What may be a subject: salient components and islands, each judged, the two sources reconciled.

Law: decides on masks; takes nothing out of the picture (that is `subject`). Every threshold here was chosen on the
bench's tuning half only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from layerlift.engines.quick.cutouts.islands import ashore, filled, islands, thick
from layerlift.engines.quick.cutouts.parting import parted
from layerlift.engines.quick.cutouts.terrain import Terrain, plainness
from layerlift.engines.quick.raster import bounds_of, grown, pieces, placed
from layerlift.imaging.layer import Mask, Plane

SMALLEST = 0.004
"""Share of the picture below which a salient spot is no subject."""
LARGEST = 0.8
"""Share of the picture above which "subject" means the picture itself."""
LEAST_SURE = 0.75
"""Mean saliency over a component below which the network is guessing …"""
ASKED = 0.95
"""… and the most that is asked of one that runs along the frame: the longer it does, the surer it has to be."""
CORE, STABLE = (0.9, 0.8), 0.8
"""Two levels of saliency, and the share of the lower one's piece that the higher one's has where a thing stands out
from what was taken along with it: between them lies its edge."""
PLAIN = 0.6
"""Share explained by flat pieces above which a component is a drawn shape, for the graphics to find."""
CUT = 0.25
"""Share of a salient component on clean surfaces from which it is taken for several things, surfaces among them."""
HUGGED, SHORED, ADRIFT = 0.7, 0.35, 0.1
"""Share of the picture's frame from which a salient component, an island, and an island that is `UNSEEN`, is the
backdrop: what runs off the picture and draws no eye is a part of a photograph."""
UNSEEN = 0.15
"""Mean saliency up to which nobody looks there."""
LEAVING, STAYING = 0.01, 0.25
"""Share of the frame from which the rest of an island runs off the picture, and how much of that its salient part may
do before both may be one thing."""
BLED = 0.5
"""Share of one side of the picture from which a large component runs off there."""
CROPPED, REACHED, STRAIGHT = 0.15, 0.2, 0.5
"""Shares of the picture, of one of its sides and of its width from which a component of that size, that runs off there
and ends straight along so much, is a photograph beside a panel."""
PANEL = 0.2
"""Share of the picture from which a clean surface may be such a panel."""
COARSE = 240
"""Shorter side (pixels) at which that is looked at."""
SAME = 0.6
"""Intersection over union from which a component and the islands in it are the same thing."""
NESTED = 0.6
"""Share of a candidate inside a larger one from which it is a part of that."""
UPRIGHT = 0.95
"""Share of its tightest rectangle that a photograph in a frame fills; cut-outs fill less."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A likely subject: its full-size `mask`, how `sure` it is (0–1), whether its outline is `exact` to a pixel (an
    island) or only as good as the saliency's resolution, and whether it is `framed`: a rectangular photograph.
    `others`: what the other candidates hold."""

    mask: Mask
    sure: float
    exact: bool
    framed: bool = False
    others: Mask | None = None


def propose(salient: Plane, terrain: Terrain) -> list[Candidate]:
    """What may be a subject, largest first, given what is `salient` (H, W)."""
    exact = [m for m in islands(terrain) if not _is_ground(m, salient, terrain) and _is_thing(m, terrain)]
    found: list[Candidate] = []
    for part in (thing for component in _parts(salient, terrain) for thing in _sure(component, salient)):
        sure = float(salient[part].mean())
        if _hugs(part, HUGGED, terrain) or not _is_thing(part, terrain):
            continue
        inside = [m for m in exact if (m & part).sum() > 0.5 * min(m.sum(), part.sum())]
        if not inside or not _islands_win(part, inside, salient, terrain):
            found.append(Candidate(part, sure, exact=False))
            exact = [m for m in exact if not any(m is other for other in inside)]
    found += [Candidate(m, 0.6 + 0.4 * float(salient[m].mean()), exact=True, framed=_is_framed(m)) for m in exact]
    apart = [replace(c, mask=m) for c in found for m in ([c.mask] if c.framed else parted(c.mask, terrain.image))]
    return _beside(_outermost(sorted(apart, key=lambda candidate: -int(candidate.mask.sum()))))


def _beside(candidates: list[Candidate]) -> list[Candidate]:
    """Each with what the others hold."""
    if len(candidates) < 2:
        return candidates
    claims = np.sum([candidate.mask for candidate in candidates], axis=0, dtype=np.uint8)
    return [replace(c, others=(claims > 1) | ((claims > 0) & ~c.mask)) for c in candidates]


def _outermost(candidates: list[Candidate]) -> list[Candidate]:
    """Without those that lie in a larger one: eyes belong to their face."""
    kept: list[Candidate] = []
    for candidate in candidates:
        if not any((candidate.mask & other.mask).sum() > NESTED * candidate.mask.sum() for other in kept):
            kept.append(candidate)
    return kept


def _parts(salient: Plane, terrain: Terrain) -> list[Mask]:
    """Connected salient components of sufficient area; those that rest on surfaces without them."""
    least = SMALLEST * salient.size
    found: list[Mask] = []
    for piece, bounds in pieces(salient > 0.5, least):
        component = placed(piece, bounds, salient.shape)
        plain = np.zeros_like(component)
        for surface in terrain.surfaces:
            covered = surface.mask & component
            if covered.sum() > 0.03 * component.sum():
                plain |= covered
        if plain.sum() < CUT * component.sum():
            found.append(component)
            continue
        for rest, place in pieces(thick(component & ~grown(plain, 2)), max(least, 0.08 * component.sum())):
            found.append(filled(placed(rest, place, salient.shape), terrain))
    return found


def _is_ground(island: Mask, salient: Plane, terrain: Terrain) -> bool:
    """Whether an island is what other things lie on, or a part of it."""
    unseen = float(salient[island].mean()) < UNSEEN
    return (unseen and (_run(island) > ADRIFT or not ashore(island, terrain))) or _hugs(island, SHORED, terrain)


def _run(mask: Mask) -> float:
    """Share of the picture's frame along which `mask` runs off."""
    return float(np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).mean())


def _sure(part: Mask, salient: Plane) -> list[Mask]:
    """The salient component where the network is sure enough of it, else what stands out in it."""
    if _is_sure(part, salient):
        return [part]
    if float(salient[part].mean()) < LEAST_SURE:
        return []
    least = SMALLEST * part.size
    high, low = ([placed(*piece, part.shape) for piece in pieces((salient > level) & part, least)] for level in CORE)
    stable = [core for core in high for around in low if (core & around).any() and core.sum() > STABLE * around.sum()]
    return [core for core in stable if _is_sure(core, salient)]


def _is_sure(part: Mask, salient: Plane) -> bool:
    return float(salient[part].mean()) >= min(ASKED, LEAST_SURE + _run(part))


def _islands_win(part: Mask, inside: list[Mask], salient: Plane, terrain: Terrain) -> bool:
    """Whether the islands in a salient part describe it better than the saliency does.

    What ends inside the picture and draws the eye is no part of what runs off it and does not.
    """
    union = np.logical_or.reduce(inside)
    extra = union & ~grown(part, 4)
    leaves = _run(extra)
    if leaves > LEAVING and _run(part) < STAYING * leaves and float(salient[extra].mean()) < UNSEEN:
        return False
    if (union & part).sum() >= SAME * (union | part).sum():
        return True
    if part.sum() > union.sum():
        return False
    return not extra.any() or _is_thing(extra, terrain)


def _hugs(mask: Mask, most: float, terrain: Terrain) -> bool:
    """Whether `mask` is the picture itself: nearly all of it, along more than `most` of the frame, or, beside clean
    panels, a large part that runs off along two sides. (A face that fills the picture has no panel beside it.)"""
    sides = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
    large = float(mask.mean())
    if large > LARGEST or _run(mask) > most:
        return True
    shares = [float(side.mean()) for side in sides]
    bled = sum(share > BLED for share in shares)
    if large > CROPPED and max(shares) > REACHED and _ends_straight(mask, terrain):
        return True
    runs_off = large > 0.2 and bled >= 2
    return runs_off and float(terrain.clean[~mask].mean()) > 0.7


def _ends_straight(mask: Mask, terrain: Terrain) -> bool:
    """Whether `mask` ends at a straight line that no thing has."""
    turned = (mask, mask[::-1], mask.T, mask.T[::-1])
    return max(map(_cropped, turned)) > STRAIGHT or any(_ends_at(mask, surface.mask) for surface in terrain.surfaces)


def _cropped(mask: Mask) -> float:
    """Share of the picture's width along which `mask` ends below at one straight line, above the picture's own edge."""
    height = len(mask)
    rows = np.flatnonzero(mask.any(axis=1))
    last = int(rows[-1])
    if last >= height - 3:
        return 0.0
    lowest = height - 1 - np.argmax(mask[::-1], axis=0)
    return float((mask.any(axis=0) & (last - lowest <= max(2, 0.01 * height))).mean())


def _ends_at(mask: Mask, panel: Mask) -> bool:
    """Whether `mask` ends at a `panel` that runs off the picture, straight, at any angle, along `STRAIGHT` of it."""
    if panel.mean() < PANEL or not (panel[[0, -1]].any() or panel[:, [0, -1]].any()):
        return False
    step = max(1, min(mask.shape) // COARSE)
    mask, panel = mask[::step, ::step], panel[::step, ::step]
    height, width = mask.shape
    near = max(2, round(0.01 * max(height, width)))
    y, x = np.nonzero(grown(mask, near) & grown(panel, 2) & ~panel)
    if len(y) < min(height, width):
        return False
    seam = np.column_stack([x, y]).astype(np.float32)
    dx, dy, x0, y0 = (float(v) for v in cv2.fitLine(seam, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel())
    on_line = np.abs((seam[:, 0] - x0) * dy - (seam[:, 1] - y0) * dx) <= near
    along = seam[on_line] @ np.array((dx, dy), np.float32)
    if not len(along):
        return False
    covered = len(np.unique(np.rint(along / 2))) * 2
    return float(on_line.mean()) > STRAIGHT and covered > STRAIGHT * (abs(dx) * width + abs(dy) * height)


def _is_thing(mask: Mask, terrain: Terrain) -> bool:
    """Whether it is more than drawn shapes with an outline."""
    bounds = bounds_of(mask)
    return plainness(np.ascontiguousarray(mask[bounds.slices]), bounds, terrain) < PLAIN


def _is_framed(mask: Mask) -> bool:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    _, (width, height), _ = cv2.minAreaRect(np.concatenate(contours))
    return float(mask.sum()) > UPRIGHT * (width + 1) * (height + 1)
