"""Photoshop's PSD and PSB, written from the specification: one group named after the stack, the layers inside it.

Law: turns a LayerStack into `psd_layout`'s records and compressed planes, streaming; one layer's channels are in
memory at a time. Written by hand and not with psd-tools because psd-tools needs Python 3.11, seven times the time and
six times the memory (tests/bench/psd.py), and is worth more as an independent reader in the tests.

8 bit: PackBits, as Photoshop itself writes. 16 bit: ZIP in the "Lr16" block, but without the prediction that Photoshop
uses: Krita (seen in 5.1.5; its psd_unzip_with_prediction adds the low bytes as signed chars) reads predicted 16-bit
rows wrongly.

The merged image is the stack's composite on white, with the transparency as its fourth channel, so that every viewer
shows the picture. Recognised text and what else a stack knows goes into the XMP (`psd_xmp`).
"""

from __future__ import annotations

import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from layerlift import limits
from layerlift.formats import atomic, blend, packbits, psd_layout, psd_read, psd_xmp, srgb, thumbnail
from layerlift.formats.merged import flattened
from layerlift.formats.psd_layout import Record, section
from layerlift.formats.tree import Group, grouped
from layerlift.imaging.layer import Layer, LayerStack, Pixels, full_scale
from layerlift.progress import Progress

read = psd_read.read

_MOST_PSD_BYTES = (1 << 31) - 1
"""Photoshop opens no PSD of 2 GiB and more; such a stack becomes a PSB."""
_THUMBNAIL_SIDE = 160
"""What Photoshop writes and file browsers expect, in pixels."""
_DPI = 72

Placed = tuple[Record, "Layer | None"]


def write(stack: LayerStack, path: Path, progress: Progress, large: bool = False) -> None:
    """Write `stack` as a PSD; as a PSB if `large` is asked for or PSD's limits (30 000 a side, 2 GiB) are passed.

    Raises RequestError for a blend mode that PSD has not, OutputError, Cancelled.
    """
    placed = _records(grouped(stack))
    large = large or max(stack.extent) > limits.PSD_MAX_SIDE
    with atomic.replacing_file(path) as file:
        try:
            _write(stack, placed, file, progress, large)
        except OverflowError:
            file.seek(0)
            file.truncate()
            _write(stack, placed, file, progress, True)


def _write(stack: LayerStack, placed: list[Placed], file: BinaryIO, progress: Progress, large: bool) -> None:
    progress.stage("Flattening")
    flat, true = flattened(stack)
    opaque = bool((flat[..., 3] == full_scale(flat)).all())
    width, height = stack.extent
    file.write(psd_layout.header(large, 3 if opaque else 4, height, width, stack.depth))
    _write_resources(stack, flat, true, file)
    progress.stage("Writing layers", 0.1)
    with section(file, large):
        if stack.depth == 8:
            with section(file, large, 4):
                _write_layers(placed, opaque, file, progress, large)
        else:
            file.write(bytes(8 if large else 4))
        file.write(bytes(4))  # no global mask
        if stack.depth == 16:
            file.write(b"8BIM" + b"Lr16")
            with section(file, large, 4):
                _write_layers(placed, opaque, file, progress, large)
    progress.stage("Writing the merged image", 0.9)
    _write_merged(flat, opaque, file, large)
    if not large and file.tell() > _MOST_PSD_BYTES:
        raise OverflowError("Photoshop opens no PSD of 2 GiB and more")
    progress.advance(1)


def _records(group: Group) -> list[Placed]:
    """The flat list that a PSD keeps, bottom first: a divider, the group's content, then the group itself."""
    groups = iter(range(1 << 20, 1 << 24))  # identifiers of groups; layers count from 1 so that the XMP can name them

    def listed(node: Group) -> list[Placed]:
        found: list[Placed] = [(Record("</Layer group>", divider=psd_layout.DIVIDER), None)]
        for child in node.children:
            if isinstance(child, Group):
                found += listed(child)
            else:
                found.append((_record(child.layer, child.index + 1), child.layer))
        key = b"norm" if node.alone else psd_layout.PASS_THROUGH
        found.append((Record(node.name, key=key, divider=psd_layout.OPEN_FOLDER, ident=next(groups)), None))
        return found

    return listed(group)


def _record(layer: Layer, ident: int) -> Record:
    b = layer.bounds
    opacity = min(255, max(0, round(layer.opacity * 255)))
    return Record(
        layer.name, (b.y, b.x, b.bottom, b.right), key=blend.psd_key(layer.blend_mode), opacity=opacity, ident=ident
    )


def _write_resources(stack: LayerStack, flat: Pixels, true: bool, file: BinaryIO) -> None:
    small = thumbnail.of(flat, stack.icc, _THUMBNAIL_SIDE)
    with section(file, False):
        file.write(psd_layout.resource(psd_layout.RESOLUTION, psd_layout.resolution(_DPI)))
        jpeg = thumbnail.jpeg(small)
        preview = psd_layout.thumbnail(small.shape[1], small.shape[0], jpeg)
        file.write(psd_layout.resource(psd_layout.THUMBNAIL, preview))
        file.write(psd_layout.resource(psd_layout.ICC, srgb.embedded(stack.icc)))
        file.write(psd_layout.resource(psd_layout.VERSION, psd_layout.version_info(true)))
        file.write(psd_layout.resource(psd_layout.XMP, psd_xmp.encode(stack)))


def _write_layers(placed: list[Placed], opaque: bool, file: BinaryIO, progress: Progress, large: bool) -> None:
    """ "Layer info": count, records, channels. The records say how long the channels are, so they are written twice."""
    # A negative count says that the merged image's first extra channel is its transparency.
    file.write(struct.pack(">h", len(placed) if opaque else -len(placed)))
    start = file.tell()
    lengths = [[0] * len(record.channels) for record, _ in placed]
    file.write(_encoded(placed, lengths, large))
    with ThreadPoolExecutor(4) as pool:
        for i, (record, layer) in enumerate(placed):
            for c, parts in enumerate(pool.map(lambda n, of=layer: _channel(of, n, large), record.channels)):
                for part in parts:
                    lengths[i][c] += file.write(part)
                if not large and file.tell() > _MOST_PSD_BYTES:
                    raise OverflowError("Photoshop opens no PSD of 2 GiB and more")
            progress.advance(0.1 + 0.8 * (i + 1) / len(placed))
    end = file.tell()
    file.seek(start)
    file.write(_encoded(placed, lengths, large))
    file.seek(end)


def _encoded(placed: list[Placed], lengths: list[list[int]], large: bool) -> bytes:
    return b"".join(psd_layout.record(record, sizes, large) for (record, _), sizes in zip(placed, lengths, strict=True))


def _channel(layer: Layer | None, ident: int, large: bool) -> list[bytes]:
    """One channel as it stands in the file; `ident` −1 is alpha, 0–2 are red, green, blue."""
    if layer is None or layer.bounds.empty:
        return [struct.pack(">H", psd_layout.RAW)]
    plane = layer.pixels[..., ident if ident >= 0 else 3]
    if plane.dtype == np.uint8:
        counts, packed = packbits.pack(np.ascontiguousarray(plane))
        return [struct.pack(">H", psd_layout.RLE), counts.astype(_row_length(large)).tobytes(), packed]
    return [struct.pack(">H", psd_layout.ZIP), zlib.compress(plane.astype(">u2").tobytes(), 1)]


def _write_merged(flat: Pixels, opaque: bool, file: BinaryIO, large: bool) -> None:
    """ "Image data section": planes one after another; colour lies on white, as Photoshop writes it."""
    planes = [_on_white(flat, c) for c in range(3)] + ([] if opaque else [np.ascontiguousarray(flat[..., 3])])
    if flat.dtype == np.uint16:
        file.write(struct.pack(">H", psd_layout.RAW))
        for plane in planes:
            file.write(plane.astype(">u2").tobytes())
        return
    file.write(struct.pack(">H", psd_layout.RLE))
    packed = [packbits.pack(plane) for plane in planes]
    for counts, _ in packed:
        file.write(counts.astype(_row_length(large)).tobytes())
    for _, rows in packed:
        file.write(rows)


def _on_white(flat: Pixels, channel: int) -> NDArray[Any]:
    alpha = flat[..., 3]
    white = full_scale(flat)
    plane: NDArray[Any] = np.ascontiguousarray(flat[..., channel])
    thin = alpha < white
    if thin.any():
        share = alpha[thin].astype(np.float64) / white
        plane[thin] = np.rint(plane[thin] * share + white * (1 - share))
    return plane


def _row_length(large: bool) -> str:
    return ">u4" if large else ">u2"
