"""The pixel layers of a PSD or PSB as a LayerStack: ours exactly, others' as far as a stack can hold them.

Law: `psd_parse`'s parts and the file's bytes in, a LayerStack out. What a stack cannot hold (masks, adjustments,
hidden layers, effects) is left out and named in the notes, never approximated in silence.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from layerlift.errors import InputError
from layerlift.formats import blend, packbits, psd_layout, psd_parse, psd_xmp, srgb
from layerlift.formats.manifest import Description, Entry
from layerlift.formats.psd_parse import Channel, Found, Parsed
from layerlift.imaging.layer import Layer, LayerStack, Pixels, Role

_MODES = {key: mode for mode, key in blend.PSD.items()}
_ALPHA = -1


def read(path: Path) -> LayerStack:
    """The stack in the PSD or PSB `path`. Raises InputError."""
    try:
        with path.open("rb") as file:
            parsed = psd_parse.parse(file)
            if not parsed.records:
                raise InputError(f"{path.name} holds no layers.", "Take it apart as a flat picture instead.")
            return _stack(file, parsed, path.stem)
    except (struct.error, zlib.error, ValueError, EOFError) as error:
        raise InputError(f"{path.name} is a damaged PSD: {error}.", "Save it again in its program.") from error


def _stack(file: BinaryIO, parsed: Parsed, stem: str) -> LayerStack:
    described = psd_xmp.decode(parsed.resources.get(psd_layout.XMP, b""))
    notes: list[str] = []
    layers = _layers(file, parsed, described, notes)
    name = stem if described is None else described.name
    tops = {layer.group[:1] for layer in layers}
    if len(tops) == 1 and () not in tops:
        name = layers[0].group[0]
        layers = [replace(layer, group=layer.group[1:]) for layer in layers]
    return LayerStack(
        extent=parsed.extent,
        layers=tuple(layers),
        name=name,
        icc=srgb.meant(parsed.resources.get(psd_layout.ICC)),
        notes=(*(described.notes if described else ()), *notes),
        drift=described.drift if described else None,
    )


def _layers(file: BinaryIO, parsed: Parsed, described: Description | None, notes: list[str]) -> list[Layer]:
    """Top → bottom is the order in which groups say their names first; the result runs bottom → top."""
    found: list[Layer] = []
    path: list[Found] = []
    for record in reversed(parsed.records):
        if record.divider == psd_layout.DIVIDER:
            if path:
                path.pop()
        elif record.divider:
            path.append(record)
            _check_group(record, notes)
        elif record.hidden or any(group.hidden for group in path):
            notes.append(f"The hidden layer {record.name!r} was left out.")
        else:
            entry = _entry(described, record)
            if record.bounds.empty and entry is None:
                notes.append(f"{record.name!r} holds no pixels and was left out.")
            else:
                found.append(_layer(file, parsed, record, path, entry, notes))
    if described is None and found:
        found[-1] = replace(found[-1], role=Role.BACKGROUND)
    return found[::-1]


def _check_group(record: Found, notes: list[str]) -> None:
    if record.opacity < 255 or record.key not in (psd_layout.PASS_THROUGH, b"norm"):
        notes.append(f"The opacity and the blend mode of the group {record.name!r} were left out.")


def _entry(described: Description | None, record: Found) -> Entry | None:
    """What we once wrote about this very layer (Photoshop keeps layer ids), or None."""
    if described is None or not 1 <= record.ident <= len(described.entries):
        return None
    return described.entries[record.ident - 1]


def _layer(
    file: BinaryIO, parsed: Parsed, record: Found, path: list[Found], entry: Entry | None, notes: list[str]
) -> Layer:
    if any(channel.ident < _ALPHA for channel in record.channels):
        notes.append(f"The mask of {record.name!r} was left out.")
    if record.clipped:
        notes.append(f"{record.name!r} is no longer clipped to the layer below.")
    if record.key not in _MODES:
        notes.append(f"{record.name!r} has a blend mode that is not known here; it is normal now.")
    layer = Layer(
        name=record.name,
        role=Role.GRAPHIC,
        bounds=record.bounds,
        pixels=_pixels(file, parsed, record),
        opacity=record.opacity / 255,
        blend_mode=_MODES.get(record.key, "normal"),
        group=tuple(group.name for group in path),
    )
    if entry is None:
        return layer
    # The byte in the file rules; where it is ours still, the description knows the opacity exactly.
    exact = entry.opacity if round(entry.opacity * 255) == record.opacity else layer.opacity
    return replace(layer, role=entry.role, text=entry.text, confidence=entry.confidence, opacity=exact)


def _pixels(file: BinaryIO, parsed: Parsed, record: Found) -> Pixels:
    dtype = np.uint8 if parsed.depth == 8 else np.uint16
    height, width = record.bounds.height, record.bounds.width
    pixels = np.zeros((height, width, 4), dtype)
    pixels[..., 3] = np.iinfo(dtype).max
    for channel in record.channels:
        if _ALPHA <= channel.ident <= 2 and pixels.size:
            pixels[..., channel.ident % 4] = _plane(file, channel, parsed, height, width)
    return cast(Pixels, pixels)


def _plane(file: BinaryIO, channel: Channel, parsed: Parsed, height: int, width: int) -> NDArray[Any]:
    """One channel as (height, width) native integers."""
    file.seek(channel.position)
    data = file.read(channel.length)
    if len(data) < 2 or len(data) != channel.length:
        raise ValueError("it ends too early")
    compression, body = int.from_bytes(data[:2], "big"), data[2:]
    big = np.dtype(">u1" if parsed.depth == 8 else ">u2")
    row = width * big.itemsize
    if compression == psd_layout.RLE:
        size = 4 if parsed.large else 2
        counts = np.frombuffer(body, f">u{size}", height)
        raw = packbits.unpack(body[size * height : size * height + int(counts.sum())], height, row).tobytes()
    elif compression in (psd_layout.ZIP, psd_layout.ZIP_PREDICTED):
        raw = zlib.decompressobj().decompress(body, height * row)
    elif compression == psd_layout.RAW:
        raw = body
    else:
        raise ValueError(f"compression {compression} is unknown")
    plane = np.frombuffer(raw, big, height * width).reshape(height, width).astype(big.newbyteorder("="))
    if compression == psd_layout.ZIP_PREDICTED:
        return np.cumsum(plane, axis=1, dtype=plane.dtype)
    return plane
