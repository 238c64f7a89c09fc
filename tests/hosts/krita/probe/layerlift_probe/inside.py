"""Runs inside Krita, for tests only: what tests ask and do there, in words. Answers are JSON's types."""

import os
import zlib
from pathlib import Path

from krita import InfoObject, Krita, Selection

try:
    from PyQt5.QtCore import QByteArray
    from PyQt5.QtWidgets import QApplication, QDockWidget, QListView, QMdiArea, QTreeView
except ImportError:
    from PyQt6.QtCore import QByteArray
    from PyQt6.QtWidgets import QApplication, QDockWidget, QListView, QMdiArea, QTreeView

SRGB = "sRGB-elle-V2-srgbtrc.icc"


# documents


def new(name, width, height, model="RGBA", depth="U8", profile=SRGB, pixels=None, show=True):
    """A new document; `pixels` is a file of Krita's own bytes for its first layer. Gives its identity."""
    krita = Krita.instance()
    document = krita.createDocument(width, height, name, model, depth, profile, 72.0)
    document.setBatchmode(True)
    document.setName(name)
    if show:
        krita.activeWindow().addView(document)
    if pixels is not None:
        layer = document.rootNode().childNodes()[0]
        layer.setPixelData(QByteArray(Path(pixels).read_bytes()), 0, 0, width, height)
    settle(document)
    document.setModified(False)
    return ident(document)


def ident(document):
    return document.rootNode().uniqueId().toString()


def doc(which=None):
    """An open document by identity; the active one without."""
    krita = Krita.instance()
    if which is None:
        return krita.activeDocument()
    return next((d for d in krita.documents() if ident(d) == which), None)


def settle(document):
    document.refreshProjection()
    document.waitForDone()


def idle(which):
    """Whether Krita has nothing to paint any more."""
    document = doc(which)
    free = document.tryBarrierLock()
    if free:
        document.unlock()
    return free


def close_all():
    """Close every document, without a question."""
    krita = Krita.instance()
    for document in krita.documents():
        document.setModified(False)
    krita.action("file_close_all").trigger()


def activate(which):
    """Bring a document's window to the front. (`showView` and `setActiveDocument` do not in 5.1.)"""
    window = Krita.instance().activeWindow()
    number = next(i for i, view in enumerate(window.views()) if ident(view.document()) == which)
    area = window.qwindow().findChild(QMdiArea)
    area.setActiveSubWindow(area.subWindowList()[number])


# what is in them


def walk(node):
    for child in node.childNodes():
        yield child
        yield from walk(child)


def node(document, name):
    return next(n for n in walk(document.rootNode()) if n.name() == name)


def tree(which=None, top=None):
    """[name] or [name, [children]] of every layer, bottom first. (The selection hangs there as a mask.)"""
    start = doc(which).rootNode() if top is None else top
    layers = [n for n in start.childNodes() if not n.type().endswith("mask")]
    return [[n.name(), tree(which, n)] if n.type() == "grouplayer" else [n.name()] for n in layers]


def state(which=None):
    """Everything about a document that must not change, but for the names in `but`."""
    document = doc(which)
    found = {n.name(): facts(n) for n in walk(document.rootNode())}
    s = document.selection()
    chosen = None
    if s is not None:
        box = (s.x(), s.y(), s.width(), s.height())
        chosen = [*box, zlib.crc32(bytes(s.pixelData(*box)))]
    return {
        "layers": found,
        "selection": chosen,
        "size": [document.width(), document.height()],
        "space": [document.colorModel(), document.colorDepth(), document.colorProfile()],
        "history": history(),
    }


def facts(n):
    b = n.bounds()
    box = (b.x(), b.y(), b.width(), b.height())
    return {
        "id": n.uniqueId().toString(),
        "type": n.type(),
        "box": list(box),
        "pixels": zlib.crc32(bytes(n.projectionPixelData(*box))),
        "opacity": n.opacity(),
        "blend": n.blendingMode(),
        "flags": [n.visible(), n.locked(), n.alphaLocked(), n.collapsed(), n.inheritAlpha(), n.colorLabel()],
    }


def projection(which, path):
    """The document's projection as Krita shows it, raw, into a file; painted anew first so that nothing is stale."""
    document = doc(which)
    shown = bytes(document.pixelData(0, 0, document.width(), document.height()))
    settle(document)
    Path(path).write_bytes(bytes(document.pixelData(0, 0, document.width(), document.height())))
    return shown == Path(path).read_bytes()


def looks(which, path):
    """What a screen shows of the document: its projection in 8-bit sRGB, converted by Krita, in a clone."""
    clone = doc(which).clone()
    clone.setBatchmode(True)
    clone.flatten()
    clone.waitForDone()
    clone.setColorSpace("RGBA", "U8", SRGB)
    settle(clone)
    Path(path).write_bytes(bytes(clone.pixelData(0, 0, clone.width(), clone.height())))
    clone.setModified(False)
    clone.close()


def export(which, path):
    """Krita's own PNG of the document."""
    options = InfoObject()
    for name, value in (("alpha", True), ("saveSRGBProfile", False), ("forceSRGB", False), ("compression", 1)):
        options.setProperty(name, value)
    document = doc(which)
    document.waitForDone()
    return document.exportImage(str(path), options)


def history():
    """The rows of the undo history docker of the active document."""
    model = dock("History").findChild(QListView).model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


# windows


def dock(name):
    return Krita.instance().activeWindow().qwindow().findChild(QDockWidget, name)


def full_screen(width, height):
    """The window over the whole virtual screen: nothing manages windows there."""
    Krita.instance().activeWindow().qwindow().setGeometry(0, 0, width, height)


def layer_row(name):
    """Where on the screen the Layers docker shows a layer; None while it does not."""
    box = dock("KisLayerBox")
    box.show()
    box.raise_()
    view = box.findChild(QTreeView, "listLayers")

    def find(parent):
        model = view.model()
        for row in range(model.rowCount(parent)):
            index = model.index(row, 0, parent)
            if index.data() == name:
                return index
            inner = find(index)
            if inner is not None:
                return inner
        return None

    index = find(view.rootIndex())
    if index is None:
        return None
    view.scrollTo(index)
    place = view.visualRect(index)
    if place.isEmpty() or not view.isVisible():
        return None
    at = view.viewport().mapToGlobal(place.center())
    return [at.x(), at.y()]


def popup():
    """The texts of the menu that is open; None while there is none."""
    menu = QApplication.activePopupWidget()
    return None if menu is None else [a.text().replace("&", "") for a in menu.actions()]


def popup_item(text):
    """Where on the screen an item of the open menu is."""
    menu = QApplication.activePopupWidget()
    item = next(a for a in menu.actions() if a.text().replace("&", "") == text)
    at = menu.mapToGlobal(menu.actionGeometry(item).center())
    return [at.x(), at.y()]


def centre(widget):
    at = widget.mapToGlobal(widget.rect().center())
    return [at.x(), at.y()]


def select(which, x, y, width, height, value=255):
    chosen = Selection()
    chosen.select(x, y, width, height, value)
    doc(which).setSelection(chosen)
    doc(which).waitForDone()


def end(code):
    os._exit(code)


# the plug-in


def studio():
    from layerlift_krita.studio import studio as made

    return made()


def panel():
    """The panel, in front."""
    box = dock("layerlift_docker")
    box.show()
    box.raise_()
    box.build()
    return box.widget()


def choose(**options):
    """What the panel's options say from now on."""
    from dataclasses import replace

    here = studio()
    here.settings.choice = replace(here.settings.choice, **options)


def offers():
    """The engines of the server that is connected."""
    welcome = studio().action.welcome
    return () if welcome is None else welcome.engines


def tasks():
    """[name, state, trouble, remedy, notes] of every task, newest first."""
    return [
        [
            t.name,
            t.state,
            None if t.trouble is None else str(t.trouble),
            None if t.remedy is None else str(t.remedy),
            [str(note) for note in t.notes],
        ]
        for t in studio().action.tasks
    ]


def state_of(job):
    return next((t.state for t in studio().action.tasks if t.job == job), None)


def task(job):
    return next(t for t in studio().action.tasks if t.job == job)


def run(scope="layer", operation="decompose", engine=None, **params):
    """Ask for it as the menus do; gives the job, or None when it was refused."""
    from dataclasses import replace

    here = studio()
    plain = here.settings.choice.wish(scope=scope)
    params = {**plain.params, **params} if operation == "decompose" else params
    made = here.run(replace(plain, operation=operation, engine=engine or plain.engine, params=params))
    return None if made is None else made.job


class Told:
    """Remembers what the user was told."""

    def __init__(self):
        from layerlift_krita.host import krita_host

        self.words = []
        self._say = krita_host.say
        krita_host.say = self.say

    def say(self, words, bad):
        self.words.append(words)
        self._say(words, bad)


def cancel_at(job, state):
    """Cancel the job the moment it is in `state`."""
    here = studio()
    plain = here.changed

    def changed():
        plain()
        found = next((t for t in here.action.tasks if t.job == job), None)
        if found is not None and found.state == state:
            here.changed = plain
            here.action.cancel(found)

    here.changed = changed
    changed()
