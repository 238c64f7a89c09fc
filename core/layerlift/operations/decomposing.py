"""Taking apart: a picture, or one layer of a stack further.

Law: `decomposition` does it; here a layer becomes a picture with its own alpha, and its parts come back nested in its
place, so that the stack shows what it showed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np

from layerlift.decomposition import decompose
from layerlift.engines.port import TextGrouping
from layerlift.errors import RequestError
from layerlift.imaging.layer import Document, Layer, LayerStack, full_scale
from layerlift.limits import MAX_LAYERS
from layerlift.operations import meaning
from layerlift.operations import params as read
from layerlift.operations.lettering import moved
from layerlift.operations.offering import require
from layerlift.operations.task import Task
from layerlift.refine import Edges


def perform(task: Task) -> LayerStack:
    """`run("decompose", …)`: layers, what, text, edges, layer (of a stack) and how to draw."""
    require(task.engine, "decompose")
    wishes: dict[str, Any] = {
        "engine": task.engine,
        "layers": read.whole(task.params, "layers", 1, MAX_LAYERS),
        "what": read.words(task.params, "what"),
        "text_grouping": cast(TextGrouping, read.choice(task.params, "text", ("block", "line"))),
        "sampling": read.sampling(task.params),
        "edges": cast(Edges, read.choice(task.params, "edges", ("fast", "careful"))),
        "progress": task.progress,
    }
    index = read.whole(task.params, "layer", 0, MAX_LAYERS - 1)
    if task.stack is not None and task.document is None and index is not None:
        return split(task.stack, index, **wishes)
    return decompose(task.picture("take apart"), **wishes)


def split(stack: LayerStack, index: int, **wishes: Any) -> LayerStack:
    """`stack` with its layer number `index` (0: the bottom one) taken apart further, in a group of its name.

    `wishes` are `decompose`'s. The parts composite to the layer; other layers keep their pixels. Raises RequestError
    where there is no such layer or too many would be left.
    """
    index = meaning.by_number(stack, index)
    old = stack.layers[index]
    room = MAX_LAYERS - len(stack.layers) + 1
    if room < 2:
        raise RequestError(
            f"The stack has {len(stack.layers)} layers already; {MAX_LAYERS} is the limit.", "Merge some."
        )
    wishes["layers"] = _at_most(room, wishes.get("layers"), wishes["engine"].info.max_layers)
    parts = decompose(Document(_faded(old), old.name, stack.icc), **wishes)
    group = (*old.group, old.name)
    nested = tuple(_nested(part, old, group) for part in parts.layers)
    note = f"“{old.name}” was taken apart into {len(nested)} layers."
    layers = (*stack.layers[:index], *nested, *stack.layers[index + 1 :])
    return replace(stack, layers=layers, notes=(*stack.notes, *parts.notes, note), drift=parts.drift)


def _at_most(room: int, asked: int | None, able: int) -> int | None:
    """How many layers to ask for: as many as somebody wants, or as the engine sees (None) where all that it is `able`
    to make have `room`."""
    if asked is not None:
        return min(asked, room)
    return None if able <= room else room


def _faded(layer: Layer) -> Any:
    """The layer's pixels with its opacity in their alpha: its parts are shown fully."""
    if layer.opacity >= 1:
        return layer.pixels
    pixels = layer.pixels.copy()
    alpha = np.rint(pixels[..., 3] * np.float64(layer.opacity))
    pixels[..., 3] = np.clip(alpha, 0, full_scale(pixels)).astype(pixels.dtype)
    return pixels


def _nested(part: Layer, parent: Layer, group: tuple[str, ...]) -> Layer:
    x, y = parent.bounds.x, parent.bounds.y
    return replace(
        part,
        bounds=part.bounds.shift(x, y),
        text=moved(part.text, x, y),
        group=(*group, *part.group),
        blend_mode=parent.blend_mode,
    )
