"""Where each result goes: OUT and --format, for one picture or many (the table is in the help of `decompose`).

Law: decides names, writes nothing, looks at the disk only to see what exists.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from layerlift.cli.pictures import Wanted
from layerlift.errors import OutputError, RequestError
from layerlift.formats import FORMATS, format_of

STDOUT = "-"
DEFAULT_FORMAT = "psd"
FLAT = "flat"
"""One PNG of the composite, for commands whose result may be wanted as a picture; no format of layers."""


@dataclass(frozen=True)
class Target:
    """Where one result goes (`path` None: standard output) and in which format."""

    path: Path | None
    format: str

    @property
    def label(self) -> str:
        """What it is called in sentences."""
        return "standard output" if self.path is None else str(self.path)

    def check(self, picture: Wanted, overwrite: bool) -> None:
        """Refuse before any work what may not be written. Raises OutputError."""
        if self.path is None:
            return
        if not self.path.exists():
            _check_folder(self.path.parent)
            return
        if picture.path is not None and picture.path.exists() and self.path.samefile(picture.path):
            raise OutputError(f"{self.path} is the picture itself.", "Choose another name with -o.")
        if self.path.is_dir() and (self.format != "png" or not any(self.path.iterdir())):
            return  # an empty folder is fine for PNG files; a folder in a file's place is the writer's to explain
        if not overwrite:
            raise OutputError(f"{self.path} exists already.", "Choose another name with -o, or add --overwrite.")


def plan(pictures: Sequence[Wanted], out: str | None, chosen: str | None) -> list[Target]:
    """One target per picture, all different. Raises RequestError where OUT cannot hold them all."""
    single = len(pictures) == 1 and pictures[0].alone
    if out == STDOUT or (out is None and single and pictures[0].path is None):
        return [_standard_output(pictures, chosen)]
    taken: set[Path] = set()
    return [_unique(_place(picture, out, chosen, single), taken) for picture in pictures]


def _check_folder(folder: Path) -> None:
    """The nearest folder that exists must take new things; what is between is made later. Raises OutputError."""
    there = next((each for each in (folder, *folder.parents) if os.path.lexists(each)), Path())
    if not there.is_dir():
        raise OutputError(f"{there} is not a folder.", "Choose another place with -o.")
    if not os.access(there, os.W_OK):
        raise OutputError(f"The folder {there} cannot be written to.", "Choose another place with -o.")


def _place(picture: Wanted, out: str | None, chosen: str | None, single: bool) -> Target:
    made = chosen or DEFAULT_FORMAT
    suffix = next(iter(FORMATS[made].suffixes), "")
    if out is None:
        beside = (picture.path or Path("picture")).parent
        return Target(beside / f"{picture.stem}-layers{suffix}", made)
    if "{name}" in out:
        path = Path(out.replace("{name}", picture.stem))
        return Target(path, chosen or _by_suffix(path))
    path = Path(out)
    slashed = out.endswith((os.sep, "/"))
    if single and chosen == "png" and not slashed:
        return Target(path, made)
    if path.is_dir() or slashed or (path.suffix == "" and not path.exists()):
        return Target(path / f"{picture.stem}{suffix}", made)
    if not single:
        raise RequestError(
            f"{out} is one file, but several pictures may come.",
            f'Name a folder, or a template such as "{path.with_name("{name}" + path.suffix)}".',
        )
    return Target(path, chosen or _by_suffix(path))


def _by_suffix(path: Path) -> str:
    return format_of(path) if path.suffix else DEFAULT_FORMAT


def _standard_output(pictures: Sequence[Wanted], chosen: str | None) -> Target:
    if len(pictures) != 1:
        raise RequestError(f"Standard output holds one result, not {len(pictures)}.", "Name a folder with -o.")
    if chosen == "png":
        raise RequestError("A folder of PNG files cannot go to standard output.", "Use --format zip.")
    return Target(None, chosen or DEFAULT_FORMAT)


def _unique(target: Target, taken: set[Path]) -> Target:
    """photo.psd, photo-2.psd, … where two pictures share a name."""
    assert target.path is not None
    path, number = target.path, 1
    while path in taken:
        number += 1
        path = target.path.with_name(f"{target.path.stem}-{number}{target.path.suffix}")
    taken.add(path)
    return Target(path, target.format)
