"""A result's folder back into a LayerStack, and that into a file that other programs open.

Law: knows the result's files and the library's formats.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np

from layerlift import formats
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Drift, Layer, LayerStack, Pixels, Role, Text, TextLine
from layerlift.progress import Progress
from layerlift.wire import values
from layerlift_server.jobs import arena
from layerlift_server.worker import manifest


def export(folder: Path, target: Path, format: str, progress: Progress) -> None:
    """Write the result in `folder` as `target`. Raises Damaged, LayerliftError, OSError."""
    formats.write(stack(folder), target, format, progress=progress)


def stack(folder: Path) -> LayerStack:
    """The stack whose result lies in `folder`, its pixels mapped. Raises Damaged, OSError."""
    result = manifest.load(folder)
    icc = (folder / manifest.PROFILE).read_bytes() if result.icc else None
    drift = None if result.drift is None else Drift(result.drift, result.drift_p99, result.drift_layers)
    layers = tuple(_layer(folder, info) for info in result.layers)
    return LayerStack(Extent(result.width, result.height), layers, result.name, icc, result.notes, drift)


def _layer(folder: Path, info: values.LayerInfo) -> Layer:
    bounds = Bounds(info.bounds.x, info.bounds.y, info.bounds.width, info.bounds.height)
    memory = arena.mapped(folder / manifest.layer_file(info.index))
    if len(memory) != info.size:
        raise manifest.Damaged(f"layer {info.index} has {len(memory)} bytes instead of {info.size}")
    pixels = np.frombuffer(memory, "<u2" if info.depth == 16 else np.uint8).reshape(bounds.height, bounds.width, 4)
    return Layer(
        name=info.name,
        role=Role(info.role),
        bounds=bounds,
        pixels=cast(Pixels, pixels),
        opacity=info.opacity,
        blend_mode=info.blend_mode,
        group=info.group,
        text=None if info.text is None else _text(info.text),
        confidence=info.confidence,
    )


def _text(text: values.Text) -> Text:
    lines = tuple(
        TextLine(line.content, tuple(zip(line.quad[::2], line.quad[1::2], strict=True)), line.confidence)
        for line in text.lines
    )
    red, green, blue = text.colour
    return Text(lines, (red, green, blue))
