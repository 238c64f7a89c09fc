"""Every 8-bit mode of Pillow into straight RGBA, strip by strip, in the picture's own profile where that is RGB.

Law: decoded Pillow images in, arrays and notes out; no files. Colour mathematics is `imaging.colour`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageMode

from layerlift.errors import InputError
from layerlift.imaging import colour
from layerlift.imaging.layer import Pixels

Reading: TypeAlias = "tuple[Pixels, bytes | None, tuple[str, ...]]"
"""Straight RGBA, the profile that it is in (None: sRGB), and what was converted."""
Convert: TypeAlias = Callable[[Image.Image], Image.Image]
_STRIP_PIXELS = 1 << 16
"""Pixels converted at a time. Small also because Pillow measures every cut against the embedding program's limit."""

_GREY = ("1", "L", "LA", "La")
_RGB = ("RGB", "RGBA", "RGBa", "RGBX")


def read_shallow(image: Image.Image, label: str) -> Reading:
    """Decode an image of any 8-bit mode. Raises InputError for float and 32-bit modes, OSError & co. when damaged."""
    if image.mode in ("F", "I"):
        kind = "floating-point" if image.mode == "F" else "32-bit integer"
        raise InputError(f"{label} is a {kind} picture.", "Save it as 8- or 16-bit PNG or TIFF first.")
    image.load()
    icc, notes = profile_of(image)
    convert, icc, more = _conversion(image, icc)
    return upright(_converted(image, convert), image), icc, notes + more


def profile_of(image: Image.Image) -> tuple[bytes | None, tuple[str, ...]]:
    """The embedded profile, unless it is broken or cannot belong to a picture of this mode; and what to say of that."""
    icc = image.info.get("icc_profile") or None
    if icc is None:
        return None, ()
    found = colour.space(icc)
    if found in _fitting(image.mode):
        return icc, ()
    if found is None:
        return None, ("The embedded colour profile is broken and was ignored.",)
    return None, (f"The embedded colour profile is for {found} pictures and was ignored.",)


def _fitting(mode: str) -> tuple[colour.Space, ...]:
    """The profiles that a picture of this mode can be in; grey pictures often carry an RGB one."""
    if mode in _GREY or mode.startswith("I"):
        return ("GRAY", "RGB")
    return ("CMYK",) if mode == "CMYK" else ("LAB",) if mode == "LAB" else ("RGB",)


def upright(pixels: Pixels, image: Image.Image) -> Pixels:
    """Turn as the EXIF orientation says (EXIF 3.0, tag 274: where row 0 and column 0 belong)."""
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    if orientation in (5, 6, 7, 8):
        pixels = cast(Pixels, pixels.transpose(1, 0, 2))
    flip_rows, flip_columns = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    return cast(Pixels, np.ascontiguousarray(pixels[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]))


def _conversion(image: Image.Image, icc: bytes | None) -> tuple[Convert, bytes | None, tuple[str, ...]]:
    """How strips of this image become RGB(A), the profile of the result, and what to say."""
    mode = image.mode
    if mode in _RGB:
        return _plain, icc, ()
    if mode in _GREY:
        return _grey(image, icc)
    if mode == "CMYK" and icc is not None:
        note = f"The picture was CMYK: it was converted to sRGB from its profile “{colour.describe(icc)}”."
        return colour.transform_to_srgb("CMYK", icc), None, (note,)
    if mode == "CMYK":
        note = "The picture was CMYK without a profile: it was converted to sRGB by the plain formula."
        return _plain, None, (note,)
    if mode == "LAB":
        return colour.transform_to_srgb("LAB", None), None, ("The picture was Lab: it was converted to sRGB.",)
    kind = "indexed (a palette)" if mode in ("P", "PA") else mode
    return _plain, icc, (f"The picture was {kind}: it was converted to RGB.",)


def _grey(image: Image.Image, icc: bytes | None) -> tuple[Convert, bytes | None, tuple[str, ...]]:
    kind = "1-bit black and white" if image.mode == "1" else "grey"
    if icc is None or colour.is_rgb(icc):
        return _plain, icc, (f"The picture was {kind}: it was converted to RGB.",)
    tables = np.rint(colour.grey_curve(icc) * 255).astype(int).T.tolist()

    def convert(strip: Image.Image) -> Image.Image:
        grey, _, _, alpha = _plain(strip).split()
        return Image.merge("RGBA", [*(grey.point(table) for table in tables), alpha])

    return convert, None, (f"The picture was {kind}: it was converted to sRGB from “{colour.describe(icc)}”.",)


def _plain(strip: Image.Image) -> Image.Image:
    """Pillow's own conversion; it knows palettes and the colour that a file declares transparent."""
    return (strip.convert("LA") if strip.mode == "La" else strip).convert("RGBA")


def _converted(image: Image.Image, convert: Convert) -> NDArray[np.uint8]:
    """(H, W, 4): memory is bounded to the decoded image, the result and one strip."""
    width, height = image.size
    out = np.full((height, width, 4), 255, np.uint8)
    rows = max(1, _STRIP_PIXELS // width)
    for y in range(0, height, rows):
        strip = convert(image.crop((0, y, width, min(y + rows, height))))
        out[y : y + rows, :, : len(ImageMode.getmode(strip.mode).bands)] = np.asarray(strip)
    return out
