"""Encoded pictures for tests, made in memory: some that no library writes any more."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import tifffile
from PIL import Image


def random_array(height: int, width: int, channels: int, dtype: type = np.uint8, seed: int = 1) -> np.ndarray:
    top = np.iinfo(dtype).max
    return np.random.default_rng(seed).integers(0, top, (height, width, channels), dtype, endpoint=True)


def opaque(rgb: np.ndarray) -> np.ndarray:
    return np.dstack([rgb, np.full(rgb.shape[:2], np.iinfo(rgb.dtype).max, rgb.dtype)])


def grey_as_rgba(grey: np.ndarray) -> np.ndarray:
    return opaque(np.repeat(grey.reshape(*grey.shape[:2], 1), 3, axis=2))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    if kind == "QOI":  # Pillow writes it since 12.0 only
        return qoi(np.asarray(image.convert("RGB")))
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def qoi(array: np.ndarray) -> bytes:
    """(H, W, 3) uint8 as QOI, every pixel spelled out."""
    height, width = array.shape[:2]
    body = b"".join(b"\xfe" + pixel.tobytes() for pixel in array.reshape(-1, 3))
    return b"qoif" + struct.pack(">IIBB", width, height, 3, 0) + body + bytes(7) + b"\1"


def tiff(array: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()


def png16(array: np.ndarray, *, chunks: tuple[tuple[bytes, bytes], ...] = ()) -> bytes:
    """(H, W, 1–4) uint16 as PNG: grey, grey + alpha, RGB or RGBA."""
    height, width, channels = array.shape
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    return png(width, height, 16, colour_type, array.astype(">u2").tobytes(), chunks=chunks)


def png(
    width: int, height: int, depth: int, colour_type: int, rows: bytes, *, chunks: tuple[tuple[bytes, bytes], ...] = ()
) -> bytes:
    """A PNG of these unfiltered rows (may be fewer bytes than declared)."""
    stride = len(rows) // height
    raw = b"".join(b"\0" + rows[y * stride : (y + 1) * stride] for y in range(height)) if stride else rows
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def exif(orientation: int) -> bytes:
    """An EXIF block (TIFF structure) with just this orientation."""
    return b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 274, 3, 1, orientation, 0) + bytes(4)


def turned(upright: np.ndarray, orientation: int) -> np.ndarray:
    """How a camera that writes `orientation` stores the upright picture (EXIF 3.0, tag 274)."""
    undo = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    return np.ascontiguousarray(undo(upright))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
