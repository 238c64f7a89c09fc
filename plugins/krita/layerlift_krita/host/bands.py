"""Rows of pixels, a band at a time, with nothing but the standard library.

Law: bytes in, bytes out; knows no Krita and no wire. Krita stores RGBA U8 and U16 as B, G, R, A; ours are
R, G, B, A.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

BAND = 2 << 20
"""Bytes converted between two turns of the event loop: a few milliseconds, and far below one frame at 60 Hz."""
_PARTLY = re.compile(rb"[\x01-\xfe]+")


def rows_per_band(width: int, pixel: int, band: int = BAND) -> int:
    """How many rows of `width` pixels of `pixel` bytes make up a band; at least one."""
    return max(1, band // max(1, width * pixel))


def bands(height: int, rows: int) -> Iterator[tuple[int, int]]:
    """(first row, number of rows) from the top."""
    for top in range(0, height, rows):
        yield top, min(rows, height - top)


def swap(pixels: bytearray, depth: int) -> bytearray:
    """BGRA ⇄ RGBA in place; `depth` 8 or 16 bit. Extended slices run in C."""
    if depth == 8:
        pixels[0::4], pixels[2::4] = pixels[2::4], pixels[0::4]
    else:
        pixels[0::8], pixels[1::8], pixels[4::8], pixels[5::8] = (
            pixels[4::8],
            pixels[5::8],
            pixels[0::8],
            pixels[1::8],
        )
    return pixels


def cut_out(pixels: bytearray, mask: bytes, depth: int) -> bytearray:
    """Multiply the alpha of RGBA `pixels` by `mask` (one byte a pixel), in place.

    Where the mask is 0 or 255, whole bytes are kept or cleared by integer AND, in C; only the half-selected pixels
    on a selection's soft edge are multiplied one by one.
    """
    step = depth // 2
    hard = mask.translate(_HARD)
    if hard != b"\xff" * len(hard):
        keep = int.from_bytes(hard, "little")
        for place in range(3 * depth // 8, step):
            alpha = int.from_bytes(pixels[place::step], "little") & keep
            pixels[place::step] = alpha.to_bytes(len(hard), "little")
    for run in _PARTLY.finditer(mask):
        for at in range(*run.span()):
            _scale(pixels, at * step + 3 * depth // 8, mask[at], depth)
    return pixels


def translucent(pixels: bytearray, depth: int) -> bool:
    """Whether any of these RGBA pixels is neither opaque nor empty (of 16 bits, the upper 8 tell)."""
    return _PARTLY.search(pixels[depth // 2 - 1 :: depth // 2]) is not None


_HARD = bytes([0]) + bytes([255]) * 255


def _scale(pixels: bytearray, at: int, by: int, depth: int) -> None:
    if depth == 8:
        pixels[at] = (pixels[at] * by + 127) // 255
    else:
        alpha = ((pixels[at] | pixels[at + 1] << 8) * by + 127) // 255
        pixels[at], pixels[at + 1] = alpha & 255, alpha >> 8


class Fingerprint:
    """A fingerprint of bands that may be read in any order, and more than once."""

    def __init__(self, count: int) -> None:
        self._sums: list[int | None] = [None] * count

    def add(self, band: int, data: bytes | memoryview) -> None:
        """Band number `band` is `data`."""
        self._sums[band] = zlib.crc32(data)

    def __str__(self) -> str:
        """Empty until every band was seen."""
        known = [value for value in self._sums if value is not None]
        if len(known) < len(self._sums):
            return ""
        return f"{zlib.crc32(b''.join(value.to_bytes(4, 'big') for value in known)):08x}-{len(known)}"
