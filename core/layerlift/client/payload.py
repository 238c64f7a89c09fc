"""What goes up: a document's pixels, or a picture's file as it is, as bytes that can be read from any offset.

Law: knows documents and files, no connection. Pixels are sent as they lie in memory (no copy on little-endian
machines); a file is read piece by piece and never decoded here.
"""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from layerlift.errors import InputError, RequestError
from layerlift.imaging.layer import Document
from layerlift.wire.limits import NAME
from layerlift.wire.text import clipped
from layerlift.wire.values import DocumentInfo

Picture: TypeAlias = Document | str | os.PathLike[str]
"""What can be uploaded: a Document, or the path of a picture's file."""


class Payload(Protocol):
    """Bytes to send."""

    info: DocumentInfo
    size: int
    notes: tuple[str, ...]

    def read(self, offset: int, length: int) -> memoryview:
        """Between 1 and `length` bytes at `offset` < `size`."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


def payload(picture: Picture, *, mask: NDArray[np.uint8] | None = None, at: tuple[int, int] = (0, 0)) -> Payload:
    """What to send for `picture`; `mask` (height, width) uint8 is a selection, 255 is selected; `at` is where its top
    left corner lies on the host's canvas. Raises InputError for a file that cannot be read, RequestError for a `mask`
    with one: files go up as they are."""
    if isinstance(picture, Document):
        return Pixels(picture, mask, at)
    if mask is not None:
        raise RequestError("A mask cannot be sent with a picture's file.", "Read the file first, or give a polygon.")
    return File(Path(picture))


class Pixels:
    """A document in memory: pixels, then the selection, then the profile."""

    def __init__(self, document: Document, mask: NDArray[np.uint8] | None, at: tuple[int, int]) -> None:
        width, height = document.extent
        if mask is not None and mask.shape != (height, width):
            raise InputError(f"The selection is {mask.shape}, the picture {height} × {width}.", "Give both one size.")
        icc = document.icc or b""
        parts = [_bytes_of(document.pixels), *([] if mask is None else [_bytes_of(mask)]), memoryview(icc)]
        self._parts = [part for part in parts if part.nbytes]
        self.size = sum(part.nbytes for part in self._parts)
        self.notes = document.notes
        x, y = at
        masked = mask is not None
        self.info = DocumentInfo(
            clipped(document.name, NAME), "pixels", width, height, document.depth, x, y, masked, len(icc)
        )

    def read(self, offset: int, length: int) -> memoryview:
        """A view of the part at `offset`, never across two parts."""
        for part in self._parts:
            if offset < part.nbytes:
                return part[offset : offset + length]
            offset -= part.nbytes
        raise EOFError(offset)

    def close(self) -> None:
        """Nothing is open."""


class File:
    """A picture's file, sent as it is; the server decodes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None
        with _opened(path) as file:
            self.size = os.fstat(file.fileno()).st_size
        if self.size == 0:
            raise InputError(f"{path.name} is empty: it has 0 bytes.", "Fetch or save the file again.")
        self.info = DocumentInfo(clipped(path.stem, NAME), "file")
        self.notes: tuple[str, ...] = ()

    def read(self, offset: int, length: int) -> memoryview:
        """The next piece. Raises InputError if the file has become shorter meanwhile."""
        self._file = self._file or _opened(self._path)
        self._file.seek(offset)
        piece = self._file.read(length)
        if not piece:
            raise InputError(f"{self._path.name} changed while it was being sent.", "Save it, then try again.")
        return memoryview(piece)

    def close(self) -> None:
        """Close the file; another `read` would open it again."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _opened(path: Path) -> FileIO:
    try:
        return path.open("rb", buffering=0)
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.", "Check the name and the folder.") from None
    except OSError as wrong:
        if path.is_dir():  # Windows answers a folder with "permission denied"
            raise InputError(f"{path} is a folder, not a picture.", "Name a picture in it.") from None
        raise InputError(f"{path} cannot be opened: {wrong.strerror}.", "Check that you may read it.") from wrong


def _bytes_of(array: NDArray[np.uint8] | NDArray[np.uint16]) -> memoryview:
    """The array's bytes, row-major, little-endian; a copy only where memory lies otherwise."""
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return little.reshape(-1).view(np.uint8).data
