"""`layerlift edit`: a picture or a layer, changed in words. Law: reads and asks; `operate` does the rest."""

from __future__ import annotations

import argparse
from dataclasses import replace

from layerlift.cli.operate import Params, Perform, carry_out
from layerlift.cli.sources import read, wanted_file
from layerlift.errors import RequestError
from layerlift.imaging.layer import LayerStack
from layerlift.operations import commands, meaning
from layerlift.operations.editing import alone
from layerlift.progress import Progress


def run(arguments: argparse.Namespace) -> int:
    """Edit the file. Returns the exit code."""
    wanted = wanted_file(arguments.file)
    exact = commands.parse(arguments.prompt) is not None
    params: Params = {"prompt": arguments.prompt, "alpha": arguments.alpha}

    def work(perform: Perform, progress: Progress) -> LayerStack:
        progress.stage("Reading", 0.0)
        source = read(wanted)
        rest = progress.part(0.05, 1.0)
        if source.stack is None:
            if arguments.layer is not None:
                raise RequestError("A flat picture has no layers.", "Leave out --layer, or take it apart first.")
            return perform("edit", source.document, params, rest, draws=not exact)
        stack = source.stack
        index = None if arguments.layer is None else layer_of(stack, arguments.layer)
        if perform.here or exact:  # exact commands need nobody
            chosen = params if index is None else {**params, "layer": index}
            return _here(perform, stack, chosen, rest, exact)
        return _there(perform, stack, index, params, rest)

    return carry_out(arguments, wanted, "-edited", work)


def layer_of(stack: LayerStack, said: str) -> int:
    """The layer that --layer names: by number (0: the bottom one), or by name. Raises RequestError."""
    if said.isdecimal() and not any(layer.name == said for layer in stack.layers):
        return meaning.by_number(stack, int(said))
    found = meaning.named(stack, said)
    if len(found) > 1:
        raise RequestError(f"“{said}” means {len(found)} layers.", meaning.choices(stack))
    return found[0]


def _here(perform: Perform, stack: LayerStack, params: Params, progress: Progress, exact: bool) -> LayerStack:
    if perform.here:
        return perform("edit", None, params, progress, stack=stack, draws=not exact)
    from layerlift import operations

    return operations.run("edit", "quick", stack=stack, params=params, progress=progress)


def _there(perform: Perform, stack: LayerStack, index: int | None, params: Params, progress: Progress) -> LayerStack:
    """The layer goes to the server as a picture, and comes back into its place."""
    index = meaning.spoken_of(stack, str(params["prompt"])) if index is None else index
    document, bounds = alone(stack, index, "matte" if params["alpha"] == "matte" else "keep")
    answer = perform("edit", document, params, progress)
    (drawn,) = answer.layers
    place = drawn.bounds.shift(bounds.x, bounds.y)
    new = replace(stack.layers[index], bounds=place, pixels=drawn.pixels, text=None)
    layers = (*stack.layers[:index], new, *stack.layers[index + 1 :])
    return replace(stack, layers=layers, notes=(*stack.notes, *answer.notes), drift=None)
