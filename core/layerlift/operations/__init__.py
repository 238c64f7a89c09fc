"""Everything that can be done to a picture, at its full size and exact, whichever engine draws.

Law: the one door of servers, command lines and programs: an operation's name, an engine, what it works on, and flat
params in; a LayerStack out. An engine sees small sRGB pictures; size, depth, profile and every original pixel outside
what was asked are this floor's business.

    decompose   a picture (or one layer of a stack) → layers whose composite is it
    edit        a picture or a stack, in words: exact commands without an engine, all else by one
    inpaint     a selection, anew: the selection's layer, nothing outside it
    extend      a larger canvas: the new part's layer, in the new canvas' coordinates
    generate    words (and a picture to start from) → a picture, or its layers
    harmonise   light and colour of what was put together → one layer of corrections
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from layerlift import engines
from layerlift.engines.port import Operation
from layerlift.errors import RequestError
from layerlift.imaging.layer import Document, LayerStack
from layerlift.operations.params import Param
from layerlift.operations.task import Task
from layerlift.progress import Progress

__all__ = ["OPERATIONS", "Param", "Selection", "run"]

Selection: TypeAlias = NDArray[np.uint8]
"""(H, W) uint8 of the document's size: 255 chosen, 0 not, between them a soft edge."""

OPERATIONS: tuple[Operation, ...] = get_args(Operation)
_HOME: dict[Operation, str] = {
    "decompose": "decomposing",
    "edit": "editing",
    "inpaint": "inpainting",
    "extend": "extending",
    "generate": "generating",
    "harmonise": "harmonising",
}


def run(
    operation: str,
    engine: Any,
    *,
    document: Document | None = None,
    mask: Selection | None = None,
    stack: LayerStack | None = None,
    params: Mapping[str, Param] | None = None,
    progress: Progress | None = None,
) -> LayerStack:
    """Do `operation` (one of OPERATIONS) with `engine` (an engine, or its name).

    `document` or, where a finished result is worked on, `stack`; `mask` (H, W) uint8 the selection; `params` the flat
    table of docs/operations.md (what is missing or None is the engine's or our own choice; keys of other operations
    are ignored). Returns layers bottom → top at full size, in the document's depth and profile. Raises RequestError,
    InputError, EngineUnavailable, EngineError (each a sentence and a remedy) and Cancelled.
    """
    if operation not in OPERATIONS:
        raise RequestError(f"There is no operation called “{operation}”.", f"Known are {', '.join(OPERATIONS)}.")
    able = engines.get(engine) if isinstance(engine, str) else engine
    home = import_module(f"layerlift.operations.{_HOME[operation]}")
    result: LayerStack = home.perform(Task(able, document, mask, stack, dict(params or {}), progress or Progress()))
    return result
