"""The heart, in five sentences.

The host gives a Document. An Engine proposes a rough LayerStack at its own working size. Refine turns it into
full-resolution layers whose composite is the document. Prune drops what is empty, crops what is small, names what is
known. The stack goes back to whoever asked.

(The module is not called `decompose`: a submodule of that name would hide `layerlift.decompose`, the function.)
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from layerlift import engines
from layerlift.engines.port import DRAWN, Decomposer, DecomposeRequest, EngineInfo, Sampling, TextGrouping
from layerlift.errors import EngineError, EngineUnavailable, InputError, RequestError
from layerlift.formats import picture
from layerlift.imaging.colour import to_srgb8
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document, Layer, LayerStack, Role
from layerlift.imaging.resample import reduce
from layerlift.limits import MAX_LAYERS, MAX_PIXELS, MIN_ANALYSIS_SIDE
from layerlift.merge import merge_to, merge_unseen
from layerlift.progress import Progress
from layerlift.prune import prune
from layerlift.refine import Edges, refine

if TYPE_CHECKING:
    from PIL.Image import Image

    Picture: TypeAlias = Document | Image | np.ndarray[Any, Any] | bytes | str | os.PathLike[str]


def decompose(
    source: Picture,
    *,
    engine: str | Decomposer = engines.DEFAULT,
    layers: int | None = None,
    what: str | None = None,
    text_grouping: TextGrouping = "block",
    sampling: Sampling = DRAWN,
    edges: Edges = "fast",
    progress: Progress | None = None,
) -> LayerStack:
    """Take a flat picture apart into layers whose composite is that picture.

    `source`: a Document, a path, encoded bytes, a Pillow image or an array (H, W[, 3|4]) uint8 | uint16. `layers`: at
    most so many in all, background included (None: as many as there are things). `what`: free text that says what to
    take out; `sampling`: how an engine that draws does so; `edges`: "careful" looks twice at pixels that could belong
    to either side (hair, things on things of their own colour). Returns bottom → top, cropped, at the document's size,
    depth and colour profile; composited they reproduce it within one 8-bit level. `progress` is offered the rough stack
    as a preview. Raises InputError, RequestError, EngineError or Cancelled.
    """
    progress = progress or Progress()
    proposer = engines.get(engine) if isinstance(engine, str) else engine
    check(proposer.info, layers)
    document = as_document(source)
    rough = propose(document, proposer, layers, what, text_grouping, sampling, progress.part(0.0, 0.75))
    progress.preview(lambda: rough)
    exact = refine(
        document,
        rough,
        edge_uncertainty=proposer.info.edge_uncertainty,
        device="auto",
        edges=edges,
        progress=progress.part(0.75, 0.99),
    )
    stack = prune(exact)
    progress.stage("Done", 1.0)
    return stack


def as_document(source: Picture) -> Document:
    """Whatever the caller has, as a Document within the limits. Raises InputError."""
    if isinstance(source, Document):
        document = source
    elif isinstance(source, str | os.PathLike):
        document = picture.read(Path(source))
    elif isinstance(source, bytes):
        document = picture.read(source)
    elif isinstance(source, np.ndarray):
        document = picture.from_array(source)
    else:
        document = picture.from_image(source)
    if document.extent.area > MAX_PIXELS:
        raise InputError(
            f"The picture has {document.extent.area / 1e6:.0f} million pixels; the limit is {MAX_PIXELS / 1e6:.0f}.",
            "Reduce it first, or take it apart in pieces.",
        )
    return document


def check(info: EngineInfo, layers: int | None) -> None:
    """Refuse before any work what cannot be done. Raises EngineUnavailable or RequestError."""
    if info.missing:
        raise EngineUnavailable(f"The engine “{info.name}” cannot run here: {info.missing}")
    limit = min(info.max_layers, MAX_LAYERS)
    if layers is not None and not 1 <= layers <= limit:
        raise RequestError(f"{layers} layers were asked for.", f"The engine “{info.name}” makes 1 to {limit}.")


def propose(
    document: Document,
    engine: Decomposer,
    layers: int | None,
    what: str | None,
    text_grouping: TextGrouping,
    sampling: Sampling,
    progress: Progress,
) -> LayerStack:
    """The engine's rough stack of the document, checked, with at most `layers` layers."""
    progress.stage("Preparing", 0.0)
    image = working_image(document, engine.info, sampling.resolution)
    if min(image.shape[:2]) < MIN_ANALYSIS_SIDE:
        return _whole(image, document, "The picture is too thin to be taken apart: it is one layer.")
    request = DecomposeRequest(image, layers, what, text_grouping, sampling)
    rough = engine.decompose(request, progress.part(0.02, 0.98))
    checked(rough, request, engine.info)
    rough = merge_unseen(rough)
    rough = merge_to(rough, layers if layers is not None else MAX_LAYERS)
    return LayerStack(rough.extent, rough.layers, document.name, rough.icc, document.notes + rough.notes, rough.drift)


def working_image(
    document: Document, info: EngineInfo, resolution: int | None = None
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The document as engines see it: uint8 straight RGBA in sRGB, reduced to the engine's working size."""
    extent = document.extent.fit(info.area("decompose", resolution), info.multiple)
    return to_srgb8(reduce(document.pixels, extent), document.icc)


def checked(rough: LayerStack, request: DecomposeRequest, info: EngineInfo) -> None:
    """Refuse what no engine may return. Raises EngineError."""
    height, width = request.image.shape[:2]
    if not rough.layers:
        raise EngineError(f"The engine “{info.name}” found no layers.", "Try again, or try another engine.")
    if rough.extent != (width, height) or rough.depth != 8:
        raise EngineError(
            f"The engine “{info.name}” answered with {rough.extent} at {rough.depth} bit instead of {width}×{height}.",
            "This is a defect of the engine: please report it.",
        )


def _whole(image: np.ndarray[Any, np.dtype[np.uint8]], document: Document, note: str) -> LayerStack:
    extent = Extent(image.shape[1], image.shape[0])
    layer = Layer("Background", Role.BACKGROUND, Bounds.of(extent), image)
    return LayerStack(extent, (layer,), document.name, notes=(*document.notes, note))
