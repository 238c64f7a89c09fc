"""Looking at latents without painting them: a linear map from latent channels to colours, learnt from the VAE itself.

Law: knows a VAE's latents; no pipeline. The map is the least-squares fit between a chart of plain squares of random
colour (and alpha, where the VAE has it) and what the VAE makes of them; one encoding of 384² pixels, once per VAE. No
constants of any one checkpoint are needed.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Plane, Role

_SQUARES, _SIDE = 12, 32
"""The chart: so many squares each way, so many pixels wide (four latents; the inner ones see little else)."""
_RIDGE = 1e-3
SHOWN = 320
"""Pixels along the longer side of what is shown: latents, an eighth of the picture, are too small to look at."""

_MAPS: WeakKeyDictionary[Any, Plane] = WeakKeyDictionary()


def stack(vae: Any, packed: Any, width: int, height: int, frames: int = 1, first: int = 0) -> LayerStack:
    """What the pictures from the `first` on (bottom → top) of the `frames` in `packed` latents (1, frames·w/16·h/16,
    4·z) of a picture of `width` × `height` pixels look like so far: a small uint8 stack."""
    pictures = look(vae, packed, width, height, frames)[first:]
    extent = Extent(pictures[0].shape[1], pictures[0].shape[0])
    pictures[0][..., 3] = 255
    return LayerStack(
        extent,
        tuple(
            Layer(f"Layer {place + 1}", Role.GRAPHIC if place else Role.BACKGROUND, Bounds.of(extent), picture)
            for place, picture in enumerate(pictures)
        ),
    )


def look(vae: Any, packed: Any, width: int, height: int, frames: int = 1) -> list[NDArray[np.uint8]]:
    """The same as pictures, (h, w, 4) uint8 straight RGBA each."""
    latents = unpack(packed, width, height, frames).float().cpu().numpy()
    matrix = learn(vae)
    seen = []
    for frame in latents:
        values = np.tensordot(frame, matrix[:-1], axes=(0, 0)) + matrix[-1]
        if values.shape[2] == 3:
            values = np.concatenate([values, np.ones_like(values[..., :1])], -1)
        small = np.clip(np.rint(values * 255), 0, 255).astype(np.uint8)
        scale = SHOWN / max(small.shape[:2])
        size = tuple(max(1, round(side * scale)) for side in (small.shape[1], small.shape[0]))
        seen.append(np.ascontiguousarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)))
    return seen


def unpack(packed: Any, width: int, height: int, frames: int) -> Any:
    """Tokens of 2×2 latents back in their places: (1, frames·h/16·w/16, 4·z) → (frames, z, h/8, w/8)."""
    rows, columns = height // 16, width // 16
    z = packed.shape[2] // 4
    grid = packed.reshape(frames, rows, columns, z, 2, 2).permute(0, 3, 1, 4, 2, 5)
    return grid.reshape(frames, z, rows * 2, columns * 2)


def learn(vae: Any) -> Plane:
    """(z + 1, 3|4): latent channels and a constant → straight colours and alpha, 0–1. Call it before the steps: in the
    middle of them the VAE may not be on the device."""
    if vae not in _MAPS:
        _MAPS[vae] = _learn(vae)
    return _MAPS[vae]


def _learn(vae: Any) -> Plane:
    import torch

    channels = int(getattr(vae.config, "input_channels", 3))
    chart = _chart(channels)
    parameter = next(vae.parameters())
    picture = torch.from_numpy(np.repeat(np.repeat(chart, _SIDE, 0), _SIDE, 1)).permute(2, 0, 1)[None, :, None]
    with torch.inference_mode():
        raw = vae.encode(picture.to(parameter.device, parameter.dtype) * 2 - 1).latent_dist.mode()[0, :, 0]
    mean, deviation = (np.array(getattr(vae.config, name), np.float32) for name in ("latents_mean", "latents_std"))
    latents = (np.moveaxis(raw.float().cpu().numpy(), 0, -1) - mean) / deviation
    side = latents.shape[0] // _SQUARES
    inner = latents.reshape(_SQUARES, side, _SQUARES, side, -1)[:, 1:-1, :, 1:-1].mean((1, 3))
    known = np.concatenate([inner.reshape(_SQUARES**2, -1), np.ones((_SQUARES**2, 1), np.float32)], 1)
    gram = known.T @ known + _RIDGE * np.eye(known.shape[1], dtype=np.float32)
    return np.linalg.solve(gram, known.T @ chart.reshape(-1, channels)).astype(np.float32)


def _chart(channels: int) -> Plane:
    random = np.random.default_rng(0)
    chart = random.random((_SQUARES, _SQUARES, channels)).astype(np.float32)
    if channels == 4:
        chart[..., 3] = random.choice([0.0, 0.5, 1.0, 1.0], (_SQUARES, _SQUARES))
    return chart
