"""Krita's base classes and places for plugins.

Quirks: the window object given to `createActions` dies when that returns (5.1–5.3), its Qt window does not; the
`DockPosition` enumeration is spelled differently in Krita 6.
"""

from __future__ import annotations

from typing import Any

from krita import DockWidget, DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

__all__ = ["DockWidget", "Extension", "active_in_result", "add_docker", "add_extension", "create_action", "main_window"]


def add_extension(kind: type) -> None:
    """Make and register the extension."""
    Krita.instance().addExtension(kind(Krita.instance()))


def add_docker(name: str, kind: type) -> None:
    """Register the docker; it starts at the right, where the layers are."""
    places = getattr(DockWidgetFactoryBase, "DockPosition", DockWidgetFactoryBase)
    Krita.instance().addDockWidgetFactory(DockWidgetFactory(name, places.DockRight, kind))


def create_action(window: Any, name: str, text: str, menu: str = "layer") -> Any:
    """An action in a menu of Krita's menu bar. What the .action file says about its shortcut holds."""
    return window.createAction(name, text, menu)


def active_in_result() -> bool:
    """Whether the active layer came out of a decomposition. (Imported late: Krita starts without reading layers.)"""
    from layerlift_krita.host.krita_host import in_result

    return in_result()


def main_window(window: Any) -> Any:
    """The Qt window, which lives on."""
    return window.qwindow()
