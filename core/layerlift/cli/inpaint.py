"""`layerlift inpaint`: a selection of a picture, anew or gone. Law: reads and asks; `operate` does the rest."""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from layerlift.cli.operate import Perform, carry_out
from layerlift.cli.sources import box_mask, mask_of, polygon_mask, read, wanted_file
from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import LayerStack
from layerlift.progress import Progress


def run(arguments: argparse.Namespace) -> int:
    """Fill the selection. Returns the exit code."""
    wanted = wanted_file(arguments.file)

    def work(perform: Perform, progress: Progress) -> LayerStack:
        progress.stage("Reading", 0.0)
        source = read(wanted)
        mask = _mask(arguments, source.extent)
        params = {"prompt": arguments.prompt, "feather": arguments.feather}
        draws = arguments.prompt is not None
        result = perform("inpaint", source.picture, params, progress.part(0.05, 1.0), mask=mask, draws=draws)
        return source.beneath(result)

    return carry_out(arguments, wanted, "-filled", work)


def _mask(arguments: argparse.Namespace, extent: Extent) -> NDArray[np.uint8]:
    if arguments.box is not None:
        return box_mask(arguments.box, extent)
    if arguments.polygon is not None:
        return polygon_mask(arguments.polygon, extent)
    return mask_of(arguments.mask, extent)
