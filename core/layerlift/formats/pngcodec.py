"""One PNG in memory: 8 or 16 bit straight RGBA with its colour profile, out and in.

Law: knows bytes and pixels, no layers and no paths. OpenCV does the deflating (Pillow has no 16-bit RGBA); the colour
chunks, which it can neither write nor read, are put in and taken out here.
Source: W3C Portable Network Graphics (Second Edition), §5 and §11.3.3.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import cast

import cv2
import numpy as np

from layerlift import limits
from layerlift.errors import InputError
from layerlift.formats import srgb
from layerlift.imaging.layer import Pixels

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = 33
"""Signature (8) and IHDR (25): colour chunks come right after."""
_MOST_PROFILE = 16 << 20
"""Largest ICC profile taken from a file, in bytes; device links reach a few megabytes."""


def encode(pixels: Pixels, icc: bytes | None = None) -> bytes:
    """(h, w, 4) pixels, h and w > 0, as a PNG of their depth, tagged with `icc` (None: as sRGB).

    8 bit says sRGB in PNG's own one-byte chunk; at 16 bit programs look for a profile, and guess linear light without.
    """
    bgra = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGBA2BGRA)
    done, packed = cv2.imencode(".png", bgra, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not done:  # pragma: no cover - OpenCV refuses only what `pixels` cannot be
        raise ValueError(f"OpenCV cannot write a PNG of {pixels.shape}")
    data = packed.tobytes()
    if icc is None and pixels.dtype == np.uint8:
        colour = _chunk(b"sRGB", b"\0")
    else:
        colour = _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(srgb.embedded(icc)))
    return data[:_HEADER_END] + colour + data[_HEADER_END:]


def decode(data: bytes) -> tuple[Pixels, bytes | None]:
    """The pixels of a PNG as straight RGBA of its depth, and its ICC profile. Raises InputError."""
    if not data.startswith(_SIGNATURE) or len(data) < _HEADER_END:
        raise InputError("A layer's file is not a PNG.", "Write the stack again.")
    width, height = struct.unpack_from(">II", data, 16)
    if width * height > limits.MAX_PIXELS:
        raise InputError(
            f"A layer of {width}×{height} is larger than {limits.MAX_PIXELS // 10**6} megapixels.", "Make it smaller."
        )
    try:
        found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        icc = _profile(data)
    except (cv2.error, zlib.error, struct.error) as error:
        raise InputError("A layer's PNG is damaged.", "Write the stack again.") from error
    if found is None:
        raise InputError("A layer's PNG is damaged.", "Write the stack again.")
    turn = {1: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_BGR2RGBA, 4: cv2.COLOR_BGRA2RGBA}
    return cast(Pixels, cv2.cvtColor(found, turn[1 if found.ndim == 2 else found.shape[2]])), icc


def at_depth(pixels: Pixels, depth: int) -> Pixels:
    """`pixels` at 8 or 16 bit: themselves, or a rescaled copy (65535 / 255 = 257)."""
    if pixels.dtype.itemsize * 8 == depth:
        return pixels
    if depth == 16:
        return cast(Pixels, pixels.astype(np.uint16) * np.uint16(257))
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _profile(data: bytes) -> bytes | None:
    for kind, body in _chunks(data):
        if kind == b"iCCP":
            packed = body.partition(b"\0")[2][1:]
            return srgb.meant(zlib.decompressobj().decompress(packed, _MOST_PROFILE))
    return None


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks before the picture's own data."""
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IDAT":
            return
        yield kind, data[at + 8 : at + 8 + length]
        at += 12 + length
