"""A selection anew: from words, or as if what is there had never been.

Law: an engine fills a window around the selection at its working size; what comes back is one layer at full size whose
alpha is 0 wherever nothing was asked. The original's pixels are not touched, they are not even in the layer.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from layerlift.decomposition import as_document
from layerlift.engines.port import DRAWN, EngineInfo, Inpainter, InpaintRequest, Operation, Sampling
from layerlift.errors import RequestError
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Document, Layer, LayerStack, Mask, Pixels, Plane, Role
from layerlift.operations import params as read
from layerlift.operations.enlarging import Enlarged, add_grain, missing_grain, strips
from layerlift.operations.offering import require
from layerlift.operations.pictures import named
from layerlift.operations.seams import continued, drift, ramp
from layerlift.operations.task import Task
from layerlift.operations.texture import MOST_PIXELS, Detail, Examples
from layerlift.operations.working import (
    Window,
    answered,
    around,
    as_float,
    as_levels,
    covered,
    in_profile,
    seen,
    view,
)
from layerlift.progress import Progress

_REDUCED = 1.2
"""Document pixels per working pixel from which detail has been lost that can be seen."""
_RING = 24
"""Document pixels around the selection in which grain is measured …"""
_SAMPLE_PIXELS = 4_000_000
"""… of which no more than so many are looked at."""


def perform(task: Task) -> LayerStack:
    """`run("inpaint", …)`: prompt, feather and how to draw."""
    if task.mask is None:
        raise RequestError("Nothing is selected.", "Select what shall be filled.")
    return inpaint(
        task.picture("fill"),
        task.mask,
        read.words(task.params, "prompt"),
        engine=task.engine,
        feather=read.whole(task.params, "feather", 0, 1 << 12) or 0,
        sampling=read.sampling(task.params),
        progress=task.progress,
    )


def inpaint(
    document: Document,
    mask: NDArray[np.uint8],
    prompt: str | None = None,
    *,
    engine: Inpainter,
    feather: int = 0,
    sampling: Sampling = DRAWN,
    progress: Progress | None = None,
) -> LayerStack:
    """Fill the selection `mask` (H, W) uint8 of `document` with what `prompt` says (None: what is around it).

    `feather`: pixels over which the fill fades in, inside the selection (0: as it needs: a removal keeps the
    selection's own edge, so that nothing of the thing shines through; a drawing gets a short ramp). Returns a stack of
    one layer at the document's extent, depth and profile, alpha ≤ mask. Raises RequestError for an empty
    selection or an engine that cannot, EngineError, Cancelled.
    """
    progress = progress or Progress()
    require(engine, "inpaint")
    document = as_document(document)
    _check(document, mask, prompt)
    progress.stage("Preparing", 0.0)
    layer, notes = filled(document, mask, prompt, engine, "inpaint", feather, sampling, progress)
    name = f"Fill: {prompt}" if prompt else "Fill"
    stack = LayerStack(document.extent, (named(layer, name),), document.name, document.icc, (*document.notes, *notes))
    progress.stage("Done", 1.0)
    return stack


def filled(
    document: Document,
    mask: NDArray[np.uint8],
    prompt: str | None,
    engine: Inpainter,
    operation: Operation,
    feather: int,
    sampling: Sampling,
    progress: Progress,
) -> tuple[Layer, tuple[str, ...]]:
    """The layer that fills `mask`, cropped, and what is to be said about it."""
    info = engine.info
    window = around(_bounds(mask), document.extent, info.area(operation, sampling.resolution), info.multiple)
    part = mask[window.bounds.slices]
    small, hole = seen(document, window), covered(part, window.size)
    request = InpaintRequest(view(small, document.icc), hole.astype(np.uint8) * 255, prompt, sampling)
    drawn = answered(engine.inpaint(request, progress.part(0.02, 0.9)), window.size, info, operation)
    progress.stage("Bringing it to full size", 0.9)
    fill = in_profile(drawn, document.icc)[..., :3]
    before = as_float(small)
    fill += drift(before[..., :3], fill, hole)
    solid = continued(before[..., 3], hole) if prompt is None and (small[..., 3] < 255).any() else None
    soft = ramp(part, feather, automatic=prompt is not None)
    detail = _detail(document, window, fill, before, hole, part, progress.part(0.9, 0.97))
    pixels = _brought(document, window, fill, before, part, soft, solid, detail, progress.part(0.97, 1.0))
    return Layer("Fill", Role.GRAPHIC, window.bounds, pixels).cropped(), _notes(pixels, window, info)


def _brought(
    document: Document,
    window: Window,
    fill: Plane,
    before: Plane,
    mask: NDArray[np.uint8],
    soft: NDArray[np.uint8],
    solid: Plane | None,
    detail: Detail | None,
    progress: Progress,
) -> Pixels:
    """The fill over the whole window at the document's size and depth, transparent where nothing was asked."""
    extent = window.bounds.extent
    strength = _grain(document, window, before, mask)
    colours = Enlarged(fill, extent)
    share = None if solid is None else Enlarged(solid, extent, smooth=True)
    out = np.zeros((extent.height, extent.width, 4), document.pixels.dtype)
    for top, bottom in strips(extent):
        progress.advance(top / extent.height)
        if not soft[top:bottom].any():
            continue
        values = colours.rows(top, bottom)
        grained = np.zeros_like(values)
        add_grain(grained, strength, window.bounds.y + top, window.bounds.x)
        if detail is not None:
            _added(detail, values, grained, top)
        values += grained
        alpha: Plane = soft[top:bottom].astype(np.float32) * np.float32(1 / 255)
        if share is not None:
            alpha = alpha * np.clip(share.rows(top, bottom), 0, 1)
        strip = as_levels(np.dstack([values, alpha]), document.pixels.dtype)
        strip[..., :3] *= strip[..., 3:] > 0
        out[top:bottom] = strip
    return cast(Pixels, out)


def _detail(
    document: Document,
    window: Window,
    fill: Plane,
    before: Plane,
    hole: Mask,
    mask: NDArray[np.uint8],
    progress: Progress,
) -> Detail | None:
    """Fine detail for the fill from around it; None where nothing was reduced, or there is too much or too little."""
    box = _bounds(mask)
    if window.scale < _REDUCED or box.extent.area > MOST_PIXELS:
        return None
    small = before[..., :3].copy()
    small[hole] = fill[hole]
    known: Mask = before[..., 3] >= 1
    examples = Examples(document.pixels[window.bounds.slices], before[..., :3], small, hole, known)
    return examples.detail(box, progress)


def _added(detail: Detail, values: Plane, grained: Plane, top: int) -> None:
    """Put the detail on a strip that begins at row `top`, and take the grain away where it is, in place."""
    rows = Bounds(detail.box.x, top, detail.box.width, values.shape[0]).intersect(detail.box)
    if rows.empty:
        return
    there, here = rows.shift(-detail.box.x, -detail.box.y).slices, rows.shift(0, -top).slices
    values[here] += detail.add[there]
    grained[here] *= 1 - detail.covers[there]


def _grain(document: Document, window: Window, before: Plane, mask: NDArray[np.uint8]) -> float:
    """Strength of the grain that the document has around the selection and an enlarged fill has not."""
    if window.scale <= 1:
        return 0.0
    box = _bounds(mask).grow(_RING).intersect(Bounds.of(window.bounds.extent))
    middle = box.height // 2
    rows = min(box.height, max(_RING, _SAMPLE_PIXELS // box.width))  # of a very large selection, its middle rows
    box = Bounds(box.x, box.y + max(0, middle - rows // 2), box.width, rows)
    full = as_float(document.pixels[window.bounds.slices][box.slices])[..., :3]
    sx, sy = window.size.width / window.bounds.width, window.size.height / window.bounds.height
    cells = Bounds(
        int(box.x * sx), int(box.y * sy), max(4, round(box.width * sx)), max(4, round(box.height * sy))
    ).intersect(Bounds.of(window.size))
    known: Mask = mask[box.slices] == 0
    return missing_grain(full, before[cells.slices][..., :3], known)


def _check(document: Document, mask: NDArray[np.uint8], prompt: str | None) -> None:
    height, width = document.pixels.shape[:2]
    if mask.dtype != np.uint8 or mask.shape != (height, width):
        raise RequestError(
            f"The selection is {mask.shape[1]} × {mask.shape[0]} pixels, the picture {width} × {height}."
            if mask.ndim == 2
            else "The selection is no mask.",
            "Make a selection of the picture's own size, one byte a pixel.",
        )
    if not mask.any():
        raise RequestError("Nothing is selected.", "Select what shall be filled.")
    if prompt is None and (mask == 255).all():
        raise RequestError(
            "Everything is selected: nothing is left that could be continued.", "Select less, or draw a new picture."
        )


def _bounds(mask: NDArray[np.uint8]) -> Bounds:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    return Bounds(x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y)


def _notes(pixels: Pixels, window: Window, info: EngineInfo) -> tuple[str, ...]:
    notes = []
    if window.scale >= 1.5:
        notes.append(f"“{info.title}” worked at 1/{window.scale:.1f} of the full size here; the rest is enlarged.")
    if not pixels[..., 3].any():
        notes.append("Around the selection the picture is transparent, so there was nothing to continue.")
    return tuple(notes)
