"""The options, in the panel and in the dialog alike. Law: widgets ⇄ `Choice`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from layerlift.wire.values import EngineOffer
from layerlift_krita.i18n import tr
from layerlift_krita.qt import QtWidgets
from layerlift_krita.settings import MOST_LAYERS, Choice


class Options(QtWidgets.QWidget):  # type: ignore[misc]
    """Scope, engine, number of layers, what to take out, text grouping, care at edges. Calls `changed` when
    the user changes one."""

    def __init__(self, choice: Choice, changed: Callable[[Choice], None] | None = None) -> None:
        super().__init__()
        self._changed = changed
        self.scope = _combo(
            ("layer", tr("This layer")), ("image", tr("Whole image")), ("selection", tr("Selection in this layer"))
        )
        self.engine = _combo(("", tr("Automatic")))
        self.layers = QtWidgets.QSpinBox()
        self.layers.setRange(0, MOST_LAYERS)
        self.layers.setSpecialValueText(tr("Auto"))
        self.layers.setToolTip(tr("Most layers, background included; Auto: as many as there are things"))
        self.what = QtWidgets.QLineEdit()
        self.what.setPlaceholderText(tr("everything"))
        self.what.setToolTip(tr("In words, such as “the red car”; for engines that understand them"))
        self.what.setClearButtonEnabled(True)
        self.text = _combo(("block", tr("One layer per block")), ("line", tr("One layer per line")))
        self.careful = QtWidgets.QCheckBox(tr("Careful edges"))
        self.careful.setToolTip(tr("Hair, and things that look like their ground; edges take about twice as long"))
        form = QtWidgets.QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QtWidgets.QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QtWidgets.QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for label, widget in (
            (tr("Scope"), self.scope),
            (tr("Engine"), self.engine),
            (tr("Layers"), self.layers),
            (tr("Take out"), self.what),
            (tr("Text"), self.text),
        ):
            form.addRow(label, widget)
        form.addRow("", self.careful)
        self.choice = choice
        for signal in (
            self.scope.currentIndexChanged,
            self.engine.currentIndexChanged,
            self.text.currentIndexChanged,
            self.layers.valueChanged,
            self.what.editingFinished,
            self.careful.toggled,
        ):
            signal.connect(self._tell)

    @property
    def choice(self) -> Choice:
        """What the widgets say."""
        return Choice(
            scope=self.scope.currentData(),
            engine=self.engine.currentData() or "",
            layers=self.layers.value(),
            what=self.what.text().strip(),
            text=self.text.currentData(),
            edges="careful" if self.careful.isChecked() else "fast",
        )

    @choice.setter
    def choice(self, choice: Choice) -> None:
        told, self._changed = self._changed, None
        if self.engine.findData(choice.engine) < 0:
            self.engine.addItem(choice.engine, choice.engine)
        for combo, value in ((self.scope, choice.scope), (self.engine, choice.engine), (self.text, choice.text)):
            combo.setCurrentIndex(max(0, combo.findData(value)))
        self.layers.setValue(choice.layers)
        self.careful.setChecked(choice.edges == "careful")
        if not self.what.hasFocus():
            self.what.setText(choice.what)
        self._changed = told

    def offer(self, engines: Sequence[EngineOffer]) -> None:
        """The engines of the server that is there now; one that cannot run says why and cannot be chosen."""
        known = [self.engine.itemData(i) for i in range(self.engine.count())]
        if known == ["", *(engine.name for engine in engines)]:
            return
        before = self.choice
        told, self._changed = self._changed, None
        self.engine.clear()
        self.engine.addItem(tr("Automatic"), "")
        for engine in engines:
            self.engine.addItem(engine.title, engine.name)
            item = self.engine.model().item(self.engine.count() - 1)
            item.setEnabled(not engine.missing)
            item.setToolTip(engine.missing or "")
        self._changed = told
        self.choice = before

    def _tell(self, *_: object) -> None:
        if self._changed is not None:
            self._changed(self.choice)


def _combo(*items: tuple[str, str]) -> Any:
    combo = QtWidgets.QComboBox()
    combo.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(4)
    combo.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
    for data, text in items:
        combo.addItem(text, data)
    return combo
