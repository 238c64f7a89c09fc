"""An order of every operation, what the library itself is given for it, and what comes out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from layerlift import operations
from layerlift.engines.fake import FakeEngine
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Document, LayerStack
from layerlift.wire.values import Operation, Param
from layerlift_server.jobs.desk import Desk
from layerlift_server.jobs.port import LOCAL
from layerlift_server.worker import export

POLYGON = "10,8 30,8 30,30 10,30"
ORDERS: dict[Operation, dict[str, Param]] = {
    "decompose": {"layers": 3},
    "edit": {"prompt": "make it look like dusk"},
    "generate": {"prompt": "a boat", "width": 64, "height": 40, "layers": 3},
    "inpaint": {"selection": POLYGON, "prompt": "a hat", "seed": 5},
    "extend": {"left": 7, "bottom": 11, "prompt": "more of it"},
    "harmonise": {"selection": POLYGON},
}
WITH_SOURCE: dict[Operation, dict[str, Param]] = {
    "decompose": {"layer": 1, "layers": 2},
    "edit": {"prompt": "make it look like dusk", "layer": 1},
    **{name: ORDERS[name] for name in ("inpaint", "extend", "harmonise")},
}


def selected(width: int = 48, height: int = 40) -> np.ndarray:
    mask = np.zeros((height, width), np.uint8)
    mask[8:30, 10:30] = 255
    return mask


def same(one: LayerStack, other: LayerStack) -> None:
    assert (one.extent, one.icc, one.notes) == (other.extent, other.icc, other.notes)
    assert [(layer.name, layer.role, layer.bounds, layer.group) for layer in one.layers] == [
        (layer.name, layer.role, layer.bounds, layer.group) for layer in other.layers
    ]
    for a, b in zip(one.layers, other.layers, strict=True):
        assert a.pixels.dtype == b.pixels.dtype
        np.testing.assert_array_equal(a.pixels, b.pixels)


def result(desk: Desk, job: str) -> LayerStack:
    """The finished stack as it lies on the disk."""
    return export.stack(desk._results.path(desk._tracker.find(job, LOCAL).folder))


def material(operation: Operation, pixels: np.ndarray) -> dict[str, Any]:
    """What `operations.run` is given for the order of that name."""
    if operation == "generate":
        return {}
    mask = selected() if operation in ("inpaint", "harmonise") else None
    return {"document": Document(pixels, "Poster"), "mask": mask}


def expected(operation: Operation, stack: LayerStack, params: dict[str, Param]) -> LayerStack:
    """What a job on a finished one answers: the whole stack."""
    mask = selected() if "selection" in params else None
    made = operations.run(operation, FakeEngine(), stack=stack, mask=mask, params=params)
    if operation in ("decompose", "edit"):
        return made
    left, top = (int(params.get(side) or 0) for side in ("left", "top"))
    below = tuple(replace(layer, bounds=shifted(layer.bounds, left, top)) for layer in stack.layers)
    return replace(made, layers=(*below, *made.layers), notes=(*stack.notes, *made.notes))


def shifted(bounds: Bounds, x: int, y: int) -> Bounds:
    return Bounds(bounds.x + x, bounds.y + y, bounds.width, bounds.height)
