"""What can be set about jobs, each with its reason. Law: a frozen value; no behaviour."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from layerlift import limits
from layerlift.wire.limits import LATTICE
from layerlift.wire.values import Limits

ICC_BYTES = 16 << 20
"""Largest colour profile, in bytes; device links reach a few megabytes."""
HOUR, DAY = 3600.0, 86400.0


def _limits() -> Limits:
    # 16 bit RGBA, a selection and a profile; for hosts that are not RGB, CMYKA and a table
    upload = limits.MAX_PIXELS * (8 + 1 + 10) + ICC_BYTES + 10 * LATTICE**3
    return Limits(limits.MAX_SIDE, limits.MAX_PIXELS, upload, limits.MAX_LAYERS, jobs=32)


def disk_free(folder: Path) -> int:
    """Bytes that are free where `folder` is. Raises OSError."""
    return shutil.disk_usage(folder).free


@dataclass(frozen=True)
class JobSettings:
    """How jobs are done. Times in seconds; `clock` tells the time of day, `steady` never goes back."""

    limits: Limits = field(default_factory=_limits)
    engines: str = "layerlift.engines"
    """Module with `available()`, `get(name)` and `DEFAULT`, imported in the worker alone."""
    devices: tuple[str, ...] = ("auto",)
    """One worker each: "auto", "cpu", "cuda:0", …"""
    prestart: bool = True
    """Start a worker with the server, so that the first job needn't wait for one (0.5–1 s)."""
    attempts: int = 2
    """How often a job is begun: once more after a crash or a dead server, never more (it may be what crashes)."""
    cancel_grace: float = 10.0
    """How long an engine may take to hear a cancel before its worker is replaced: a diffusion step lasts seconds."""
    silent_after: float = 300.0
    """How long a run may report nothing until its clients are told so: engines report every step, and the slowest step
    (a model read from a slow disk) has no news for a few minutes."""
    give_up_after: float = 3600.0
    """How long a run may report nothing until its worker is replaced and the job fails: it will never end, and others
    wait behind it. `math.inf`: never."""
    watch_grace: float = 30.0
    """How long a job that is not detached goes on unwatched: a plugin reconnects within seconds or not at all."""
    rest_after: float = 300.0
    """Idle until engines are told to rest."""
    exit_after: float = 900.0
    """Idle until the worker ends: the only sure release of a GPU's memory."""
    result_ttl: float = 7 * DAY
    """How long a finished job and its layers stay, unless kept."""
    upload_ttl: float = HOUR
    """How long an upload stays that no unfinished job needs: resuming, and another try with other settings."""
    owner_bytes: int = 8 << 30
    """Most bytes of one owner's uploads together."""
    owner_uploads: int = 256
    """Most uploads of one owner: each unfinished one holds a file open."""
    reserve: int = 512 << 20
    """Bytes of the disk that uploads leave free: a full disk stops more than this program."""
    tick: float = 0.5
    """How often deadlines are looked at."""
    clock: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    disk_free: Callable[[Path], int] = disk_free
