"""One order carried out: what it works on is read, the library does the rest.

Law: knows the wire's orders, the files that they name, and the library's one door (`layerlift.operations`); no pipe.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerlift import operations
from layerlift.imaging.layer import Document, LayerStack
from layerlift.progress import Progress
from layerlift.wire.params import NEEDS, corners
from layerlift_server.worker import document, export, messages, selection


def perform(order: messages.Operate, engine: Any, progress: Progress) -> LayerStack:
    """The finished layers. Raises LayerliftError, Damaged, OSError, and whatever an engine breaks with."""
    progress.stage("Reading", 0.0)
    source, mask = _document(order)
    stack = None if order.source is None else export.stack(Path(order.source))
    if isinstance(outline := order.params.get("selection"), str):
        extent = stack.extent if stack is not None else source.extent if source is not None else None
        assert extent is not None  # who selects does so in something
        mask = selection.polygon(corners(outline), extent.width, extent.height)
    return operations.run(
        order.operation,
        engine,
        document=source,
        mask=mask,
        stack=stack,
        params=order.params,
        progress=progress.part(0.02, 1.0),
    )


def _document(order: messages.Operate) -> tuple[Document | None, NDArray[np.uint8] | None]:
    if order.upload is None or order.document is None:
        return None, None
    apart = NEEDS[order.operation].selection != "outline"
    return document.read(Path(order.upload), order.document, apart=apart)
