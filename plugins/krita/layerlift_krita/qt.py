"""The one door to Qt: PyQt5 under Krita 5, PyQt6 under Krita 6. Importing the wrong one raises inside Krita.

Law: names only. Enumerations are written scoped (`Qt.Key.Key_Escape`): both bindings understand that.
"""

from __future__ import annotations

from typing import Any


def _major() -> int:
    """Which Qt this Krita is built with. Krita 5.1 and 5.2 do not say: they are all Qt 5."""
    try:
        import pykrita

        return int(pykrita.qt_major_version())
    except (ImportError, AttributeError):
        return 5


MAJOR = _major()

if MAJOR >= 6:
    from PyQt6 import QtCore, QtGui, QtWidgets
    from PyQt6.QtGui import QAction
else:
    from PyQt5 import QtCore, QtGui, QtWidgets
    from PyQt5.QtWidgets import QAction

__all__ = ["MAJOR", "QAction", "QtCore", "QtGui", "QtWidgets", "network"]


def network() -> Any:
    """Qt's sockets: the one module that Krita has not loaded itself when it starts, so it waits until it is needed."""
    if MAJOR >= 6:
        from PyQt6 import QtNetwork
    else:
        from PyQt5 import QtNetwork
    return QtNetwork
