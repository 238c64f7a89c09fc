"""Fine detail for an enlarged fill, copied from where the document looks alike at working size.

Law: what is copied is only what the working size cannot show (the document minus its own enlargement); the fill's
structure stays the engine's. Deterministic.
Sources: W. Freeman, T. Jones, E. Pasztor, "Example-Based Super-Resolution", IEEE CG&A 2002 (high frequencies of the
example whose low frequencies agree); A. Efros, T. Leung, ICCV 1999 (texture is in the neighbourhood).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.filling.patches import RADIUS, Patches
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Mask, Pixels, Plane, full_scale
from layerlift.progress import Progress

STEP = 4
"""Working pixels between blocks; they are twice as wide and overlap by half."""
MOST_PIXELS = 16_000_000
"""Largest fill (document pixels) that gets it; a larger one makes do with grain."""
_SOURCES = 12_000
"""Examples looked at: about so many places around the fill."""
_LEAST_SOURCES = 60
"""Fewer examples teach nothing."""
_ALIKE, _UNLIKE = np.float32(0.0025), np.float32(0.02)
"""Squared colour distance (per pixel) up to which an example's detail is taken whole, and from which not at all."""
_PAD = 3
"""Working pixels around a block that its enlargement needs."""


@dataclass(frozen=True, eq=False)
class Detail:
    """What to `add` (h, w, 3) to an enlarged fill, and how much of its place that `covers` (h, w, 1), 0–1; both for the
    rectangle `box` of the window's full size."""

    box: Bounds
    add: Plane
    covers: Plane


class Examples:
    """The fine detail of a window. `full` (H, W, 4) the document there, `before` (h, w, 3) the same at working size,
    `small` (h, w, 3) with the fill in it, `hole` (h, w) what is filled, `known` (h, w) what may be learnt from."""

    def __init__(self, full: Pixels, before: Plane, small: Plane, hole: Mask, known: Mask) -> None:
        self._full, self._before = full, before
        self._unit = np.float32(1 / full_scale(full))
        self._scale = (full.shape[1] / small.shape[1], full.shape[0] / small.shape[0])
        reach = RADIUS + _PAD + STEP
        size = 2 * reach + 1
        whole = cv2.erode((known & ~hole).astype(np.uint8), np.ones((size, size), np.uint8)) > 0
        whole[:reach], whole[-reach:], whole[:, :reach], whole[:, -reach:] = False, False, False, False
        thin = max(1, round((whole.sum() / _SOURCES) ** 0.5))
        sources = np.zeros_like(whole)
        sources[::thin, ::thin] = whole[::thin, ::thin]
        near = cv2.dilate(hole.astype(np.uint8), np.ones((2 * STEP + 1, 2 * STEP + 1), np.uint8)) > 0
        targets = np.zeros_like(near)
        targets[STEP // 2 :: STEP, STEP // 2 :: STEP] = near[STEP // 2 :: STEP, STEP // 2 :: STEP]
        enough = sources.sum() >= _LEAST_SOURCES and targets.any()
        self._patches = Patches(small, sources, targets) if enough else None

    def detail(self, box: Bounds, progress: Progress) -> Detail | None:
        """The detail in the rectangle `box` of the window's full size; None where there is too little to learn from."""
        patches = self._patches
        if patches is None:
            return None
        wanted = patches.describe(patches.targets)
        progress.check()
        found = patches.exact(wanted)
        weight = np.clip((_UNLIKE - _apart(patches, found)) / (_UNLIKE - _ALIKE), 0, 1)
        out = np.zeros((box.height, box.width, 3), np.float32)
        power = np.full((box.height, box.width, 1), 1e-6, np.float32)
        share = np.zeros_like(power)
        energy = [0.0, 0.0]
        cells = [np.stack([at // patches.width, at % patches.width], 1) - RADIUS for at in (patches.targets, found)]
        for number, (ty, tx, sy, sx) in enumerate(np.hstack(cells)):
            if number % 256 == 0:
                progress.advance(number / len(found))
            fine = self._fine(int(sy), int(sx))
            energy[0] += float((fine * fine).mean()) * float(weight[number])
            energy[1] += float(weight[number])
            self._lay((out, power, share), box, (int(ty), int(tx)), fine, weight[number])
        covers = share / power
        out /= np.sqrt(power)  # detail adds up like noise, by its power …
        out *= _no_louder(out, covers, energy[0] / max(energy[1], 1e-6))
        return Detail(box, out, covers)

    def _lay(
        self, planes: tuple[Plane, Plane, Plane], box: Bounds, target: tuple[int, int], fine: Plane, weight: np.float32
    ) -> None:
        """Add one block of detail around `target` (row, column of working cells)."""
        out, power, share = planes
        height, width = fine.shape[:2]
        top = round((target[0] + 0.5) * self._scale[1] - height / 2) - box.y
        left = round((target[1] + 0.5) * self._scale[0] - width / 2) - box.x
        seen = Bounds(left, top, width, height).intersect(Bounds(0, 0, box.width, box.height))
        if seen.empty:
            return
        window = _window(height, width)
        part = seen.shift(-left, -top).slices
        out[seen.slices] += (fine * window * weight)[part]
        power[seen.slices] += (window * window)[part]
        share[seen.slices] += (window * window * weight)[part]

    def _fine(self, row: int, column: int) -> Plane:
        """The document minus its own enlargement in the block around a working cell."""
        sx, sy = self._scale
        cells = slice(row - STEP - _PAD, row + STEP + _PAD + 1), slice(column - STEP - _PAD, column + STEP + _PAD + 1)
        block = np.ascontiguousarray(self._before[cells])
        x0, y0 = round(cells[1].start * sx), round(cells[0].start * sy)
        size = Extent(round(cells[1].stop * sx) - x0, round(cells[0].stop * sy) - y0)
        rough = np.asarray(cv2.resize(block, tuple(size), interpolation=cv2.INTER_CUBIC), np.float32)
        pad_x, pad_y = round(_PAD * sx), round(_PAD * sy)
        own = self._full[y0 : y0 + size.height, x0 : x0 + size.width, :3].astype(np.float32) * self._unit
        fine: Plane = own - rough
        return fine[pad_y : size.height - pad_y, pad_x : size.width - pad_x]


def _apart(patches: Patches, found: NDArray[np.intp]) -> Plane:
    """(n,) squared colour distance per pixel of every target from what was found for it. Descriptors do not tell: a
    colour that the examples nowhere have is invisible to components that were learnt from them."""
    out = np.empty(len(found), np.float32)
    for begin in range(0, len(found), 4096):
        part = slice(begin, begin + 4096)
        difference = patches.raw(patches.targets[part]) - patches.raw(found[part])
        out[part] = np.einsum("ij,ij->i", difference, difference) / np.float32(len(patches.steps))
    return out


def _no_louder(out: Plane, covers: Plane, energy: float) -> np.float32:
    """… but where neighbours come from one place it adds up fully: then it is turned down to the examples' power."""
    loud = float((out * out * covers).mean()) / max(float(covers.mean()), 1e-6)
    return np.float32(min(1.0, (energy / loud) ** 0.5)) if loud > 0 else np.float32(1)


@lru_cache(maxsize=64)
def _window(height: int, width: int) -> Plane:
    """(h, w, 1) raised cosine."""
    rise = [np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2 for side in (height, width)]
    return (rise[0][:, None] * rise[1]).astype(np.float32)[..., None]
