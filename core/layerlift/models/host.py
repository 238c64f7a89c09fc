"""The few things that are asked of an operating system, in one place, so that tests can be any machine.

Law: stdlib only. Nothing here raises: what cannot be asked is None.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module, util
from pathlib import Path
from types import ModuleType

_PATIENCE = 10.0
"""Seconds for a vendor's tool: some wake a sleeping card first."""


def _run(command: Sequence[str]) -> str | None:
    program = shutil.which(command[0])
    if program is None:
        return None
    try:
        done = subprocess.run([program, *command[1:]], capture_output=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _text(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _list(folder: str) -> list[str]:
    try:
        return sorted(str(path) for path in Path(folder).iterdir())
    except OSError:
        return []


def _found(package: str) -> Path | None:
    """The folder of an installed package, without importing it."""
    try:
        spec = util.find_spec(package)
    except (ImportError, ValueError, AttributeError):
        return None
    return Path(spec.origin).parent if spec and spec.origin else None


def _imported(name: str) -> ModuleType | None:
    return sys.modules.get(name)


def _import(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except Exception:  # noqa: BLE001 (a broken install of a foreign library raises anything)
        return None


def _free(folder: Path) -> int:
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return 0


@dataclass(frozen=True)
class Host:
    """How to ask: `system` ("Linux", "Darwin", "Windows"), `environ`, `run` a program (its output, or None), `text` of
    a file, `list` a folder, `found` a package's folder, `imported` a module that is already here, `load` one, `free`
    bytes on a folder's disk."""

    system: str = field(default_factory=platform.system)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    run: Callable[[Sequence[str]], str | None] = _run
    text: Callable[[str], str | None] = _text
    list: Callable[[str], list[str]] = _list
    found: Callable[[str], Path | None] = _found
    imported: Callable[[str], ModuleType | None] = _imported
    load: Callable[[str], ModuleType | None] = _import
    free: Callable[[Path], int] = _free

    def number(self, path: str) -> int:
        """The whole number that a file holds; 0 when there is none."""
        found = re.match(r"\s*(\d+)", self.text(path) or "")
        return int(found[1]) if found else 0
