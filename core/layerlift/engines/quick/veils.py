"""Veils: even, translucent, upright rectangles over a photograph (caption bars, cards), lifted off without a trace.

Law: pixels in, veils and the picture beneath them out; believes in a veil only where the picture itself says how much
shines through. "Over" with one colour c at opacity a is I = (1 − a)·B + a·c (Porter & Duff, "Compositing Digital
Images", SIGGRAPH 1984), so that across the border of a veil colours obey one affine law with the same slope in every
channel, contrast falls by that same slope, and inverting it gives back B exactly, up to rounding by 1/(1 − a).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.element import Element
from layerlift.engines.quick.raster import grown, worn
from layerlift.imaging.channels import largest
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Plane, Role

LEVEL = 1 / 255
STEP, LOUDER = 8, 1.5
"""A border steps by more than `STEP` levels (largest channel), and `LOUDER` times as much as the picture beside it."""
LONG, COVERED = 0.2, 0.6
"""A side is at least `LONG` of the canvas, and steps along more than `COVERED` of that."""
SMALLEST, LARGEST = 0.02, 0.75
"""Area in shares of the picture: a veil over nearly everything is the photograph's own haze."""
CLEAREST, DENSEST = 0.6, 0.04
"""Share that shines through: more is no veil, less leaves nothing to see of what lies beneath."""
ALIKE, LIVELY = 0.6, 6 * LEVEL
"""Least correlation across the border, and least deviation along it: on a plain ground nothing can be told."""
FAITHFUL = 1.7
"""By what factor the contrast of fine detail may miss the slope."""
SEAM = 1.8
"""By what factor the lifted picture may change more across the old border than pictures do beside it."""
ABOVE = 0.35
"""Share of a veil's pixels that cannot have been seen through it, from which it is none."""
MOST = 3
_THIN, _SIDES, _TRIED, _EDGE = 12, 12, 40, 2

Colours = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Veil:
    """`through` (0–1): the share that shines through, 1 − a; `colour` (3,) sRGB-encoded 0–1; `above` bool (h, w):
    pixels in `bounds` that no veil of this kind could show: opaque things on it."""

    bounds: Bounds
    through: float
    colour: Colours
    above: Mask

    def element(self) -> Element:
        """The veil as an Element of even alpha."""
        height, width = self.above.shape
        alpha = np.full((height, width), 1 - self.through, np.float32)
        return Element(Role.GRAPHIC, "Panel", self.bounds, alpha, np.full((height, width, 3), self.colour), 0.8)

    def holds(self, element: Element) -> bool:
        """Whether `element` lies on it: mostly inside, and mostly of what cannot be seen through it."""
        common = element.bounds.intersect(self.bounds)
        if common.empty:
            return False
        solid = element.alpha > 0.5
        inside = solid[common.shift(-element.bounds.x, -element.bounds.y).slices]
        above = inside & self.above[common.shift(-self.bounds.x, -self.bounds.y).slices]
        return bool(inside.sum() > 0.5 * solid.sum() and above.sum() > 0.5 * inside.sum())


def find(image: Plane, unknown: Mask) -> list[Veil]:
    """The veils of `image` (H, W, 3) float32 0–1 sRGB-encoded, surest first; `unknown` (H, W) bool: made up."""
    found: list[Veil] = []
    across, down = _steps(image), _steps(image.swapaxes(0, 1)).T
    for bounds in _rectangles(across, down):
        if any(not bounds.grow(_THIN).intersect(veil.bounds).empty for veil in found):  # one border speaks of one veil
            continue
        veil = _measured(image, unknown, bounds)
        if veil is not None:
            found.append(veil)
            if len(found) == MOST:
                break
    return found


def lifted(image: Plane, veil: Veil) -> tuple[Plane, Mask]:
    """The picture without `veil`, and where it has to be made up: along the border, which belongs to both."""
    out = image.copy()
    here = out[veil.bounds.slices]
    beneath = np.clip((here - (1 - veil.through) * veil.colour) / np.float32(veil.through), 0, 1)
    here[~veil.above] = beneath[~veil.above]
    seam = np.zeros(image.shape[:2], bool)
    box, height, width = veil.bounds, image.shape[0], image.shape[1]
    for at, limit, along in ((box.y, height, 0), (box.bottom, height, 0), (box.x, width, 1), (box.right, width, 1)):
        if 0 < at < limit:  # where it runs off the canvas it has no border
            rows, columns = box.grow(_EDGE).intersect(Bounds(0, 0, width, height)).slices
            across = slice(max(0, at - _EDGE), at + _EDGE)
            seam[(across, columns) if along == 0 else (rows, across)] = True
    return out, seam


def _steps(image: Plane) -> Mask:
    """(H, W) bool: whether colour steps between the rows y − 1 and y, sharply and louder than the picture around."""
    out = np.zeros(image.shape[:2], bool)
    if len(image) < 9:
        return out
    levels = cv2.convertScaleAbs(image, alpha=255)  # a quarter of the memory: this runs over the whole picture twice

    def change(later: slice, earlier: slice) -> NDArray[np.int16]:
        red, green, blue = cv2.split(cv2.absdiff(levels[later], levels[earlier]))
        return cv2.max(red, cv2.max(green, blue)).astype(np.int16)

    step, before = change(slice(5, -3), slice(2, -6)), change(slice(2, -6), slice(0, -8))
    beside = np.minimum(before, change(slice(7, -1), slice(5, -3)))
    out[4:-4] = (step > STEP) & (2 * step > 2 * LOUDER * beside + STEP)
    return out


def _sides(steps: Mask) -> list[tuple[int, int, int]]:
    """Long level borders: (y, first x, last x + 1), one for each, in the middle of the rows across which it steps.

    In each row the stretch with the most steps beyond a share of `COVERED` (J. Bentley, "Programming Pearls: Algorithm
    Design Techniques", CACM 27, 1984).
    """
    least = max(24, round(LONG * steps.shape[1]))
    gain = np.pad(np.cumsum(steps - np.float32(COVERED), axis=1, dtype=np.float32), ((0, 0), (1, 0)))
    ends = (gain - np.minimum.accumulate(gain, axis=1)).argmax(axis=1)
    found: list[tuple[float, int, int, int]] = []
    for y, x1 in enumerate(ends.tolist()):
        x0 = int(gain[y, : x1 + 1].argmin())
        if x1 - x0 >= least:
            found.append((float(gain[y, x1] - gain[y, x0]), y, x0, x1))
    sides: list[tuple[int, int, int]] = []
    while found and len(sides) < _SIDES:
        best, y, x0, x1 = max(found)
        alike = [f for f in found if abs(f[1] - y) <= 4 and min(x1, f[3]) > max(x0, f[2])]
        sides.append((round(float(np.mean([f[1] for f in alike if f[0] > 0.9 * best]))), x0, x1))
        found = [f for f in found if f not in alike]
    return sides


def _rectangles(across: Mask, down: Mask) -> list[Bounds]:
    """Upright rectangles whose every side is a border or the canvas's edge, those with the most of a border first."""
    height, width = across.shape
    level = np.pad(np.cumsum(across - np.float32(COVERED), axis=1, dtype=np.float32), ((0, 1), (1, 0)))
    upright = np.pad(np.cumsum(down - np.float32(COVERED), axis=0, dtype=np.float32), ((1, 0), (0, 1)))
    rows = [0, *(y for y, _, _ in _sides(across)), height]
    columns = [0, *(x for x, _, _ in _sides(down.T)), width]
    found: list[tuple[float, int, int, int, int]] = []
    for top, bottom in ((a, b) for a in rows for b in rows if b - a > _THIN):
        for left, right in ((a, b) for a in columns for b in columns if b - a > _THIN):
            if not SMALLEST < (bottom - top) * (right - left) / (height * width) < LARGEST:
                continue
            gains = [level[y, right] - level[y, left] for y in (top, bottom) if 0 < y < height]
            gains += [upright[bottom, x] - upright[top, x] for x in (left, right) if 0 < x < width]
            lengths = [right - left for y in (top, bottom) if 0 < y < height]
            lengths += [bottom - top for x in (left, right) if 0 < x < width]
            if gains and min(gains) > 0:
                found.append((float(sum(gains)) / sum(lengths), top, left, bottom, right))
    best = sorted(found, reverse=True)[:_TRIED]
    return [Bounds(left, top, right - left, bottom - top) for _, top, left, bottom, right in best]


def _measured(image: Plane, unknown: Mask, bounds: Bounds) -> Veil | None:
    """The veil that fills `bounds`, if the picture speaks of one."""
    outside, inside, beside = _across(image, unknown, bounds)
    if len(outside) < 60:
        return None
    law = _law(outside, inside)
    if law is None:
        return None
    through, offset = law
    seam = np.abs((inside - offset) / through - outside).max(axis=1)
    if float(np.median(seam)) > SEAM * float(np.median(beside)) + 2 * LEVEL / through:
        return None
    detail = _detail(image, unknown, bounds)
    if not 1 / FAITHFUL < detail / through < FAITHFUL:
        return None
    colour = (offset / (1 - through)).astype(np.float32)
    if colour.min() < -0.25 or colour.max() > 1.25:
        return None
    if colour.min() < 0 or colour.max() > 1:  # no such colour: the slope was a little off
        colour = np.clip(colour, 0, 1).astype(np.float32)
        through = _slope(outside - colour, inside - colour)
    beneath = (image[bounds.slices] - (1 - through) * colour) / through
    slack = 5 * LEVEL / through
    impossible = np.asarray(largest((beneath < -slack) | (beneath > 1 + slack)), bool)
    above = grown(grown(worn(impossible, 1), 1), 1)
    if above.mean() > ABOVE:
        return None
    return Veil(bounds, through, colour, above)


def _across(image: Plane, unknown: Mask, bounds: Bounds) -> tuple[Colours, Colours, Colours]:
    """Colours two pixels outside and inside the border, pairwise (n, 3), and by how much (n,) the picture outside
    changes over the same distance."""
    height, width = unknown.shape
    out, into, rest = [], [], []
    ys, xs = np.arange(bounds.y + 3, bounds.bottom - 3), np.arange(bounds.x + 3, bounds.right - 3)
    sides = (
        (bounds.y, -1, xs, True),
        (bounds.bottom - 1, 1, xs, True),
        (bounds.x, -1, ys, False),
        (bounds.right - 1, 1, ys, False),
    )
    for edge, sign, along, vertical in sides:
        limit = height if vertical else width
        o, i, far = edge + 2 * sign, edge - sign, edge + 5 * sign
        if not (0 <= far < limit and 0 <= i < limit):
            continue
        picked = [
            (np.full_like(along, at), along) if vertical else (along, np.full_like(along, at)) for at in (o, i, far)
        ]
        known = ~(unknown[picked[0]] | unknown[picked[1]])
        a, b, c = (image[where][known] for where in picked)
        out.append(a)
        into.append(b)
        rest.append(np.abs(c - a).max(axis=1))
    if not out:
        none = np.zeros((0, 3), np.float32)
        return none, none, none[:, 0]
    return np.concatenate(out), np.concatenate(into), np.concatenate(rest)


def _law(outside: Colours, inside: Colours) -> tuple[float, Colours] | None:
    """Slope and offset (3,) of the affine law from outside to inside; None where there is none.

    The reduced major axis (the ratio of the deviations): both sides miss each other by what lies between them, which
    the veil thins like everything else, so that least squares would be biased.
    """
    keep = np.ones(len(outside), bool)
    for _ in range(3):
        o, i = outside[keep], inside[keep]
        middle_o, middle_i = np.median(o, axis=0), np.median(i, axis=0)
        do, di = o - middle_o, i - middle_i
        spread = float((do * do).sum())
        if np.sqrt(spread / do.size) < LIVELY:
            return None
        through = float(np.sqrt((di * di).sum() / spread))
        off = np.abs(inside - middle_i - through * (outside - middle_o)).max(axis=1)
        keep = off <= np.quantile(off, 0.85)
    alike = float((do * di).sum() / max(1e-9, np.sqrt(spread * float((di * di).sum()))))
    if alike < ALIKE or not DENSEST < through < CLEAREST:
        return None
    return through, (middle_i - through * middle_o).astype(np.float32)


def _slope(outside: Colours, inside: Colours) -> float:
    """The least squares slope through the origin."""
    return float(np.clip((outside * inside).sum() / max(1e-9, float((outside * outside).sum())), DENSEST, CLEAREST))


def _detail(image: Plane, unknown: Mask, bounds: Bounds) -> float:
    """Contrast of fine detail just inside the border, as a share of that just outside it."""
    height, width = unknown.shape
    canvas = Bounds(0, 0, width, height)
    reach = max(12, min(48, min(bounds.extent) // 3))
    window = bounds.grow(reach).intersect(canvas)
    fine = image[window.slices] - cv2.GaussianBlur(image[window.slices], (0, 0), 2.0)
    place = np.zeros((window.height, window.width), np.int8)
    inner = bounds.shift(-window.x, -window.y)
    place[inner.slices] = 2
    deep = Bounds(inner.x + reach, inner.y + reach, max(0, inner.width - 2 * reach), max(0, inner.height - 2 * reach))
    place[deep.slices] = 0
    outer = place == 0
    outer[deep.slices] = False
    edge = cv2.dilate(cv2.morphologyEx((place == 2).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)),
                      np.ones((13, 13), np.uint8)) > 0  # fmt: skip
    known = ~unknown[window.slices] & ~edge
    energies = []
    for where in (outer & known, (place == 2) & known):
        if where.sum() < 100:
            return 0.0
        energies.append(float(np.median(np.abs(fine[where]).max(axis=1))))
    return energies[1] / max(energies[0], 0.3 * LEVEL)
