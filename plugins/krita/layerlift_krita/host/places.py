"""Which document, which layer: found again by identity, never by holding on to Krita's objects.

Krita's Python objects are handles that dangle once their document is closed, so only identifiers are kept between two
turns of the event loop, and the objects are looked up anew each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from krita import Document, Krita, Node

from layerlift_krita.action.ports import Moved, Say
from layerlift_krita.host.spaces import Space


@dataclass(frozen=True)
class KritaPlace:
    """Where a result belongs: above `node` ("" for the whole image: on top of everything) in `document`.

    `box`: left, top, width and height of the pixels on the canvas of `width` × `height`, in the document's colour
    `space`, sent in the space `wire`. `opacity` (0–255) and `blend` are the source layer's own, which the group takes
    over so that it can stand in for it.
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
            left, top, width, height = map(int, found["box"])
            return cls(**{**found, "box": (left, top, width, height)})
        except (TypeError, KeyError, ValueError):
            return None


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
