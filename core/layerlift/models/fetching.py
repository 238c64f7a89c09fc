"""One file from the hub, whole and checked, however often the connection, the process or the machine dies meanwhile.

Law: knows `Hub` and files; no models. What has arrived lies beside its place as PART files named by content, so that
any later run goes on where the last one was cut, and is moved into place only when its checksum is right.
"""

from __future__ import annotations

import errno
import io
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from layerlift.errors import LayerliftError, OutputError
from layerlift.models.checksums import Fingerprint
from layerlift.models.failures import DownloadFailed
from layerlift.models.manifest import Listed
from layerlift.models.words import gigabytes
from layerlift.progress import Progress

PARTIAL: Final = ".partial"
"""Folder (within a model's) of what is on its way."""
PATIENCE: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds to wait before trying again; it begins anew whenever bytes have arrived."""
_FULL: Final = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}  # Windows knows no quota error
_REREAD: Final = 4 * 1024 * 1024

Wait = Callable[[float], None]


class Source(Protocol):
    """Where bytes come from: `hub.Hub`."""

    def transfer(self, repo: str, commit: str, listed: Listed, into: io.RawIOBase, start: int) -> None:
        """Write the bytes from `start` on."""
        ...


@dataclass(frozen=True)
class Meter:
    """Who hears how many bytes arrived (0: work goes on; negative: as many must come again). It may raise to stop."""

    arrived: Callable[[int], None]


def patient(progress: Progress) -> Wait:
    """A wait that ends at once when the work is cancelled."""

    def wait(seconds: float) -> None:
        pause = threading.Event()
        for _ in range(max(1, round(seconds * 10))):
            progress.check()
            pause.wait(min(0.1, seconds))

    return wait


def fetch(
    hub: Source, repo: str, commit: str, listed: Listed, folder: Path, place: Path, meter: Meter, wait: Wait
) -> None:
    """The file to `place`, its part file in `folder`/PARTIAL. Wrong bytes are fetched once more. Raises DownloadFailed,
    NotThere, OutputError (disk), whatever `meter` and `wait` raise; what has arrived stays for the next time."""
    part = folder / PARTIAL / f"{listed.identity or listed.name.replace('/', '-')}.part"
    for attempt in (1, 2):
        with _Sink(part, listed, meter) as sink:
            _complete(hub, repo, commit, listed, sink, wait)
        if sink.fits:
            place.parent.mkdir(parents=True, exist_ok=True)
            part.replace(place)
            return
        sink.take_back()
        part.unlink(missing_ok=True)
        if attempt == 2:
            break
    raise DownloadFailed(
        f"{listed.name} of {repo} arrived twice with a wrong checksum.",
        "Whatever lies between (a proxy, a mirror, this machine's memory or disk) changes it; try another --endpoint.",
    )


def _complete(hub: Source, repo: str, commit: str, listed: Listed, sink: _Sink, wait: Wait) -> None:
    """Until all bytes are there; failures that can pass are waited out."""
    pauses = list(PATIENCE)
    while sink.size < listed.size or (listed.size == 0 and not sink.touched):
        before = sink.size
        try:
            sink.touched = True
            hub.transfer(repo, commit, listed, sink, before)
        except LayerliftError as failure:
            if not (isinstance(failure, DownloadFailed) and failure.retryable):
                raise
            if sink.size > before:
                pauses = list(PATIENCE)
            if not pauses:
                raise
            wait(pauses.pop(0))


class _Sink(io.RawIOBase):
    """A part file that is hashed as it grows. Continues what is there; unbuffered, so that a killed process loses no
    more than its last chunk."""

    def __init__(self, path: Path, listed: Listed, meter: Meter) -> None:
        super().__init__()
        self._meter = meter
        self._fingerprint = Fingerprint(listed)
        self.size = 0
        self.touched = False
        self._fresh = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("r+b" if path.exists() else "w+b", buffering=0)
            self._resume(listed)
        except OSError as failure:
            raise disk_trouble(failure, path) from failure
        self._path = path

    def _resume(self, listed: Listed) -> None:
        if self._file.seek(0, io.SEEK_END) > listed.size:
            self._file.truncate(0)
        self._file.seek(0)
        while chunk := self._file.read(_REREAD):
            self._fingerprint.feed(chunk)
            self.size += len(chunk)
            self._meter.arrived(0)

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        rest = view
        while rest:
            try:
                written = self._file.write(rest) or 0
            except OSError as failure:
                raise disk_trouble(failure, self._path) from failure
            self._fingerprint.feed(rest[:written])
            self.size += written
            self._fresh += written
            self._meter.arrived(written)
            rest = rest[written:]
        return len(view)

    def tell(self) -> int:
        return self.size

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Only to the beginning: a server that ignores positions sends everything again."""
        if whence == io.SEEK_SET and offset == 0 and self.size:
            self.take_back()
            self.size = 0
            self._fingerprint.restart()
            self._file.seek(0)
        return self.size

    def take_back(self) -> None:
        """What arrived this time does not count."""
        self._meter.arrived(-self._fresh)
        self._fresh = 0

    def truncate(self, size: int | None = None) -> int:
        return self._file.truncate(self.size if size is None else size)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    @property
    def fits(self) -> bool:
        """Whether what arrived is what was listed."""
        return self._fingerprint.fits


def disk_trouble(failure: OSError, path: Path) -> OutputError:
    """Why the disk does not take it."""
    if failure.errno in _FULL:
        return OutputError(
            f"The disk of {path.parent} is full.",
            "Make room and try again (what arrived is kept), or name a folder on another disk with LAYERLIFT_MODELS.",
        )
    return OutputError(
        f"{path} cannot be written: {failure.strerror or failure}.",
        "Check the folder and its rights, or LAYERLIFT_MODELS.",
    )


def room_for(needed: int, free: int, folder: Path) -> None:
    """Raises OutputError when the disk has no room for what is to come."""
    if needed > free:
        raise OutputError(
            f"{gigabytes(needed)} are to come, and the disk of {folder} has {gigabytes(free)} left.",
            "Make room, choose a smaller variant, or name a folder on another disk with LAYERLIFT_MODELS.",
        )
