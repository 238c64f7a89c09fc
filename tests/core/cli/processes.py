"""The command line as a process of its own, and what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FAKE = ("--engine", "fake")


def everything(folder: Path) -> list[str]:
    """Every file below, hidden and temporary ones too."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def run_process(*arguments: str | Path, **options: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "layerlift", "decompose", *map(str, arguments), *FAKE]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "LAYERLIFT_DEBUG": ""}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, **options)
