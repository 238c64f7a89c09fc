"""An edit by an engine, brought to the document: its own pixels wherever nothing changed, full-size detail elsewhere.

Law: one engine call on the whole picture at working size; the answer at the document's size, depth and profile. Which
layer, which command, which name: `editing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import numpy as np

from layerlift.engines.port import Editor, EditRequest, Operation, Sampling
from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Document, Mask, Pixels, Plane
from layerlift.operations.changes import changed, unrepainted
from layerlift.operations.detail import gains
from layerlift.operations.enlarging import Enlarged, add_grain, missing_grain, strips
from layerlift.operations.registration import aligned
from layerlift.operations.working import answered, as_float, as_levels, entire, in_profile, seen, view
from layerlift.progress import Progress

Alpha: TypeAlias = Literal["keep", "matte"]


@dataclass(frozen=True, eq=False)
class Drawn:
    """The document and an engine's drawing of it at working size, (h, w, 4) float32 in the document's profile."""

    size: Extent
    before: Plane
    after: Plane


def draw(
    document: Document, prompt: str, engine: Editor, operation: Operation, sampling: Sampling, progress: Progress
) -> Drawn:
    """Ask the engine. Raises EngineError, Cancelled."""
    info = engine.info
    window = entire(document.extent, info.area(operation, sampling.resolution), info.multiple)
    small = seen(document, window)
    request = EditRequest((view(small, document.icc),), prompt, sampling)
    answer = answered(engine.edit(request, progress), window.size, info, operation)
    before = as_float(small)
    return Drawn(window.size, before, aligned(before[..., :3], in_profile(answer, document.icc)))


def brought(document: Document, drawn: Drawn, alpha: Alpha, progress: Progress) -> tuple[Pixels, float]:
    """(H, W, 4) at the document's size and depth, and the share of the picture that changed (0–1).

    Where the change mask is 0 the document's own numbers stand, bit by bit. `alpha` "matte" takes the drawing's alpha
    over, "keep" the document's.
    """
    progress.stage("Bringing it to full size", 0.0)
    before, after = drawn.before[..., :3], drawn.after[..., :3]
    visible: Mask = drawn.before[..., 3] > 0
    after = unrepainted(before, after)
    after[~visible] = after[~visible] if alpha == "matte" else before[~visible]
    share = changed(before, after)
    if alpha == "matte":
        share = np.maximum(share, changed(*(np.repeat(p[..., 3:], 3, axis=2) for p in (drawn.before, drawn.after))))
    out = _composed(document, drawn, after, share, alpha, progress)
    return out, float(share.mean())


def _composed(document: Document, drawn: Drawn, after: Plane, share: Plane, alpha: Alpha, progress: Progress) -> Pixels:
    extent, dtype = document.extent, document.pixels.dtype
    before = np.ascontiguousarray(drawn.before[..., :3])
    larger = extent.area > 1.1 * drawn.size.area
    gain = gains(before, after) if larger else np.zeros_like(after)
    planes = {
        "after": Enlarged(after, extent),
        "before": Enlarged(before, extent),
        "gain": Enlarged(gain, extent, smooth=True),
        "share": Enlarged(share, extent, smooth=True),
        "alpha": Enlarged(np.ascontiguousarray(drawn.after[..., 3]), extent),
    }
    strength = _grain(document, before, share) if larger else 0.0
    out = document.pixels.copy()
    for top, bottom in strips(extent):
        progress.advance(top / extent.height)
        weight = np.clip(planes["share"].rows(top, bottom), 0, 1)
        chosen: Mask = weight > 0
        if not chosen.any():
            continue
        own = as_float(out[top:bottom])
        values = planes["after"].rows(top, bottom)
        carried = planes["gain"].rows(top, bottom)
        values += carried * (own[..., :3] - planes["before"].rows(top, bottom))
        bare = np.zeros_like(values)
        add_grain(bare, strength, top, 0)
        values += bare * (1 - np.clip(carried, 0, 1))
        mixed = own.copy()
        mixed[..., :3] += weight[..., None] * (values - own[..., :3])
        if alpha == "matte":
            mixed[..., 3] += weight * (np.clip(planes["alpha"].rows(top, bottom), 0, 1) - own[..., 3])
        out[top:bottom][chosen] = as_levels(mixed[chosen], dtype)
        if alpha == "keep":
            out[top:bottom][..., 3] = document.pixels[top:bottom][..., 3]
    return cast(Pixels, out)


def _grain(document: Document, before: Plane, share: Plane) -> float:
    """Grain of the unchanged part, measured on at most the middle rows of a very large document."""
    height, width = document.pixels.shape[:2]
    rows = min(height, max(64, 8_000_000 // width))
    top = (height - rows) // 2
    cells = slice(round(top * before.shape[0] / height), max(4, round((top + rows) * before.shape[0] / height)))
    full = as_float(document.pixels[top : top + rows])
    kept = Enlarged(share[cells], Extent(width, rows), smooth=True).rows(0, rows) <= 0
    return missing_grain(full[..., :3], np.ascontiguousarray(before[cells]), kept & (full[..., 3] > 0))
