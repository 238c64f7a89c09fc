"""By how much the canvas shall grow: four numbers, or an aspect. Law: widgets ⇄ margins."""

from __future__ import annotations

from layerlift_krita.action.canvas import ASPECTS, Margins, margins_for
from layerlift_krita.action.ports import SIDES
from layerlift_krita.i18n import tr
from layerlift_krita.qt import QtWidgets

MOST = 30_000
"""Pixels on one side: what servers take at most."""
FIRST = 0.25
"""The margins that the dialog opens with, as a share of the canvas: enough to see what it does."""


class MarginsBox(QtWidgets.QWidget):  # type: ignore[misc]
    """An aspect, four margins, and the size of the canvas that they make."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._size = width, height
        self.aspect = QtWidgets.QComboBox()
        self.aspect.addItem(tr("As below"), "")
        for across, down in ASPECTS:
            self.aspect.addItem(f"{across} : {down}", f"{across}:{down}")
        self.sides = {}
        for name in SIDES:
            box = QtWidgets.QSpinBox()
            box.setRange(0, MOST)
            box.setSuffix(" px")
            box.setSingleStep(16)
            self.sides[name] = box
        self.result = QtWidgets.QLabel()
        form = QtWidgets.QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(tr("Aspect"), self.aspect)
        for name, words in zip(SIDES, (tr("Left"), tr("Top"), tr("Right"), tr("Bottom")), strict=True):
            form.addRow(words, self.sides[name])
        form.addRow(tr("New size"), self.result)
        self.margins = (round(width * FIRST), 0, round(width * FIRST), 0)
        self.aspect.currentIndexChanged.connect(self._aspect)
        for box in self.sides.values():
            box.valueChanged.connect(self._own)
        self._show()

    @property
    def margins(self) -> Margins:
        """What the numbers say."""
        left, top, right, bottom = (self.sides[name].value() for name in SIDES)
        return left, top, right, bottom

    @margins.setter
    def margins(self, margins: Margins) -> None:
        for name, value in zip(SIDES, margins, strict=True):
            self.sides[name].blockSignals(True)
            self.sides[name].setValue(value)
            self.sides[name].blockSignals(False)

    def _aspect(self, *_: object) -> None:
        chosen = self.aspect.currentData()
        if chosen:
            across, down = map(int, chosen.split(":"))
            self.margins = margins_for(*self._size, (across, down))
        self._show()

    def _own(self, *_: object) -> None:
        """The user turned a number: no aspect any more."""
        self.aspect.setCurrentIndex(0)
        self._show()

    def _show(self) -> None:
        left, top, right, bottom = self.margins
        self.result.setText(f"{self._size[0] + left + right} × {self._size[1] + top + bottom} px")
