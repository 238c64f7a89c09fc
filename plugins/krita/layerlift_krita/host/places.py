"""Which document, which layer: found again by identity, never by holding on to Krita's objects.

Krita's Python objects are handles that dangle once their document is closed, so only identifiers are kept between two
turns of the event loop, and the objects are looked up anew each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from krita import Document, Krita, Node

from layerlift_krita.action.ports import Moved, Say, Wish
from layerlift_krita.host.spaces import Space, space_of


@dataclass(frozen=True)
class KritaPlace:
    """Where a result belongs: above `node` ("" for the whole image: on top of everything) in `document`.

    `box`: left, top, width and height of the pixels on the canvas of `width` × `height`, in the document's colour
    `space`, sent in the space `wire`. `opacity` (0–255) and `blend` are the source layer's own, which the result takes
    over so that it can stand in for it. `margins` (left, top, right, bottom): by how much the canvas grows with it.
    """

    name: str
    title: str
    document: str
    node: str
    box: tuple[int, int, int, int]
    width: int
    height: int
    space: Space
    wire: Space
    resolution: float
    scope: str = "layer"
    opacity: int = 255
    blend: str = "normal"
    operation: str = "decompose"
    margins: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def canvas(self) -> tuple[int, int, int, int]:
        """Left, top, width and height of the canvas with its margins, on the canvas without them."""
        left, top, right, bottom = self.margins
        return -left, -top, self.width + left + right, self.height + top + bottom

    def saved(self) -> dict[str, Any]:
        """Itself in JSON's types."""
        return asdict(self)

    @classmethod
    def restored(cls, saved: dict[str, Any]) -> KritaPlace | None:
        """A saved place; None if another version saved something else."""
        try:
            found = dict(saved)
            for name in ("space", "wire"):
                model, depth, profile = found[name]["model"], found[name]["depth"], found[name]["profile"]
                found[name] = Space(str(model), str(depth), str(profile))
            for name in ("box", "margins"):
                a, b, c, d = map(int, found.get(name, (0, 0, 0, 0)))
                found[name] = (a, b, c, d)
            return cls(**found)
        except (TypeError, KeyError, ValueError):
            return None


def place_of(
    document: Document, source: Node | None, wish: Wish, box: tuple[int, int, int, int], wire: Space
) -> KritaPlace:
    """Where the result of `wish` belongs: above `source`, or on top of everything."""
    return KritaPlace(
        name=title_of(document) if source is None else source.name(),
        title=title_of(document),
        document=identity(document),
        node="" if source is None else source.uniqueId().toString(),
        box=box,
        width=document.width(),
        height=document.height(),
        space=space_of(document),
        wire=wire,
        resolution=float(document.resolution()),
        scope=wish.scope,
        opacity=255 if source is None else source.opacity(),
        blend="normal" if source is None else source.blendingMode(),
        operation=wish.operation,
        margins=wish.margins if wish.operation == "extend" else (0, 0, 0, 0),
    )


def identity(document: Document) -> str:
    """What tells this document from others, also after it was saved, renamed and opened again."""
    return str(document.rootNode().uniqueId().toString())


def find_document(ident: str, node: str = "") -> Document | None:
    """The open document of that identity; the active one first, should a file be open twice.

    A document that was saved, closed and opened again has a new identity (5.1.5 does not save its root's), but its
    layers keep theirs: then it is the one that has `node`.
    """
    krita = Krita.instance()
    active = krita.activeDocument()
    candidates = ([active] if active is not None else []) + list(krita.documents())
    found = next((document for document in candidates if identity(document) == ident), None)
    if found is None and node:
        found = next((document for document in candidates if find_node(document, node) is not None), None)
    return found


def walk(node: Node) -> Iterator[Node]:
    """All nodes below, children after their parents."""
    for child in node.childNodes():
        yield child
        yield from walk(child)


def find_node(document: Document, ident: str) -> Node | None:
    """The node of that identity. (`nodeByUniqueID` exists from 5.2 on only.)"""
    return next((node for node in walk(document.rootNode()) if node.uniqueId().toString() == ident), None)


def title_of(document: Document) -> str:
    """What a person calls the document: its name, or its file's."""
    name = str(document.name() or "").strip()
    file = str(document.fileName() or "").replace("\\", "/").rsplit("/", 1)[-1]
    return name or file.rsplit(".", 1)[0] or "Krita"


def standing(place: KritaPlace, *, anyway: bool = False) -> tuple[Document, Node, Node | None]:
    """The document, the parent and the layer to insert above. Raises Moved when it is not as it was.

    `anyway`: above the source if it still is there, else on top of the document, as long as the document is open.
    A locked group is left alone: the result goes above the outermost locked one.
    """
    document = find_document(place.document, place.node)
    if document is None:
        raise Moved(Say("“{title}” is not open any more.", title=place.title))
    same = (document.width(), document.height()) == (place.width, place.height)
    if not same and not anyway:
        raise Moved(Say("“{title}” was resized meanwhile.", title=place.title))
    source = find_node(document, place.node) if place.node else None
    if source is None:
        if place.node and not anyway:
            raise Moved(Say("The layer “{name}” is gone.", name=place.name))
        # Above all layers, but below what is no layer: the selection hangs at the root as a mask.
        tops = [node for node in document.rootNode().childNodes() if not node.type().endswith("mask")]
        return document, document.rootNode(), tops[-1] if tops else None
    return document, *_unlocked(source)


def _unlocked(source: Node) -> tuple[Node, Node]:
    above = source
    parent = source.parentNode()
    while parent.parentNode() is not None:
        if parent.locked():
            above = parent
        parent = parent.parentNode()
    return above.parentNode(), above
