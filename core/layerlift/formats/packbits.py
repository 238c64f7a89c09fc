"""PackBits, the run-length code of PSD's rows, at the speed of C.

Law: pure functions between planes of bytes and bytes. PSD and TIFF use the same code row by row (Apple's PackBits;
TIFF 6.0 §9, Adobe Photoshop File Formats Specification "Channel image data"), so libtiff, which is inside OpenCV, does
the work: a plane goes through a TIFF in memory with one row per strip, and the strips are PSD's rows.
"""

from __future__ import annotations

import struct
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.errors import InputError

Bytes = NDArray[np.uint8]
_PACKBITS = 32773
_OFFSETS, _COUNTS = 273, 279
_TYPES = {3: "<u2", 4: "<u4"}


def pack(plane: Bytes) -> tuple[NDArray[np.uint32], bytes]:
    """(rows, columns) bytes, neither 0, as the packed length of each row and the packed rows one after another."""
    options = [cv2.IMWRITE_TIFF_COMPRESSION, _PACKBITS, cv2.IMWRITE_TIFF_ROWSPERSTRIP, 1]
    done, tiff = cv2.imencode(".tiff", np.ascontiguousarray(plane), options)
    fields = _fields(tiff) if done else {}
    offsets, counts = fields.get(_OFFSETS, np.zeros(0, np.uint32)), fields.get(_COUNTS, np.zeros(0, np.uint32))
    if len(counts) != plane.shape[0] or len(offsets) != len(counts):
        raise RuntimeError("this build of OpenCV cannot write PackBits TIFF, row by row")
    if (offsets[1:] == (offsets + counts)[:-1]).all():
        return counts, tiff[offsets[0] : offsets[-1] + counts[-1]].tobytes()
    return counts, b"".join(tiff[o : o + n].tobytes() for o, n in zip(offsets, counts, strict=True))


def unpack(packed: bytes, rows: int, columns: int) -> Bytes:
    """The (rows, columns) bytes that `pack` packed. Raises InputError where nothing can be unpacked; rows that are
    damaged inside come out wrong, as in every reader: the code has no checksum."""
    entries = [
        (256, 4, 1, columns),
        (257, 4, 1, rows),
        (258, 3, 1, 8),
        (259, 3, 1, _PACKBITS),
        (262, 3, 1, 1),
        (_OFFSETS, 4, 1, 8),
        (277, 3, 1, 1),
        (278, 4, 1, rows),
        (_COUNTS, 4, 1, len(packed)),
    ]
    odd = len(packed) % 2
    header = struct.pack("<2sHI", b"II", 42, 8 + len(packed) + odd)
    listed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    tiff = header + packed + b"\0" * odd + struct.pack("<H", len(entries)) + listed + b"\0\0\0\0"
    try:
        plane = cv2.imdecode(np.frombuffer(tiff, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        plane = None
    if plane is None or plane.shape != (rows, columns):
        raise InputError("A layer's packed rows are damaged.", "Save the file again.")
    return np.asarray(plane, np.uint8)


def _fields(tiff: NDArray[Any]) -> dict[int, NDArray[np.uint32]]:
    """The numeric fields of a little-endian TIFF's first directory (TIFF 6.0 §2)."""
    data = memoryview(tiff.data)
    mark, version, at = struct.unpack_from("<2sHI", data)
    if (mark, version) != (b"II", 42):
        return {}
    found = {}
    for i in range(struct.unpack_from("<H", data, at)[0]):
        place = at + 2 + 12 * i
        tag, kind, count = struct.unpack_from("<HHI", data, place)
        if kind in _TYPES:
            dtype = np.dtype(_TYPES[kind])
            fits = count * dtype.itemsize <= 4
            start = place + 8 if fits else struct.unpack_from("<I", data, place + 8)[0]
            found[tag] = np.frombuffer(data, dtype, count, start).astype(np.uint32)
    return found
