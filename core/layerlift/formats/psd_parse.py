"""A PSD or PSB taken into its parts: header, resources, layer records, and where each channel's bytes are.

Law: the specification's structures, in the order of the file; no pixels, no stack. Source: as in `psd_layout`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from layerlift import limits
from layerlift.errors import InputError
from layerlift.formats.psd_layout import HIDDEN, LONG_BLOCKS
from layerlift.imaging.geometry import Bounds, Extent

_RGB = 3


@dataclass
class Channel:
    """`ident` 0–2 colour, −1 alpha, below: masks. Its `length` bytes begin at `position` with the compression."""

    ident: int
    length: int
    position: int = 0


@dataclass
class Found:
    """One layer record as it stands in the file; `divider` is 0 for a layer, 1 or 2 for a group, 3 for its end."""

    bounds: Bounds
    channels: list[Channel]
    key: bytes
    opacity: int
    clipped: bool
    hidden: bool
    name: str = ""
    ident: int = 0
    divider: int = 0


@dataclass
class Parsed:
    """A whole file; `records` bottom first, as in the file."""

    extent: Extent
    depth: int
    large: bool
    resources: dict[int, bytes] = field(default_factory=dict)
    records: list[Found] = field(default_factory=list)


def parse(file: BinaryIO) -> Parsed:
    """The parts of the file. Raises InputError for a kind of PSD that is not read, struct.error or ValueError for a
    damaged one."""
    source = _Source(file)
    found = _header(source)
    source.skip(source.length(False))
    _resources(source, found)
    end = source.length(found.large) + file.tell()
    length = source.length(found.large)
    after = file.tell() + length
    if length:
        _layer_info(source, found)
    file.seek(after)
    if file.tell() + 4 <= end:
        source.skip(source.length(False))
    while not found.records and file.tell() + 12 <= end:
        _, key = source.take("4s4s")
        size = source.length(found.large and key in LONG_BLOCKS)
        after = file.tell() + size + -size % 4
        if key in (b"Lr16", b"Layr"):
            _layer_info(source, found)
        file.seek(after)
    return found


class _Source:
    """The file, read in big-endian numbers."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def take(self, layout: str) -> tuple[Any, ...]:
        form = struct.Struct(">" + layout)
        return form.unpack(self.file.read(form.size))

    def length(self, long: bool) -> int:
        """The next length, 8 bytes if `long`."""
        return int(self.take("Q" if long else "I")[0])

    def skip(self, count: int) -> None:
        self.file.seek(count, 1)

    def bytes(self, count: int) -> bytes:
        data = self.file.read(count)
        if len(data) != count:
            raise ValueError("it ends too early")
        return data


def _header(source: _Source) -> Parsed:
    mark, version, _, height, width, depth, mode = source.take("4sH6xHIIHH")
    if mark != b"8BPS" or version not in (1, 2):
        raise ValueError("its header is wrong")
    if mode != _RGB or depth not in (8, 16):
        raise InputError("Only PSD files in RGB with 8 or 16 bit are read.", "Convert it to RGB, 8 bits per channel.")
    if min(width, height) < 1 or width * height > limits.MAX_PIXELS:
        most = limits.MAX_PIXELS // 10**6
        raise InputError(f"A canvas of {width}×{height} is outside the limit of {most} megapixels.", "Make it smaller.")
    return Parsed(Extent(width, height), depth, version == 2)


def _resources(source: _Source, found: Parsed) -> None:
    end = source.length(False) + source.file.tell()
    while source.file.tell() + 12 <= end:
        _, ident, name = source.take("4sHB")
        source.skip(name + (name + 1) % 2)
        size = source.length(False)
        found.resources[ident] = source.bytes(size)
        source.skip(size % 2)
    source.file.seek(end)


def _layer_info(source: _Source, found: Parsed) -> None:
    """ "Layer info": the records, and by their lengths the places of the channels that follow."""
    count = abs(source.take("h")[0])
    found.records = [_record(source, found.large) for _ in range(count)]
    at = source.file.tell()
    for record in found.records:
        for channel in record.channels:
            channel.position = at
            at += channel.length


def _record(source: _Source, large: bool) -> Found:
    top, left, bottom, right, count = source.take("4iH")
    if bottom < top or right < left or (bottom - top) * (right - left) > limits.MAX_PIXELS:
        raise ValueError(f"a layer of {right - left}×{bottom - top}")
    channels = [Channel(*source.take("hQ" if large else "hI")) for _ in range(count)]
    _, key, opacity, clipping, flags, size = source.take("4s4sBBBxI")
    end = source.file.tell() + size
    record = Found(
        Bounds(left, top, right - left, bottom - top), channels, key, opacity, bool(clipping), bool(flags & HIDDEN)
    )
    source.skip(source.length(False))  # mask data
    source.skip(source.length(False))  # blending ranges
    old = source.take("B")[0]
    record.name = source.bytes(old).decode("mac_roman")
    source.skip(-(old + 1) % 4)
    _blocks(source, record, end, large)
    source.file.seek(end)
    return record


def _blocks(source: _Source, record: Found, end: int, large: bool) -> None:
    while source.file.tell() + 12 <= end:
        mark, key = source.take("4s4s")
        if mark not in (b"8BIM", b"8B64"):
            raise ValueError("a layer's tagged block is out of place")
        size = source.length(large and key in LONG_BLOCKS)
        data = source.bytes(size)
        source.skip(size % 2)
        if key == b"luni":
            units = struct.unpack_from(">I", data)[0]
            record.name = data[4 : 4 + 2 * units].decode("utf-16-be", "surrogatepass").rstrip("\0")
        elif key == b"lyid":
            record.ident = struct.unpack_from(">I", data)[0]
        elif key in (b"lsct", b"lsdk"):
            record.divider = struct.unpack_from(">I", data)[0]
