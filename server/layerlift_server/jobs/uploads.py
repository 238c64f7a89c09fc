"""Documents on their way up: each is a private file that the worker will map, written where it belongs as it comes.

Law: knows files, rows and limits; no job (who needs an upload is told by `needed`). Nothing of a document stays in
memory, so the server's size does not depend on it. A file is as long as what has arrived without gaps: after a lost
connection or a killed server, that length is where to go on.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Container
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from layerlift.wire.values import DocumentInfo
from layerlift_server.jobs import arena, refusals, validation
from layerlift_server.jobs.arena import Trash
from layerlift_server.jobs.port import Owner, Refusal
from layerlift_server.jobs.settings import JobSettings
from layerlift_server.jobs.store import Store
from layerlift_server.jobs.store import Upload as Row
from layerlift_server.security import private_files

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Upload:
    """One upload: its row, its file and how much of it is there."""

    def __init__(self, row: Row, path: Path) -> None:
        self.row = row
        self.path = path
        self._file: int | None = None
        self._holders = 0
        try:
            self._have = min(path.stat().st_size, row.size)
        except OSError:
            self._have = 0

    def __str__(self) -> str:
        return f"upload {self.row.upload} {self._have}/{self.row.size}"

    @property
    def size(self) -> int:
        """Bytes validation."""
        return self.row.size

    @property
    def have(self) -> int:
        """Bytes that are there, from the start, without gaps."""
        return self._have

    @property
    def complete(self) -> bool:
        """Whether everything has arrived."""
        return self._have == self.row.size

    @property
    def held(self) -> bool:
        """Whether a connection still writes to it."""
        return self._holders > 0

    def hold(self) -> None:
        """One more connection writes. Raises Refusal."""
        try:
            if self._file is None and not self.complete:
                self._file = arena.open_for_writing(self.path)
        except OSError as error:
            raise _explained(error) from error
        self._holders += 1

    def write(self, offset: int, data: memoryview) -> None:
        """Put `data` at `offset`, which must be `have`. Raises Refusal."""
        if offset != self._have or offset + len(data) > self.row.size:
            raise refusals.malformed(f"Bytes at {offset} came where {self._have} of {self.row.size} were expected.")
        if self._file is None:
            raise refusals.unknown_upload()
        try:
            arena.write_at(self._file, offset, data)
        except OSError as error:
            raise _explained(error) from error
        self._have += len(data)
        if self.complete:
            self._let_go()

    def release(self) -> None:
        """A connection that held it is done."""
        self._holders -= 1
        if not self.held:
            self._let_go()

    def abandon(self) -> None:
        """Its file is going away, or the server is."""
        self._let_go()

    def _let_go(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


class Writer:
    """One connection's hold on an upload. Several may hold the same (the old one's end may not be known yet)."""

    def __init__(self, upload: Upload, closed: Callable[[], None]) -> None:
        self._upload = upload
        self._closed: Callable[[], None] | None = closed
        upload.hold()

    @property
    def size(self) -> int:
        """Bytes validation."""
        return self._upload.size

    @property
    def have(self) -> int:
        """Bytes that are there, from the start, without gaps."""
        return self._upload.have

    def write(self, offset: int, data: memoryview) -> None:
        """Put `data` at `offset`, which must be `have`. Raises Refusal."""
        self._upload.write(offset, data)

    def close(self) -> None:
        """This connection is done with it."""
        if self._closed is not None:
            self._upload.release()
            self._closed()
            self._closed = None


class Uploads:
    """All uploads, in memory as on disk."""

    def __init__(
        self, folder: Path, store: Store, trash: Trash, settings: JobSettings, needed: Callable[[], Container[str]]
    ) -> None:
        self._folder = private_files.folder(folder)
        self._store, self._trash, self._settings, self._needed = store, trash, settings, needed
        self._uploads = {row.upload: Upload(row, self._path(row.upload)) for row in store.uploads()}
        for found in self._folder.iterdir():
            if found.name not in self._uploads:
                trash.discard(found)

    def announce(self, upload: str, size: int, document: DocumentInfo, owner: Owner) -> Writer:
        """Begin or resume. Raises Refusal."""
        validation.identity(upload, "upload")
        validation.document(document, size, self._settings.limits)
        known = self._uploads.get(upload)
        if known is not None:
            if (known.row.owner, known.row.size, known.row.document) != (owner, size, document):
                raise refusals.taken("upload")
            return Writer(known, partial(self.touch, upload))
        self._make_room(size, owner)
        row = Row(upload, owner, size, document, self._settings.clock())
        made = Upload(row, self._path(upload))
        writer = Writer(made, partial(self.touch, upload))
        self._store.save_upload(row)
        self._uploads[upload] = made
        return writer

    def get(self, upload: str, owner: Owner) -> Upload:
        """A complete upload of this owner. Raises Refusal."""
        known = self._uploads.get(upload)
        if known is None or known.row.owner != owner:
            raise refusals.unknown_upload()
        if not known.complete:
            raise refusals.incomplete(known.have, known.size)
        return known

    def find(self, upload: str) -> Upload | None:
        """The upload that a job was made of, if it is still whole."""
        known = self._uploads.get(upload)
        return known if known is not None and known.complete and known.path.exists() else None

    def touch(self, upload: str) -> None:
        """It has just been of use: its time runs from now (if that cannot be written down, from before)."""
        if (known := self._uploads.get(upload)) is not None:
            with suppress(Refusal):
                known.row = self._store.save_upload(replace(known.row, touched=self._settings.clock()))

    def forget(self, *uploads: str) -> None:
        """Delete them."""
        known = [upload for upload in uploads if upload in self._uploads]
        if known:
            self._store.forget_uploads(known)
        for upload in known:
            gone = self._uploads.pop(upload)
            gone.abandon()
            self._trash.discard(gone.path)

    def expire(self) -> None:
        """Delete what nobody has used for a while."""
        before = self._settings.clock() - self._settings.upload_ttl
        self.forget(*(one.row.upload for one in self._idle() if one.row.touched < before))

    def forget_owner(self, owner: Owner) -> None:
        """Delete all of one owner's."""
        self.forget(*(upload for upload, one in self._uploads.items() if one.row.owner == owner))

    def close(self) -> None:
        """Let go of all files; they stay."""
        for one in self._uploads.values():
            one.abandon()

    def figures(self) -> dict[str, float]:
        """How many there are, and their bytes."""
        held = self._uploads.values()
        return {"uploads": len(held), "upload_bytes": sum(one.have for one in held)}

    def _idle(self) -> list[Upload]:
        """Those that could go, least recently used first."""
        needed = self._needed()
        idle = [one for one in self._uploads.values() if not one.held and one.row.upload not in needed]
        return sorted(idle, key=lambda one: one.row.touched)

    def _make_room(self, size: int, owner: Owner) -> None:
        """Room for one more of this owner's, at the cost of what they use no more. Raises Refusal."""
        settings = self._settings
        mine = [one for one in self._uploads.values() if one.row.owner == owner]
        total = sum(one.size for one in mine)
        crowded = total + size > settings.owner_bytes or len(mine) >= settings.owner_uploads
        idle = [one for one in self._idle() if one.row.owner == owner] if crowded else []
        while idle and (total + size > settings.owner_bytes or len(mine) >= settings.owner_uploads):
            gone = idle.pop(0)
            mine.remove(gone)
            total -= gone.size
            self.forget(gone.row.upload)
        if len(mine) >= settings.owner_uploads:
            raise refusals.too_many(f"{len(mine)} documents are on their way already.", "Wait until one is finished.")
        if total + size > settings.owner_bytes:
            raise refusals.too_large(
                f"Together with what is here, the documents would have {(total + size) / 1e6:.0f} MB; at most "
                f"{settings.owner_bytes / 1e6:.0f} are taken.",
                "Wait until a job is done.",
            )
        coming = sum(one.size - one.have for one in self._uploads.values())
        if settings.disk_free(self._folder) - coming - size < settings.reserve:
            raise refusals.disk_full()

    def _path(self, upload: str) -> Path:
        return self._folder / upload


def _explained(error: OSError) -> Refusal:
    return refusals.disk_full() if error.errno in _FULL else refusals.broken_file(error.strerror or str(error))
