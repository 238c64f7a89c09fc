"""Fingerprints of files: SHA-256 for large ones, Git's identifier for small ones, as the hub lists them.

Law: hashlib and files; knows no network. What is hashed while it arrives need not be read again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from layerlift.models.manifest import Listed

_CHUNK: Final = 4 * 1024 * 1024


class Fingerprint:
    """Fed with a file's bytes in order, it tells whether they are what was listed."""

    def __init__(self, listed: Listed) -> None:
        self._listed = listed
        self.restart()

    def restart(self) -> None:
        """Begin at the first byte again."""
        if self._listed.sha256:
            self._hash = hashlib.sha256()
        else:
            self._hash = hashlib.sha1(b"blob %d\0" % self._listed.size, usedforsecurity=False)  # gitformat-objects

    def feed(self, chunk: bytes | memoryview) -> None:
        """The next bytes."""
        self._hash.update(chunk)

    @property
    def fits(self) -> bool:
        """Whether what was fed is what was listed. A file listed without any fingerprint fits by its size alone."""
        return not self._listed.identity or self._hash.hexdigest() == self._listed.identity


def fits(path: Path, listed: Listed, read: Callable[[int], None] = lambda count: None) -> bool:
    """Whether a file is what was listed: size first, then every byte. `read` hears how many were read, chunk by chunk,
    and may raise to stop."""
    try:
        if path.stat().st_size != listed.size:
            return False
        fingerprint = Fingerprint(listed)
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                fingerprint.feed(chunk)
                read(len(chunk))
    except OSError:
        return False
    return fingerprint.fits
