"""LayerD's way of taking a picture apart, behind the Engine port.

Law: the port's methods and nothing else; each is a few lines that name who does the work. Deterministic: no random
number is drawn, and the same machine computes the same networks alike.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layerlift.engines.layerd import filling, network
from layerlift.engines.layerd.peel import Peeled, peel
from layerlift.engines.port import DecomposeRequest, EngineInfo, InpaintRequest
from layerlift.errors import EngineUnavailable, RequestError
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Mask, Plane, Role
from layerlift.models import store
from layerlift.progress import Progress

PIXELS = 1_300_000
"""Working area: a little more than BiRefNet looks at (1024²), so that a design of 1080² is worked on as it is."""
EDGES = 0.6
"""Working pixels by which edges may be off: none where things are flat. BiRefNet's own were not measured here; left to
refine to find again, flat edges in a JPEG would leave their outlines in the ground."""
USUAL, MOST = 6, 12
"""Layers with the background when nobody says how many (it stops earlier where nothing is left), and at most. Every
layer costs one look and one filling, and is less sure than the one above it."""
MATTER, FILLER = "birefnet", "lama"
NO_MATTER = "The network BiRefNet, which finds what stands in front, is not installed."
GET_MATTER = "Get it with `layerlift models download birefnet` (MIT licence)."
NO_FILLER = (
    "LaMa is not installed, so what was hidden is continued by the quick engine's filling. "
    "Get it with `layerlift models download lama`."
)
NO_WORDS = "This engine does not understand what to take out: everything that stands in front was taken."


class LayerdEngine:
    """Iterative matting and inpainting, top layer first."""

    @property
    def info(self) -> EngineInfo:
        """What it can do with the networks that are here: filling selections is LaMa's."""
        return EngineInfo(
            name="layerd",
            title="LayerD (BiRefNet and LaMa: things off the top, one after the other)",
            operations=("decompose", "inpaint") if _file(FILLER) else ("decompose",),
            working_pixels=PIXELS,
            max_layers=MOST,
            edge_uncertainty=EDGES,
            missing=None if _file(MATTER) else f"{NO_MATTER} {GET_MATTER}",
        )

    def decompose(self, request: DecomposeRequest, progress: Progress) -> LayerStack:
        """See `peel`. Raises EngineUnavailable, EngineError, Cancelled."""
        path = _file(MATTER)
        if path is None:
            raise EngineUnavailable(NO_MATTER, GET_MATTER)
        progress.stage("Loading the networks", 0.0)
        matter = network.load(path)
        filler = _filler()
        image, seen = _shown(request.image)
        most = max(1, min(request.layers or USUAL, MOST))
        found: list[Peeled] = []
        for index in range(most - 1):
            progress.stage(f"Looking for what stands in front, layer {index + 1}", 0.02 + 0.96 * index / (most - 1))
            part = progress.part(0.02 + 0.96 * index / (most - 1), 0.02 + 0.96 * (index + 1) / (most - 1))
            top = peel(matter, filler, image, found[-1] if found else None, part)
            if top is None:
                break
            found.append(top)
            image = top.below
            progress.preview(lambda: _stack(found, seen, ()))
        progress.advance(1.0)
        return _stack(found, seen, _notes(request, filler is None, found), image)

    def inpaint(self, request: InpaintRequest, progress: Progress) -> NDArray[np.uint8]:
        """The picture with its hole filled by LaMa. Raises EngineUnavailable, EngineError, RequestError (for a prompt:
        LaMa reads none), Cancelled."""
        filler = _filler()
        if filler is None:
            raise EngineUnavailable(
                "The network LaMa, which fills holes, is not installed.",
                "Get it with `layerlift models download lama` (Apache-2.0).",
            )
        if request.prompt is not None and request.prompt.strip():
            raise RequestError(
                "The engine “layerd” fills selections with what is around them; it cannot draw what a prompt says.",
                "Leave out the prompt, or choose an engine that draws.",
            )
        progress.stage("Filling", 0.0)
        image, _ = _shown(request.image)
        hole: Mask = request.mask > 0
        out = request.image.copy()
        out[hole, :3] = np.rint(filling.fill(filler, image, hole, progress)[hole] * 255)
        out[hole, 3] = 255
        return out


def _file(name: str) -> Path | None:
    """The network's file, if it is here."""
    installed = store.find(name)
    return None if installed is None else installed.component("onnx")


def _filler() -> network.Network | None:
    path = _file(FILLER)
    return None if path is None else network.load(path)


def _shown(pixels: NDArray[np.uint8]) -> tuple[Plane, Mask]:
    """(h, w, 4) straight as (h, w, 3) float32 on white, and where there is anything."""
    straight = pixels * np.float32(1 / 255)
    alpha = straight[..., 3:]
    return np.asarray(straight[..., :3] * alpha + (1 - alpha), np.float32), pixels[..., 3] > 0


def _notes(request: DecomposeRequest, unfilled: bool, found: list[Peeled]) -> tuple[str, ...]:
    """What the user should know about how it was done."""
    return (
        *((NO_WORDS,) if request.what else ()),
        *((NO_FILLER,) if unfilled and found else ()),
    )


def _stack(found: list[Peeled], seen: Mask, notes: tuple[str, ...], below: Plane | None = None) -> LayerStack:
    """The layers so far above what is beneath the last of them, bottom first."""
    ground = found[-1].below if below is None else below
    height, width = seen.shape
    extent = Extent(width, height)
    background = Layer("Background", Role.BACKGROUND, Bounds.of(extent), _pixels(ground, seen.astype(np.float32)))
    layers = [
        Layer(
            f"Shape {number}" if top.flat else f"Thing {number}",
            Role.GRAPHIC if top.flat else Role.SUBJECT,
            Bounds.of(extent),
            _pixels(top.colours, top.alpha * seen),
            confidence=top.sureness,
        ).cropped()
        for number, top in enumerate(reversed(found), 1)
    ]
    return LayerStack(extent, (background, *layers), notes=notes)


def _pixels(colours: Plane, alpha: Plane) -> NDArray[np.uint8]:
    return np.rint(np.clip(np.dstack([colours, alpha]), 0, 1) * 255).astype(np.uint8)
