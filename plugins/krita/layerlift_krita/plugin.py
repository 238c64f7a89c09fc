"""Registration: the extension (actions, menus) and the docker. Imported when Krita starts, so it imports little.

Law: what a user can click, and where; what happens then is the studio's. `registry` of the host room gives Krita's
base classes.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from layerlift_krita.features import FEATURES, OFFERED, ON_OFFERS, Feature, Menu
from layerlift_krita.host.registry import (
    DockWidget,
    Extension,
    active_in_result,
    add_docker,
    add_extension,
    create_action,
    main_window,
)
from layerlift_krita.i18n import tr
from layerlift_krita.menus import ContextMenus
from layerlift_krita.qt import QtCore, QtWidgets

DOCKER = "layerlift_docker"
DECOMPOSE, OPTIONS, SELECTION = "layerlift_decompose", "layerlift_decompose_options", "layerlift_decompose_selection"
SPLIT = "layerlift_split"


class LayerliftExtension(Extension):  # type: ignore[misc]
    """Our actions, in every window."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self.windows: list[WindowActions] = []

    def setup(self) -> None:
        """Nothing to set up before there is a window."""

    def createActions(self, window: Any) -> None:  # noqa: N802 - Krita's name
        """Called once for each window, which Krita lets go of when this returns: keep only what is Qt's."""
        self.windows.append(WindowActions(window))


class WindowActions:
    """The actions of one window, and their places in its context menus."""

    def __init__(self, window: Any) -> None:
        owner = main_window(window)
        self.decompose = create_action(window, DECOMPOSE, tr("Decompose into Layers"))
        self.options = create_action(window, OPTIONS, tr("Decompose into Layers…"))
        self.selection = create_action(window, SELECTION, tr("Decompose Selection into Layers"))
        self.split = create_action(window, SPLIT, tr("Split Further into Layers"))
        self.decompose.triggered.connect(lambda *_: _run("layer"))
        self.split.triggered.connect(lambda *_: _run("layer"))
        self.selection.triggered.connect(lambda *_: _run("selection"))
        self.options.triggered.connect(lambda *_: _ask(owner))
        self.further = {}
        for feature in FEATURES:
            action = create_action(window, f"layerlift_{feature.name}", tr(feature.title), feature.bar)
            action.triggered.connect(partial(_further, owner, feature))
            action.setVisible(feature.name in OFFERED)
            self.further[feature.name] = action
        ON_OFFERS.append(self.show_offered)
        owner.destroyed.connect(partial(ON_OFFERS.remove, self.show_offered))
        self.filter = ContextMenus(self._layer, self._canvas, owner)
        QtWidgets.QApplication.instance().installEventFilter(self.filter)

    def show_offered(self, names: set[str]) -> None:
        """The server's engines can do these features."""
        for name, action in self.further.items():
            action.setVisible(name in names)

    def _layer(self) -> list[Any]:
        first = self.split if active_in_result() else self.decompose
        return [first, self.options, *self._further("layer")]

    def _canvas(self) -> list[Any]:
        return [self.selection, self.options, *self._further("canvas")]

    def _further(self, menu: Menu) -> list[Any]:
        return [self.further[f.name] for f in FEATURES if menu in f.menus and self.further[f.name].isVisible()]


class LayerliftDocker(DockWidget):  # type: ignore[misc]
    """The docker: a frame around the panel, which is built when the docker is first shown."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Layerlift")
        self._panel: Any = None
        self._soon = QtCore.QTimer(self)  # ours, so that it does not outlive us
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.build)

    def showEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """A docker that stays hidden costs nothing; one that is shown at Krita's start is filled when Krita stands."""
        if self._panel is None:
            self._soon.start(0)
        super().showEvent(event)

    def build(self) -> None:
        """Make the panel, once."""
        if self._panel is None:
            from layerlift_krita.panel.panel import Panel
            from layerlift_krita.studio import studio

            self._panel = Panel(studio())
            self.setWidget(self._panel)

    def canvasChanged(self, canvas: Any) -> None:  # noqa: N802 - Krita's name
        """Krita wants this to exist. Nothing of ours depends on the canvas."""


def register() -> None:
    """Tell Krita about us."""
    add_extension(LayerliftExtension)
    add_docker(DOCKER, LayerliftDocker)


def _further(owner: Any, feature: Feature, *_: object) -> None:
    from layerlift_krita.studio import studio

    studio().ask(owner, feature)


def _run(scope: str) -> None:
    from layerlift_krita.studio import studio

    here = studio()
    here.run(here.settings.choice.wish(scope=scope))  # type: ignore[arg-type]


def _ask(owner: Any) -> None:
    from layerlift_krita.panel.dialog import ask
    from layerlift_krita.studio import studio

    ask(studio(), owner)
