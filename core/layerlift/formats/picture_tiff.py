"""What a TIFF holds, from its tags alone: the kinds that our decoders get wrong or cannot do are refused by name.

Law: reads the first directory, decodes nothing. Source: TIFF 6.0 (Adobe, 1992), sections 3–8 and 18–23.
Decoders' quirks obeyed here: OpenCV (4.14) misreads 16-bit pictures with separate planes and drops the second channel
of grey + alpha; Pillow (12.3) shows the small preview inside camera raw files.
"""

from __future__ import annotations

import struct
from typing import IO, Any

from PIL import TiffImagePlugin

from layerlift.errors import InputError

_BITS, _PHOTOMETRIC, _SAMPLES, _PLANAR, _EXTRA, _FORMAT = 258, 262, 277, 284, 338, 339
_OFFSETS, _COUNTS, _TILE_OFFSETS, _TILE_COUNTS = 273, 279, 324, 325
_SUBFILE, _DNG = 254, 50706
_GREY = (0, 1)
_LAB = (8, 9, 10)


def is_tiff(prefix: bytes) -> bool:
    """Whether a file that begins so is a TIFF, classic or BigTIFF."""
    return prefix[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_tags(stream: IO[bytes]) -> dict[int, Any]:
    """The first directory's tags by number. Raises what Pillow raises on damaged directories."""
    stream.seek(0)
    directory = TiffImagePlugin.ImageFileDirectory_v2(_header(stream))
    stream.seek(directory.next)
    directory.load(stream)
    return dict(directory)


def is_white_zero(stream: IO[bytes]) -> bool:
    """Whether 0 means white (PhotometricInterpretation 0)."""
    return read_tags(stream).get(_PHOTOMETRIC) == 0


def is_premultiplied(stream: IO[bytes]) -> bool:
    """Whether the fourth sample is "associated alpha" (ExtraSamples 1): the colours are multiplied by it."""
    return _tuple(read_tags(stream).get(_EXTRA, ()))[:1] == (1,)


def check_tiff(stream: IO[bytes], label: str) -> None:
    """Refuse what cannot be read right, and what ends before its last pixel. Raises InputError.

    A directory that cannot even be read is left to the decoders, which will fail on it.
    """
    try:
        tags = read_tags(stream)
    except (OSError, SyntaxError, ValueError, LookupError, TypeError, struct.error, OverflowError, UserWarning):
        return
    if reason := _unreadable(tags):
        raise InputError(f"{label} is {reason}.", "Save it as a plain 8- or 16-bit RGB TIFF or PNG first.")
    _check_complete(tags, stream.seek(0, 2), label)


def _unreadable(tags: dict[int, Any]) -> str | None:
    bits = _tuple(tags.get(_BITS, 1))
    kind = _tuple(tags.get(_FORMAT, 1))[0]
    photometric = tags.get(_PHOTOMETRIC)
    if _DNG in tags or tags.get(_SUBFILE, 0) & 1:
        return "a camera's raw file"
    if kind == 3:
        return f"a floating-point TIFF ({bits[0]} bits per channel)"
    if kind != 1 and kind != 4:
        return "a TIFF of signed or complex numbers"
    if max(bits) > 16:
        return f"a TIFF of {max(bits)}-bit integers"
    if max(bits) <= 8:
        return None
    if photometric in _LAB:
        return "a 16-bit Lab TIFF"
    if photometric in _GREY and tags.get(_SAMPLES, 1) > 1:
        return "a 16-bit grey TIFF with an alpha channel"
    if tags.get(_PLANAR, 1) == 2 and tags.get(_SAMPLES, 1) > 1:
        return "a 16-bit TIFF whose colours are stored one after the other (planar)"
    return None


def _check_complete(tags: dict[int, Any], size: int, label: str) -> None:
    offsets = _tuple(tags.get(_OFFSETS, tags.get(_TILE_OFFSETS, ())))
    counts = _tuple(tags.get(_COUNTS, tags.get(_TILE_COUNTS, ())))
    end = max((offset + count for offset, count in zip(offsets, counts)), default=0)  # noqa: B905 (damaged files)
    if end > size:
        raise InputError(
            f"{label} is cut short: it has {size} bytes of at least {end}.", "Fetch or save the file again."
        )


def _header(stream: IO[bytes]) -> bytes:
    """The 8 bytes of a classic header, 16 of a BigTIFF's."""
    header = stream.read(8)
    return header + stream.read(8) if header[2:3] == b"+" or header[3:4] == b"+" else header


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
