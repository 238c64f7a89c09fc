"""A rough low-resolution stack and the document in; exact full-resolution layers out.

Law: floor above imaging; knows no engine and no file. The mathematics in its order: `rough` (reading), `drift`
(measuring), `chroma` (what JPEG did to the document's colours), `models` (what each layer is like), `cells` and `spans`
(where layers mix, and which pixels that is), `strips` (the full-resolution pass: `hidden`, `unmix`, `project`,
`canvas`); `bands`, `agreement`, `laplacian` (pixels that leave the choice open). Figures and method: docs/refine.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from layerlift.imaging.arithmetic import Arithmetic
from layerlift.imaging.layer import Document, LayerStack
from layerlift.limits import MAX_LAYERS
from layerlift.progress import Progress
from layerlift.refine.chroma import restored
from layerlift.refine.drift import measure
from layerlift.refine.processor import NUMPY
from layerlift.refine.rough import grid_for, read
from layerlift.refine.torches import torch_processor
from layerlift.refine.understand import understand

__all__ = ["Edges", "refine"]

Edges: TypeAlias = Literal["fast", "careful"]
"""How pixels whose layer is not clear from their colour are decided: each alone, or with their neighbours."""

SURE = 0.6
"""An engine whose edges are at most this uncertain (in its own pixels) is taken at its word where its pixels are the
document's or finer."""


def refine(
    document: Document,
    rough: LayerStack,
    *,
    edge_uncertainty: float = 1.0,
    arithmetic: Arithmetic = "krita",
    device: str | None = None,
    edges: Edges = "fast",
    progress: Progress | None = None,
) -> LayerStack:
    """Full-resolution layers whose composite is the document.

    `rough`: uint8 sRGB layers, bottom first, of the same picture at any size. `edge_uncertainty`: by how many rough
    pixels its alpha edges may be off. `device`: a torch device ("cuda") to work on the pixels with, or "auto": a card,
    if something has loaded torch into this process already and it sees one; alphas then differ by rounding, the
    composite not at all. `edges`: "careful" decides pixels whose layer is not clear from their own colour together with
    their neighbours (`bands`): closer at hair and where colours are alike, and about twice the time, all of it on the
    processor. Returns layers at the document's size, depth and profile, cropped to their alpha, opacity 1, normal
    blending; `arithmetic` shows exactly the document, every other host's within one 8-bit level (premultiplied, where
    the document is translucent). Deterministic. `drift` and `notes` say how far the rough stack was off. Raises
    Cancelled, RequestError for a device that is not there, and ValueError for more than MAX_LAYERS layers.
    """
    if len(rough.layers) > MAX_LAYERS:
        raise ValueError(f"{len(rough.layers)} layers; at most {MAX_LAYERS} can be refined")
    progress = progress or Progress()
    progress.stage("Refining edges", 0.0)
    processor = (torch_processor(device, document) if device else None) or NUMPY
    try:
        grid = grid_for(document, rough)
        drift, remarks = measure(document, rough, processor.reduce(document, rough.extent))
        layers, dropped = read(rough, grid, document.icc)
        trusted = edge_uncertainty <= SURE and grid.cells == document.extent
        asked = None if trusted else restored(document, processor.reduce(document, grid.cells))
        scene = understand(asked or document, grid, layers, trusted, arithmetic, progress.part(0.05, 0.3), processor)
        scene = replace(scene, document=document, asked=asked, careful=edges == "careful")
        painted = processor.paint(scene, progress.part(0.3, 1.0))
    finally:
        processor.close()
    return LayerStack(
        document.extent,
        tuple(painted),
        document.name,
        document.icc,
        (*rough.notes, *remarks, *dropped, *processor.notes),
        drift,
    )
