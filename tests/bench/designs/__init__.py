"""Procedural designs with their true layers, in two halves that share no seed, layout, font, photo, cut-out or icon.

    from tests.bench.designs import load
    for design in load("tuning", 24): ...

The generator cycles through the half's layouts, so any count that is a multiple of `len(layouts(half))` shows each
equally often; design `i` does not depend on how many are asked for. Deterministic for one version of the assets.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

import numpy as np

from ..assets import Half
from .ground import Design, GroundLayer
from .kit import Kit
from .scene import Scene, Unfair, jpeg
from .tuning_posters import POSTERS as TUNING_POSTERS
from .tuning_screens import SCREENS as TUNING_SCREENS
from .unseen_posters import POSTERS as UNSEEN_POSTERS
from .unseen_screens import SCREENS as UNSEEN_SCREENS

__all__ = ["Design", "GroundLayer", "Half", "drawn", "layouts", "load"]

Layout = Callable[[Kit, Scene], None]
Entry = tuple[Layout, list[tuple[int, int]]]
MAX_ATTEMPTS = 60


def layouts(half: Half) -> dict[str, Entry]:
    """The half's layouts by name, each with the canvas sizes it is made for."""
    return {**TUNING_POSTERS, **TUNING_SCREENS} if half == "tuning" else {**UNSEEN_POSTERS, **UNSEEN_SCREENS}


def load(half: Half, count: int, *, jpeg_quality: int | None = None, start: int = 0) -> Iterator[Design]:
    """Designs `start` … `start + count` of a half; with `jpeg_quality` the pictures go through JPEG, the truth not."""
    table = list(layouts(half).items())
    for index in range(start, start + count):
        name, (layout, sizes) = table[index % len(table)]
        design = drawn(half, index, f"{half}-{index:03d}-{name}", layout, sizes)
        yield design if jpeg_quality is None else design._replace(image=jpeg(design.image, jpeg_quality))


def drawn(half: Half, index: int, name: str, layout: Layout, sizes: list[tuple[int, int]]) -> Design:
    """Design `index` of a half, in one of the sizes."""
    reason: Unfair | None = None
    for attempt in range(MAX_ATTEMPTS):
        rng = np.random.default_rng([zlib.crc32(half.encode()), index, attempt])
        kit = Kit(half, rng)
        scene = Scene(*kit.one(sizes))
        try:
            layout(kit, scene)
            return scene.design(name)
        except Unfair as unfair:
            reason = unfair
    raise RuntimeError(f"{name} could not be drawn fairly in {MAX_ATTEMPTS} attempts: {reason}")
