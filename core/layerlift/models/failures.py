"""What can go wrong while models are fetched. Law: errors only.

LayerliftError
└── DownloadFailed   the hub, the network or what came from it (not the user's side; trying again may help)
    └── NotThere     the hub does not have it, or not for this user
"""

from __future__ import annotations

from layerlift.errors import LayerliftError


class DownloadFailed(LayerliftError):
    """Something did not arrive, or not as it should have."""

    code = "download"
    retryable = True


class NotThere(DownloadFailed):
    """The hub does not have it, or not for this user."""

    retryable = False
