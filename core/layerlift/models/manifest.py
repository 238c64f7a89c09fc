"""What was downloaded into a model's folder: files with size and checksum, kept beside them as layerlift.json.

Law: reads and writes that one file. A part stands in it only once all of its files are here and were checked.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from layerlift.models.model import Part

NAME: Final = "layerlift.json"
_FORMAT: Final = 1


@dataclass(frozen=True)
class Listed:
    """A file of a hub repository: its name there, `size` in bytes, and `sha256` (large files) or `git`, the identifier
    that Git gives its content (small ones: SHA-1 of "blob SIZE\\0" and the bytes)."""

    name: str
    size: int
    sha256: str = ""
    git: str = ""

    @property
    def identity(self) -> str:
        """What names this content."""
        return self.sha256 or self.git

    @property
    def honest(self) -> bool:
        """Whether name and identity can be used as paths: whoever lists files must not choose where they go."""
        return (
            inside(self.name)
            and re.fullmatch(r"([0-9a-f]{64})?", self.sha256) is not None
            and re.fullmatch(r"([0-9a-f]{40}|[0-9a-f]{64})?", self.git) is not None
        )


def inside(path: str) -> bool:
    """Whether a relative path with / stays in the folder that it is relative to, on every system."""
    pieces = path.split("/")
    return bool(path) and not any(
        piece in ("", ".", "..") or re.search(r'[\\:*?"<>|\x00-\x1f]', piece) for piece in pieces
    )


@dataclass(frozen=True)
class Record:
    """One part that is here. `files`: path relative to the model's folder (with /) → what it must be."""

    repo: str
    revision: str
    into: str
    files: Mapping[str, Listed] = field(default_factory=dict)

    def of(self, part: Part) -> bool:
        """Whether this is the record of that part (its patterns tell parts of one repository apart)."""
        return (self.repo, self.into) == (part.repo, part.into)

    def whole(self, folder: Path) -> bool:
        """Whether all files are there with their sizes."""
        return all(_size(folder / path) == listed.size for path, listed in self.files.items())


def read(folder: Path) -> list[Record]:
    """The records of a model's folder; none where there are none or they cannot be read."""
    try:
        kept = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return [_record(one) for one in kept["parts"]] if kept["format"] == _FORMAT else []
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def write(folder: Path, records: Iterable[Record]) -> None:
    """Replace the records of a folder, whole or not at all; without records the file goes."""
    parts = [{**asdict(record), "files": {p: asdict(f) for p, f in record.files.items()}} for record in records]
    path = folder / NAME
    if not parts:
        path.unlink(missing_ok=True)
        return
    draft = path.with_name(f"{NAME}.{os.getpid()}")
    draft.write_text(json.dumps({"format": _FORMAT, "parts": parts}, indent=1), encoding="utf-8")
    draft.replace(path)


def add(folder: Path, record: Record) -> None:
    """Add a record, in place of an older one of the same part."""
    kept = [old for old in read(folder) if (old.repo, old.into) != (record.repo, record.into)]
    write(folder, [*kept, record])


def _record(one: Mapping[str, Any]) -> Record:
    files = {str(path): Listed(**about) for path, about in one["files"].items()}
    if not all(inside(path) and listed.honest for path, listed in files.items()):
        raise ValueError("a path that leads out of the folder")  # brought along on somebody's disk
    return Record(str(one["repo"]), str(one["revision"]), str(one["into"]), files)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
