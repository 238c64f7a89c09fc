"""A finished stack to where it goes: a file, a folder, standard output, or one flat PNG.

Law: whole or not at all; says nothing. Raises OutputError, RequestError, Cancelled.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from layerlift import formats
from layerlift.cli.targets import FLAT, Target
from layerlift.errors import OutputError
from layerlift.formats.atomic import replacing_file
from layerlift.imaging.layer import LayerStack
from layerlift.progress import Progress


def write(stack: LayerStack, target: Target, progress: Progress, **options: Any) -> None:
    """Write `stack` to `target`; `options` are the format's."""
    if target.path is None:
        _to_stdout(stack, target.format, progress, options)
        return
    _make_folder(target.path.parent)
    if target.format == FLAT:
        _flat(stack, target.path)
    else:
        formats.write(stack, target.path, target.format, progress=progress, **options)


def _flat(stack: LayerStack, path: Path) -> None:
    from layerlift.formats.merged import flattened
    from layerlift.formats.pngcodec import encode

    data = encode(flattened(stack)[0], stack.icc)
    with replacing_file(path) as file:
        file.write(data)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise OutputError(
            f"The folder {folder} cannot be made: {wrong.strerror}.", "Choose another with -o."
        ) from wrong


def _to_stdout(stack: LayerStack, made: str, progress: Progress, options: dict[str, Any]) -> None:
    """Formats need a file that one can move in: a temporary one, then its bytes."""
    with tempfile.TemporaryDirectory(prefix="layerlift-") as folder:
        path = Path(folder) / f"stack{formats.FORMATS[made].suffixes[0]}"
        formats.write(stack, path, made, progress=progress, **options)
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
