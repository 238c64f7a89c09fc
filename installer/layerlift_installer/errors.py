"""What can go wrong while installing. One sentence and one remedy each, as everywhere in Layerlift."""

from __future__ import annotations

from layerlift.errors import LayerliftError


class InstallError(LayerliftError):
    """The plug-in cannot be put where it belongs."""

    code = "install"
    retryable = True
