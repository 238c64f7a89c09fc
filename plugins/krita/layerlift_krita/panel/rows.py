"""One task in the panel: its name, where it is, and what can be done about it. Law: widgets that show a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from layerlift_krita.action.task import Task
from layerlift_krita.i18n import tr
from layerlift_krita.panel.words import said, state_words, task_name
from layerlift_krita.qt import QtCore, QtGui, QtWidgets

Do = Callable[[str, Task], None]
"""What a button of a row asks for: (verb, task)."""

VERBS = {
    "cancel": ("Cancel", lambda task: task.running),
    "insert": ("Insert result", lambda task: task.state in ("kept", "lost")),
    "fresh": ("As new document", lambda task: task.state in ("kept", "lost", "inserted")),
    "hide": ("Hide the original", lambda task: task.state == "inserted" and task.through),
    "again": ("Try again", lambda task: task.state in ("failed", "cancelled")),
    "forget": ("Forget", lambda task: not task.running),
}
"""Verb: (its words, when it makes sense)."""


class Row(QtWidgets.QFrame):  # type: ignore[misc]
    """Shows one task."""

    def __init__(self, task: Task, do: Do) -> None:
        super().__init__()
        self.task = task
        self.setFrameShape(QtWidgets.QFrame.Shape.StyledPanel)
        self.name = QtWidgets.QLabel()
        font = QtGui.QFont(self.name.font())
        font.setBold(True)
        self.name.setFont(font)
        self.name.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self.words = QtWidgets.QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self.bar = QtWidgets.QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(8)
        self.buttons: dict[str, Any] = {}
        line = QtWidgets.QHBoxLayout()
        line.setSpacing(3)
        for verb, (text, _) in VERBS.items():
            button = QtWidgets.QToolButton()
            button.setText(tr(text))
            button.setAutoRaise(True)
            button.setObjectName(f"layerlift_{verb}")
            button.clicked.connect(lambda *_, verb=verb: do(verb, self.task))
            self.buttons[verb] = button
            line.addWidget(button)
        line.addStretch(1)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(5, 4, 5, 4)
        column.setSpacing(2)
        column.addWidget(self.name)
        column.addWidget(self.words)
        column.addWidget(self.bar)
        column.addLayout(line)
        self.refresh()

    def refresh(self) -> None:
        """Show the task as it is now."""
        task = self.task
        name = task_name(task)
        self.name.setText(self.fontMetrics().elidedText(name, QtCore.Qt.TextElideMode.ElideMiddle, 220))
        self.name.setToolTip(name)
        self.words.setText(state_words(task))
        hints = [said(note) for note in task.notes] + ([said(task.remedy)] if task.remedy is not None else [])
        self.words.setToolTip("\n".join(hints))
        self.bar.setVisible(task.running)
        self.bar.setValue(round(1000 * task.whole))
        for verb, (_, fits) in VERBS.items():
            self.buttons[verb].setVisible(fits(task))
