"""The bytes of a PSD apart from pixels: sections, resources, layer records, tagged blocks.

Law: knows the format's structs, no arrays and no stacks; `psd` decides what goes in. Numbers are big-endian.
Source: Adobe Photoshop File Formats Specification (November 2019); section titles are quoted at each structure.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

RAW, RLE, ZIP, ZIP_PREDICTED = 0, 1, 2, 3
"""Compressions ("Channel image data")."""
OPEN_FOLDER, CLOSED_FOLDER, DIVIDER = 1, 2, 3
"""Kinds of section divider ("Section divider setting")."""
ICC, XMP, THUMBNAIL, VERSION, RESOLUTION = 1039, 1060, 1036, 1057, 1005
"""Image resources ("Image resource IDs")."""
HIDDEN, IRRELEVANT = 2, 16
"""Layer flags ("Layer records"): the layer is not shown; its pixels mean nothing (a group)."""
PASS_THROUGH = b"pass"
LONG_BLOCKS = {b"LMsk", b"Lr16", b"Lr32", b"Layr", b"Mt16", b"Mt32", b"Mtrn", b"Alph", b"FMsk", b"lnk2", b"FEid"} | {
    b"FXid",
    b"PxSD",
    b"lnk3",
    b"lnkE",
    b"pths",
    b"cinf",
    b"artd",
    b"extn",
    b"extd",
}
"""Tagged blocks whose length takes eight bytes in a PSB ("Additional layer information")."""
_V5_OR_LATER = 8
_MOST_NAME = 31
"""Characters of the old name; Photoshop writes as many and reads the Unicode one."""
_RANGES = struct.pack(">4H", 0, 65535, 0, 65535) * 5
"""Blending ranges that change nothing: grey and four channels."""


@dataclass(frozen=True)
class Record:
    """One layer record. `box` is top, left, bottom, right; `channels` their ids; `divider` makes it a group's end."""

    name: str
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
    channels: tuple[int, ...] = (-1, 0, 1, 2)
    key: bytes = b"norm"
    opacity: int = 255
    hidden: bool = False
    ident: int = 0
    divider: int | None = None


@contextmanager
def section(file: BinaryIO, large: bool, pad: int = 1) -> Iterator[None]:
    """A section that begins with its own length (8 bytes if `large`, else 4), padded to a multiple of `pad`.

    Raises OverflowError when it grows beyond what its length can say.
    """
    start = file.tell()
    size = 8 if large else 4
    file.write(bytes(size))
    yield
    length = file.tell() - start - size
    file.write(bytes(-length % pad))
    length += -length % pad
    if not large and length >= 1 << 32:
        raise OverflowError("a PSD section cannot pass 4 GiB")
    file.seek(start)
    file.write(length.to_bytes(size, "big"))
    file.seek(0, 2)


def header(large: bool, channels: int, height: int, width: int, depth: int) -> bytes:
    """ "File header section" and an empty "Color mode data section"; the mode is RGB."""
    return struct.pack(">4sH6xHIIHHI", b"8BPS", 2 if large else 1, channels, height, width, depth, 3, 0)


def resource(ident: int, data: bytes) -> bytes:
    """One nameless "Image resource block"."""
    return struct.pack(">4sHHI", b"8BIM", ident, 0, len(data)) + data + bytes(len(data) % 2)


def version_info(real_merged: bool) -> bytes:
    """ "Version Info": whether the merged image is what the layers look like."""
    return struct.pack(">IB", 1, real_merged) + unicode_string("Layerlift") * 2 + struct.pack(">I", 1)


def resolution(dpi: int) -> bytes:
    """ "ResolutionInfo structure": pixels per inch both ways, shown in inches."""
    return struct.pack(">IHHIHH", dpi << 16, 1, 1, dpi << 16, 1, 1)


def thumbnail(width: int, height: int, jpeg: bytes) -> bytes:
    """ "Thumbnail resource format": an RGB JPEG."""
    row = (width * 24 + 31) // 32 * 4
    return struct.pack(">6IHH", 1, width, height, row, row * height, len(jpeg), 24, 1) + jpeg


def unicode_string(text: str) -> bytes:
    """A count of UTF-16 units, then the units. Lone surrogates stay what they are."""
    units = text.encode("utf-16-be", "surrogatepass")
    return struct.pack(">I", len(units) // 2) + units


def record(layer: Record, lengths: Sequence[int], large: bool) -> bytes:
    """ "Layer records": everything about a layer but its pixels; `lengths` are its channels' sizes in bytes."""
    channel = struct.Struct(">hQ" if large else ">hI")
    extra = bytes(4) + struct.pack(">I", len(_RANGES)) + _RANGES + _pascal(layer.name) + _blocks(layer)
    extra += bytes(-len(extra) % 2)
    flags = _V5_OR_LATER | HIDDEN * layer.hidden | IRRELEVANT * (layer.divider is not None)
    return b"".join(
        (
            struct.pack(">4iH", *layer.box, len(layer.channels)),
            *(channel.pack(ident, length) for ident, length in zip(layer.channels, lengths, strict=True)),
            struct.pack(">4s4sBBBx", b"8BIM", layer.key, layer.opacity, 0, flags),
            struct.pack(">I", len(extra)),
            extra,
        )
    )


def block(key: bytes, data: bytes) -> bytes:
    """One tagged block of a layer record ("Additional layer information")."""
    data += bytes(-len(data) % 4)
    return b"8BIM" + key + struct.pack(">I", len(data)) + data


def _blocks(layer: Record) -> bytes:
    found = block(b"luni", unicode_string(layer.name))
    if layer.ident:
        found += block(b"lyid", struct.pack(">I", layer.ident))
    if layer.divider is not None:
        setting = struct.pack(">I", layer.divider)
        found += block(b"lsct", setting if layer.divider == DIVIDER else setting + b"8BIM" + layer.key)
    return found


def _pascal(name: str) -> bytes:
    """The old name: a Pascal string in MacRoman, padded to a multiple of four."""
    old = name[:_MOST_NAME].encode("mac_roman", "replace")
    packed = bytes([len(old)]) + old
    return packed + bytes(-len(packed) % 4)
