"""Which pictures are meant: files, folders, patterns and standard input, in the order in which they were named.

Law: names only; opens nothing. What cannot be found is an item with its error: the others are still done.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from layerlift.errors import InputError, LayerliftError, RequestError

STDIN = "-"
SUFFIXES = frozenset(
    ".png .apng .jpg .jpeg .jpe .jfif .tif .tiff .webp .gif .bmp .ppm .pgm .pnm .jp2 .avif .heic .heif .qoi".split()
)
"""What a folder's pictures end in. Not .psd: those are more often results than pictures."""


@dataclass(frozen=True)
class Wanted:
    """One picture to take apart: its `path` (None: standard input), or the `error` that was found in its place.

    `alone`: the user named just this file, so that OUT may be a file too.
    """

    label: str
    path: Path | None = None
    error: LayerliftError | None = None
    alone: bool = False

    @property
    def stem(self) -> str:
        """What results are named after."""
        return self.path.stem if self.path else "picture"


def expand(inputs: Iterable[str]) -> list[Wanted]:
    """Every picture that the arguments mean, each once. Raises RequestError if standard input is named twice."""
    names = list(inputs)
    if names.count(STDIN) > 1:
        raise RequestError("Standard input (-) was named twice.", "Name it once.")
    found: dict[str, Wanted] = {}
    for name in names:
        for wanted in _meant(name):
            found.setdefault(wanted.label, wanted)
    return list(found.values())


def _meant(name: str) -> Iterator[Wanted]:
    if name == STDIN:
        yield Wanted("standard input", alone=True)
        return
    path = Path(name)
    if path.is_dir():
        yield from _in_folder(path)
    elif glob.has_magic(name) and not path.exists():
        yield from _matching(name)
    else:
        yield Wanted(name, path, alone=True)


def _in_folder(folder: Path) -> Iterator[Wanted]:
    """The pictures in one folder, not in its subfolders, by name."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as wrong:
        yield Wanted(
            str(folder), error=InputError(f"{folder} cannot be listed: {wrong.strerror}.", "Check its rights.")
        )
        return
    pictures = [e for e in entries if e.suffix.lower() in SUFFIXES and not e.name.startswith(".") and e.is_file()]
    if not pictures:
        yield Wanted(
            str(folder),
            error=InputError(f"There are no pictures in the folder {folder}.", "Subfolders are not searched."),
        )
    for picture in pictures:
        yield Wanted(str(picture), picture)


def _matching(pattern: str) -> Iterator[Wanted]:
    """Patterns that the shell left to us, as it always does on Windows."""
    matches = sorted(match for match in glob.glob(pattern, recursive=True) if Path(match).is_file())  # noqa: PTH207
    if not matches:
        yield Wanted(pattern, error=InputError(f"No file matches {pattern}.", "Check the pattern and the folder."))
    for match in matches:
        yield Wanted(match, Path(match))
