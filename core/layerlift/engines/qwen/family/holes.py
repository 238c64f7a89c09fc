"""Holes before a model fills them: grown to what it can keep or draw anew, and emptied of what was in them.

Law: mathematics on pictures; knows no model.
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.engines.qwen.family.canvas import Picture
from layerlift.imaging.layer import Mask, Plane

_CELL = 8
"""Pixels of a latent's side: what the model can keep or draw anew."""


def in_cells(mask: Picture) -> Picture:
    """`mask` (h, w) with sides multiples of 8, grown to whole cells: the pipeline looks at one pixel of each cell only,
    so that a thin line would be lost."""
    height, width = mask.shape
    cells = mask.reshape(height // _CELL, _CELL, width // _CELL, _CELL).max((1, 3))
    return np.repeat(np.repeat(cells, _CELL, 0), _CELL, 1)


def continued(colours: Picture, hole: Mask) -> Picture:
    """(h, w, 3) `colours` with the hole filled smoothly from around it (averages of ever larger neighbourhoods).

    The model does not look into the hole, but the VAE's cells beside it do: what is to go would shine into them."""
    known: Plane = (~hole).astype(np.float32)[..., None]
    out: Picture = colours.copy()
    out[hole] = np.rint(_pulled(np.asarray(colours * known, np.float32), known)[hole]).clip(0, 255).astype(np.uint8)
    return out


def _pulled(weighted: Plane, weight: Plane) -> Plane:
    """Push–pull: (h, w, 3) colours times `weight` (h, w, 1; 0–1), completed with those of the level below (S. J.
    Gortler et al., "The Lumigraph", SIGGRAPH 1996, §3.4)."""
    height, width = weight.shape[:2]
    if min(height, width) <= 1 or weight.min() >= 1:
        rest = weighted.sum((0, 1)) / max(float(weight.sum()), 1e-6)
        return np.asarray(weighted + (1 - weight) * rest)
    half = (max(1, width // 2), max(1, height // 2))
    both = cv2.resize(np.dstack([weighted, weight]), half, interpolation=cv2.INTER_AREA)
    small: Plane = np.asarray(both, np.float32)
    # Four pixels, one of them known: that one is as good as four. Averages would fade with every level.
    small *= np.minimum(np.float32(4), 1 / np.maximum(small[..., 3:], np.float32(1e-6)))
    below = _pulled(small[..., :3], small[..., 3:])
    larger = cv2.resize(below, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(weighted + (1 - weight) * larger)
