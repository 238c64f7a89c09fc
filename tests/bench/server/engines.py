"""Engines for the server's benches, in the worker's place of `layerlift.engines`.

Law: no model, no randomness; each does one thing to the server. The job's `what` carries what it needs.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import numpy as np

from layerlift.engines.port import Decomposer, DecomposeRequest, EngineInfo
from layerlift.errors import RequestError
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role
from layerlift.progress import Progress

DEFAULT = "boxes"
BOXES = 7


class Bench:
    """An engine whose work is `during`; it answers with a background and `BOXES` boxes cut out of the picture."""

    def __init__(self, name: str, during: Callable[[str, Progress], None]) -> None:
        self.info = EngineInfo(name, name.title(), ("decompose",), 256 * 256, 64, 1.0)
        self._during = during

    def decompose(self, request: DecomposeRequest, progress: Progress) -> LayerStack:
        self._during(request.what or "", progress)
        image = request.image
        height, width = image.shape[:2]
        background = image.copy()
        background[..., 3] = 255
        extent = Extent(width, height)
        layers = [Layer("Background", Role.BACKGROUND, Bounds.of(extent), background)]
        for index in range(min(BOXES, (request.layers or BOXES + 1) - 1)):
            layers.append(_box(image, index))
        return LayerStack(extent, tuple(layers))


def _box(image: np.ndarray, index: int) -> Layer:
    """Box `index`: about a third of each side, on a diagonal."""
    height, width = image.shape[:2]
    x, y = width * index // 11, height * (BOXES - 1 - index) // 11
    bounds = Bounds(x, y, max(1, width * 4 // 11), max(1, height * 4 // 11))
    pixels = image[bounds.slices].copy()
    pixels[..., 3] = 255
    return Layer(f"Box {index}", Role.GRAPHIC, bounds, pixels)


def _nothing(what: str, progress: Progress) -> None:
    progress.advance(0.5)


def _burn(what: str, progress: Progress) -> None:
    """Compute for `what` seconds, in Python and in numpy."""
    until, number = time.monotonic() + float(what), 0
    block = np.random.default_rng(0).random((400, 400))
    progress.stage("Burning", 0.0)
    while time.monotonic() < until:
        progress.check()
        block = block @ block.T
        block /= np.abs(block).max()
        number += sum(range(20_000))


def _steps(what: str, progress: Progress) -> None:
    """`what` seconds in fifty steps that report, as a diffusion model does."""
    for step in range(50):
        progress.stage(f"Step {step + 1} of 50", step / 50)
        time.sleep(float(what) / 50)


def _die(what: str, progress: Progress) -> None:
    """Be killed in the middle of it, as by an operating system that is out of memory."""
    progress.advance(0.3)
    os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)


_DURING = {"boxes": _nothing, "burn": _burn, "steps": _steps, "die": _die}


def available() -> list[EngineInfo]:
    return [get(name).info for name in _DURING]


def get(name: str) -> Decomposer:
    if name not in _DURING:
        raise RequestError(f"There is no engine called “{name}”.")
    return Bench(name, _DURING[name])
