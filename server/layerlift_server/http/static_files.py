"""The files of the page, by the names under which they may be asked for.

Law: reads one folder, listed once; a request is looked up in that list and never becomes a path.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "web"
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".ico": "image/vnd.microsoft.icon",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain",
}
_LOCKED = b"<!doctype html><title>Layerlift</title><p>Open this page with <code>layerlift open</code>.</p>"


@dataclass(frozen=True)
class PageFile:
    """One file: `content`, its media `type`, and an entity `tag`."""

    content: bytes
    type: str
    tag: str


class Page:
    """The page in `folder`: index.html, locked.html (what one sees without a cookie) and static/."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        static = folder / "static"
        self._static = {
            path.relative_to(static).as_posix(): path
            for path in sorted(static.rglob("*"))
            if path.suffix in TYPES and path.is_file() and not path.is_symlink()
        }

    def index(self) -> PageFile | None:
        """The page itself; None when this installation lacks it."""
        path = self._folder / "index.html"
        return _file(path) if path.is_file() else None

    def locked(self) -> PageFile:
        """What one sees without a cookie."""
        path = self._folder / "locked.html"
        return _file(path) if path.is_file() else PageFile(_LOCKED, "text/html", "locked")

    def static(self, name: str) -> PageFile | None:
        """A file under static/, by its name there; None when there is none."""
        path = self._static.get(name)
        return _file(path) if path is not None and path.is_file() else None


def _file(path: Path) -> PageFile:
    content = path.read_bytes()
    return PageFile(content, TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:32])
