"""What an ended worker is said to have died of, in plain words.

Law: exit codes in, the wire's Problem out. Linux alone tells whether memory was the reason; elsewhere we say that it
may have been.
"""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

from layerlift.wire.values import Problem
from layerlift_server.worker import entry

_VMSTAT = Path("/proc/vmstat")
_CLOSE = "Close other programs, or reduce the picture."
_REPORT = "Try another engine, and report it with the server's log."


def out_of_memory_kills() -> int | None:
    """How many processes Linux has ended because memory ran out since it started (proc(5)); None elsewhere."""
    with suppress(OSError, ValueError, IndexError):
        for line in _VMSTAT.read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return None


def hung(seconds: float) -> Problem:
    """What is said of an engine that was given up after so many seconds without a word."""
    sentence = f"The engine said nothing for {max(1, round(seconds / 60))} minutes, so its process was replaced."
    return Problem("engine", sentence, "Try again with a smaller picture or another engine, and report it.", True)


def explain(code: int, kills_before: int | None) -> Problem:
    """Why the process with exit code `code` (negative: a signal, as `multiprocessing` counts) ended."""
    kills = out_of_memory_kills()
    if code == entry.PLACE_GONE:
        sentence = "The cluster's computer that worked at it is gone."
        return Problem("crashed", sentence, "Look after the cluster (`ray status`).", True)
    if code == -getattr(signal, "SIGKILL", 9):
        if kills_before is not None and kills is not None and kills > kills_before:
            return Problem(
                "out-of-memory", "The computer ran out of memory and ended the engine's process.", _CLOSE, True
            )
        return Problem("crashed", "The engine's process was killed, perhaps because memory ran out.", _CLOSE, True)
    if code in (-getattr(signal, "SIGSEGV", 11), -getattr(signal, "SIGBUS", 7), -0x3FFFFFFB, 0xC0000005):
        return Problem("crashed", "The engine's process crashed (invalid memory access).", _REPORT, True)
    if code < 0:
        return Problem("crashed", f"The engine's process was ended by signal {-code}.", _REPORT, True)
    return Problem("crashed", f"The engine's process ended unexpectedly (exit code {code}).", _REPORT, True)
