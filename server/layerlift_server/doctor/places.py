"""Whether the server's folders and files are usable, private and sound. Law: see the package."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from layerlift_server.doctor.finding import Finding
from layerlift_server.limits import LEAST_FREE_BYTES
from layerlift_server.security import private_files
from layerlift_server.settings import Settings

_EARLIEST = 1_760_000_000.0
"""October 2025, before this program existed: a clock that shows less is wrong."""
_AHEAD_SECONDS = 600.0
_DATABASE = "jobs.sqlite"


def data_folder(settings: Settings) -> Iterator[Finding]:
    """Whether results can be written, and only this user reads them."""
    yield _folder("data folder", settings.data, "LAYERLIFT_DATA_DIR")


def runtime_folder(settings: Settings) -> Iterator[Finding]:
    """The same for the folder by which plugins find the server."""
    yield _folder("runtime folder", settings.runtime, "LAYERLIFT_RUNTIME_DIR")


def space(settings: Settings) -> Iterator[Finding]:
    """Room for documents and results."""
    free = shutil.disk_usage(_existing(settings.data)).free
    words = f"{free / 1024**3:.1f} GiB are free for documents and results."
    if free < LEAST_FREE_BYTES:
        yield Finding("disk space", False, words, "Free some space, or set LAYERLIFT_DATA_DIR to another disk.")
    else:
        yield Finding("disk space", True, words)


def job_store(settings: Settings) -> Iterator[Finding]:
    """Whether the list of jobs can be read."""
    path = settings.data / _DATABASE
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as store:
            [answer] = store.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        answer = str(error)
    if answer == "ok":
        yield Finding("job list", True, "The list of jobs is sound.")
    else:
        remedy = f"Quit the server and move {path} away; results that it lists are lost, pictures are not."
        yield Finding("job list", False, f"The list of jobs is damaged ({answer}).", remedy)


def devices(settings: Settings) -> Iterator[Finding]:
    """Whether the paired devices are known, and known to this user alone."""
    path = settings.data / "devices.json"
    if not path.exists():
        return
    if private_files.exposed(path):
        yield Finding("paired devices", False, f"Others may read {path}.", f"Run: chmod 600 '{path}'")
        return
    try:
        count = len(json.loads(path.read_bytes())["devices"])
    except (OSError, ValueError, KeyError, TypeError):
        yield Finding("paired devices", False, f"{path} is damaged.", "Remove it, then pair the devices again.")
        return
    yield Finding("paired devices", True, f"{count} paired.")


def clock(settings: Settings) -> Iterator[Finding]:
    """Whether time goes forward: results expire by it."""
    now = time.time()
    newest = max((path.stat().st_mtime for path in _files(settings.data)), default=0.0)
    if now < _EARLIEST:
        yield Finding("clock", False, "The clock is years behind.", "Set the date: results would not expire.")
    elif newest > now + _AHEAD_SECONDS:
        words = "Files here were written in the future: the clock has gone back."
        yield Finding("clock", False, words, "Set the date: results would expire too late.")
    else:
        yield Finding("clock", True, "The clock is plausible.")


def _folder(name: str, path: Path, variable: str) -> Finding:
    remedy = f"Make it yours alone (chmod 700 '{path}'), or set {variable} to a folder that is."
    if not path.exists():
        above = _existing(path)
        if os.access(above, os.W_OK):
            return Finding(name, True, f"{path} does not exist yet and can be made.")
        return Finding(name, False, f"{path} cannot be made: {above} is not writable.", remedy)
    if not path.is_dir():
        return Finding(name, False, f"{path} is not a folder.", f"Remove it, or set {variable} to a folder.")
    try:
        with tempfile.NamedTemporaryFile(dir=path, prefix=".doctor-") as probe:
            probe.write(b"?")
    except OSError as error:
        return Finding(name, False, f"{path} cannot be written: {error.strerror}.", remedy)
    if private_files.exposed(path):
        return Finding(name, False, f"Others may read {path}.", remedy)
    return Finding(name, True, f"{path} is writable and private.")


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
