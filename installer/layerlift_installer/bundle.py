"""A plug-in as its host takes it: our sources with the protocol's rooms put inside.

Law: files in, files out; the same sources give the same bytes. The plug-ins say `layerlift.wire`; inside a host there
is no Layerlift, so the wire's own folder is copied in beside them and that name is rewritten, in it and in the plug-in.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import layerlift.wire
from layerlift_installer.errors import InstallError

_WIRE = re.compile(r"\blayerlift\.wire\b")
_LEFT_OUT = {"__pycache__", ".mypy_cache", ".ruff_cache"}
_WHEN = (2026, 1, 1, 0, 0, 0)
"""The date of every file in a zip: the day does not change what is in it."""


@dataclass(frozen=True)
class Bundle:
    """A plug-in's files by their path (POSIX, relative), as they are installed and zipped."""

    name: str
    files: dict[str, bytes]

    def write_zip(self, path: Path) -> Path:
        """A zip that Krita's "Import Python Plugin from File" takes: it looks for entries of folders, too."""
        folders = sorted({f"{parent.as_posix()}/" for name in self.files for parent in Path(name).parents} - {"./"})
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in folders:
                archive.writestr(zipfile.ZipInfo(name, _WHEN), b"")
            for name in sorted(self.files):
                info = zipfile.ZipInfo(name, _WHEN)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = 0o644 << 16
                archive.writestr(info, self.files[name])
        return path


def sources(host: str) -> Path:
    """The plug-in's sources: inside the installed package, or in the checkout that it is run from."""
    here = Path(__file__).parent
    for place in (here / "plugins" / host, here.parent.parent / "plugins" / host):
        if place.is_dir():
            return place
    raise InstallError(f"The plug-in for {host} is not in this copy of Layerlift.", "Install Layerlift again.")


def krita() -> Bundle:
    """The plug-in for Krita: `layerlift_krita.desktop`, the actions, and the package with the wire inside."""
    package = "layerlift_krita"
    files = {name: _adapted(name, data, package) for name, data in _files(sources("krita"))}
    wire = Path(layerlift.wire.__file__).parent
    for name, data in _files(wire):
        files[f"{package}/wire/{name}"] = _adapted(name, data, package)
    return Bundle(package, files)


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and not _LEFT_OUT & set(inside.parts) and path.suffix != ".pyc":
            yield inside.as_posix(), path.read_bytes()


def _adapted(name: str, data: bytes, package: str) -> bytes:
    if not name.endswith(".py"):
        return data
    return _WIRE.sub(f"{package}.wire", data.decode("utf-8")).encode("utf-8")
