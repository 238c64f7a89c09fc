"""`layerlift harmonise`: one light for what was put together. Law: reads and asks; `operate` does the rest."""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from layerlift.cli.edit import layer_of
from layerlift.cli.operate import Perform, carry_out
from layerlift.cli.sources import Source, layer_mask, mask_of, read, wanted_file
from layerlift.errors import RequestError
from layerlift.imaging.layer import LayerStack
from layerlift.progress import Progress


def run(arguments: argparse.Namespace) -> int:
    """Harmonise the file. Returns the exit code."""
    wanted = wanted_file(arguments.file)

    def work(perform: Perform, progress: Progress) -> LayerStack:
        progress.stage("Reading", 0.0)
        source = read(wanted)
        mask = _mask(arguments, source)
        params = {"prompt": arguments.prompt}
        result = perform("harmonise", source.picture, params, progress.part(0.05, 1.0), mask=mask)
        return source.beneath(result)

    return carry_out(arguments, wanted, "-harmonised", work)


def _mask(arguments: argparse.Namespace, source: Source) -> NDArray[np.uint8] | None:
    if arguments.layer is not None:
        if source.stack is None:
            raise RequestError("A flat picture has no layers.", "Give --mask instead of --layer.")
        return layer_mask(source.stack, layer_of(source.stack, arguments.layer))
    return None if arguments.mask is None else mask_of(arguments.mask, source.extent)
