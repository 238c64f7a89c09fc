"""Contents that this machine has already under another name: the three models share one text encoder of 16.6 GB.

Law: looks into records and the hub's cache, makes links; never changes what it links to. A link is made only to what
was checked against its SHA-256.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from layerlift.models import checksums, manifest
from layerlift.models.manifest import Listed
from layerlift.models.places import Places


def known(where: Places) -> dict[str, Path]:
    """SHA-256 → a file that should have it: large files that Layerlift fetched, and the hub cache's blobs, which are
    named by it (huggingface_hub's cache layout, "blobs")."""
    return {**dict(_blobs(where.hub)), **dict(_records(where.ours))}


def take(source: Path, listed: Listed, place: Path, read: Callable[[int], None]) -> bool:
    """Make `place` the same file as `source`, if that is what was listed: a hard link, on another disk a symbolic one.
    Whether it was possible; `read` hears how many bytes were checked and may raise to stop."""
    if not listed.sha256 or not checksums.fits(source, listed, read):
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f"{place.name}.link")
    for link in (os.link, os.symlink):
        draft.unlink(missing_ok=True)
        try:
            link(source.resolve(), draft)
        except OSError:  # another disk, a file system without links, Windows without the right to make them
            continue
        draft.replace(place)
        return True
    return False


def _records(roots: tuple[Path, ...]) -> Iterator[tuple[str, Path]]:
    for root in roots:
        for folder in _children(root):
            for record in manifest.read(folder):
                for path, one in record.files.items():
                    if one.sha256 and _size(folder / path) == one.size:
                        yield one.sha256, folder / path


def _blobs(hub: Path) -> Iterator[tuple[str, Path]]:
    for repository in _children(hub):
        for blob in _children(repository / "blobs"):
            if re.fullmatch(r"[0-9a-f]{64}", blob.name):
                yield blob.name, blob


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
