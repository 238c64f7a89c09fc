"""Everything put together, once for all of Krita's windows: host, link, action, settings, and whoever shows them.

Law: the composition root; decides nothing. Made when it is first needed, so that Krita starts no later for our sake.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from layerlift_krita.action.action import Action
from layerlift_krita.action.ports import Place, Say, Wish
from layerlift_krita.action.task import Task
from layerlift_krita.client.link import ServerLink
from layerlift_krita.client.pump import Pump
from layerlift_krita.features import OFFERED, ON_OFFERS, Feature, offered
from layerlift_krita.host import krita_host
from layerlift_krita.i18n import tr
from layerlift_krita.panel.asking import ask_further
from layerlift_krita.qt import QtCore, QtWidgets
from layerlift_krita.settings import Settings

REDRAW = 60
"""Milliseconds between two redrawings of what is shown: more often nobody sees."""


class Studio(QtCore.QObject):
    """Listens to the action on behalf of every panel."""

    def __init__(self) -> None:
        super().__init__(QtWidgets.QApplication.instance())
        self.settings = Settings(krita_host.read_setting, krita_host.write_setting)
        self.link = ServerLink(krita_host.client_info(), self)
        self.action = Action(krita_host.KritaHost(), self.link, self)
        self.link.action = self.action
        self.action.restore(self.settings.tasks)
        self.pump = Pump(self.action, self)
        self._watchers: list[Callable[[], None]] = []
        self._saved = self.settings.tasks
        self._redraw = QtCore.QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(REDRAW)
        self._redraw.timeout.connect(self._show)
        QtWidgets.QApplication.instance().aboutToQuit.connect(self.close)

    def run(self, wish: Wish, place: Place | None = None) -> Task | None:
        """The user wants this."""
        task = self.action.run(wish, place)
        self.pump.wake()
        return task

    def ask(self, owner: Any, feature: Feature) -> Any:
        """Open the dialog of one of the further operations over `owner`; None when it makes no sense now."""
        if feature.selection and not krita_host.has_selection():
            self.said(Say("Nothing is selected."), Say("Select a part first, or choose the whole layer."), True)
            return None
        size = krita_host.drawn_size() if feature.operation == "generate" else krita_host.canvas_size()
        if size is None:
            self.said(Say("No picture is open."), Say("Open or create one first."), True)
            return None
        return ask_further(self, owner, feature, size)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` when something changed, a few times a second at most."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """No more."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    def changed(self) -> None:
        """The action's listener: something is not what it was."""
        self.pump.wake()
        if not self._redraw.isActive():
            self._redraw.start()

    def said(self, sentence: Say, remedy: Say | None, bad: bool) -> None:
        """The action's listener: tell the user."""
        words = translated(sentence) + (f"\n{translated(remedy)}" if remedy is not None else "")
        krita_host.say(words, bad)
        self.changed()

    def close(self) -> None:
        """Krita quits: jobs go on without us, and their results wait."""
        self._keep()
        self.link.close()

    def _show(self) -> None:
        self._keep()
        welcome = self.action.welcome
        names = {feature.name for feature in offered(welcome.engines if welcome is not None else ())}
        if names != OFFERED:
            OFFERED.clear()
            OFFERED.update(names)
            for hear in ON_OFFERS:
                hear(names)
        for watcher in list(self._watchers):
            watcher()

    def _keep(self) -> None:
        saved = self.action.saved()
        if saved != self._saved:
            self._saved = saved
            self.settings.tasks = saved


def translated(say: Say) -> str:
    """A sentence in the user's language."""
    return tr(say.text, **say.values)


@lru_cache(maxsize=1)
def studio() -> Studio:
    """The one there is."""
    return Studio()
