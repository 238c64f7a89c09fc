from __future__ import annotations

import errno

import pytest

from layerlift.errors import Cancelled, EngineUnavailable, InputError, OutputError, RequestError
from layerlift_server.worker import failures
from layerlift_server.worker.manifest import Damaged
from server.worker.drills import OutOfMemoryError


def full() -> OutputError:
    error = OutputError("It cannot be written: the disk is full.", "Free some space.")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    return error


@pytest.mark.parametrize(
    ("failure", "code", "retryable"),
    [
        (InputError("It is text.", "Give a picture."), "input", False),
        (RequestError("40 layers.", "1 to 16."), "bad-params", False),
        (EngineUnavailable("No weights.", "Download them."), "engine-unavailable", False),
        (OutputError("It cannot be written.", "Try elsewhere."), "internal", True),
        (Cancelled(), "cancelled", True),
        (full(), "disk-full", True),
        (OSError(errno.ENOSPC, "No space left on device"), "disk-full", True),
        (OSError(errno.EIO, "Input/output error"), "internal", True),
        (MemoryError(), "out-of-memory", True),
        (OutOfMemoryError("CUDA"), "out-of-memory", True),
        (Damaged("r: gone"), "internal", False),
        (ZeroDivisionError("a defect"), "engine", True),
        (SystemExit(3), "engine", True),
        (InputError("x" * 1000, "y" * 1000), "input", False),
    ],
)
def test_every_failure_has_a_code_a_sentence_and_a_remedy(failure: BaseException, code: str, retryable: bool) -> None:
    problem = failures.problem(failure, "quick")
    assert (problem.code, problem.retryable) == (code, retryable)
    assert 0 < len(problem.sentence.encode()) <= 500
    assert 0 < len(problem.remedy.encode()) <= 500


def test_a_defect_names_the_engine_and_what_broke() -> None:
    assert (
        "“quick” broke (ZeroDivisionError: a defect)"
        in failures.problem(ZeroDivisionError("a defect"), "quick").sentence
    )
    assert "broke (KeyError)" in failures.problem(KeyError(), "quick").sentence
