"""What a result was made from: hidden when the user asks, known again when it is one of ours.

Quirk: `setVisible` cannot be undone (5.1–5.3), Krita's own action can, and it acts on the active layer.
"""

from __future__ import annotations

from krita import Krita, Node

from layerlift_krita.action.ports import Moved, Say
from layerlift_krita.host.inserting import group_name
from layerlift_krita.host.places import KritaPlace, find_document, find_node
from layerlift_krita.qt import QtCore


def hide(place: KritaPlace) -> None:
    """Hide the source of `place`, one undo step. Raises Moved when it is gone, or not in the document in front."""
    document = find_document(place.document, place.node)
    if document is None or document != Krita.instance().activeDocument():
        raise Moved(Say("“{title}” is not in front.", title=place.title), Say("Click its window, then try again."))
    source = find_node(document, place.node)
    if source is None:
        raise Moved(Say("The layer “{name}” is gone.", name=place.name))
    if source.visible():
        document.setActiveNode(source)
        # Krita tells its windows which layer is active a turn of the event loop later.
        QtCore.QTimer.singleShot(0, Krita.instance().action("toggle_layer_visibility").trigger)


def in_result(node: Node | None) -> bool:
    """Whether the layer lies in a group that we made (known by the group's name)."""
    mark = group_name("")
    while node is not None and node.parentNode() is not None:
        node = node.parentNode()
        if node.name().endswith(mark):
            return True
    return False
