"""The picture continued beyond its edges.

Law: the new part is a selection on a larger canvas, and filling selections is `inpainting`'s business. The document's
pixels are not in the result; it lies at (left, top) of the new canvas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.decomposition import as_document
from layerlift.engines.port import DRAWN, Inpainter, Sampling
from layerlift.errors import RequestError
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document, LayerStack, Pixels
from layerlift.limits import MAX_PIXELS, MAX_SIDE
from layerlift.operations import params as read
from layerlift.operations.inpainting import filled
from layerlift.operations.offering import require
from layerlift.operations.pictures import named
from layerlift.operations.task import Task
from layerlift.progress import Progress


@dataclass(frozen=True)
class Margins:
    """How far the canvas grows on each side, in document pixels ≥ 0."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def canvas(self, extent: Extent) -> Extent:
        """The enlarged canvas of a document of `extent`."""
        return Extent(extent.width + self.left + self.right, extent.height + self.top + self.bottom)


def perform(task: Task) -> LayerStack:
    """`run("extend", …)`: left, top, right, bottom, prompt, feather and how to draw."""
    margins = Margins(*(read.whole(task.params, side, 0, MAX_SIDE) or 0 for side in ("left", "top", "right", "bottom")))
    return extend(
        task.picture("extend"),
        margins,
        read.words(task.params, "prompt"),
        engine=task.engine,
        sampling=read.sampling(task.params),
        progress=task.progress,
    )


def extend(
    document: Document,
    margins: Margins,
    prompt: str | None = None,
    *,
    engine: Inpainter,
    sampling: Sampling = DRAWN,
    progress: Progress | None = None,
) -> LayerStack:
    """Continue `document` into `margins`, with what `prompt` says or with what lies along its edges.

    Returns a stack of one layer ("Extension") whose extent is the enlarged canvas and whose alpha is 0 over the
    document. Raises RequestError where nothing is to be added or too much, EngineError, Cancelled.
    """
    progress = progress or Progress()
    require(engine, "extend")
    document = as_document(document)
    canvas = margins.canvas(document.extent)
    _check(document.extent, canvas)
    progress.stage("Preparing", 0.0)
    wide, mask = _laid(document, margins, canvas)
    layer, notes = filled(wide, mask, prompt, engine, "extend", 0, sampling, progress)
    name = f"Extension: {prompt}" if prompt else "Extension"
    stack = LayerStack(canvas, (named(layer, name),), document.name, document.icc, (*document.notes, *notes))
    progress.stage("Done", 1.0)
    return stack


def _laid(document: Document, margins: Margins, canvas: Extent) -> tuple[Document, NDArray[np.uint8]]:
    """The document on the larger canvas, its edges drawn out into the margins, and what of it is new."""
    sides = (margins.top, margins.bottom, margins.left, margins.right)
    pixels = cast(Pixels, cv2.copyMakeBorder(document.pixels, *sides, cv2.BORDER_REPLICATE))
    mask = np.full((canvas.height, canvas.width), 255, np.uint8)
    place = Bounds.of(document.extent).shift(margins.left, margins.top)
    mask[place.slices] = 0
    return Document(pixels, document.name, document.icc, document.notes), mask


def _check(extent: Extent, canvas: Extent) -> None:
    if canvas == extent:
        raise RequestError(
            "The picture is to be extended by nothing.", "Give at least one of left, top, right and bottom."
        )
    if canvas.area > MAX_PIXELS or max(canvas) > MAX_SIDE:
        raise RequestError(
            f"The larger canvas would have {canvas.width} × {canvas.height} pixels; the limit is "
            f"{MAX_PIXELS / 1e6:.0f} million, {MAX_SIDE} a side.",
            "Extend it by less, or reduce it first.",
        )
