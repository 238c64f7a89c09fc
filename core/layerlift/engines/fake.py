"""A shipped engine that needs no model: vertical bands over a mean-coloured background, in milliseconds.

Law: deterministic and honest about what it is. Tests, demos and plugin authors use it in place of a real one; like a
real one it reports progress, can be cancelled between layers, and returns soft edges.
"""

from __future__ import annotations

import numpy as np

from layerlift.engines.port import DecomposeRequest, EngineInfo
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role
from layerlift.progress import Progress

_ROLES = (Role.GRAPHIC, Role.SUBJECT, Role.TEXT)


class FakeEngine:
    """Cuts the picture into `layers − 1` vertical bands above a background of the mean colour."""

    info = EngineInfo(
        name="fake",
        title="Fake (bands, for tests and demos)",
        operations=("decompose",),
        working_pixels=640 * 640,
        max_layers=16,
        edge_uncertainty=1.0,
    )

    def decompose(self, request: DecomposeRequest, progress: Progress) -> LayerStack:
        """Propose the bands; four layers unless asked otherwise."""
        image = request.image
        height, width = image.shape[:2]
        extent = Extent(width, height)
        count = max(1, min(request.layers or 4, self.info.max_layers, width // 4 + 1))
        background = np.empty_like(image)
        background[:] = image.reshape(-1, 4).mean(axis=0).round().astype(np.uint8)
        background[..., 3] = 255
        layers = [Layer("Background", Role.BACKGROUND, Bounds.of(extent), background)]
        for index in range(1, count):
            progress.stage("Cutting bands", index / count)
            layers.append(_band(image, index, count))
        progress.advance(1.0)
        return LayerStack(extent, tuple(layers))


def _band(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], index: int, count: int) -> Layer:
    """Band `index` of `count`: a little narrower than its share, with a two-pixel ramp on both sides."""
    height, width = image.shape[:2]
    left, right = width * (index - 1) // (count - 1), width * index // (count - 1)
    column = np.arange(width, dtype=np.float32)
    ramp = np.clip(np.minimum(column - left, right - 1 - column) / 2, 0, 1)
    pixels = image.copy()
    pixels[..., 3] = np.rint(pixels[..., 3] * ramp)
    bounds = Bounds.of(Extent(width, height))
    return Layer(f"Band {index}", _ROLES[(index - 1) % 3], bounds, pixels).cropped()
