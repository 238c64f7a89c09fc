"""“Decompose into Layers…”: the dialog with its options. Law: shows, asks, passes on."""

from __future__ import annotations

from typing import Any

from layerlift_krita.i18n import tr
from layerlift_krita.panel.options import Options
from layerlift_krita.qt import QtWidgets


def ask(studio: Any, owner: Any) -> Any:
    """Open the dialog over `owner`. It does not stop Krita: it is answered by a signal, never waited for."""
    dialog = QtWidgets.QDialog(owner)
    dialog.setObjectName("layerlift_dialog")
    dialog.setWindowTitle(tr("Decompose into Layers"))
    options = Options(studio.settings.choice)
    if studio.action.welcome is not None:
        options.offer([e for e in studio.action.welcome.engines if "decompose" in e.operations])
    studio.link.open(start=False)
    buttons = framed(dialog, tr("Decompose"), options)

    def go() -> None:
        studio.settings.choice = options.choice
        dialog.accept()
        studio.run(options.choice.wish())

    buttons.accepted.connect(go)
    dialog.open()
    return dialog


def framed(dialog: Any, word: str, widget: Any) -> Any:
    """The widget above “OK” (called `word`) and “Cancel”; gives the buttons."""
    kinds = QtWidgets.QDialogButtonBox.StandardButton
    buttons = QtWidgets.QDialogButtonBox(kinds.Ok | kinds.Cancel)
    buttons.button(kinds.Ok).setText(word)
    buttons.button(kinds.Cancel).setText(tr("Cancel"))
    column = QtWidgets.QVBoxLayout(dialog)
    column.addWidget(widget)
    column.addWidget(buttons)
    buttons.rejected.connect(dialog.reject)
    dialog.finished.connect(lambda *_: dialog.deleteLater())
    return buttons
