"""The dialog of the further operations: a prompt, and what else one of them needs. Law: shows, asks, passes on."""

from __future__ import annotations

import random
from typing import Any

from layerlift.wire.values import Param
from layerlift_krita.action.ports import SIDES, Scope, Wish
from layerlift_krita.features import Feature
from layerlift_krita.i18n import tr
from layerlift_krita.panel.dialog import framed
from layerlift_krita.panel.margins import MarginsBox
from layerlift_krita.qt import QtCore, QtWidgets

SEEDS = 2**31 - 1
"""The highest number of a Qt spin box."""


class Further(QtWidgets.QWidget):  # type: ignore[misc]
    """What to ask about `feature`; `size` is the canvas', or what would be drawn."""

    def __init__(self, feature: Feature, size: tuple[int, int], engines: list[Any]) -> None:
        super().__init__()
        self.feature, self.size_asked = feature, size
        form = QtWidgets.QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        self.prompt = QtWidgets.QLineEdit()
        self.prompt.setPlaceholderText(tr(feature.question))
        self.prompt.setMinimumWidth(360)
        form.addRow(self.prompt)
        self.scope = QtWidgets.QComboBox()
        for words, scope in ((tr("This layer"), "layer"), (tr("Whole image"), "image")):
            self.scope.addItem(words, scope)
        self.scope.setCurrentIndex(self.scope.findData(feature.scope))
        if "scope" in feature.asks:
            form.addRow(tr("Look at"), self.scope)
        self.margins = MarginsBox(*size) if "margins" in feature.asks else None
        if self.margins is not None:
            form.addRow(self.margins)
        self.start = QtWidgets.QCheckBox(tr("Start from the picture"))
        self.strength = QtWidgets.QSpinBox()
        self.strength.setRange(1, 100)
        self.strength.setValue(60)
        self.strength.setSuffix(" %")
        self.strength.setEnabled(False)
        self.start.toggled.connect(self.strength.setEnabled)
        self.apart = QtWidgets.QCheckBox(tr("Take it apart into layers"))
        if "start" in feature.asks:
            form.addRow(tr("Size"), QtWidgets.QLabel(f"{size[0]} × {size[1]} px"))
            form.addRow(self.start)
            form.addRow(tr("Change it by"), self.strength)
            form.addRow(self.apart)
        self.engine = QtWidgets.QComboBox()
        self.engine.addItem(tr("Automatic"), "")
        for engine in engines:
            self.engine.addItem(engine.title, engine.name)
        if len(engines) > 1:
            form.addRow(tr("Engine"), self.engine)
        self.fast = QtWidgets.QCheckBox(tr("Fast, less exact"))
        form.addRow(self.fast)
        self.seed = QtWidgets.QSpinBox()
        self.seed.setRange(-1, SEEDS)
        self.seed.setValue(-1)
        self.seed.setSpecialValueText(tr("another each time"))
        self.seed.setToolTip(tr("The same number gives the same picture again"))
        form.addRow(tr("Variation"), self.seed)

    @property
    def complete(self) -> bool:
        """Whether enough was said to begin."""
        if self.margins is not None and not any(self.margins.margins):
            return False
        return self.feature.empty or bool(self.prompt.text().strip())

    @property
    def wish(self) -> Wish:
        """What was said."""
        seed = self.seed.value() if self.seed.value() >= 0 else random.randrange(SEEDS)
        params: dict[str, Param] = {"seed": seed}
        prompt = self.prompt.text().strip()
        if prompt:
            params["prompt"] = prompt
        if self.fast.isChecked():
            params["fast"] = True
        if self.margins is not None:
            params.update(zip(SIDES, self.margins.margins, strict=True))
        scope = self.scope.currentData() if "scope" in self.feature.asks else self.feature.scope
        if "start" in self.feature.asks:
            scope = self._drawn(params)
        return Wish(self.feature.operation, scope, self.engine.currentData() or None, params)

    def _drawn(self, params: dict[str, Param]) -> Scope:
        """Over the whole image, or on nothing."""
        if self.apart.isChecked():
            params["layers"] = 0
        if self.start.isChecked():
            params["strength"] = self.strength.value() / 100
            return "image"
        params["width"], params["height"] = self.size_asked
        return self.feature.scope


def ask_further(studio: Any, owner: Any, feature: Feature, size: tuple[int, int]) -> Any:
    """Open the dialog of `feature` over `owner`. It does not stop Krita."""
    dialog = QtWidgets.QDialog(owner)
    dialog.setObjectName("layerlift_prompt")
    dialog.setWindowTitle(tr(feature.title).rstrip("…"))
    inside = Further(feature, size, studio.action.engines(feature.operation))
    buttons = framed(dialog, tr("Go"), inside)
    begin = buttons.button(QtWidgets.QDialogButtonBox.StandardButton.Ok)

    def look(*_: object) -> None:
        begin.setEnabled(inside.complete)

    def go() -> None:
        if inside.complete:
            dialog.accept()
            studio.run(inside.wish)

    inside.prompt.textChanged.connect(look)
    if inside.margins is not None:
        for box in inside.margins.sides.values():
            box.valueChanged.connect(look)
    look()
    buttons.accepted.connect(go)
    inside.prompt.setFocus(QtCore.Qt.FocusReason.OtherFocusReason)
    dialog.open()
    return dialog
