"""A shipped engine that needs no model: bands, tints and mean colours, in milliseconds.

Law: deterministic and honest about what it is. Tests, demos and plugin authors use it in place of a real one; like a
real one it reports progress, can be cancelled in between, returns soft edges, and repaints a little more than it was
asked to.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from layerlift.engines.port import DecomposeRequest, EditRequest, EngineInfo, GenerateRequest, InpaintRequest
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role
from layerlift.progress import Progress

_ROLES = (Role.GRAPHIC, Role.SUBJECT, Role.TEXT)
_STEPS = 4
"""Steps that drawing pretends to have."""


class FakeEngine:
    """Cuts the picture into `layers − 1` vertical bands above a background of the mean colour; tints what it shall
    edit, fills with the mean colour of what is around, generates a gradient."""

    info = EngineInfo(
        name="fake",
        title="Fake (bands, for tests and demos)",
        operations=("decompose", "edit", "generate", "inpaint", "extend", "harmonise"),
        working_pixels=640 * 640,
        max_layers=16,
        edge_uncertainty=1.0,
        resolutions=(640, 1024),
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

    def edit(self, request: EditRequest, progress: Progress) -> NDArray[np.uint8]:
        """Half way to the prompt's colour, inside the middle third; alpha as it was."""
        _pretend("Tinting", progress)
        out = request.images[0].copy()
        height, width = out.shape[:2]
        middle = out[height // 3 : height - height // 3, width // 3 : width - width // 3, :3]
        middle[:] = (middle.astype(np.uint16) + _colour(request.prompt, request.sampling.seed)) // 2
        return out

    def generate(self, request: GenerateRequest, progress: Progress) -> NDArray[np.uint8]:
        """A gradient from the prompt's colour to its opposite; over a start by `strength`."""
        _pretend("Drawing", progress)
        width, height = request.extent
        colour = _colour(request.prompt, request.sampling.seed).astype(np.float32)
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        way = ((x + y) / max(1, width + height - 2))[..., None]
        drawn = colour * (1 - way) + (255 - colour) * way
        if request.start is not None:
            drawn = request.start[..., :3] * (1 - request.strength) + drawn * request.strength
        out = np.full((height, width, 4), 255, np.uint8)
        out[..., :3] = np.rint(drawn)
        return out

    def inpaint(self, request: InpaintRequest, progress: Progress) -> NDArray[np.uint8]:
        """The mean colour of what is around the hole, half way to the prompt's colour if there is one. Like a real
        codec it returns everything two levels brighter, also where nothing was asked."""
        _pretend("Filling", progress)
        hole = request.mask > 127
        seen = request.image[~hole][:, :3] if not hole.all() else request.image.reshape(-1, 4)[:, :3]
        colour = seen.mean(axis=0)
        if request.prompt is not None:
            colour = (colour + _colour(request.prompt, request.sampling.seed)) / 2
        out = request.image.copy()
        out[hole, :3] = np.rint(colour)
        out[..., :3] = np.minimum(out[..., :3].astype(np.uint16) + 2, 255)
        out[hole, 3] = 255
        return out


def _pretend(stage: str, progress: Progress) -> None:
    for step in range(_STEPS + 1):
        progress.stage(stage, step / _STEPS)


def _colour(prompt: str, seed: int) -> NDArray[np.uint16]:
    """A colour of its own for every prompt and seed."""
    word = zlib.crc32(f"{prompt}\0{seed}".encode())
    return np.array([word & 255, (word >> 8) & 255, (word >> 16) & 255], np.uint16)


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
