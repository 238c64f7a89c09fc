"""The worker's engines in these tests: the model family at a size that a processor can do, and one that counts.

Law: the product's own engine, by its own name; only the areas that it works at are smaller. Nothing is changed before
the engine is asked for: what a worker says of itself at its start it says without having imported any model.
"""

from __future__ import annotations

import gc
import os

import numpy as np
import pytest

from layerlift.engines import get as real
from layerlift.engines.port import DecomposeRequest, EngineInfo
from layerlift.engines.qwen.engine import QwenEngine
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role
from layerlift.progress import Progress

DEFAULT = "qwen"
SIDE = 64
"""The models work at about this many pixels squared."""


class Tally:
    """Says in its notes which process the worker is, how many tensors live in it, and how many numbers they hold."""

    info = EngineInfo("tally", "Tally", ("decompose",), SIDE * SIDE, 1, 0.0)

    def decompose(self, request: DecomposeRequest, progress: Progress) -> LayerStack:
        height, width = request.image.shape[:2]
        extent = Extent(width, height)
        layer = Layer("Background", Role.BACKGROUND, Bounds.of(extent), np.array(request.image))
        count, numbers = tensors()
        return LayerStack(extent, (layer,), notes=(f"Worker {os.getpid()}: {count} tensors of {numbers} numbers.",))


def tensors() -> tuple[int, int]:
    """Tensors and their numbers, parameters too."""
    import torch

    gc.collect()
    there = [thing for thing in gc.get_objects() if type(thing) in {torch.Tensor, torch.nn.Parameter}]
    return len(there), sum(tensor.numel() for tensor in there)


def available() -> list[EngineInfo]:
    return [real("qwen").info, Tally.info]


def get(name: str) -> QwenEngine | Tally:
    if name == "tally":
        return Tally()
    _shrink()
    return real(name)


def _shrink() -> None:
    from layerlift.engines.qwen import engine
    from layerlift.engines.qwen.family import canvas
    from models import tiny

    patch = pytest.MonkeyPatch()  # for the process's life: never undone
    tiny.small_areas(patch, SIDE * SIDE)
    patch.setattr(canvas, "LEAST_PIXELS", SIDE * SIDE)
    patch.setattr(engine, "DRAWN", SIDE * SIDE)
