"""One order carried out: what it works on is read, the library does the rest.

Law: knows the wire's orders, the files that they name, and the library's one door (`layerlift.operations`); no pipe.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerlift import operations
from layerlift.errors import RequestError
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Document, LayerStack, Pixels
from layerlift.limits import MAX_LAYERS
from layerlift.operations.lettering import moved
from layerlift.progress import Progress
from layerlift.refine.native import translated
from layerlift.wire.params import NEEDS, corners
from layerlift_server.worker import document, export, messages, selection

_LAID_OVER = ("inpaint", "extend", "harmonise")
"""What answers with new layers alone: worked on in a finished job, these lie over its own."""


def perform(order: messages.Operate, engine: Any, progress: Progress) -> LayerStack:
    """The finished layers. Raises LayerliftError, Damaged, OSError, and whatever an engine breaks with."""
    progress.stage("Reading", 0.0)
    source, mask = _document(order)
    stack = None if order.source is None else export.stack(Path(order.source))
    if isinstance(outline := order.params.get("selection"), str):
        extent = stack.extent if stack is not None else source.extent if source is not None else None
        assert extent is not None  # who selects does so in something
        mask = selection.polygon(corners(outline), extent.width, extent.height)
    made = operations.run(
        order.operation,
        engine,
        document=source,
        mask=mask,
        stack=stack,
        params=order.params,
        progress=progress.part(0.02, 1.0),
    )
    if stack is None or order.operation not in _LAID_OVER:
        return made
    left, top = (int(order.params.get(side) or 0) for side in ("left", "top"))
    return over(stack, made, left, top)


def native(order: messages.Operate, made: LayerStack) -> list[Pixels] | None:
    """The layers of a document that came in its host's own numbers, in those; None where they would not be its own:
    other operations answer with something new. Raises InputError, OSError."""
    if order.operation != "decompose" or order.upload is None or order.document is None:
        return None
    found = document.native(Path(order.upload), order.document)
    return None if found is None else translated(made, found)


def over(stack: LayerStack, made: LayerStack, left: int, top: int) -> LayerStack:
    """All layers of `stack`, on the canvas of `made`, in which its corner lies at (`left`, `top`), and what was made on
    top of them. Raises RequestError where that is more layers than a stack may have."""
    if len(stack.layers) + len(made.layers) > MAX_LAYERS:
        raise RequestError(f"That would be more than {MAX_LAYERS} layers.", "Merge some, then try again.")
    below = tuple(
        replace(
            layer,
            bounds=Bounds(layer.bounds.x + left, layer.bounds.y + top, layer.bounds.width, layer.bounds.height),
            text=moved(layer.text, left, top),
        )
        for layer in stack.layers
    )
    notes = made.notes if made.notes[: len(stack.notes)] == stack.notes else (*stack.notes, *made.notes)
    return replace(made, layers=(*below, *made.layers), notes=notes)


def _document(order: messages.Operate) -> tuple[Document | None, NDArray[np.uint8] | None]:
    if order.upload is None or order.document is None:
        return None, None
    apart = NEEDS[order.operation].selection != "outline"
    return document.read(Path(order.upload), order.document, apart=apart)
