"""Files that hold layers: one format, one module, chosen by name or by the path's suffix.

Law: the registry imports no format before it is used (a command line must start at once), knows no pixel and no
foreign library. A format's module offers `write(stack, path, progress, **options)` and, where it can be read back,
`read(path)`; each writes atomically (`atomic`): a failure leaves nothing behind and an older file untouched.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layerlift.errors import InputError, RequestError

if TYPE_CHECKING:
    from layerlift.imaging.layer import LayerStack
    from layerlift.progress import Progress

__all__ = ["FORMATS", "Format", "format_of", "read", "write"]


@dataclass(frozen=True)
class Format:
    """What a format is called, what it is, which module writes it, and whether it can be read back.

    `options` are the keyword arguments it takes; `fixed` are those that the name itself decides.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    module: str
    reads: bool = True
    options: tuple[str, ...] = ()
    fixed: dict[str, Any] = field(default_factory=dict)


FORMATS: dict[str, Format] = {
    made.name: made
    for made in (
        Format("psd", "Adobe Photoshop", (".psd",), "psd"),
        Format("psb", "Adobe Photoshop, large document", (".psb",), "psd", fixed={"large": True}),
        Format("ora", "OpenRaster (Krita, GIMP, MyPaint)", (".ora",), "ora"),
        Format("pptx", "PowerPoint", (".pptx",), "pptx", reads=False, options=("live_text",)),
        Format("png", "folder of PNG files with stack.json", (), "png"),
        Format("zip", "the PNG folder, zipped", (".zip",), "png", fixed={"zipped": True}),
    )
}
"""Every format by its name."""


def format_of(path: str | os.PathLike[str]) -> str:
    """The name of the format that `path` asks for: by suffix; without one, or for a folder, "png".

    Raises RequestError for a suffix nobody knows.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    for known in FORMATS.values():
        if suffix in known.suffixes:
            return known.name
    if not suffix or target.is_dir():
        return "png"
    if suffix == ".png":
        raise RequestError(f"{target.name}: one PNG cannot hold layers.", "Name a folder for PNG files, or a .zip.")
    raise RequestError(f"{target.name}: no format ends in {suffix}.", f"Known are {_known()}.")


def write(
    stack: LayerStack,
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    progress: Progress | None = None,
    **options: Any,
) -> None:
    """Write `stack` to `path` in `format` (None: what the path's suffix says), whole or not at all.

    Raises RequestError (unknown format or option), OutputError (cannot be written there), Cancelled.
    """
    from layerlift.progress import Progress

    chosen = FORMATS.get(format or format_of(path))
    if chosen is None:
        raise RequestError(f"There is no format called {format!r}.", f"Known are {_known()}.")
    for option in options:
        if option not in chosen.options:
            raise RequestError(f"The format {chosen.name} has no option {option!r}.", "Leave it out.")
    module = import_module(f"layerlift.formats.{chosen.module}")
    module.write(stack, Path(path), progress or Progress(), **chosen.fixed, **options)


def read(path: str | os.PathLike[str]) -> LayerStack:
    """The stack in a PSD, PSB, ORA, ZIP or PNG folder, recognised by its content.

    Raises InputError where there is none.
    """
    source = Path(path)
    module = import_module(f"layerlift.formats.{FORMATS[_sniff(source)].module}")
    stack: LayerStack = module.read(source)
    return stack


def _sniff(source: Path) -> str:
    if source.is_dir():
        return "png"
    try:
        with source.open("rb") as file:
            head = file.read(58)
    except OSError as error:
        raise InputError(
            f"{source} cannot be read: {error.strerror}.", "Check the name and the permissions."
        ) from error
    if head.startswith(b"8BPS"):
        return "psd"
    if head.startswith(b"PK"):
        return "ora" if b"image/openraster" in head else "zip"
    raise InputError(f"{source.name} holds no layers that can be read.", "PSD, PSB, ORA, ZIP and PNG folders can.")


def _known() -> str:
    return ", ".join(f"{known.name} ({known.title})" for known in FORMATS.values())
