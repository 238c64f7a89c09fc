"""Pictures from words: new ones at any size, over a picture that is there, and straight into layers.

Law: an engine draws at its own working size in the aspect wanted; enlarging, cropping, depth and profile are ours.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np

from layerlift import engines
from layerlift.decomposition import as_document, decompose
from layerlift.engines.port import DRAWN, EngineInfo, GenerateRequest, Generator, Sampling
from layerlift.errors import RequestError
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document, Layer, LayerStack, Pixels, Plane, Role
from layerlift.limits import MAX_LAYERS, MAX_PIXELS, MAX_SIDE
from layerlift.operations import params as read
from layerlift.operations.enlarging import Enlarged, strips
from layerlift.operations.offering import require
from layerlift.operations.pictures import named
from layerlift.operations.task import Task
from layerlift.operations.working import answered, as_levels, in_profile, resized, view
from layerlift.progress import Progress

STRENGTH = 0.6
"""How much of a picture that is drawn over is forgotten, unless said otherwise."""
LEAST_SIDE = 16
"""Shortest side of a new picture."""


def perform(task: Task) -> LayerStack:
    """`run("generate", …)`: prompt, width and height (or a document), strength, layers and how to draw."""
    prompt = read.needed_words(task.params, "prompt", "generate")
    start = None if task.document is None and task.stack is None else task.picture("draw over")
    size = [read.whole(task.params, side, 1, MAX_SIDE) for side in ("width", "height")]
    if start is None and None in size:
        raise RequestError("The size of the new picture is missing.", "Give its width and height.")
    extent = start.extent if start is not None else Extent(cast(int, size[0]), cast(int, size[1]))
    layers = read.whole(task.params, "layers", 0, MAX_LAYERS)
    strength = read.real(task.params, "strength", 0.0, 1.0)
    return generate(
        prompt,
        extent,
        start=start,
        strength=STRENGTH if strength is None else strength,
        layers=layers,
        engine=task.engine,
        sampling=read.sampling(task.params),
        progress=task.progress,
    )


def generate(
    prompt: str,
    extent: Extent,
    *,
    start: Document | None = None,
    strength: float = STRENGTH,
    layers: int | None = None,
    engine: Generator,
    sampling: Sampling = DRAWN,
    progress: Progress | None = None,
) -> LayerStack:
    """A picture of `extent` from words; over `start` (then of its size, depth and profile) with `strength` 0–1.

    `layers` None: one opaque layer; else the picture is also taken apart into so many (0: as many as there are things),
    by the same engine or, where it cannot, by the default one. Raises RequestError, EngineError, Cancelled.
    """
    progress = progress or Progress()
    require(engine, "generate")
    start = None if start is None else as_document(start)
    _check(extent)
    drawing = progress if layers is None else progress.part(0.0, 0.6)
    document = _drawn(prompt, extent, start, strength, engine, sampling, drawing)
    if layers is None:
        progress.stage("Done", 1.0)
        layer = Layer(document.name, Role.BACKGROUND, Bounds.of(extent), document.pixels)
        return LayerStack(extent, (layer,), document.name, document.icc, document.notes)
    taker, note = _taker(engine)
    stack = decompose(
        document, engine=taker, layers=layers or None, sampling=sampling, progress=progress.part(0.6, 1.0)
    )
    return stack if note is None else replace(stack, notes=(*stack.notes, note))


def _drawn(
    prompt: str,
    extent: Extent,
    start: Document | None,
    strength: float,
    engine: Generator,
    sampling: Sampling,
    progress: Progress,
) -> Document:
    progress.stage("Preparing", 0.0)
    info = engine.info
    size = working_size(extent, info, sampling.resolution)
    shown = None if start is None else view(_fitted(start.pixels, size), start.icc)
    request = GenerateRequest(prompt, size, shown, strength, sampling)
    drawn = answered(engine.generate(request, progress.part(0.02, 0.92)), size, info, "generate")
    icc, dtype = (None, np.dtype(np.uint8)) if start is None else (start.icc, start.pixels.dtype)
    progress.stage("Bringing it to full size", 0.92)
    pixels = _brought(in_profile(drawn, icc)[..., :3], extent, dtype, progress.part(0.92, 1.0))
    notes = () if start is None else start.notes
    if extent.area > 1.5 * size.area:
        notes = (*notes, f"Drawn at {size.width} × {size.height} pixels and enlarged.")
    name = named(Layer("", Role.BACKGROUND, Bounds(0, 0, 1, 1), np.zeros((1, 1, 4), np.uint8)), prompt).name
    return Document(pixels, name if start is None else start.name, icc, notes)


def working_size(extent: Extent, info: EngineInfo, resolution: int | None) -> Extent:
    """The engine's working area in the aspect of `extent`, sides rounded to its multiple. Unlike with pictures that
    are there, small sizes are drawn large and reduced: that is what models are trained for."""
    scale = (info.area("generate", resolution) / extent.area) ** 0.5
    width, height = (max(1, round(side * scale / info.multiple)) * info.multiple for side in extent)
    return Extent(width, height)


def _covering(extent: Extent, size: Extent) -> Extent:
    """The size at which a picture of `size` covers `extent`: its aspect is kept, what sticks out is cut off evenly."""
    scale = max(extent.width / size.width, extent.height / size.height)
    return Extent(max(extent.width, round(size.width * scale)), max(extent.height, round(size.height * scale)))


def _brought(
    drawn: Plane, extent: Extent, dtype: np.dtype[np.uint8] | np.dtype[np.uint16], progress: Progress
) -> Pixels:
    """The drawing at full size, cut to `extent`, opaque."""
    whole = _covering(extent, Extent(drawn.shape[1], drawn.shape[0]))
    left, above = (whole.width - extent.width) // 2, (whole.height - extent.height) // 2
    large = Enlarged(drawn, whole)
    out = np.empty((extent.height, extent.width, 4), dtype)
    for top, bottom in strips(extent):
        progress.advance(top / extent.height)
        values = large.rows(above + top, above + bottom)[:, left : left + extent.width]
        out[top:bottom, :, :3] = as_levels(values, dtype)
    out[..., 3] = np.iinfo(dtype).max
    return cast(Pixels, out)


def _fitted(pixels: Pixels, size: Extent) -> Pixels:
    """A picture at the working size, cut as `_brought` will cut the drawing: what is drawn over stays in its place."""
    height, width = pixels.shape[:2]
    whole = _covering(Extent(width, height), size)
    right, bottom = whole.width - width, whole.height - height
    if right or bottom:
        sides = ((bottom // 2, bottom - bottom // 2), (right // 2, right - right // 2), (0, 0))
        pixels = cast(Pixels, np.pad(pixels, sides, mode="edge"))
    return resized(pixels, size)


def _taker(engine: Any) -> tuple[Any, str | None]:
    """Who takes the new picture apart."""
    info = engine.info
    if "decompose" in info.operations:
        return engine, None
    other = engines.get(engines.DEFAULT)
    require(other, "decompose")
    return other, f"Drawn by “{info.name}”, taken apart by “{other.info.name}”."


def _check(extent: Extent) -> None:
    if extent.area > MAX_PIXELS or max(extent) > MAX_SIDE:
        raise RequestError(
            f"A picture of {extent.width} × {extent.height} pixels was asked for; the limit is "
            f"{MAX_PIXELS / 1e6:.0f} million, {MAX_SIDE} a side.",
            "Ask for a smaller one.",
        )
    if min(extent) < LEAST_SIDE or max(extent) > 8 * min(extent):
        raise RequestError(
            f"Nothing can be drawn at {extent.width} × {extent.height} pixels.",
            f"Sides of at least {LEAST_SIDE} pixels, one at most eight times the other, can be.",
        )
