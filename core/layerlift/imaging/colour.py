"""Colour profiles: what a picture's numbers mean, and how an engine that only knows sRGB gets to see them.

Law: the only file that knows ImageCms (LittleCMS 2). It never touches what the user gets back: the document keeps its
numbers and its profile; only an engine's view (`to_srgb8`) and what an engine painted (`srgb_to_profile8`) pass here,
and pictures that are not RGB at all (`transform_to_srgb`). Source: ICC.1:2022; relative colorimetric intent with black
point compensation, the default of Photoshop, Krita and GIMP for pictures.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from layerlift.imaging.layer import Pixels, full_scale

Space: TypeAlias = Literal["RGB", "GRAY", "CMYK", "LAB"]
STRIP_PIXELS = 1 << 20
"""Pixels converted at a time: bounds the memory beside input and output to a few MiB, at no measurable cost."""

_MODES: dict[Space, str] = {"RGB": "RGBA", "GRAY": "L", "CMYK": "CMYK", "LAB": "LAB"}
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION


def space(icc: bytes | None) -> Space | None:
    """Which colour space the profile describes: None when it is broken or one that no picture here can use.

    No profile means sRGB, hence "RGB".
    """
    if icc is None:
        return "RGB"
    profile = _open(icc)
    if profile is None:
        return None
    signature = profile.profile.xcolor_space.strip().upper()
    if signature not in _MODES:
        return None
    return signature if _usable(icc, signature) else None


def is_rgb(icc: bytes | None) -> bool:
    """Whether RGB numbers can be in this profile: a working RGB profile, or none at all (sRGB)."""
    return space(icc) == "RGB"


def describe(icc: bytes | None) -> str:
    """The profile's own description ("Adobe RGB (1998)"); "sRGB" for none, "broken profile" for an unreadable one."""
    if icc is None:
        return "sRGB"
    profile = _open(icc)
    if profile is None:
        return "broken profile"
    text = (profile.profile.profile_description or "").replace("\0", "").strip()
    return " ".join(text.split()) or f"unnamed {profile.profile.xcolor_space.strip()} profile"


def to_srgb8(pixels: Pixels, icc: bytes | None) -> NDArray[np.uint8]:
    """(H, W, 4) straight pixels in `icc` → a new (H, W, 4) uint8 straight array in sRGB, for an engine's eyes only.

    16-bit pixels are rounded to 8 bit first. Alpha is only rounded. A profile that is broken or not an RGB one is
    ignored: the numbers are then taken as sRGB (who reads the file says so in the document's notes).
    """
    return _convert(pixels, _between(icc, None) if is_rgb(icc) else None)


def srgb_to_profile8(pixels: Pixels, icc: bytes | None) -> NDArray[np.uint8]:
    """The way back: (H, W, 4) straight sRGB → a new (H, W, 4) uint8 straight array in `icc`.

    Colours outside the profile's gamut are clipped by LittleCMS. A profile that is broken or not RGB is ignored.
    """
    return _convert(pixels, _between(None, icc) if is_rgb(icc) else None)


def transform_to_srgb(source: Space, icc: bytes | None) -> Callable[[Image.Image], Image.Image]:
    """What turns pictures of the Pillow mode of `source` (L, CMYK, LAB; RGB as RGBA) into sRGB ones (RGB or RGBA).

    `icc` must describe `source` (check with `space`); for LAB none is needed (CIE L*a*b*, D50).
    """
    if source == "LAB":
        profile: Any = ImageCms.createProfile("LAB")
    else:
        profile = ImageCms.createProfile("sRGB") if icc is None else _profile(icc)
    mode = _MODES[source]
    out = "RGBA" if mode == "RGBA" else "RGB"
    # Unoptimised for grey: LittleCMS 2.19 else samples the curve so coarsely that linear light is off by 10 levels in
    # the dark (tests/core/imaging/test_colour.py); grey passes through a table of 256 colours anyway.
    flags = _FLAGS | ImageCms.Flags.NOOPTIMIZE if source == "GRAY" else _FLAGS
    transform = ImageCms.buildTransform(
        profile, ImageCms.createProfile("sRGB"), mode, out, renderingIntent=_INTENT, flags=flags
    )

    def apply(image: Image.Image) -> Image.Image:
        converted = ImageCms.applyTransform(image, transform)
        assert converted is not None  # only in-place conversions return nothing
        return converted

    return apply


def grey_curve(icc: bytes) -> NDArray[np.float32]:
    """(256, 3) float32 0–1: the sRGB colour of each grey 0–255 of a grey profile, as LittleCMS sees it (8 bit)."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    curve: NDArray[np.float32] = np.asarray(transform_to_srgb("GRAY", icc)(ramp))[0].astype(np.float32) / 255
    return curve


def _profile(icc: bytes) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(io.BytesIO(icc))


def _open(icc: bytes) -> ImageCms.ImageCmsProfile | None:
    try:
        return _profile(icc)
    except (OSError, ImageCms.PyCMSError, ValueError, TypeError):
        return None


@lru_cache(maxsize=8)
def _usable(icc: bytes, signature: Space) -> bool:
    """Whether LittleCMS can really convert from it: headers may be sound over missing tags."""
    try:
        transform_to_srgb(signature, icc)
    except (OSError, ImageCms.PyCMSError, ValueError, TypeError):
        return False
    return True


def _between(source: bytes | None, target: bytes | None) -> ImageCms.ImageCmsTransform | None:
    """The transform between two RGB profiles (None is sRGB), or None where there is nothing to do or no way to do it:
    a scanner's profile may describe only the way out of it."""
    if source == target:
        return None
    ends = [ImageCms.createProfile("sRGB") if icc is None else _profile(icc) for icc in (source, target)]
    try:
        return ImageCms.buildTransform(ends[0], ends[1], "RGBA", "RGBA", renderingIntent=_INTENT, flags=_FLAGS)
    except (OSError, ImageCms.PyCMSError):
        return None


def _convert(pixels: Pixels, transform: ImageCms.ImageCmsTransform | None) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    out = np.empty((height, width, 4), np.uint8)
    rows = max(1, STRIP_PIXELS // max(1, width))
    for y in range(0, height, rows):
        strip = out[y : y + rows]
        strip[:] = _eight_bit(pixels[y : y + rows])
        if transform is not None:
            image = Image.fromarray(strip)
            ImageCms.applyTransform(image, transform, inPlace=True)
            strip[..., :3] = np.asarray(image)[..., :3]
    return out


def _eight_bit(pixels: Pixels) -> NDArray[np.uint8]:
    """Rounded to 8 bit: 65535 / 255 = 257 exactly, so (v + 128) // 257 is the nearest level."""
    wide = pixels if full_scale(pixels) == 255 else (pixels.astype(np.uint32) + 128) // 257
    return wide.astype(np.uint8, copy=False)
