"""One source on its way to the wire, a band at a time: what the server sees of it, and what the user should know.

Law: a clone and a node of it in, bytes out; who makes the clone is `reading`'s business. Everything is read through
`projectionPixelData`: what the layer shows, without its own opacity.
"""

from __future__ import annotations

from typing import Literal

from krita import Document, Node

from layerlift.wire.limits import LATTICE
from layerlift.wire.values import Native
from layerlift_krita.action.ports import Say, ShowsThrough, Wish
from layerlift_krita.host.bands import BAND, Fingerprint, cut_out, rows_per_band, translucent
from layerlift_krita.host.leaving import leave
from layerlift_krita.host.places import KritaPlace
from layerlift_krita.host.spaces import Converter, Space, profile_bytes, space_of, to_rgba

BESIDE = ("inpaint", "harmonise")
"""Operations that look at the whole picture and change the selected part: the selection travels beside it. For all
others a selection means: these pixels and nothing else."""
Rectangle = tuple[int, int, int, int]


class KritaSnapshot:
    """A layer, an image or a selection of it, on its way to the wire. See `action.ports.Snapshot`."""

    def __init__(self, clone: Document, node: Node, place: KritaPlace, box: Rectangle, mask: bytes, wish: Wish) -> None:
        self._clone, self._node, self._box, self._selection = clone, node, box, mask
        self.place, self.title = place, place.name
        self.x, self.y, self.width, self.height = box
        self._space, self._wire = space_of(node), place.wire
        self.depth: Literal[8, 16] = 8 if self._wire.bits == 8 else 16
        self.icc = profile_bytes(self._wire)
        self.mask = bool(mask) and wish.operation in BESIDE
        # What goes into the document again must be in its own numbers: a layer's may be others.
        self._carried = self._space.carried and self._space == place.space and wish.operation == "decompose"
        self.native: Native | None = None
        self.notes = notes(node, self._space, place, self._carried)
        self._through = bool(self.notes) and self.notes[-1] == shows_through(place)
        self._converter = Converter(self._space, self._wire) if self._space != self._wire else None
        self._rows = (
            self._converter.rows(self.width) if self._converter else rows_per_band(self.width, self._space.pixel, BAND)
        )
        self._print = Fingerprint(-(-self.height // self._rows))
        self._held: tuple[bool, int, bytearray | memoryview] = (False, -1, bytearray())
        self._table = b""

    @property
    def _row(self) -> int:
        return self.width * self._wire.pixel

    @property
    def _pixels(self) -> int:
        return self.height * self._row

    @property
    def size(self) -> int:
        """Bytes of the payload: pixels, then the mask, then the profile, then our own numbers and a table."""
        native = 0 if self.native is None else (self.width * self.height + LATTICE**3) * self._space.pixel
        return self._pixels + (len(self._selection) if self.mask else 0) + len(self.icc) + native

    def offer(self, native: bool) -> None:
        """Whether the server takes our own numbers beside RGB."""
        carried = native and self._carried
        depth: Literal[8, 16] = 8 if self._space.depth == "U8" else 16
        self.native = Native(self._space.channels - 1, depth) if carried else None
        loss = self._space.loss
        if not carried and loss is not None and loss not in self.notes:
            self.notes = (*self.notes, loss)

    def read(self, offset: int, length: int) -> memoryview:
        """At most `length` bytes of the payload from `offset` on, out of one band."""
        if offset < self._pixels:
            return self._inside(offset, length, self._row, own=False)
        offset -= self._pixels
        tail = (self._selection if self.mask else b"") + self.icc
        if offset < len(tail):
            return memoryview(tail)[offset : offset + length]
        offset -= len(tail)
        row = self.width * self._space.pixel
        if offset < self.height * row:
            return self._inside(offset, length, row, own=True)
        assert self._converter is not None
        self._table = self._table or self._converter.table()
        return memoryview(self._table)[offset - self.height * row :][:length]

    def _inside(self, offset: int, length: int, row: int, *, own: bool) -> memoryview:
        """Out of the rows as the wire has them, or as they are (`own`)."""
        number = offset // (row * self._rows)
        if self._held[:2] != (own, number):
            self._held = (own, number, self._raw(number)[0] if own else self._band(number))
        inside = offset - number * row * self._rows
        return memoryview(self._held[2])[inside : inside + length]

    def seal(self) -> str:
        """A fingerprint of everything that was read."""
        return str(self._print)

    def steps(self) -> int:
        """How many bands there are."""
        return -(-self.height // self._rows)

    def look(self, number: int) -> None:
        """Read a band for its fingerprint only."""
        self._raw(number)

    def numbers(self, left: int, top: int, width: int, height: int) -> bytes:
        """A rectangle of the canvas in the layer's own numbers."""
        return bytes(self._node.projectionPixelData(left, top, width, height))

    @property
    def space(self) -> Space:
        """What those numbers are in."""
        return self._space

    def close(self) -> None:
        """Throw the clone away."""
        if self._converter is not None:
            self._converter.close()
        self._node = None
        if self._clone is not None:
            leave(self._clone)
            self._clone = None

    def _raw(self, number: int) -> tuple[memoryview, int]:
        top = number * self._rows
        rows = min(self._rows, self.height - top)
        raw = memoryview(self._node.projectionPixelData(self.x, self.y + top, self.width, rows))
        self._print.add(number, raw)
        return raw, rows

    def _band(self, number: int) -> bytearray:
        raw, rows = self._raw(number)
        native = self._converter.convert(raw) if self._converter else raw
        pixels = to_rgba(native, self._wire)
        if self._selection and not self.mask:
            first = number * self._rows * self.width
            cut_out(pixels, self._selection[first : first + rows * self.width], self._wire.bits)
        if not self._through and stands_in(self.place) and translucent(pixels, self._wire.bits):
            self._through = True
            self.notes = (*self.notes, shows_through(self.place))
        return pixels


def notes(node: Node, space: Space, place: KritaPlace, carried: bool) -> tuple[Say, ...]:
    """What the user should know about this source; `carried`: what is lost depends on the server, see `offer`."""
    found = [] if carried or space.loss is None else [space.loss]
    if _animated(node):
        found.append(Say("This is animated: only the current frame was taken."))
    if stands_in(place) and (place.opacity < 255 or place.blend != "normal"):
        found.append(shows_through(place))
    return tuple(found)


def stands_in(place: KritaPlace) -> bool:
    """Whether the result takes the whole source's place."""
    return place.operation in ("decompose", "edit") and place.scope != "selection"


def shows_through(place: KritaPlace) -> Say:
    """The result stands in for a source that is not opaque, and lies above it. Hiding the source would be a second undo
    step, and a change that nobody asked for: the panel offers it."""
    if not place.node:
        return Say("Hide what lies below to see the result alone: it shows through.")
    return ShowsThrough("Hide “{name}” to see the result alone: it shows through.", name=place.name)


def _animated(node: Node) -> bool:
    return bool(node.animated()) or any(_animated(child) for child in node.childNodes())
