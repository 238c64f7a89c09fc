"""A finished stack into its folder: one raw file per layer, each whole before it is spoken of, the description last.

Law: knows stacks, files and the wire's LayerInfo; no queue, no pipe.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from layerlift.imaging.layer import Drift, Layer, LayerStack, Text
from layerlift.progress import Progress
from layerlift.wire import values
from layerlift_server.worker import records

_HANDS = 2
"""Layers written at a time: hashing (SHA-256) and writing both leave the interpreter."""
_NAME, _TEXT, _NOTE, _NOTES = 255, 64 << 10, 500, 32
"""Most characters of a name, bytes of a layer's text, characters of a note, and notes: one layer's description must
fit a control message (128 KiB)."""


def write(
    stack: LayerStack,
    folder: Path,
    seconds: Callable[[], float],
    ready: Callable[[values.LayerInfo], None],
    progress: Progress,
) -> records.Result:
    """Write `stack` into the new folder; `ready` is called with each layer, bottom first, when its file is whole;
    `seconds` says how long the job took. Raises OSError, Cancelled."""
    folder.mkdir(mode=0o700)
    progress.stage("Writing layers", 0.0)
    infos = []
    with ThreadPoolExecutor(_HANDS) as hands:
        for info in _in_order(hands, stack, folder):
            infos.append(info)
            ready(info)
            progress.advance(len(infos) / len(stack.layers))
    if stack.icc is not None:
        (folder / records.PROFILE).write_bytes(stack.icc)
    result = _described(stack, tuple(infos), seconds())
    records.save(result, folder)
    return result


def _in_order(hands: ThreadPoolExecutor, stack: LayerStack, folder: Path) -> Iterator[values.LayerInfo]:
    written: list[Future[values.LayerInfo]] = []
    try:
        written += [hands.submit(_layer, folder, index, layer) for index, layer in enumerate(stack.layers)]
        for future in written:
            yield future.result()
    finally:
        for future in written:
            future.cancel()


def _layer(folder: Path, index: int, layer: Layer) -> values.LayerInfo:
    """One layer's file, put in place when it is whole."""
    data = raw(layer)
    name = records.layer_file(index)
    part = folder / f"{name}.part"
    with part.open("wb", buffering=0) as file:
        view = data
        while view:
            view = view[file.write(view) :]
    part.replace(folder / name)
    return values.LayerInfo(
        index=index,
        name=layer.name[:_NAME],
        role=str(layer.role),
        bounds=values.Bounds(layer.bounds.x, layer.bounds.y, layer.bounds.width, layer.bounds.height),
        depth=8 if layer.pixels.dtype == np.uint8 else 16,
        size=len(data),
        digest=hashlib.sha256(data).hexdigest(),
        opacity=float(layer.opacity),
        blend_mode=layer.blend_mode,
        group=tuple(name[:_NAME] for name in layer.group),
        confidence=float(layer.confidence),
        text=None if layer.text is None else _text(layer.text),
    )


def raw(layer: Layer) -> memoryview:
    """Its pixels as the wire has them: row-major straight RGBA, uint8 or little-endian uint16."""
    order: Any = layer.pixels.dtype.newbyteorder("<")
    return np.ascontiguousarray(layer.pixels.astype(order, copy=False)).reshape(-1).view(np.uint8).data


def _described(stack: LayerStack, layers: tuple[values.LayerInfo, ...], seconds: float) -> records.Result:
    drift = stack.drift
    return records.Result(
        name=stack.name[:_NAME],
        width=stack.extent.width,
        height=stack.extent.height,
        depth=stack.depth,
        icc=0 if stack.icc is None else len(stack.icc),
        seconds=seconds,
        layers=layers,
        notes=tuple(note[:_NOTE] for note in stack.notes[:_NOTES]),
        drift=None if drift is None else float(drift.mean),
        spread=None if drift is None else _spread(drift),
    )


def _spread(drift: Drift) -> tuple[float, tuple[float, ...]]:
    return float(drift.p99), tuple(float(mean) for mean in drift.per_layer)


def _text(text: Text) -> values.Text:
    """The wire's text; lines beyond what a message can hold are left out."""
    lines, room = [], _TEXT
    for line in text.lines:
        room -= len(line.content.encode("utf-8", "replace")) + 120  # the quad's eight numbers and the keys
        if room < 0:
            break
        quad = tuple(float(number) for corner in line.quad for number in corner)
        content = line.content.encode("utf-8", "replace").decode()
        lines.append(values.TextLine(content, quad, float(line.confidence)))
    red, green, blue = text.colour
    return values.Text(tuple(lines), (int(red), int(green), int(blue)))
