"""Layers into a document: one group (or one layer), one undo step, a band of pixels at a time.

What is Krita's way (5.1.5, read from its history and its pixels):

- `addChildNode` records one undo step for each call, `setBlendingMode` one even on a layer that hangs nowhere.
- Hanging in a ready-made group repaints what lies under it, but not what lies in it: a group with more than one layer
  stays invisible until `refreshProjection`, which stops the program for as long as the whole picture takes.
- setVisible, setName and setPixelData on layers that hang in the user's document cannot be undone.

So the group grows in a nursery, a clone of the document that nobody sees: layer by layer, each painted by Krita's own
threads. A twin of the finished group, its projection included, moves into the user's document by one `addChildNode`.
A larger canvas is an undo step of its own: no call of Krita's does both.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from krita import Document, Krita, Node

from layerlift_krita.action.ports import Moved, Piece, Say, Steps
from layerlift_krita.host.bands import bands, rows_per_band
from layerlift_krita.host.leaving import leave
from layerlift_krita.host.places import KritaPlace, find_document, identity, standing
from layerlift_krita.host.reading import KritaSnapshot, snapshot_of
from layerlift_krita.host.restoring import Sheet, looked, restored
from layerlift_krita.host.spaces import Converter, Space, from_rgba, known, space_of
from layerlift_krita.i18n import tr
from layerlift_krita.qt import QtCore

BLEND_MODES = {
    "normal": "normal",
    "multiply": "multiply",
    "screen": "screen",
    "overlay": "overlay",
    "darken": "darken",
    "lighten": "lighten",
    "color-dodge": "dodge",
    "color-burn": "burn",
    "hard-light": "hard_light",
    "soft-light": "soft_light_svg",
    "difference": "diff",
    "exclusion": "exclusion",
    "hue": "hue",
    "saturation": "saturation",
    "color": "color",
    "luminosity": "luminize",
}
"""CSS's names, which the wire uses, and Krita's identifiers."""


def insert(place: KritaPlace, seal: str, pieces: Sequence[Piece], anyway: bool) -> Steps:
    """The pieces (bottom first) as one group, or as the one layer they are, above the source; yields the fraction done.
    Raises Moved, Trouble.

    A snapshot that changed since it was read (`seal`) is no place to insert into unasked: the group would cover what
    the user has painted since.
    """
    standing(place, anyway=anyway)
    source = _source(place, anyway) if seal else None
    try:
        same = source is not None and (yield from _same(source, seal))
        if source is not None and not same and not anyway:
            raise Moved(Say("“{name}” was changed meanwhile.", name=place.name))
        yield from _hung_in(place, pieces, anyway, source if same else None)
    finally:
        if source is not None:
            source.close()


def _source(place: KritaPlace, anyway: bool) -> KritaSnapshot | None:
    """What the result was made from, as it is now; None when it is gone and that does not matter."""
    try:
        return snapshot_of(place)
    except Moved:
        if anyway:
            return None
        raise


def _hung_in(place: KritaPlace, pieces: Sequence[Piece], anyway: bool, source: KritaSnapshot | None) -> Steps:
    document, _, _ = standing(place, anyway=anyway)
    with _Nursery(document, place, source) as nursery:
        yield from nursery.grown(pieces)
        twin = nursery.taken()
        yield 0.97
        # The user may have closed, cropped or moved things meanwhile: look again, then hang it in at once.
        document, parent, above = standing(place, anyway=anyway)
        if any(place.margins):
            left, top, right, bottom = place.margins
            document.resizeImage(-left, -top, document.width() + left + right, document.height() + top + bottom)
        parent.addChildNode(twin, above)


def group_name(name: str) -> str:
    """What the group is called that a layer of that name was taken apart into."""
    return tr("{name} – layers", name=name)


def insert_new(place: KritaPlace, pieces: Sequence[Piece]) -> Steps:
    """The pieces as a document of their own, of the size, resolution and colour space that the source had."""
    space = known(place.space)
    wanted = (*place.canvas[2:], place.title, space.model, space.depth, space.profile, place.resolution)
    document = Krita.instance().createDocument(*wanted)
    ident = identity(document)
    window = Krita.instance().activeWindow()
    if window is not None:
        window.addView(document)
    with _Nursery(document, place) as nursery:
        yield from nursery.grown(pieces)
        document = find_document(ident)
        if document is None:
            raise Moved(Say("“{title}” is not open any more.", title=place.title))
        blank = document.rootNode().childNodes()
        document.rootNode().addChildNode(nursery.taken(), blank[-1] if blank else None)
        for node in blank:
            node.remove()


def _same(now: KritaSnapshot, seal: str) -> Generator[float | None, None, bool]:
    """Whether it still is what was sent."""
    for number in range(now.steps()):
        now.look(number)
        yield 0.0
    return now.seal() == seal


class _Nursery:
    """A clone of the document in which the group grows, unseen. `source`, where it is still what was sent, gives
    colours back that travelled in another colour space."""

    def __init__(self, document: Document, place: KritaPlace, source: KritaSnapshot | None = None) -> None:
        self.place = place
        alike = source is not None and source.space == space_of(document) != place.wire
        self.source = source if alike and place.operation == "decompose" else None
        self.sheets: dict[int, Sheet] = {}
        self.converters: dict[Space, Converter] = {}
        self.document = document.clone()
        self.document.setBatchmode(True)
        for node in self.document.rootNode().childNodes():
            node.setVisible(False)  # nobody looks at it: nothing but the group needs to be painted
        self.group: Node | None = None
        """What is to be taken: a group, or the only layer."""

    def __enter__(self) -> _Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        for converter in self.converters.values():
            converter.close()
        self.group = None
        leave(self.document)

    def grown(self, pieces: Sequence[Piece]) -> Steps:
        """Grow the group; yields the fraction done."""
        total = sum(len(piece.pixels) for piece in pieces) or 1
        done = 0
        open_groups: list[tuple[str, Node]] = []
        if any(piece.info.native is not None for piece in pieces):
            self.source = None  # the server has done it, and better
        if self.source is not None:
            yield from self._looked(pieces)
        alone = self.place.operation != "decompose" and len(pieces) == 1
        root = self.document.rootNode()
        if not alone:
            self.group = self.document.createGroupLayer(group_name(self.place.name))
            self._stand_in(self.group)
            root.addChildNode(self.group, None)
        for piece in pieces:
            node = self.document.createNode(self._name(piece, alone), "paintlayer")
            if alone:
                self.group = node
                self._stand_in(node)
            else:
                node.setOpacity(round(piece.info.opacity * 255))
                self._mode(node, BLEND_MODES.get(piece.info.blend_mode, "normal"))
            for size in self._painted(node, piece):
                done += size
                yield 0.95 * done / total
            piece.pixels.clear()  # it has them now: let go of memory layer by layer
            parent = root if alone else self._parent(open_groups, piece.info.group)
            inside = parent.childNodes()
            parent.addChildNode(node, inside[-1] if inside and not alone else None)
            yield 0.95 * done / total
        while not self.document.tryBarrierLock():
            yield None
        self.document.unlock()

    def taken(self) -> Node:
        """A twin of the group that hangs nowhere. (`removeChildNode` would take the group's own children away.)"""
        assert self.group is not None
        return self.group.duplicate()

    def _looked(self, pieces: Sequence[Piece]) -> Steps:
        for piece in pieces:
            info, b = piece.info, piece.info.bounds
            plain = info.opacity == 1 and info.blend_mode == "normal"
            self.sheets[info.index] = Sheet((b.x, b.y, b.width, b.height), piece.pixels, info.depth, plain)
        for _ in looked(list(self.sheets.values()), *self.place.box[2:]):
            yield 0.0

    def _name(self, piece: Piece, alone: bool) -> str:
        """An edited layer comes back under its own name; two of that name in one document would be one too many."""
        edited = alone and self.place.operation == "edit" and piece.info.name == self.place.name
        return tr("{name} – edited", name=self.place.name) if edited else piece.info.name

    def _stand_in(self, node: Node) -> None:
        node.setOpacity(self.place.opacity)
        self._mode(node, self.place.blend)

    def _mode(self, node: Node, mode: str) -> None:
        if node.blendingMode() != mode:
            node.setBlendingMode(mode)

    def _parent(self, open_groups: list[tuple[str, Node]], path: tuple[str, ...]) -> Node:
        """The group of that path; neighbours of the same path share one, and the order never changes for it."""
        assert self.group is not None
        same = 0
        while same < min(len(open_groups), len(path)) and open_groups[same][0] == path[same]:
            same += 1
        del open_groups[same:]
        for name in path[same:]:
            parent = open_groups[-1][1] if open_groups else self.group
            inner = self.document.createGroupLayer(name)
            inside = parent.childNodes()
            parent.addChildNode(inner, inside[-1] if inside else None)
            open_groups.append((name, inner))
        return open_groups[-1][1] if open_groups else self.group

    def _painted(self, node: Node, piece: Piece) -> Iterator[int]:
        """Put the piece's pixels on a node that hangs nowhere; yields bytes done, a band at a time."""
        info = piece.info
        width, height = info.bounds.width, info.bounds.height
        left, top = self.place.box[0] + info.bounds.x, self.place.box[1] + info.bounds.y
        rgb = Space("RGBA", "U8" if info.depth == 8 else "U16", self.place.wire.profile)
        wire, target = rgb if info.native is None else self.place.space, space_of(node)
        if target != wire and wire not in self.converters:
            self.converters[wire] = Converter(wire, target)
        converter = self.converters.get(wire)
        row = width * wire.pixel
        for start, count in bands(height, converter.rows(width) if converter else rows_per_band(width, wire.pixel)):
            sent = piece.pixels[start * row : (start + count) * row]
            band = from_rgba(sent, wire) if info.native is None else sent
            native = converter.convert(band) if converter else bytes(band)
            if self.source is not None:
                own = self.sheets[info.index].own[start * width : (start + count) * width]
                there = self.source.numbers(left, top + start, width, count)
                native = restored(native, there, own, target.channels, target.pixel // target.channels)
            # What this returns differs between 5.1 and 5.3: nothing to go by.
            node.setPixelData(QtCore.QByteArray(native), left, top + start, width, count)
            yield len(band)
