"""Any flat picture into a Document: files, bytes, streams, Pillow images and arrays.

Law: reads, never writes; whatever cannot be read is an InputError with one sentence and one remedy, found out before
anything big is decoded where the file lets us. Which file it is: `picture_source`; 8-bit modes and colour spaces:
`picture_modes`; 16 bit, which Pillow cannot do: `picture_deep`. No global setting of Pillow is touched or relied upon:
the size limits are our own (`limits`), whatever the embedding program set `Image.MAX_IMAGE_PIXELS` to.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from layerlift.errors import InputError
from layerlift.formats.picture_deep import is_deep, lost_bits, read_deep
from layerlift.formats.picture_modes import read_shallow
from layerlift.formats.picture_source import foreign, megapixels, opened
from layerlift.formats.picture_tiff import check_tiff, is_tiff
from layerlift.imaging.layer import Document, Pixels
from layerlift.limits import MAX_PIXELS, MAX_SIDE

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PSD", "PPM", "JPEG2000", "AVIF", "HEIF", "QOI")
"""What we let Pillow try, in this order; the rest of its plugins (EPS runs Ghostscript, TGA has no signature) stay
shut. AVIF and HEIF are there only where Pillow, or a plugin that the program registered, can decode them."""

_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    TypeError,
    KeyError,
    OverflowError,
    NotImplementedError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    UserWarning,
)
"""What Pillow's plugins raise on damaged files. Their warnings ("corrupt EXIF data") come as exceptions only where the
embedding program wants them so."""


def read(source: Path | str | BinaryIO | bytes, *, name: str | None = None) -> Document:
    """Read one flat picture. `source`: a path, encoded bytes or a binary stream; `name` overrides the document's.

    Returns straight RGBA, upright (EXIF orientation applied), uint8 or uint16 as in the file, in the file's own
    profile where that is an RGB one, else converted to sRGB; `notes` say what was converted. Raises InputError.
    """
    with opened(source) as (stream, label, stem):
        image = _identified(stream, label)
        _check_size(*image.size, label)
        with _explained(stream, label):
            deep = is_deep(image)
            lost = () if deep else lost_bits(image, stream)
            pixels, icc, notes = read_deep(image, stream) if deep else read_shallow(image, label)
        return Document(pixels, name or stem, icc, (*_page_notes(image), *lost, *notes))


def from_image(image: Image.Image, *, name: str = "Picture") -> Document:
    """A Pillow image of any mode that `read` takes, its profile and orientation from `image.info` and its EXIF data.

    The image is not changed. Raises InputError for 32-bit integer and float modes and beyond the size limits.
    """
    label = "The image"
    _check_size(*image.size, label)
    pixels, icc, notes = read_deep(image) if image.mode.startswith("I;16") else read_shallow(image, label)
    return Document(pixels, name, icc, notes)


def from_array(array: NDArray[Any], *, name: str = "Picture", icc: bytes | None = None) -> Document:
    """(H, W) grey, (H, W, 3) RGB or (H, W, 4) straight RGBA, uint8 or uint16, into a Document that owns its pixels.

    Raises InputError for any other shape or dtype and beyond the size limits.
    """
    channels = 1 if array.ndim == 2 else array.shape[2] if array.ndim == 3 else 0
    if channels not in (1, 3, 4) or array.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"An array of shape {array.shape} and type {array.dtype} is not a picture.",
            "Give H×W, H×W×3 or H×W×4 of uint8 or uint16.",
        )
    height, width = array.shape[:2]
    _check_size(width, height, "The array")
    pixels = np.full((height, width, 4), np.iinfo(array.dtype).max, array.dtype)
    pixels[..., : max(3, channels)] = array[..., None] if array.ndim == 2 else array
    return Document(cast(Pixels, pixels), name, icc)


def _identified(stream: IO[bytes], label: str) -> ImageFile.ImageFile:
    """The opened, not yet decoded picture.

    Does what `Image.open` does, without its size check: that one warns or raises at a limit which belongs to the
    embedding program, and names numbers that are not ours.
    """
    prefix = stream.read(64)
    if is_tiff(prefix):
        check_tiff(stream, label)
    Image.init()
    for key in FORMATS:
        factory, accept = Image.OPEN.get(key, (None, None))
        if factory is None or (accept is not None and accept(prefix[:16]) is not True):
            continue
        stream.seek(0)
        try:
            image = factory(stream, "")
        except _BROKEN:
            continue
        assert isinstance(image, ImageFile.ImageFile)
        return image
    raise foreign(prefix, label)


def _check_size(width: int, height: int, label: str) -> None:
    """Refuse what is outside the limits, by the declared size alone. Raises InputError."""
    size = f"{width} × {height} pixels"
    if width < 1 or height < 1:
        raise InputError(f"{label} is empty: {size}.", "Give a picture of at least 1 × 1 pixel.")
    if max(width, height) > MAX_SIDE:
        raise InputError(
            f"{label} has {size}; the longest side may be {MAX_SIDE} pixels.", "Reduce it or cut it into parts first."
        )
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{label} has {size} ({megapixels(width * height)}); the limit is {megapixels(MAX_PIXELS)}.",
            "Reduce it or cut it into parts first.",
        )


@contextmanager
def _explained(stream: IO[bytes], label: str) -> Iterator[None]:
    """Turn a decoder's failure into a sentence."""
    try:
        yield
    except _BROKEN as broken:
        raise InputError(
            f"{label} is damaged or cut short: its {stream.seek(0, 2)} bytes do not make a whole picture.",
            "Fetch or save the file again.",
        ) from broken
    except MemoryError as full:
        raise InputError(
            f"{label} does not fit into the free memory.", "Close other programs or reduce the picture first."
        ) from full


def _page_notes(image: ImageFile.ImageFile) -> tuple[str, ...]:
    """What was left out because a Document is one flat picture."""
    if image.format == "PSD":
        return ("The file has layers of its own: the merged picture saved with them was taken.",)
    pages = getattr(image, "n_frames", 1)
    if pages == 1 or image.format in ("MPO", "ICO"):
        return ()
    if image.format == "TIFF":
        return (f"The file has {pages} pages: the first was taken.",)
    return (f"The picture is an animation of {pages} frames: the first was taken.",)
