"""The uploaded file as a Document, its pixels used where they lie.

Law: knows the wire's layout of an upload and the library's nouns. Reads, never writes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np

from layerlift.errors import InputError
from layerlift.formats import picture
from layerlift.imaging.layer import Document, Pixels
from layerlift.refine.native import Native
from layerlift.wire.limits import LATTICE
from layerlift.wire.rules import payload
from layerlift.wire.values import DocumentInfo
from layerlift_server.jobs import arena

Mask: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]
_STRIP_PIXELS = 1 << 20


def read(path: Path, info: DocumentInfo, *, apart: bool = False) -> tuple[Document, Mask | None]:
    """What lies in `path`, as `info` says. A selection is multiplied into the alpha, or is handed out `apart` as
    (h, w) uint8. Raises InputError, OSError."""
    if info.kind == "file":
        with os.fdopen(arena.open_for_reading(path), "rb") as stream:
            return picture.read(stream, name=info.name or None), None
    area, itemsize = info.width * info.height, info.depth // 8
    whole = _whole(path, info)
    end = area * 4 * itemsize
    pixels = whole[:end].view("<u2" if info.depth == 16 else np.uint8).reshape(info.height, info.width, 4)
    mask = whole[end : end + area].reshape(info.height, info.width) if info.mask else None
    if mask is not None and not apart:
        pixels, mask = selected(pixels, mask), None
    end += area * info.mask
    icc = whole[end : end + info.icc].tobytes() if info.icc else None
    return Document(cast(Pixels, pixels), info.name or "Picture", icc), mask


def native(path: Path, info: DocumentInfo) -> Native | None:
    """The document in its host's own numbers, if those came with it. Raises InputError, OSError."""
    if info.native is None:
        return None
    channels, dtype = info.native.channels + 1, "<u2" if info.native.depth == 16 else np.uint8
    beside = info.width * info.height * info.native.depth // 8 * channels
    table = LATTICE**3 * info.native.depth // 8 * channels
    whole = _whole(path, info)
    pixels = whole[whole.size - table - beside : whole.size - table].view(dtype)
    return Native(
        cast(Pixels, pixels.reshape(info.height, info.width, channels)),
        cast(Pixels, whole[whole.size - table :].view(dtype).reshape(LATTICE**3, channels)),
    )


def _whole(path: Path, info: DocumentInfo) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """All bytes of the upload, mapped, and as many as announced. Raises InputError, OSError."""
    memory, expected = arena.mapped(path), payload(info)
    if len(memory) != expected:
        raise InputError(f"The document has {len(memory)} bytes instead of {expected}.", "Send it again.")
    return np.frombuffer(memory, np.uint8)


def selected(pixels: np.ndarray[Any, np.dtype[Any]], mask: Mask) -> Pixels:
    """A copy of the (h, w, 4) pixels whose alpha is multiplied by the (h, w) mask (255: selected), rounded."""
    out = pixels.copy()
    rows = max(1, _STRIP_PIXELS // pixels.shape[1])
    for y in range(0, pixels.shape[0], rows):
        alpha = pixels[y : y + rows, :, 3].astype(np.uint32) * mask[y : y + rows]
        out[y : y + rows, :, 3] = (alpha + 127) // 255
    return cast(Pixels, out)
