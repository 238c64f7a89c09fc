"""What the user means, as it was at the click: read in bands, while the user paints on.

`Document.clone()` shares every tile until somebody writes on it: 5 ms and no memory for 4096², and later strokes,
undos and closed windows do not reach it. It never appears among Krita's documents. Everything is read from the clone
through `projectionPixelData`, which for paint, group, vector, clone, fill, filter and file layers alike is what the
layer shows, without its own opacity.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from krita import Document, Krita, Node

from layerlift_krita.action.ports import Moved, Say, Trouble, Wish
from layerlift_krita.host.blank import Blank
from layerlift_krita.host.places import KritaPlace, find_document, find_node, place_of, walk
from layerlift_krita.host.snapshot import BESIDE, KritaSnapshot, Rectangle
from layerlift_krita.host.spaces import space_of
from layerlift_krita.qt import QtCore

GATHERED = 110
"""Milliseconds after which Krita has passed on what it gathers for 100 (its timers may be 5 % late)."""
_MASKS = "mask"


def snapshot(wish: Wish, place: KritaPlace | None = None) -> KritaSnapshot | Blank:
    """Take what the user means, or what is at `place`. Raises Trouble in the user's words."""
    document, source = _meant(wish, place)
    if wish.operation == "generate" and "width" in wish.params:
        return Blank(document, source, wish)
    if any(node.type() == "vectorlayer" for node in walk(document.rootNode())):  # clones and filters show them, too
        _let_shapes_be_painted()
        document, source = _meant(wish, place)
        document.waitForDone()
    clone = document.clone()
    clone.setBatchmode(True)
    try:
        return _taken(document, clone, source, wish)
    except BaseException:
        clone.setModified(False)
        clone.close()
        raise


def _meant(wish: Wish, place: KritaPlace | None) -> tuple[Document, Node | None]:
    """The document, and the layer in it (None: the whole image). Raises Trouble."""
    document = Krita.instance().activeDocument() if place is None else find_document(place.document, place.node)
    if document is None:
        raise Trouble(Say("No picture is open."), Say("Open or create one first."))
    if place is None:
        return document, None if wish.scope == "image" else source_of(document)
    source = find_node(document, place.node) if place.node else None
    if place.node and source is None:
        raise Trouble(Say("The layer “{name}” is gone.", name=place.name))
    return document, source


def _let_shapes_be_painted() -> None:
    """Krita gathers what is drawn on vector layers for 100 ms, twice in a row (KoShapeManager, KisShapeLayerCanvas),
    before it paints it. A clone has the shapes, but never the painting that was due, and nothing paints it at once.

    These timers are due after Krita's, however late all of them are. Only timers run meanwhile, not the user's clicks.
    """
    loop = QtCore.QEventLoop()
    only = QtCore.QEventLoop.ProcessEventsFlag
    for _ in range(2):
        QtCore.QTimer.singleShot(GATHERED, QtCore.Qt.TimerType.PreciseTimer, loop.quit)
        loop.exec(only.ExcludeUserInputEvents | only.ExcludeSocketNotifiers)


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
