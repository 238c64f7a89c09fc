"""The dialogs: “Decompose into Layers…” with its options, and the prompts. Law: shows, asks, passes on."""

from __future__ import annotations

from typing import Any

from layerlift_krita.action.ports import Wish
from layerlift_krita.features import Feature
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
    buttons = _frame(dialog, tr("Decompose"), options)

    def go() -> None:
        studio.settings.choice = options.choice
        dialog.accept()
        studio.run(options.choice.wish())

    buttons.accepted.connect(go)
    dialog.open()
    return dialog


def ask_prompt(studio: Any, owner: Any, feature: Feature) -> Any:
    """Ask for the prompt of one of the further operations."""
    dialog = QtWidgets.QDialog(owner)
    dialog.setObjectName("layerlift_prompt")
    dialog.setWindowTitle(tr(feature.title).rstrip("…"))
    line = QtWidgets.QLineEdit()
    line.setPlaceholderText(tr(feature.question))
    line.setMinimumWidth(320)
    buttons = _frame(dialog, tr("Go"), line)

    def go() -> None:
        prompt = line.text().strip()
        if prompt or feature.empty:
            dialog.accept()
            studio.run(Wish(operation=feature.operation, scope=feature.scope, prompt=prompt or None))

    buttons.accepted.connect(go)
    dialog.open()
    return dialog


def _frame(dialog: Any, word: str, widget: Any) -> Any:
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
