"""`layerlift preview`: a stack drawn into one picture. Law: files only; `layerlift.preview` draws."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from layerlift import formats
from layerlift.cli.main import DONE
from layerlift.errors import OutputError, RequestError
from layerlift.formats.atomic import replacing_file
from layerlift.preview import contact_sheet, exploded_view

_KINDS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def run(arguments: argparse.Namespace) -> int:
    """Draw the stack. Raises InputError, OutputError, RequestError."""
    out = Path(arguments.out)
    kind = _KINDS.get(out.suffix.lower())
    if kind is None:
        raise RequestError(f"A drawing cannot be saved as {out.name}.", "Name a .png, .jpg or .webp file.")
    if out.exists() and not arguments.overwrite:
        raise OutputError(f"{out} exists already.", "Choose another name with -o, or add --overwrite.")
    stack = formats.read(arguments.stack)
    draw = exploded_view if arguments.exploded else contact_sheet
    drawing = draw(stack, width=arguments.width)
    with replacing_file(out) as file:
        drawing.save(file, kind, **({"quality": 92} if kind != "PNG" else {}))
    print(f"{arguments.stack} → {out}: {drawing.width} × {drawing.height} pixels", file=sys.stderr)  # noqa: T201
    return DONE
