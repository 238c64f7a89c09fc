"""Something to look at while a picture is being drawn: eight pixels' worth of latent as one pixel, in microseconds.

Law: knows latents and the VAE's encoder; knows no job. Latents of this kind of VAE are nearly a linear picture of the
colours they stand for. The map is not a table from somewhere but fitted to the VAE that is loaded (its latents for
patches of known colours, least squares), once, the first time that somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray

from layerlift.engines.qwen.family.canvas import with_alpha
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role

CELL = 8
"""Pixels of a latent's side."""
_PATCH = 32
"""Side of a colour's patch in pixels: four latents, the inner ones of which see little else."""
_LEVELS = (-1.0, 0.0, 1.0)
_maps: WeakKeyDictionary[Any, NDArray[np.float32]] = WeakKeyDictionary()


def glimpse(pipeline: Any, extent: Extent) -> Callable[[Any], LayerStack]:
    """What turns packed latents of one picture of `extent` into a stack of one layer, an eighth as wide and high."""
    rows, columns = extent.height // CELL, extent.width // CELL

    def look(packed: Any) -> LayerStack:
        cells = _unpacked(packed, rows, columns)
        matrix = _map(pipeline.vae)
        values = cells.reshape(-1, cells.shape[2]) @ matrix[:-1] + matrix[-1]
        colours = np.clip((values + 1) * 127.5, 0, 255).reshape(rows, columns, 3).astype(np.uint8)
        small = Extent(columns, rows)
        return LayerStack(small, (Layer("Preview", Role.BACKGROUND, Bounds.of(small), with_alpha(colours)),))

    return look


def _unpacked(packed: Any, rows: int, columns: int) -> NDArray[np.float32]:
    """(1, tokens, 4·z) as the pipelines pack it → (rows, columns, z) float32 normalised latents."""
    flat = packed[0, : rows * columns // 4].float().cpu().numpy()
    tokens = flat.reshape(rows // 2, columns // 2, -1, 2, 2)
    return np.ascontiguousarray(tokens.transpose(0, 3, 1, 4, 2).reshape(rows, columns, -1))


def _map(vae: Any) -> NDArray[np.float32]:
    """(z + 1, 3): from a latent and 1 to a colour in −1…1."""
    if vae not in _maps:
        _maps[vae] = _fitted(vae)
    return _maps[vae]


def _fitted(vae: Any) -> NDArray[np.float32]:
    colours = np.array([(r, g, b) for r in _LEVELS for g in _LEVELS for b in _LEVELS], np.float32)
    count, side = len(colours), _PATCH // CELL
    strip = torch.from_numpy(np.repeat(colours.T, _PATCH, 1)).view(1, 3, 1, 1, count * _PATCH)
    picture = strip.expand(1, 3, 1, _PATCH, count * _PATCH)
    with torch.no_grad():
        latents = vae.encode(picture.to(vae.device, vae.dtype)).latent_dist.mode()[0, :, 0].float().cpu().numpy()
    mean, spread = (
        np.array(values, np.float32)[:, None, None] for values in (vae.config.latents_mean, vae.config.latents_std)
    )
    latents = ((latents - mean) / spread).reshape(len(latents), side, count, side)
    inner = latents[:, 1:-1, :, 1:-1].mean((1, 3)).T
    basis = np.hstack([inner, np.ones((count, 1), np.float32)])
    ridge = 1e-3 * np.eye(basis.shape[1], dtype=np.float32)
    matrix: NDArray[np.float32] = np.linalg.solve(basis.T @ basis + ridge, basis.T @ colours).astype(np.float32)
    return matrix
