"""What zip files of layers have in common: entries without dates, entries of bounded size, canvases within the limits.

Law: stdlib and `limits`; knows neither PNG nor any layout of entries.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from layerlift import limits
from layerlift.errors import InputError

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold: the same stack makes the same file whenever it is written."""
_MOST_BYTES = limits.MAX_PIXELS * 8 + (64 << 20)
"""Largest entry taken out of a zip: the largest layer at 16 bit, not compressed, and room for what surrounds it."""

_DAMAGE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    ValueError,
    EOFError,
    OSError,
)
"""What zipfile raises on damaged, locked or exotic files."""


def put(packed: zipfile.ZipFile, name: str, data: bytes, *, deflate: bool = False) -> None:
    """Add one entry; stored unless `deflate` (PNG is deflated already)."""
    info = zipfile.ZipInfo(name, _LONG_AGO)
    info.compress_type = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    packed.writestr(info, data)


def take(packed: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of one entry. Raises InputError where it is missing or larger than any layer."""
    try:
        info = packed.getinfo(name)
    except KeyError as error:
        raise InputError(f"The file {name!r} is missing in it.", "Write the stack again.") from error
    if info.file_size > _MOST_BYTES:
        raise InputError(f"The file {name!r} in it is too large.", "Make the layer smaller.")
    return packed.read(info)


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip `path` for reading; what is wrong with it becomes an InputError."""
    try:
        with zipfile.ZipFile(path) as packed:
            yield packed
    except _DAMAGE as error:
        raise InputError(f"{path.name} is a damaged or locked file ({error}).", "Write the stack again.") from error


def check_extent(width: int, height: int) -> None:
    """Raise InputError for a canvas that is no size or larger than the limits."""
    if width < 1 or height < 1 or max(width, height) > limits.MAX_SIDE or width * height > limits.MAX_PIXELS:
        most = f"{limits.MAX_PIXELS // 10**6} megapixels, {limits.MAX_SIDE} a side"
        raise InputError(f"A canvas of {width}×{height} is outside the limits ({most}).", "Make it smaller.")
