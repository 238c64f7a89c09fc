"""The first function of the child process.

Law: light, because the serving process imports it to name it; whatever is heavy is imported in the child, after the
process has been made ready. Spawned, not forked: the same on every platform, and nothing of the server's is shared.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

from layerlift_server.worker import failures, messages

BROKEN = 4
"""Exit code: the engines cannot be loaded."""
PLACE_GONE, NO_PLACE = 5, 6
"""Exit codes of a bridge to a cluster: the computer there (or the process on it) ended; no computer is free."""
CLUSTER = "ray:"
"""How the device of a worker in a cluster begins; its address follows."""
_NICE = 5
"""The worker steps back a little for the server and for the user's own programs (POSIX niceness)."""
_SACRIFICE = "500"
"""Linux, when memory runs out: of all processes the worker goes first (0–1000), never the server or the user's host;
proc_pid_oom_score_adj(5)."""


@dataclass(frozen=True)
class Plan:
    """What a worker is told at birth: the module of its engines, and its device ("auto", "cpu", "cuda:0", …, or
    "ray:ADDRESS": a free computer of that cluster)."""

    engines: str = "layerlift.engines"
    device: str = "auto"


def run(pipe: Connection, plan: Plan) -> None:
    """Be a worker until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the server decides what ends when
    _have_output()
    with suppress(OSError, ValueError):
        faulthandler.enable()
    os.umask(0o077)
    if plan.device.startswith(CLUSTER):
        import_module("layerlift_server.cluster.bridge").run(pipe, plan)
        return
    _step_back()
    _choose(plan.device)
    try:
        from layerlift_server.worker.service import Service

        service = Service(pipe, plan.engines)
    except Exception as failure:  # noqa: BLE001 (whatever it is: a broken installation has many faces)
        pipe.send_bytes(messages.encode(messages.Broken(failures.broken(failure), failures.trace(failure))))
        sys.exit(BROKEN)
    service.run()


def _have_output() -> None:
    """A windowed frozen program has no standard output and error; libraries write to them without asking."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (for the process's life)


def _step_back() -> None:
    if sys.platform != "win32":
        with suppress(OSError):
            os.nice(_NICE)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_SACRIFICE)


def _choose(device: str) -> None:
    """Let CUDA's libraries see this worker's device alone; they read it when they are loaded."""
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    elif device.startswith("cuda:"):
        os.environ["CUDA_VISIBLE_DEVICES"] = device.partition(":")[2]
