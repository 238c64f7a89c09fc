"""16-bit pictures, which Pillow cuts to 8 bit wherever there is colour: OpenCV decodes them.

Law: the only format file that knows OpenCV; Pillow has already said what the file is. Grey is Pillow's after all: its
I;16 keeps all bits.
"""

from __future__ import annotations

from typing import IO, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, PngImagePlugin

from layerlift.formats.picture_modes import Reading, profile_of, upright
from layerlift.formats.picture_tiff import is_premultiplied, is_white_zero
from layerlift.imaging import colour

_GREY_NOTE = "The picture was 16-bit grey: it was converted to RGB."


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether the file holds more than 8 bits per channel, in one of the kinds that we can decode in full.

    Pillow tells only through the raw mode of the first tile ("RGB;16B"): its own mode is "RGB" all the same.
    """
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM")):
        return True
    if image.mode not in ("RGB", "RGBA") or not image.tile:
        return False
    args = image.tile[0][3]
    if image.format == "PPM":
        return isinstance(args, tuple) and args[-1] == 65535
    raw = args if isinstance(args, str) else args[0] if args else ""
    return image.format in ("PNG", "TIFF") and ";16" in str(raw)


def lost_bits(image: ImageFile.ImageFile, stream: IO[bytes]) -> tuple[str, ...]:
    """A note where Pillow cuts what is_deep could not save: 16-bit CMYK, odd PPMs, JPEG 2000 in colour."""
    bits = 8
    args = image.tile[0][3] if image.tile else ()
    if image.format == "JPEG2000" and image.mode in ("RGB", "RGBA", "YCbCr"):
        bits = _jpeg2000_bits(stream)
    elif image.format == "PPM" and isinstance(args, tuple) and isinstance(args[-1], int):
        bits = args[-1].bit_length()
    elif image.format == "TIFF" and ";16" in str(args):
        bits = 16
    return (f"The picture has {bits} bits per channel: it was reduced to 8.",) if bits > 8 else ()


def _jpeg2000_bits(stream: IO[bytes]) -> int:
    """Bits of the first component. ISO/IEC 15444-1 A.5.1: SIZ marker FF51, Ssiz 40 bytes behind it, depth − 1."""
    stream.seek(0)
    head = stream.read(1 << 16)
    at = head.find(b"\xff\x4f\xff\x51") + 2
    return (head[at + 40] & 0x7F) + 1 if at > 1 and len(head) > at + 40 else 8


def read_deep(image: Image.Image, stream: IO[bytes] | None = None) -> Reading:
    """All 16 bits of the picture. `stream` is the encoded file (not needed for grey).

    Raises OSError, ValueError and their like on damaged files.
    """
    if image.mode.startswith("I"):
        return _read_grey(image, stream)
    assert stream is not None
    icc, notes = profile_of(image)
    if image.format == "PNG":
        _verify_png(stream)
    pixels = _decode(stream)
    if image.format == "TIFF":  # OpenCV has turned it upright (4.5 and later)
        return _straight(pixels) if is_premultiplied(stream) else pixels, icc, notes
    transparent = image.info.get("transparency")
    if isinstance(transparent, tuple):
        pixels[(pixels[..., :3] == np.array(transparent, np.uint16)).all(axis=2), 3] = 0
    return upright(pixels, image), icc, notes


def _read_grey(image: Image.Image, stream: IO[bytes] | None) -> Reading:
    image.load()
    icc, notes = profile_of(image)
    grey = np.asarray(image).astype(np.uint16)
    if image.format == "TIFF" and stream is not None and is_white_zero(stream):
        grey = 65535 - grey
    pixels = np.full((*grey.shape, 4), 65535, np.uint16)
    pixels[..., :3] = grey[..., None]
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        pixels[grey == transparent, 3] = 0
    if icc is not None and not colour.is_rgb(icc):
        note = f"The picture was 16-bit grey: it was converted to sRGB from “{colour.describe(icc)}”."
        _through_curve(pixels, colour.grey_curve(icc))
        return upright(pixels, image), None, (*notes, note)
    return upright(pixels, image), icc, (*notes, _GREY_NOTE)


def _through_curve(pixels: NDArray[np.uint16], curve: NDArray[np.float32]) -> None:
    """Replace grey by the curve's colour, interpolated between its 256 nodes; one row at a time."""
    nodes = np.linspace(0, 65535, 256)
    for row in pixels:
        grey = row[:, 0].copy()
        for channel in range(3):
            row[:, channel] = np.rint(np.interp(grey, nodes, curve[:, channel]) * 65535)


def _verify_png(stream: IO[bytes]) -> None:
    """Check every chunk's length and CRC: OpenCV would complain on stderr, or fill what is missing."""
    stream.seek(0)
    PngImagePlugin.PngImageFile(stream).verify()


def _decode(stream: IO[bytes]) -> NDArray[np.uint16]:
    """(H, W, 4) RGBA as stored, not turned."""
    stream.seek(0)
    decoded = cv2.imdecode(np.frombuffer(stream.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.dtype != np.uint16 or decoded.ndim != 3:
        raise OSError("OpenCV cannot decode it at 16 bit")
    pixels = cv2.cvtColor(decoded, cv2.COLOR_BGR2RGBA if decoded.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    return cast("NDArray[np.uint16]", pixels)


def _straight(pixels: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Undo premultiplication, one row at a time."""
    for row in pixels:
        alpha = row[:, 3:].astype(np.float64)
        colours = np.divide(row[:, :3] * 65535.0, alpha, out=np.zeros(row[:, :3].shape), where=alpha > 0)
        row[:, :3] = np.rint(np.minimum(colours, 65535))
    return pixels
