"""The panel: connection, the button, the options, the tasks. Law: shows the studio and passes on what is clicked."""

from __future__ import annotations

from functools import partial
from typing import Any

from layerlift_krita.action.task import Task
from layerlift_krita.features import Feature, offered
from layerlift_krita.i18n import tr
from layerlift_krita.panel.options import Options
from layerlift_krita.panel.rows import Row
from layerlift_krita.panel.words import said
from layerlift_krita.qt import QtCore, QtWidgets


class Panel(QtWidgets.QWidget):  # type: ignore[misc]
    """What is in the docker."""

    def __init__(self, studio: Any) -> None:
        super().__init__()
        self.studio = studio
        self.setObjectName("layerlift_panel")
        self.connection = QtWidgets.QLabel()
        self.connection.setWordWrap(True)
        self.connection.setObjectName("layerlift_connection")
        self.go = QtWidgets.QPushButton(tr("Decompose into Layers"))
        self.go.setObjectName("layerlift_go")
        self.go.clicked.connect(self._run)
        self.more = QtWidgets.QToolButton()
        self.more.setText(tr("More"))
        self.more.setObjectName("layerlift_more")
        self.more.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(QtWidgets.QMenu(self.more))
        self.options = Options(studio.settings.choice, self._chosen)
        self.rows: dict[str, Row] = {}
        self._list = QtWidgets.QVBoxLayout()
        self._list.setSpacing(4)
        inside = QtWidgets.QWidget()
        inside.setMinimumWidth(0)
        inside.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred)
        column = QtWidgets.QVBoxLayout(inside)
        column.setContentsMargins(6, 6, 6, 6)
        # What goes on comes before what can be set: the docker is often no higher than this.
        line = QtWidgets.QHBoxLayout()
        line.addWidget(self.go, 1)
        line.addWidget(self.more)
        column.addLayout(line)
        column.addWidget(self.connection)
        column.addLayout(self._list)
        column.addWidget(self.options)
        column.addStretch(1)
        scroll = QtWidgets.QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        outside = QtWidgets.QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(scroll)
        studio.watch(self.refresh)
        # A window's dockers die with it, while Krita and the studio live on.
        self.destroyed.connect(partial(studio.unwatch, self.refresh))
        self.refresh()
        # A server that runs already tells us its engines; one that does not is started by the first click only.
        studio.link.open(start=False)

    def refresh(self) -> None:
        """Show everything as it is now."""
        action = self.studio.action
        self.connection.setText(self._connection())
        self.connection.setToolTip(said(action.trouble.remedy) if action.trouble and action.trouble.remedy else "")
        if action.welcome is not None:
            self.options.offer([e for e in action.welcome.engines if "decompose" in e.operations])
        self._offer_further()
        self.options.choice = self.studio.settings.choice
        known = {task.job for task in action.tasks}
        for job in [job for job in self.rows if job not in known]:
            self.rows.pop(job).deleteLater()
        for index, task in enumerate(action.tasks):
            if task.job not in self.rows:
                self.rows[task.job] = Row(task, self._do)
                self._list.insertWidget(index, self.rows[task.job])
            self.rows[task.job].refresh()

    def _offer_further(self) -> None:
        """What else the server's engines can do, in the menu of “More”."""
        welcome = self.studio.action.welcome
        features = offered(welcome.engines if welcome is not None else ())
        self.more.setVisible(bool(features))
        menu = self.more.menu()
        if [action.objectName() for action in menu.actions()] == [feature.name for feature in features]:
            return
        menu.clear()
        for feature in features:
            action = menu.addAction(tr(feature.title))
            action.setObjectName(feature.name)
            action.triggered.connect(partial(self._ask, feature))

    def _ask(self, feature: Feature, *_: object) -> None:
        self.studio.ask(self.window(), feature)

    def _connection(self) -> str:
        action, state = self.studio.action, self.studio.link.state
        if action.welcome is not None:
            return tr("● Connected: {server}", server=action.welcome.server)
        if state == "starting":
            return tr("○ Starting the Layerlift server…")
        if state in ("dialling", "pausing"):
            return tr("○ Connecting…")
        if action.trouble is not None:
            return "○ " + said(action.trouble.sentence)
        return tr("○ Not connected: the server starts when it is needed")

    def _chosen(self, choice: Any) -> None:
        self.studio.settings.choice = choice

    def _run(self, *_: object) -> None:
        self.studio.settings.choice = self.options.choice
        self.studio.run(self.options.choice.wish())

    def _do(self, verb: str, task: Task) -> None:
        action = self.studio.action
        if verb == "cancel":
            action.cancel(task)
        elif verb == "insert":
            action.insert(task)
        elif verb == "fresh":
            action.insert(task, fresh=True)
        elif verb == "hide":
            action.hide(task)
        elif verb == "again":
            action.again(task)
        elif verb == "forget":
            action.forget(task)
        self.studio.changed()
