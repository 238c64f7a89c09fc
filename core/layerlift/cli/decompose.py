"""`layerlift decompose`: many pictures, one after the other; one that fails does not stop the others.

Law: the order of things and what is said about them; who takes a picture apart is `make`'s business.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

from layerlift.cli.interrupt import Interrupts
from layerlift.cli.main import DONE, FAILED, INTERRUPTED, complain, explanation
from layerlift.cli.make import Make, maker
from layerlift.cli.pictures import Wanted, expand
from layerlift.cli.records import error_record, stack_record
from layerlift.cli.targets import Target, plan
from layerlift.cli.terminal import Display, display
from layerlift.cli.writing import write
from layerlift.errors import Cancelled, RequestError
from layerlift.imaging.layer import LayerStack
from layerlift.progress import Progress


@dataclass(frozen=True)
class Job:
    """One picture on its way to one target."""

    wanted: Wanted
    target: Target
    number: int
    total: int


def run(arguments: argparse.Namespace) -> int:
    """Take apart everything that was named. Returns the exit code. Raises RequestError before any work."""
    wanted = expand(arguments.inputs)
    targets = plan(wanted, arguments.out, arguments.format)
    _check(arguments, targets)
    jobs = [Job(*pair, number, len(wanted)) for number, pair in enumerate(zip(wanted, targets, strict=True), 1)]
    codes: list[int] = []
    with maker(arguments) as make, Interrupts() as interrupts, display(arguments.quiet) as shown:
        for job in jobs:
            codes.append(_attempt(job, arguments, make, shown, interrupts))
            if codes[-1] == INTERRUPTED or (interrupts.pressed and job is not jobs[-1]):
                break
    return _summed_up(codes, len(jobs), arguments.quiet)


def _summed_up(codes: list[int], total: int, quiet: bool) -> int:
    """The last words and the exit code."""
    done, failed = codes.count(DONE), codes.count(FAILED)
    if done + failed < total:
        if total == 1:
            return complain(Cancelled())
        _note(f"Cancelled. {done} of {total} pictures are done; nothing is half written.")
        return INTERRUPTED
    if failed and total > 1 and not quiet:
        _note(f"{done} of {total} pictures are done; {failed} failed (see above).")
    return FAILED if failed else DONE


def _check(arguments: argparse.Namespace, targets: list[Target]) -> None:
    """What is wrong for every picture is said once. Raises RequestError."""
    if arguments.live_text and any(target.format != "pptx" for target in targets):
        raise RequestError("--live-text is for PowerPoint files only.", "Add --format pptx, or leave it out.")
    if any(target.path is None for target in targets):
        if arguments.json:
            raise RequestError("The result and --json cannot both go to standard output.", "Name a file with -o.")
        if sys.stdout.isatty():
            raise RequestError("A layered file cannot be shown on a terminal.", "Name a file with -o, or pipe it.")


def _attempt(job: Job, arguments: argparse.Namespace, make: Make, shown: Display, interrupts: Interrupts) -> int:
    """One picture, whatever happens. Returns DONE, FAILED or INTERRUPTED."""
    started = time.monotonic()
    progress = Progress(shown.begin(job.wanted.label, job.number, job.total))
    interrupts.watch(progress)
    try:
        stack = _taken_apart(job, arguments, make, progress)
    except (Cancelled, KeyboardInterrupt):
        return INTERRUPTED
    except OSError:  # only standard output can fail so: readers and writers explain their own
        raise
    except Exception as failure:  # noqa: BLE001 (the job's border: the other pictures are still done)
        if arguments.json:
            _emit(job, ok=False, error=error_record(failure, explanation(failure)))
        complain(failure)
        return FAILED
    seconds = time.monotonic() - started
    if arguments.json:
        _emit(job, ok=True, seconds=round(seconds, 3), **stack_record(stack))
    count = f"{len(stack.layers)} layer{'s' if len(stack.layers) != 1 else ''}"
    shown.say(f"{job.wanted.label} → {job.target.label}: {count} in {seconds:.1f} s")
    for note in stack.notes:
        shown.say(f"  {note}")
    return DONE


def _taken_apart(job: Job, arguments: argparse.Namespace, make: Make, progress: Progress) -> LayerStack:
    """Read, take apart, write. Raises LayerliftError."""
    if job.wanted.error is not None:
        raise job.wanted.error
    job.target.check(job.wanted, arguments.overwrite)
    stack = make(job.wanted, progress.part(0.0, 0.9))
    progress.stage("Writing", 0.9)
    options = {"live_text": True} if arguments.live_text else {}
    write(stack, job.target, progress.part(0.9, 1.0), **options)
    return stack


def _emit(job: Job, **record: Any) -> None:
    """One JSON object on one line of standard output."""
    output = None if job.target.path is None else str(job.target.path)
    whole = {"input": job.wanted.label, "output": output, "format": job.target.format, **record}
    print(json.dumps(whole), flush=True)  # noqa: T201


def _note(line: str) -> None:
    print(f"layerlift: {line}", file=sys.stderr)  # noqa: T201
