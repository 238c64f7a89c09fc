"""One thing to be done, as it comes through the one door. Law: a value; whoever does it takes out what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Document, LayerStack
from layerlift.operations.params import Param
from layerlift.operations.pictures import flat
from layerlift.progress import Progress


@dataclass(frozen=True)
class Task:
    """An `engine`, what it works on (`document` or, where a finished result is worked on, `stack`; `mask` (H, W) uint8,
    the selection), the flat `params` of docs/operations.md and who hears of its progress."""

    engine: Any
    document: Document | None
    mask: NDArray[np.uint8] | None
    stack: LayerStack | None
    params: Mapping[str, Param]
    progress: Progress

    def picture(self, verb: str) -> Document:
        """One flat picture: the document, or the stack flattened. Raises RequestError where there is neither."""
        return flat(self.document, self.stack, verb)
