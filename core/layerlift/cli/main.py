"""The door: arguments in, exit code out; every failure becomes one sentence and one remedy on standard error.

Law: imports nothing heavy (numpy, OpenCV, rich): `layerlift --help` must answer at once. A command's module is
imported when it is called.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

from layerlift.cli.arguments import build_parser
from layerlift.errors import Cancelled, LayerliftError, RequestError

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: all done; something failed; asked wrongly; stopped by Ctrl-C (128 + SIGINT, as shells have it)."""

REPORT = "Please report it, with what it prints when LAYERLIFT_DEBUG=1 is set."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command with `argv` (None: the program's own arguments). Returns the exit code, never raises."""
    _never_stumble_over_letters()
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as stop:  # argparse has printed help, version or what is wrong
        return stop.code if isinstance(stop.code, int) else DONE
    with warnings.catch_warnings():
        if not debugging():
            warnings.simplefilter("ignore")  # libraries talk to programmers there, not to who runs this
        return _guarded(arguments)


def _guarded(arguments: argparse.Namespace) -> int:
    """Run the command; this is the border at which anything unexpected is explained."""
    try:
        code: int = import_module(f"layerlift.cli.{arguments.module}").run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return complain(Cancelled())
    except BrokenPipeError:
        _forget_stdout()
        return FAILED
    except Exception as failure:  # noqa: BLE001 (the border)
        code = complain(failure)
        if isinstance(failure, OSError):
            _forget_stdout()
    return code


def complain(failure: Exception) -> int:
    """Say what went wrong on standard error; returns the exit code for it."""
    if debugging() and not isinstance(failure, Cancelled):
        traceback.print_exception(failure)
    print(f"layerlift: {explanation(failure)}", file=sys.stderr)  # noqa: T201
    if isinstance(failure, Cancelled):
        return INTERRUPTED
    return USAGE if isinstance(failure, RequestError) else FAILED


def explanation(failure: Exception) -> str:
    """One sentence and what to do about it, for any exception."""
    if isinstance(failure, LayerliftError):
        return str(failure)
    if isinstance(failure, MemoryError):
        return "The memory was not enough. Close other programs, or reduce the picture with --max-size."
    if isinstance(failure, OSError) and failure.strerror:
        what = failure.filename or "Standard output"
        return f"{what} cannot be read or written: {failure.strerror}. Check the disk, the folder and its rights."
    words = " ".join(str(failure).split()) or "no further words"
    return f"Something unexpected happened ({type(failure).__name__}: {words[:200]}). {REPORT}"


def debugging() -> bool:
    """Whether the user wants tracebacks: LAYERLIFT_DEBUG=1."""
    return os.environ.get("LAYERLIFT_DEBUG", "") not in ("", "0")


def _never_stumble_over_letters() -> None:
    """Windows pipes speak old code pages, which lack × and →: print "?" for those instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _forget_stdout() -> None:
    """Nobody takes our output any more (`| head`, a full disk): keep Python from failing once more at exit."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
