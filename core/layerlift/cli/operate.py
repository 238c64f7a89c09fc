"""One operation on one file, from the command line's words to a written result.

Law: the order of things and what is said about them, the same for edit, inpaint, extend, generate and harmonise; what
each of them asks for is in its own file. Nothing is written unless everything went well.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from layerlift import operations
from layerlift.cli.interrupt import Interrupts
from layerlift.cli.main import DONE, FAILED, USAGE, complain, explanation
from layerlift.cli.make import drawing
from layerlift.cli.pictures import Wanted
from layerlift.cli.records import error_record, stack_record
from layerlift.cli.targets import FLAT, Target, plan
from layerlift.cli.terminal import display
from layerlift.cli.writing import write
from layerlift.engines.port import Operation
from layerlift.errors import Cancelled, RequestError
from layerlift.imaging.layer import Document, LayerStack
from layerlift.operations.offering import pick
from layerlift.operations.params import Param
from layerlift.progress import Progress

Params: TypeAlias = dict[str, Param]
Work: TypeAlias = Callable[["Perform", Progress], LayerStack]


class Perform:
    """Whoever does operations: this process, or a server. Same orders, same results, same errors."""

    def __init__(self, arguments: argparse.Namespace, client: Any = None) -> None:
        self._engine: str | None = arguments.engine
        self._client = client
        self._drawing: Params = drawing(arguments)

    @property
    def here(self) -> bool:
        """Whether this process does the work."""
        return self._client is None

    def __call__(
        self,
        operation: Operation,
        document: Document | None,
        params: Params,
        progress: Progress,
        *,
        mask: NDArray[np.uint8] | None = None,
        stack: LayerStack | None = None,
        draws: bool = True,
    ) -> LayerStack:
        """Do it. `draws`: whether an engine that draws is needed, or one that continues what is there will do."""
        wishes = {name: value for name, value in {**params, **self._drawing}.items() if value is not None}
        if self._client is None:
            engine = self._engine or pick(operation, draws=draws)
            return operations.run(
                operation, engine, document=document, mask=mask, stack=stack, params=wishes, progress=progress
            )
        result: LayerStack = self._client.perform(
            operation, document, wishes, mask=mask, engine=self._engine, progress=progress
        )
        return result


def carry_out(arguments: argparse.Namespace, wanted: Wanted, ending: str, work: Work) -> int:
    """Do `work` and write what it made. Returns the exit code. Raises RequestError before any work."""
    target = _target(arguments, wanted, ending)
    started = time.monotonic()
    with Interrupts() as interrupts, display(arguments.quiet) as shown:
        progress = Progress(shown.begin(wanted.label, 1, 1))
        interrupts.watch(progress)
        try:
            target.check(wanted, arguments.overwrite)
            with _performer(arguments) as perform:
                stack = work(perform, progress.part(0.0, 0.93))
            progress.stage("Writing", 0.93)
            write(stack, target, progress.part(0.93, 1.0))
        except (Cancelled, KeyboardInterrupt):
            return complain(Cancelled())
        except OSError:  # only standard output can fail so: readers and writers explain their own
            raise
        except Exception as failure:  # noqa: BLE001 (the job's border: --json says it too)
            return _failed(failure, arguments, wanted, target)
        _told(stack, arguments, wanted, target, time.monotonic() - started, shown.say)
    return DONE


def _failed(failure: Exception, arguments: argparse.Namespace, wanted: Wanted, target: Target) -> int:
    if arguments.json:
        _emit(wanted, target, ok=False, error=error_record(failure, explanation(failure)))
    code = complain(failure)
    return code if code == USAGE else FAILED


def _told(
    stack: LayerStack,
    arguments: argparse.Namespace,
    wanted: Wanted,
    target: Target,
    seconds: float,
    say: Callable[[str], None],
) -> None:
    if arguments.json:
        _emit(wanted, target, ok=True, seconds=round(seconds, 3), **stack_record(stack))
    count = f"{len(stack.layers)} layer{'s' if len(stack.layers) != 1 else ''}"
    made = "flattened" if target.format == FLAT else count
    say(f"{wanted.label} → {target.label}: {made} in {seconds:.1f} s")
    for note in stack.notes:
        say(f"  {note}")


@contextmanager
def _performer(arguments: argparse.Namespace) -> Iterator[Perform]:
    if arguments.server is None:
        yield Perform(arguments)
        return
    from layerlift.cli.server.ask import connected

    with connected(arguments.server) as client:
        yield Perform(arguments, client)


def _target(arguments: argparse.Namespace, wanted: Wanted, ending: str) -> Target:
    """Where the result goes: beside the file, in its format, unless something else was said."""
    out, chosen = arguments.out, arguments.format
    if out is not None and chosen is None and Path(out).suffix.lower() == ".png" and not Path(out).is_dir():
        return Target(Path(out), FLAT)
    if out is None and wanted.path is not None:
        suffix = wanted.path.suffix.lower()
        own = {".psd": "psd", ".psb": "psb", ".ora": "ora", ".zip": "zip"}.get(suffix)
        chosen = chosen or ("png" if wanted.path.is_dir() else own)
        wanted = replace(wanted, path=wanted.path.with_name(f"{wanted.path.stem}{ending}"), alone=True)
    (target,) = plan([wanted], out, chosen)
    if out is None and target.path is not None:
        target = replace(target, path=target.path.with_name(target.path.name.replace("-layers", "", 1)))
    if target.path is None:
        if arguments.json:
            raise RequestError("The result and --json cannot both go to standard output.", "Name a file with -o.")
        if sys.stdout.isatty():
            raise RequestError("A layered file cannot be shown on a terminal.", "Name a file with -o, or pipe it.")
    return target


def _emit(wanted: Wanted, target: Target, **record: Any) -> None:
    """One JSON object on one line of standard output."""
    output = None if target.path is None else str(target.path)
    print(json.dumps({"input": wanted.label, "output": output, "format": target.format, **record}), flush=True)  # noqa: T201
