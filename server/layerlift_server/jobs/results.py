"""Finished layers on disk: one folder per attempt at a job, read where they lie.

Law: knows folders and files; which folder is whose is `store`'s. A layer's file has its name only when it is whole,
a result its description only when everything is there (`worker.manifest`), and nothing is read from here that a row or
an announcement doesn't name: so nothing half-done is ever served, and no folder needs to be moved while somebody reads.
"""

from __future__ import annotations

import os
from collections import Counter, OrderedDict
from collections.abc import Iterable
from pathlib import Path

from layerlift_server.jobs import arena, refusals
from layerlift_server.jobs.arena import Trash
from layerlift_server.security import private_files
from layerlift_server.worker import manifest

_REMEMBERED = 64
"""Descriptions kept in memory: what is looked at is looked at again."""


class FileDownload:
    """A layer's bytes, read as they are asked for."""

    def __init__(self, path: Path, size: int) -> None:
        """Open it. Raises Refusal when it is gone or not of that size."""
        try:
            self._file: int | None = arena.open_for_reading(path)
        except OSError as error:
            raise refusals.damaged() from error
        self._size = size
        if os.fstat(self._file).st_size != size:
            self.close()
            raise refusals.damaged()

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    def read(self, offset: int, length: int) -> memoryview:
        """At most `length` bytes from `offset`. Raises Refusal."""
        if self._file is None:
            raise ValueError("the download is closed")
        try:
            return memoryview(arena.read_at(self._file, offset, length))
        except OSError as error:
            raise refusals.damaged() from error

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class NoBytes:
    """What there is to read of a profile that a result doesn't have: it is in sRGB."""

    size = 0

    def read(self, _offset: int, _length: int) -> memoryview:
        """Nothing."""
        return memoryview(b"")

    def close(self) -> None:
        """Nothing is open."""


class Results:
    """All results' folders."""

    def __init__(self, folder: Path, trash: Trash) -> None:
        self._folder = private_files.folder(folder)
        self._trash = trash
        self._known: OrderedDict[str, manifest.Result] = OrderedDict()
        self._held: Counter[str] = Counter()
        self._condemned: set[str] = set()

    def path(self, folder: str) -> Path:
        """Where the folder of that name is."""
        return self._folder / folder

    def load(self, folder: str) -> manifest.Result:
        """The description of a finished result. Raises Damaged."""
        if folder not in self._known:
            self._known[folder] = manifest.load(self.path(folder))
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(folder)
        return self._known[folder]

    def whole(self, folder: str) -> bool:
        """Whether a finished result is there."""
        try:
            return bool(self.load(folder).layers)
        except manifest.Damaged:
            return False

    def layer(self, folder: str, index: int, size: int, native: bool = False) -> FileDownload:
        """A whole layer's bytes, `native`: in its document's own numbers. Raises Refusal."""
        name = manifest.native_file(index) if native else manifest.layer_file(index)
        return FileDownload(self.path(folder) / name, size)

    def profile(self, folder: str, size: int) -> FileDownload | NoBytes:
        """The profile's bytes, none for a `size` of 0. Raises Refusal."""
        return NoBytes() if size == 0 else FileDownload(self.path(folder) / manifest.PROFILE, size)

    def discard(self, folder: str) -> None:
        """Delete a result, or what there is of one; one that a job works on goes when that job has ended."""
        if folder in self._held:
            self._condemned.add(folder)
            return
        self._known.pop(folder, None)
        if folder:
            self._trash.discard(self.path(folder))

    def hold(self, folder: str) -> None:
        """A job works on this result ("": on none): it stays until as many have let go of it as have held it."""
        if folder:
            self._held[folder] += 1

    def let_go(self, folder: str) -> None:
        """A job that held it has ended."""
        if folder not in self._held:
            return
        self._held[folder] -= 1
        if not self._held[folder]:
            del self._held[folder]
            if folder in self._condemned:
                self._condemned.remove(folder)
                self.discard(folder)

    def sweep(self, wanted: Iterable[str], sources: Iterable[str] = ()) -> None:
        """Delete every folder that is not wanted, and every half-made file: left by a server that died. `sources`: on
        which jobs that wait will work; they stay until those have held them and let go."""
        keep, later = set(wanted), set(sources)
        for found in self._folder.iterdir():
            if found.name in keep | later:
                self.tidy(found.name)
            else:
                self._trash.discard(found)
        self._condemned |= later - keep

    def tidy(self, folder: str) -> None:
        """Delete the half-made files in a finished result's folder: left by an export that died (`formats.atomic`)."""
        for left in self.path(folder).glob(".*.part"):
            self._trash.discard(left)
