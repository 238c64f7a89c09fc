"""The `qwen` engine: Qwen-Image-Layered and its family, behind the Engine port.

Law: the port's methods and nothing else; each is a few lines that name who does the work. `info` answers at once: it
looks for packages and weights without importing or loading any.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerlift.engines.port import (
    DecomposeRequest,
    EditRequest,
    EngineInfo,
    GenerateRequest,
    InpaintRequest,
    Operation,
    Sampling,
)
from layerlift.engines.qwen import job
from layerlift.engines.qwen.asking import Memory
from layerlift.engines.qwen.counting import MOST as MOST_COUNTED
from layerlift.engines.qwen.counting import USUAL
from layerlift.engines.qwen.residence import RESIDENCE, Residence, download, here
from layerlift.engines.qwen.words import Habits, Reader
from layerlift.errors import EngineError, EngineUnavailable
from layerlift.imaging.layer import LayerStack
from layerlift.progress import Progress

PACKAGES = ("torch", "diffusers", "transformers", "accelerate")
INSTALL = "Install them with `pip install 'layerlift[gpu]'`."
OPERATIONS: dict[str, tuple[Operation, ...]] = {
    "layered": ("decompose",),
    "edit": ("edit", "harmonise"),
    "image": ("generate", "inpaint", "extend"),
}
"""What each model of the family makes possible."""
CAPTIONS = "LAYERLIFT_CAPTIONS"
"""Environment variable: "off" skips the caption (and the names): faster by the seconds they take, and worse."""
EDGES = 2.0
"""Working pixels by which edges may be off: latents are eight pixels wide. An estimate; real weights were not seen."""
DRAWN = 1024 * 1024
"""Working area of everything but decomposing: what edits were trained at."""
LOADING = 0.25
"""Share of a job that loading takes when the model is not here yet (an estimate: it depends on the disk)."""

MEMORY = Memory()
"""What the encoder has said about pictures in this process."""


class QwenEngine:
    """Takes pictures apart, edits and draws them with the models of the family that are installed."""

    def __init__(self, residence: Residence = RESIDENCE, memory: Memory = MEMORY, habits: Habits | None = None) -> None:
        self._residence, self._memory = residence, memory
        self._habits = habits

    @property
    def info(self) -> EngineInfo:
        """What it can do with the weights that are here."""
        absent = _absent()
        installed = {} if absent else here()
        refusals = {family: self._residence.fits(family, variants) for family, variants in installed.items()}
        able = [family for family in OPERATIONS if family in refusals and refusals[family] is None]
        operations = tuple(operation for family in able for operation in OPERATIONS[family])
        return EngineInfo(
            name="qwen",
            title="Qwen-Image-Layered",
            operations=operations or ("decompose",),
            working_pixels=job.RESOLUTION * job.RESOLUTION,
            max_layers=job.MOST,
            edge_uncertainty=EDGES,
            multiple=32,
            missing=None if able else _missing(absent, refusals),
            other_pixels=dict.fromkeys(("edit", "generate", "inpaint", "extend", "harmonise"), DRAWN),
            resolutions=job.RESOLUTIONS,
        )

    def decompose(self, request: DecomposeRequest, progress: Progress) -> LayerStack:
        """See `layered`. Raises EngineUnavailable, EngineError, InputError, Cancelled."""
        from layerlift.engines.qwen import layered

        if request.layers == 1:
            return layered.whole(request.image)
        layers = (MOST_COUNTED, USUAL) if request.layers is None else (request.layers,)
        with self._running("layered", request.sampling, progress, layers) as (running, rest):
            habits = self._habits or habits_from(os.environ)
            if running.plan.offload in {"group", "stream"}:
                habits = replace(habits, names=False)  # names would bring the encoder back for a second time
            reader = Reader(running, self._memory, f"{self._residence.folder} {running.plan.text_encoder}")
            noted = len(running.notes)
            stack = layered.decompose(running, request, reader, habits, rest)
            return replace(stack, notes=(*stack.notes, *running.notes[noted:]))

    def edit(self, request: EditRequest, progress: Progress) -> NDArray[np.uint8]:
        """See `family.editing`. Raises EngineUnavailable, EngineError, RequestError, Cancelled."""
        with self._running("edit", request.sampling, progress) as (running, rest):
            from layerlift.engines.qwen.family import editing

            return editing.edit(running, request, rest)

    def generate(self, request: GenerateRequest, progress: Progress) -> NDArray[np.uint8]:
        """See `family.painting`. Raises EngineUnavailable, EngineError, RequestError, Cancelled."""
        with self._running("image", request.sampling, progress) as (running, rest):
            from layerlift.engines.qwen.family import painting

            return painting.generate(running, request, rest)

    def inpaint(self, request: InpaintRequest, progress: Progress) -> NDArray[np.uint8]:
        """See `family.painting`. Raises EngineUnavailable, EngineError, RequestError, Cancelled."""
        with self._running("image", request.sampling, progress) as (running, rest):
            from layerlift.engines.qwen.family import painting

            return painting.inpaint(running, request, rest)

    def rest(self) -> None:
        """Give the device back until the next job."""
        self._residence.rest()

    def close(self) -> None:
        """Forget the model."""
        self._residence.close()

    @contextmanager
    def _running(
        self, family: str, sampling: Sampling, progress: Progress, layers: tuple[int, ...] = (1,)
    ) -> Iterator[tuple[Any, Progress]]:
        """The model of `family`, and the progress of what is done with it."""
        if absent := _absent():
            raise EngineUnavailable(f"The engine “qwen” needs {_listed(absent)}.", INSTALL)
        resolution = sampling.resolution or (job.RESOLUTION if family == "layered" else 1024)
        share = 0.0 if self._residence.holds(family) else LOADING
        coming = progress.part(0.0, share)
        with self._residence.occupied(family, coming, resolution=resolution, layers=layers) as running:
            try:
                yield running, progress.part(share, 1.0)
            except RuntimeError as problem:
                explained = _explained(problem)
                if explained is None:
                    raise
                raise explained from problem


def habits_from(environment: Mapping[str, str]) -> Habits:
    """What the user's settings say about captions and names."""
    wanted = environment.get(CAPTIONS, "on").strip().lower() not in {"off", "0", "no", "false"}
    return Habits(wanted, wanted)


def _explained(problem: RuntimeError) -> EngineError | None:
    """What a lack of memory outside of the drawing (which lowers its plan by itself) means to people; else None."""
    from layerlift.engines.qwen.running.memory import is_shortage

    if not is_shortage(problem):
        return None
    return EngineError(
        "There is not enough graphics memory to read the picture and its words.",
        "Close other programs that use the graphics card, or fetch smaller weights (`layerlift models plan`).",
    )


def _absent() -> list[str]:
    return [package for package in PACKAGES if find_spec(package) is None]


def _missing(absent: list[str], refusals: Mapping[str, EngineUnavailable | None]) -> str:
    """A sentence and what to do about it."""
    if absent:
        return f"The packages that it needs are not installed ({_listed(absent)}). {INSTALL}"
    if not refusals:
        return f"Its weights are not here. {download('layered')}"
    return str(next(iter(refusals.values())))


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
