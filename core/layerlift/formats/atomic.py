"""Writing whole or not at all: into a temporary beside the target, then one rename.

Law: stdlib only; knows paths and bytes, no format. Whatever goes wrong between (an error, Ctrl-C, a full disk), the
temporary is removed and what stood at the target still stands.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from layerlift.errors import OutputError

MANIFEST = "stack.json"
"""The file by which a folder is known to be a stack of ours."""

_LITTER = {".ds_store", "thumbs.db", "desktop.ini"}
"""What file browsers leave in folders (lower case): nobody's work."""

_REMEDIES = {
    errno.ENOSPC: ("the disk is full", "Free some space or write somewhere else."),
    errno.EDQUOT: ("your disk quota is used up", "Free some space or write somewhere else."),
    errno.EFBIG: ("the file would be larger than is allowed there", "Write to another disk, or write fewer layers."),
    errno.EROFS: ("the disk is read-only", "Write somewhere else."),
    errno.EACCES: ("permission is denied", "Write to a folder of your own, or change its permissions."),
    errno.EPERM: ("permission is denied", "Write to a folder of your own, or change its permissions."),
    errno.ENOENT: ("its folder does not exist", "Create the folder first."),
    errno.ENOTDIR: ("its folder is a file", "Choose a folder that exists."),
    errno.ENAMETOOLONG: ("its name is too long", "Choose a shorter name."),
}


@contextmanager
def replacing_file(path: Path) -> Iterator[BinaryIO]:
    """A new binary file (writable, readable, seekable) that becomes `path` when the block ends well.

    Raises OutputError where it cannot; any other exception of the block passes through.
    """
    target = _resolved(path)
    with _explained(path):
        if target.is_dir():
            raise OutputError(f"{path} is a folder.", "Name a file.")
        if target.exists():
            _check_replaceable(target, path)
    part = _beside(target)
    try:
        with _explained(path):
            with part.open("x+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                shutil.copymode(target, part)
            part.replace(target)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A new empty folder that becomes `path` when the block ends well.

    An existing target must be empty or a former stack with nothing else in it: nobody else's files are ever deleted.
    Raises OutputError where it cannot be; any other exception of the block passes through.
    """
    target = _resolved(path)
    with _explained(path):
        _check_folder(target, path)
    part, former = _beside(target), _beside(target)
    try:
        with _explained(path):
            part.mkdir()
            yield part
            _swap(part, target, former)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _swap(part: Path, target: Path, former: Path) -> None:
    """Put `part` where `target` is; a former folder goes only after the new one stands."""
    if target.exists():
        target.replace(former)
    try:
        part.replace(target)
    except BaseException:
        if former.exists():
            former.replace(target)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _resolved(path: Path) -> Path:
    """The place itself, links followed, so that a link stays a link."""
    return Path(os.path.realpath(path))


def _beside(target: Path) -> Path:
    """A new hidden name in the same folder: a rename across disks would not be atomic."""
    return target.with_name(f".{target.name[:32]}.{secrets.token_hex(6)}.part")


def _check_replaceable(target: Path, path: Path) -> None:
    mode = target.stat().st_mode
    if not stat.S_ISREG(mode):
        raise OutputError(f"{path} is not an ordinary file.", "Name a file.")
    # A rename would replace a write-protected file without asking; its owner said no.
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(target, os.W_OK):
        raise OutputError(f"{path} is write-protected.", "Choose another name, or remove the protection.")


def _check_folder(target: Path, path: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError(f"{path} is a file, not a folder.", "Choose another name, or remove the file.")
    found = {entry.name for entry in target.iterdir() if entry.name.lower() not in _LITTER}
    if not found:
        return
    if MANIFEST not in found:
        raise OutputError(f"{path} holds other files.", "Name a new or an empty folder.")
    foreign = sorted(found - _former_files(target))
    if foreign:
        raise OutputError(
            f"{path} also holds {foreign[0]!r}, which is not ours.", "Move it away, or name a new folder."
        )


def _former_files(target: Path) -> set[str]:
    """The names that a former stack says it wrote. A manifest that cannot be understood names only itself."""
    try:
        known = json.loads((target / MANIFEST).read_bytes())
        named = {layer["file"] for layer in known["layers"]} | {known.get("icc")}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        named = set()
    return {MANIFEST} | {name for name in named if isinstance(name, str)}


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """The system's refusals as OutputError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        why, remedy = _REMEDIES.get(error.errno or 0, (reason, "Write somewhere else."))
        raise OutputError(f"{path} cannot be written: {why}.", remedy) from error
