"""Layerlift: a flat picture in, clean named layers out, and their composite is the picture.

>>> import layerlift
>>> stack = layerlift.decompose("poster.png")       # doctest: +SKIP
>>> layerlift.write(stack, "poster.psd")            # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerlift.decomposition import decompose as decompose
    from layerlift.errors import LayerliftError as LayerliftError
    from layerlift.formats import read as read
    from layerlift.formats import write as write
    from layerlift.imaging.geometry import Bounds as Bounds
    from layerlift.imaging.geometry import Extent as Extent
    from layerlift.imaging.layer import Document as Document
    from layerlift.imaging.layer import Layer as Layer
    from layerlift.imaging.layer import LayerStack as LayerStack
    from layerlift.imaging.layer import Role as Role
    from layerlift.progress import Progress as Progress

__version__ = "0.1.0"

_HOME = {
    "decompose": "layerlift.decomposition",
    "LayerliftError": "layerlift.errors",
    "read": "layerlift.formats",
    "write": "layerlift.formats",
    "Bounds": "layerlift.imaging.geometry",
    "Extent": "layerlift.imaging.geometry",
    "Document": "layerlift.imaging.layer",
    "Layer": "layerlift.imaging.layer",
    "LayerStack": "layerlift.imaging.layer",
    "Role": "layerlift.imaging.layer",
    "Progress": "layerlift.progress",
}
__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> object:
    """Load a public name at its first use (PEP 562): `import layerlift` alone costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'layerlift' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
