"""`layerlift extend`: a larger canvas. Law: reads and asks; `operate` does the rest."""

from __future__ import annotations

import argparse

from layerlift.cli.operate import Perform, carry_out
from layerlift.cli.sources import read, wanted_file
from layerlift.errors import RequestError
from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import LayerStack
from layerlift.operations.extending import Margins
from layerlift.progress import Progress


def run(arguments: argparse.Namespace) -> int:
    """Extend the file. Returns the exit code."""
    wanted = wanted_file(arguments.file)
    given = Margins(arguments.left, arguments.top, arguments.right, arguments.bottom)
    if (arguments.to is None) == (given == Margins()):
        raise RequestError(
            "The picture is to be extended by nothing." if arguments.to is None else "Sides and --to were both given.",
            "Give --left, --top, --right or --bottom, or --to.",
        )

    def work(perform: Perform, progress: Progress) -> LayerStack:
        progress.stage("Reading", 0.0)
        source = read(wanted)
        margins = given if arguments.to is None else margins_to(source.extent, *arguments.to)
        params = {"prompt": arguments.prompt, **vars(margins)}
        draws = arguments.prompt is not None
        result = perform("extend", source.picture, params, progress.part(0.05, 1.0), draws=draws)
        return source.beneath(result, (margins.left, margins.top))

    return carry_out(arguments, wanted, "-extended", work)


def margins_to(extent: Extent, kind: str, width: int, height: int) -> Margins:
    """Margins, even on both sides, to a canvas ("size") or to an aspect. Raises RequestError where it is smaller."""
    if kind == "aspect":
        wide = max(extent.width, -(-extent.height * width // height))
        width, height = wide, max(extent.height, round(wide * height / width))
    if width < extent.width or height < extent.height:
        raise RequestError(
            f"A canvas of {width} × {height} is smaller than the picture ({extent.width} × {extent.height}).",
            "Give a larger one.",
        )
    if (width, height) == extent:
        raise RequestError("The picture has that size already.", "Give a larger one.")
    dx, dy = width - extent.width, height - extent.height
    return Margins(dx // 2, dy // 2, dx - dx // 2, dy - dy // 2)
