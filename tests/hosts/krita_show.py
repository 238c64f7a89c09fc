"""Runs inside Krita (kritarunner -s krita_show -f __main__ IN OUT [IN OUT …]): writes what Krita shows of IN.

OUT gets the projection's raw BGRA; OUT.json the document's size, depth and profile and the layer tree.
"""

import json
import os
import sys
import traceback
from pathlib import Path

# An unhandled exception would open a modal dialog and hang.
sys.excepthook = lambda *error: (traceback.print_exception(*error), os._exit(98))

from krita import Krita  # noqa: E402


def described(node):
    b = node.bounds()
    found = {
        "name": node.name(),
        "type": node.type(),
        "opacity": node.opacity(),
        "mode": node.blendingMode(),
        "bounds": [b.x(), b.y(), b.width(), b.height()],
    }
    if node.type() == "grouplayer":
        found["passes"] = node.passThroughMode()
        found["children"] = [described(child) for child in node.childNodes()]
    return found


def show(source, target):
    document = Krita.instance().openDocument(source)
    document.setBatchmode(True)
    document.refreshProjection()
    document.waitForDone()
    width, height = document.width(), document.height()
    Path(target).write_bytes(bytes(document.pixelData(0, 0, width, height)))
    found = {
        "size": [width, height],
        "depth": document.colorDepth(),
        "profile": document.colorProfile(),
        "layers": [described(node) for node in document.rootNode().childNodes()],
    }
    Path(target + ".json").write_text(json.dumps(found))
    document.setModified(False)
    document.close()


def __main__(arguments):  # noqa: N807 - the name that kritarunner calls
    Krita.instance().setBatchmode(True)
    for source, target in zip(arguments[::2], arguments[1::2], strict=True):
        show(source, target)
    os._exit(0)
