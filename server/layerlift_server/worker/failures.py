"""What broke, in plain words. Law: exceptions in, the wire's Problem out; knows no engine by name."""

from __future__ import annotations

import errno
import traceback
from dataclasses import replace

from layerlift.errors import LayerliftError
from layerlift.wire import limits
from layerlift.wire.text import clipped
from layerlift.wire.values import Problem
from layerlift_server.worker.manifest import Damaged

MEMORY = "out-of-memory"
_CODES = {"request": "bad-params", "output": "internal", "error": "internal"}
_TRACE = 8000
_FULL = {errno.ENOSPC, errno.EDQUOT}


def problem(failure: BaseException, engine: str) -> Problem:
    """What the client is told. Own errors say it themselves; everything else is the engine's defect."""
    found = _found(failure, engine)
    return replace(
        found, sentence=clipped(found.sentence, limits.SENTENCE), remedy=clipped(found.remedy, limits.REMEDY)
    )


def _found(failure: BaseException, engine: str) -> Problem:
    if exhausted(failure):
        return Problem(
            MEMORY,
            "There was not enough memory for this picture.",
            "Close other programs, or reduce the picture.",
            True,
        )
    if isinstance(failure, OSError) and failure.errno in _FULL:
        return Problem("disk-full", "The disk is full.", "Free some space and try again.", True)
    cause = failure.__cause__
    if isinstance(failure, LayerliftError):
        if isinstance(cause, OSError) and cause.errno in _FULL:
            return _found(cause, engine)
        code = _CODES.get(failure.code, failure.code)
        return Problem(code, failure.sentence, failure.remedy, failure.retryable)
    if isinstance(failure, Damaged):
        return Problem("internal", "The result's files are damaged.", "Take the picture apart again.")
    if isinstance(failure, OSError):
        return Problem("internal", f"A file could not be used: {failure.strerror}.", "See the server's log.", True)
    what = f"{type(failure).__name__}: {failure}"[:200].rstrip(": ")
    return Problem("engine", f"The engine “{engine}” broke ({what}).", "Try another engine, and report it.", True)


def broken(failure: BaseException) -> Problem:
    """What is said when the engines cannot even be loaded."""
    what = f"{type(failure).__name__}: {failure}"[:300]
    return Problem("engine-unavailable", f"The engines cannot be loaded ({what}).", "Install Layerlift again.")


def trace(failure: BaseException) -> str:
    """Its traceback for the server's log, without the beginning of a long one: the end says what it was."""
    return "".join(traceback.format_exception(failure))[-_TRACE:]


def exhausted(failure: BaseException) -> bool:
    """Whether memory ran out: the computer's, or a GPU's (its libraries have an OutOfMemoryError of their own)."""
    return isinstance(failure, MemoryError) or type(failure).__name__ == "OutOfMemoryError"
