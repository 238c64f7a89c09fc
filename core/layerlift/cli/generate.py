"""`layerlift generate`: a new picture from words, flat or in layers. Law: asks; `operate` does the rest."""

from __future__ import annotations

import argparse
from pathlib import Path

from layerlift.cli.operate import Params, Perform, carry_out
from layerlift.cli.pictures import Wanted
from layerlift.cli.sources import read, wanted_file
from layerlift.errors import RequestError
from layerlift.formats.filenames import cleaned
from layerlift.imaging.layer import LayerStack
from layerlift.progress import Progress

_NAME = 40
"""Most characters of the prompt in the result's name."""


def run(arguments: argparse.Namespace) -> int:
    """Draw the picture. Returns the exit code."""
    if arguments.strength is not None and arguments.start is None:
        raise RequestError("--strength says how far to leave a picture, and none was named.", "Add --from PICTURE.")
    params: Params = {"prompt": arguments.prompt, "strength": arguments.strength, "layers": arguments.layers}
    if arguments.size is not None:
        params["width"], params["height"] = arguments.size

    def work(perform: Perform, progress: Progress) -> LayerStack:
        progress.stage("Reading", 0.0)
        start = None if arguments.start is None else read(wanted_file(arguments.start)).picture
        return perform("generate", start, params, progress.part(0.02, 1.0))

    words = cleaned(arguments.prompt)[:_NAME].strip(" .,;") or "picture"
    return carry_out(arguments, Wanted(arguments.prompt, Path(f"{words}.png"), alone=True), "", work)
