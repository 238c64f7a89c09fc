"""Colour spaces: what Krita calls them, what the wire carries, and the way between them both ways.

Law: pixels of one space in, pixels of another out; the user's documents are never touched. The conversion is Krita's
own, made in a temporary document: `node.setColorSpace` records history, so it must not happen in the user's document,
and on a `node.clone()` it crashes; on a node that the temporary document created it does neither (5.1–5.3).
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from krita import Document, InfoObject, Krita, Node

from layerlift.wire.limits import LATTICE
from layerlift_krita.action.ports import Say
from layerlift_krita.host.bands import rows_per_band, swap
from layerlift_krita.host.leaving import leave
from layerlift_krita.qt import QtCore

SRGB = "sRGB-elle-V2-srgbtrc.icc"
"""Krita ships it, and calls it by this name, in every version; its numbers are what everybody calls sRGB."""
_BYTES = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}
_CHANNELS = {"A": 1, "GRAYA": 2, "RGBA": 4, "XYZA": 4, "LABA": 4, "YCbCrA": 4, "CMYKA": 5}
_CURVES = {"srgbtrc": SRGB, "g10": "sRGB-elle-V2-g10.icc", "g22": "ClayRGB-elle-V2-g22.icc"}
"""An RGB profile that Krita ships for each tone curve of the gray ones that it ships."""
CONVERTED = 1 << 19
"""Bytes converted in one step: Krita takes 10 to 20 ms for a million bytes on an old processor."""
ACROSS = 1024
"""Pixels in a row of the temporary document."""


@dataclass(frozen=True)
class Space:
    """Krita's own three words for a colour space."""

    model: str
    depth: str
    profile: str

    @property
    def pixel(self) -> int:
        """Bytes of one pixel."""
        return _CHANNELS.get(self.model, 4) * _BYTES.get(self.depth, 4)

    @property
    def channels(self) -> int:
        """Numbers of one pixel, alpha included."""
        return _CHANNELS.get(self.model, 4)

    @property
    def bits(self) -> int:
        """Bits of one channel on the wire; only for spaces that the wire can carry."""
        return 8 * _BYTES[self.depth]

    @property
    def on_wire(self) -> Space:
        """The nearest space that the wire carries: RGBA, 8 or 16 bit.

        RGB keeps its profile. Gray becomes the RGB of the same tone curve: neutral numbers stay what they are, and soft
        edges blend as they do in gray. Everything else becomes sRGB in 16 bit, so that rounding is no second loss.
        """
        if self.model == "RGBA":
            return Space("RGBA", self.depth if self.depth in {"U8", "U16"} else "U16", self.profile)
        if self._curve is not None:
            return Space("RGBA", "U8" if self.depth == "U8" else "U16", self._curve)
        return Space("RGBA", "U16", SRGB)

    @property
    def loss(self) -> Say | None:
        """What the way to the wire costs, for the user; None: nothing."""
        if self.model != "RGBA" and self._curve is None:
            return Say("{model} travels as 16-bit sRGB: soft edges may shift a little.", model=self.model[:-1])
        if self.depth in {"U8", "U16"}:
            return None
        return Say("Floating-point colours travel as 16-bit integers: soft edges are clipped to 0–1.")

    @property
    def carried(self) -> bool:
        """Whether its own numbers can travel beside RGB (`wire.values.Native`)."""
        return self.model != "RGBA" and self.channels > 1 and self.depth in {"U8", "U16"}

    @property
    def _curve(self) -> str | None:
        """The RGB profile whose tone curve is that of this gray one; None: not gray, or not known."""
        found = re.search(r"-(srgbtrc|g10|g22)\.icc$", self.profile) if self.model == "GRAYA" else None
        return _CURVES[found[1]] if found is not None else None


def space_of(thing: Document | Node) -> Space:
    """The colour space of a document or a layer."""
    return Space(thing.colorModel(), thing.colorDepth(), thing.colorProfile())


class Converter:
    """Pixels of `source` into `target`, through one temporary document. Making it costs as much as many conversions
    (100 ms), so it is kept, and pixels are laid into it in rows of its own width, whatever picture they come from."""

    def __init__(self, source: Space, target: Space) -> None:
        self.source, self.target = source, target
        self._most = rows_per_band(ACROSS, max(source.pixel, target.pixel), CONVERTED)
        self._document = None

    def rows(self, width: int) -> int:
        """How many rows of a picture of that width are converted in one step; at least one."""
        return rows_per_band(width, max(self.source.pixel, self.target.pixel), CONVERTED)

    def convert(self, pixels: bytes | bytearray | memoryview) -> bytes:
        """Pixels as the source stores them, as the target stores them."""
        return bytes(pixels) if self.source == self.target else self._through(pixels, self.source, self.target)

    def table(self) -> bytes:
        """What LATTICE³ colours of the target are in the source, evenly spaced, red changing fastest, opaque: by the
        same document, so that Krita need not make another."""
        return self._through(_lattice(self.target.bits), self.target, self.source)

    def _through(self, pixels: bytes | bytearray | memoryview, given: Space, wanted: Space) -> bytes:
        if self._document is None:
            made = (ACROSS, self._most, "Layerlift", self.source.model, self.source.depth, self.source.profile, 72.0)
            self._document = Krita.instance().createDocument(*made)
            self._document.setBatchmode(True)
        count = len(pixels) // given.pixel
        rows = -(-count // ACROSS)
        padded = bytes(pixels) + bytes((rows * ACROSS - count) * given.pixel)
        node = self._document.createNode("band", "paintlayer")
        if given != self.source:
            node.setColorSpace(given.model, given.depth, given.profile)
        node.setPixelData(QtCore.QByteArray(padded), 0, 0, ACROSS, rows)
        node.setColorSpace(wanted.model, wanted.depth, wanted.profile)
        return bytes(node.pixelData(0, 0, ACROSS, rows))[: count * wanted.pixel]

    def close(self) -> None:
        """Throw the temporary document away, without a question."""
        if self._document is not None:
            leave(self._document)
            self._document = None


@lru_cache(maxsize=2)
def _lattice(bits: int) -> bytes:
    """Evenly spaced colours as Krita stores RGB of so many bits: blue, green, red, alpha."""
    full = (1 << bits) - 1
    levels = [round(full * step / (LATTICE - 1)).to_bytes(bits // 8, "little") for step in range(LATTICE)]
    return b"".join(blue + green + red + levels[-1] for blue in levels for green in levels for red in levels)


def to_rgba(pixels: bytes | memoryview, space: Space) -> bytearray:
    """Krita's bytes of a space that the wire carries, as straight R, G, B, A."""
    return swap(bytearray(pixels), space.bits)


from_rgba = to_rgba
"""The same swap leads back."""


@lru_cache(maxsize=16)
def profile_bytes(space: Space) -> bytes:
    """The ICC profile of an RGBA space; empty for sRGB, which is what nothing means on the wire.

    Krita tells a script the name of a profile but never its bytes. It does write them into its own file format, so a
    document of one pixel is exported to a .kra and read back: once for each profile and session.
    """
    if space.profile == SRGB:
        return b""
    document = Krita.instance().createDocument(1, 1, "profile", space.model, space.depth, space.profile, 72.0)
    document.setBatchmode(True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "profile.kra"
            if not document.exportImage(str(path), InfoObject()):
                return b""
            with zipfile.ZipFile(path) as archive:
                inside = [name for name in archive.namelist() if name.endswith("annotations/icc")]
                return archive.read(inside[0]) if inside else b""
    finally:
        document.setModified(False)
        document.close()


def known(space: Space) -> Space:
    """The space itself, or with sRGB's profile where this Krita does not have its own."""
    if space.profile in Krita.instance().profiles(space.model, space.depth):
        return space
    return Space("RGBA", space.depth if space.model == "RGBA" else "U16", SRGB)
