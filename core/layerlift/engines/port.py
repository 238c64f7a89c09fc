"""The Engine port: what every source of layers promises, from the embedded one to a GPU in another room.

Law: types only. An engine receives a small sRGB picture and proposes a rough stack of the same size; full resolution,
depth, colour profile and exactness are none of its business (that is `refine`, once, for all engines).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import LayerStack
from layerlift.progress import Progress

Operation: TypeAlias = Literal["decompose", "edit", "generate", "inpaint", "extend"]
TextGrouping: TypeAlias = Literal["block", "line"]


@dataclass(frozen=True)
class EngineInfo:
    """What an engine is and can do, for people and for programs.

    `working_pixels`: the area at which it works (the picture is reduced to it, never enlarged), `multiple`: what its
    sides must be divisible by; `edge_uncertainty`: by how many working pixels its alpha edges may be off;
    `max_layers`: most layers it can be asked for; `missing`: a sentence with a remedy when it cannot run here.
    """

    name: str
    title: str
    operations: tuple[Operation, ...]
    working_pixels: int
    max_layers: int
    edge_uncertainty: float
    multiple: int = 1
    missing: str | None = None


@dataclass(frozen=True, eq=False)
class DecomposeRequest:
    """One picture to take apart.

    `image` (h, w, 4) uint8 straight RGBA in sRGB at the engine's working size; `layers` total layers wanted including
    the background (None: the engine decides); `what` free text that says what to take out (None: everything);
    `text_grouping`: one text layer per block or per line; `seed` for engines that draw random numbers.
    """

    image: NDArray[np.uint8]
    layers: int | None = None
    what: str | None = None
    text_grouping: TextGrouping = "block"
    seed: int = 0


class Engine(Protocol):
    """A source of layers. Same request, same result: engines are deterministic."""

    @property
    def info(self) -> EngineInfo:
        """What it is and can do here and now. Cheap: loads no model."""
        ...

    def decompose(self, request: DecomposeRequest, progress: Progress) -> LayerStack:
        """Propose a rough stack (uint8, sRGB, extent of `request.image`), bottom layer first and opaque wherever the
        image is. Reports to `progress`, which raises `Cancelled`. Raises EngineError with a remedy."""
        ...
