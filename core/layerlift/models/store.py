"""What is here already, wherever it came from: our own folder, one that was given, the hub's cache, ComfyUI's folder.

Law: looks at disks only; downloads nothing, changes nothing.
"""

from __future__ import annotations

from layerlift.models.model import Installed


def find(name: str, variant: str | None = None) -> Installed | None:
    """The model `name` if it is here (in `variant`, if given; else the best there is), complete or None."""
    raise NotImplementedError


def installed() -> list[Installed]:
    """Every model and variant that is here."""
    raise NotImplementedError
