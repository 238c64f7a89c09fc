"""A finished stack into its folder: one raw file per layer, each whole before it is spoken of, the description last.

Law: knows stacks, files and the wire's LayerInfo; no queue, no pipe.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np

from layerlift.imaging.layer import Drift, Layer, LayerStack, Pixels, Text
from layerlift.progress import Progress
from layerlift.wire import limits, values
from layerlift.wire.text import clipped
from layerlift_server.worker import manifest

_HANDS = 2
"""Layers written at a time: hashing (SHA-256) and writing both leave the interpreter."""
_TEXT = 128 << 10
"""Most bytes of one layer's text: its description must fit a message (`limits.MESSAGE`)."""
_LINE = 200
"""Bytes of a line of text besides its words: eight numbers and the keys."""
_NOTES = limits.NOTES - 4
"""Most notes of a result, the last ones (jobs made of jobs collect them); the server may add a few of its own (that it
was begun twice)."""


def write(
    stack: LayerStack,
    folder: Path,
    seconds: Callable[[], float],
    ready: Callable[[values.LayerInfo], None],
    progress: Progress,
    native: Sequence[Pixels] | None = None,
) -> manifest.Result:
    """Write `stack` into the new folder; `ready` is called with each layer, bottom first, when its file is whole;
    `seconds` says how long the job took; `native` are the same layers in their document's own numbers. Raises OSError,
    Cancelled."""
    folder.mkdir(mode=0o700)
    progress.stage("Writing layers", 0.0)
    infos = []
    with ThreadPoolExecutor(_HANDS) as hands:
        for info in _in_order(hands, stack, folder, native):
            infos.append(info)
            ready(info)
            progress.advance(len(infos) / len(stack.layers))
    if stack.icc is not None:
        (folder / manifest.PROFILE).write_bytes(stack.icc)
    result = _described(stack, tuple(infos), seconds())
    manifest.save(result, folder)
    return result


def _in_order(
    hands: ThreadPoolExecutor, stack: LayerStack, folder: Path, native: Sequence[Pixels] | None
) -> Iterator[values.LayerInfo]:
    written: list[Future[values.LayerInfo]] = []
    own: Sequence[Pixels | None] = native or [None] * len(stack.layers)
    try:
        written += [
            hands.submit(_layer, folder, index, layer, pixels)
            for index, (layer, pixels) in enumerate(zip(stack.layers, own, strict=True))
        ]
        for future in written:
            yield future.result()
    finally:
        for future in written:
            future.cancel()


def _layer(folder: Path, index: int, layer: Layer, native: Pixels | None) -> values.LayerInfo:
    """One layer's file (and the one in its own numbers), put in place when it is whole."""
    data = raw(layer.pixels)
    _stored(data, folder / manifest.layer_file(index))
    return values.LayerInfo(
        index=index,
        name=clipped(layer.name, limits.NAME),
        role=str(layer.role),
        bounds=values.Bounds(layer.bounds.x, layer.bounds.y, layer.bounds.width, layer.bounds.height),
        depth=8 if layer.pixels.dtype == np.uint8 else 16,
        size=len(data),
        digest=hashlib.sha256(data).hexdigest(),
        opacity=float(layer.opacity),
        blend_mode=layer.blend_mode,
        group=tuple(clipped(name, limits.NAME) for name in layer.group[: limits.GROUPS]),
        confidence=float(layer.confidence),
        text=None if layer.text is None else _text(layer.text),
        native=None if native is None else _native(folder, index, native),
    )


def _native(folder: Path, index: int, pixels: Pixels) -> values.NativePixels:
    data = raw(pixels)
    _stored(data, folder / manifest.native_file(index))
    depth: Literal[8, 16] = 8 if pixels.dtype == np.uint8 else 16
    return values.NativePixels(pixels.shape[2] - 1, depth, len(data), hashlib.sha256(data).hexdigest())


def _stored(data: memoryview, path: Path) -> None:
    part = path.with_name(f"{path.name}.part")
    with part.open("wb", buffering=0) as file:
        while data:
            data = data[file.write(data) :]
    part.replace(path)


def raw(pixels: Pixels) -> memoryview:
    """Pixels as the wire has them: row-major straight RGBA, uint8 or little-endian uint16."""
    order: Any = pixels.dtype.newbyteorder("<")
    return np.ascontiguousarray(pixels.astype(order, copy=False)).reshape(-1).view(np.uint8).data


def _described(stack: LayerStack, layers: tuple[values.LayerInfo, ...], seconds: float) -> manifest.Result:
    drift = stack.drift or Drift(0.0, 0.0)
    return manifest.Result(
        name=clipped(stack.name, limits.NAME),
        width=stack.extent.width,
        height=stack.extent.height,
        depth=stack.depth,
        icc=0 if stack.icc is None else len(stack.icc),
        seconds=seconds,
        layers=layers,
        notes=tuple(clipped(note, limits.SENTENCE) for note in stack.notes[-_NOTES:]),
        drift=None if stack.drift is None else _share(drift.mean),
        drift_p99=_share(drift.p99),
        drift_layers=tuple(_share(mean) for mean in drift.per_layer),
    )


def _share(number: float) -> float:
    return min(1.0, max(0.0, float(number)))


def _text(text: Text) -> values.Text:
    """The wire's text; lines beyond what a message can hold are left out."""
    lines: list[values.TextLine] = []
    room = _TEXT
    for line in text.lines[: limits.LINES]:
        content = clipped(line.content, limits.SENTENCE)
        room -= len(content.encode()) + _LINE
        if room < 0:
            break
        quad = tuple(float(number) for corner in line.quad for number in corner)
        lines.append(values.TextLine(content, quad, _share(line.confidence)))
    red, green, blue = text.colour
    return values.Text(tuple(lines), (int(red), int(green), int(blue)))
