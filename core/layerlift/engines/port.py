"""The Engine port: what every source of layers promises, from the embedded one to a GPU in another room.

Law: types only. An engine receives small sRGB pictures and answers at the same size; full resolution, depth, colour
profile, exactness and what the artist keeps outside a selection are none of its business (that is `refine` and
`operations`, once, for all engines). An engine has the methods of the operations that its `info` names, no others:
"extend" is `inpaint` on a larger canvas, "harmonise" is `edit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import LayerStack
from layerlift.progress import Progress

Operation: TypeAlias = Literal["decompose", "edit", "generate", "inpaint", "extend", "harmonise"]
TextGrouping: TypeAlias = Literal["block", "line"]


@dataclass(frozen=True)
class EngineInfo:
    """What an engine is and can do, for people and for programs.

    `working_pixels`: the area at which it works (the picture is reduced to it, never enlarged), `multiple`: what its
    sides must be divisible by; `edge_uncertainty`: by how many working pixels its alpha edges may be off;
    `max_layers`: most layers it can be asked for; `missing`: a sentence with a remedy when it cannot run here;
    `other_pixels`: the working area of operations for which it differs; `resolutions`: what `Sampling.resolution` may
    ask for (empty: one size only).
    """

    name: str
    title: str
    operations: tuple[Operation, ...]
    working_pixels: int
    max_layers: int
    edge_uncertainty: float
    multiple: int = 1
    missing: str | None = None
    other_pixels: Mapping[Operation, int] = field(default_factory=dict)
    resolutions: tuple[int, ...] = ()

    def area(self, operation: Operation, resolution: int | None = None) -> int:
        """Pixels at which it does `operation` (at `resolution`, if it has been chosen)."""
        return resolution * resolution if resolution else self.other_pixels.get(operation, self.working_pixels)


@dataclass(frozen=True)
class Sampling:
    """How an engine that draws does so; None is the engine's own (its model card's) choice, and an engine that does
    not draw ignores it all.

    `steps` of denoising (1–200); `guidance` (true CFG scale, 0–20; 1 turns it off); `negative`: what not to draw;
    `fast`: trade exactness for time; `resolution`: side of the square whose area it works at (640 or 1024); `seed`
    (0 … 2³²−1): same seed, same machine, same result.
    """

    steps: int | None = None
    guidance: float | None = None
    negative: str | None = None
    fast: bool = False
    resolution: int | None = None
    seed: int = 0


DRAWN = Sampling()
"""As the engine likes."""


@dataclass(frozen=True, eq=False)
class DecomposeRequest:
    """One picture to take apart.

    `image` (h, w, 4) uint8 straight RGBA in sRGB at the engine's working size; `layers` total layers wanted including
    the background (None: the engine decides); `what` free text that says what to take out (None: everything);
    `text_grouping`: one text layer per block or per line.
    """

    image: NDArray[np.uint8]
    layers: int | None = None
    what: str | None = None
    text_grouping: TextGrouping = "block"
    sampling: Sampling = DRAWN


@dataclass(frozen=True, eq=False)
class EditRequest:
    """A picture and what to change in it.

    `images`: one or more (h, w, 4) uint8 straight RGBA in sRGB; the first is edited, the others are only looked at
    (references); `prompt` in the user's own language.
    """

    images: tuple[NDArray[np.uint8], ...]
    prompt: str
    sampling: Sampling = DRAWN


@dataclass(frozen=True, eq=False)
class GenerateRequest:
    """A new picture of `extent` (the engine's working size) from words; `start` (h, w, 4) uint8 of that extent is drawn
    over with `strength` (0 leaves it, 1 forgets it)."""

    prompt: str
    extent: Extent
    start: NDArray[np.uint8] | None = None
    strength: float = 0.6
    sampling: Sampling = DRAWN


@dataclass(frozen=True, eq=False)
class InpaintRequest:
    """A hole to fill: `image` (h, w, 4) uint8 straight RGBA in sRGB, `mask` (h, w) uint8 (255: draw anew, 0: keep),
    `prompt`: what shall be there (None: what is around it, as if the thing had never been there)."""

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    prompt: str | None = None
    sampling: Sampling = DRAWN


class Engine(Protocol):
    """Any engine."""

    @property
    def info(self) -> EngineInfo:
        """What it is and can do here and now. Cheap: loads no model."""
        ...


class Decomposer(Engine, Protocol):
    """A source of layers. Same request, same result: engines are deterministic."""

    def decompose(self, request: DecomposeRequest, progress: Progress) -> LayerStack:
        """Propose a rough stack (uint8, sRGB, extent of `request.image`), bottom layer first and opaque wherever the
        image is. Reports to `progress`, which raises `Cancelled`. Raises EngineError with a remedy."""
        ...


class Editor(Engine, Protocol):
    """Changes a picture by words."""

    def edit(self, request: EditRequest, progress: Progress) -> NDArray[np.uint8]:
        """The first picture, changed: (h, w, 4) uint8 of its size. Its alpha means something only where the engine
        says so; raises EngineError with a remedy, Cancelled."""
        ...


class Generator(Engine, Protocol):
    """Draws a picture from words."""

    def generate(self, request: GenerateRequest, progress: Progress) -> NDArray[np.uint8]:
        """The picture, (h, w, 4) uint8 of `request.extent`. Raises EngineError with a remedy, Cancelled."""
        ...


class Inpainter(Engine, Protocol):
    """Fills holes."""

    def inpaint(self, request: InpaintRequest, progress: Progress) -> NDArray[np.uint8]:
        """The whole picture with the hole filled, (h, w, 4) uint8; what it did outside the mask is ignored. Raises
        EngineError with a remedy, Cancelled."""
        ...
