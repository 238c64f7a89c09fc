"""What the user means, as it was at the click: read in bands, while the user paints on.

`Document.clone()` shares every tile until somebody writes on it: 5 ms and no memory for 4096², and later strokes,
undos and closed windows do not reach it. It never appears among Krita's documents. Everything is read from the clone
through `projectionPixelData`, which for paint, group, vector, clone, fill, filter and file layers alike is what the
layer shows, without its own opacity.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from krita import Document, Krita, Node

from layerlift_krita.action.ports import Moved, Say, ShowsThrough, Trouble, Wish
from layerlift_krita.host.bands import BAND, Fingerprint, cut_out, rows_per_band, translucent
from layerlift_krita.host.blank import Blank
from layerlift_krita.host.places import KritaPlace, find_document, find_node, place_of
from layerlift_krita.host.spaces import Converter, Space, profile_bytes, space_of, to_rgba

_MASKS = "mask"
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
        self.notes = notes(node, self._space, place)
        self._through = bool(self.notes) and self.notes[-1] == shows_through(place)
        self._converter = Converter(self._space, self._wire) if self._space != self._wire else None
        self._rows = (
            self._converter.rows(self.width) if self._converter else rows_per_band(self.width, self._space.pixel, BAND)
        )
        self._print = Fingerprint(-(-self.height // self._rows))
        self._held = (-1, b"")

    @property
    def _row(self) -> int:
        return self.width * self._wire.pixel

    @property
    def _pixels(self) -> int:
        return self.height * self._row

    @property
    def size(self) -> int:
        """Bytes of the payload: pixels, then the mask, then the profile."""
        return self._pixels + (len(self._selection) if self.mask else 0) + len(self.icc)

    def read(self, offset: int, length: int) -> memoryview:
        """At most `length` bytes of the payload from `offset` on, out of one band."""
        if offset >= self._pixels:
            tail = (self._selection if self.mask else b"") + self.icc
            return memoryview(tail)[offset - self._pixels :][:length]
        number = offset // (self._row * self._rows)
        if self._held[0] != number:
            self._held = (number, self._band(number))
        inside = offset - number * self._row * self._rows
        return memoryview(self._held[1])[inside : inside + length]

    def seal(self) -> str:
        """A fingerprint of everything that was read."""
        return str(self._print)

    def steps(self) -> int:
        """How many bands there are."""
        return -(-self.height // self._rows)

    def look(self, number: int) -> None:
        """Read a band for its fingerprint only."""
        self._raw(number)

    def native(self, left: int, top: int, width: int, height: int) -> bytes:
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
            self._clone.setModified(False)
            self._clone.close()
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


def snapshot(wish: Wish, place: KritaPlace | None = None) -> KritaSnapshot | Blank:
    """Take what the user means, or what is at `place`. Raises Trouble in the user's words."""
    document = Krita.instance().activeDocument() if place is None else find_document(place.document, place.node)
    if document is None:
        raise Trouble(Say("No picture is open."), Say("Open or create one first."))
    if place is None:
        source = None if wish.scope == "image" else source_of(document)
    else:
        source = find_node(document, place.node) if place.node else None
        if place.node and source is None:
            raise Trouble(Say("The layer “{name}” is gone.", name=place.name))
    if wish.operation == "generate" and "width" in wish.params:
        return Blank(document, source, wish)
    clone = document.clone()
    clone.setBatchmode(True)
    try:
        return _taken(document, clone, source, wish)
    except BaseException:
        clone.setModified(False)
        clone.close()
        raise


def source_of(document: Document) -> Node:
    """The layer that the user means: the active one, or the one that the active mask hangs on."""
    node = document.activeNode()
    while node is not None and node.type().endswith(_MASKS):
        node = node.parentNode()
    if node is None or node.parentNode() is None:
        raise Trouble(Say("No layer is chosen."), Say("Click the layer in the Layers docker."))
    return node


def snapshot_of(place: KritaPlace) -> KritaSnapshot:
    """The same pixels as they are now, to see whether they changed. Raises Moved when they are gone."""
    document = find_document(place.document, place.node)
    if document is None:
        raise Moved(Say("“{title}” is not open any more.", title=place.title))
    clone = document.clone()
    clone.setBatchmode(True)
    node = find_node(clone, place.node) if place.node else clone.rootNode()
    if node is None:
        clone.close()
        raise Moved(Say("The layer “{name}” is gone.", name=place.name))
    if not shown(node):
        show(node)
        clone.refreshProjection()
    clone.waitForDone()
    return KritaSnapshot(clone, node, replace(place, wire=space_of(node).on_wire), place.box, b"", Wish())


def _taken(document: Document, clone: Document, source: Node | None, wish: Wish) -> KritaSnapshot:
    node = clone.rootNode() if source is None else find_node(clone, source.uniqueId().toString())
    if node is None:
        raise Trouble(Say("Krita did not give the layer “{name}”.", name=source.name()), Say("Try again."))
    if not shown(node):
        # Krita does not keep the projection of hidden groups up to date. The clone may be changed freely.
        show(node)
        clone.refreshProjection()
    clone.waitForDone()
    box, mask = _extent(document, clone, node, wish)
    place = place_of(document, source, wish, box, space_of(node).on_wire)
    return KritaSnapshot(clone, node, place, box, mask, wish)


def _extent(document: Document, clone: Document, node: Node, wish: Wish) -> tuple[Rectangle, bytes]:
    """The pixels that are meant, and, for a selection that is not a plain rectangle, its mask."""
    whole = node.parentNode() is None
    b = node.bounds()
    box = (0, 0, clone.width(), clone.height()) if whole else (b.x(), b.y(), b.width(), b.height())
    if box[2] <= 0 or box[3] <= 0:
        raise Trouble(
            Say("The layer “{name}” is empty.", name=node.name()), Say("Choose a layer with something on it.")
        )
    selection = document.selection()
    if wish.operation in BESIDE:
        return _beside(document, box, selection, wish)
    if wish.scope != "selection":
        return box, b""
    if selection is None:
        raise _unselected()
    box = _common(box, (selection.x(), selection.y(), selection.width(), selection.height()))
    if box[2] <= 0 or box[3] <= 0:
        raise Trouble(Say("The selection does not touch “{name}”.", name=node.name()), Say("Select a part of it."))
    mask = _selected(bytes(selection.pixelData(*box)))
    return box, mask if mask.strip(b"\xff") else b""


def _beside(document: Document, box: Rectangle, selection: Any, wish: Wish) -> tuple[Rectangle, bytes]:
    """Everything there is to look at, and the selection beside it; the selected part of the canvas is looked at, too,
    where the layer has nothing."""
    if selection is None:
        if wish.operation == "inpaint":
            raise _unselected()
        return box, b""
    canvas = (0, 0, document.width(), document.height())
    chosen = _common(canvas, (selection.x(), selection.y(), selection.width(), selection.height()))
    if chosen[2] <= 0 or chosen[3] <= 0:
        raise _unselected()
    left, top = min(box[0], chosen[0]), min(box[1], chosen[1])
    right, bottom = max(box[0] + box[2], chosen[0] + chosen[2]), max(box[1] + box[3], chosen[1] + chosen[3])
    box = (left, top, right - left, bottom - top)
    return box, _selected(bytes(selection.pixelData(*box)))


def _selected(mask: bytes) -> bytes:
    if not mask.strip(b"\x00"):
        raise _unselected()
    return mask


def _unselected() -> Trouble:
    return Trouble(Say("Nothing is selected."), Say("Select a part first, or choose the whole layer."))


def _common(a: Rectangle, b: Rectangle) -> Rectangle:
    left, top = max(a[0], b[0]), max(a[1], b[1])
    return left, top, min(a[0] + a[2], b[0] + b[2]) - left, min(a[1] + a[3], b[1] + b[3]) - top


def shown(node: Node) -> bool:
    """Whether it and all groups around it are visible."""
    return node.parentNode() is None or (node.visible() and shown(node.parentNode()))


def show(node: Node) -> None:
    """Make it and all groups around it visible: on a clone only."""
    while node is not None and node.parentNode() is not None:
        node.setVisible(True)
        node = node.parentNode()


def notes(node: Node, space: Space, place: KritaPlace) -> tuple[Say, ...]:
    """What the user should know about this source."""
    found = [] if space.loss is None else [space.loss]
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
