"""Getting a model: what is missing is listed, fetched, checked and recorded; what is here is used where it lies.

Law: decides what to fetch; how is `hub`'s and `fetching`'s. Nothing counts as here before its record is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from layerlift.errors import RequestError
from layerlift.models import manifest, sharing, store
from layerlift.models.fetching import PARTIAL, Meter, Wait, fetch, patient, room_for
from layerlift.models.host import Host
from layerlift.models.hub import Hub
from layerlift.models.locking import only_here
from layerlift.models.manifest import Listed, Record
from layerlift.models.model import Installed, Model, Part, Variant
from layerlift.models.places import Places
from layerlift.models.store import Located
from layerlift.progress import Progress


@dataclass(frozen=True)
class Missing:
    """A part to fetch: its files at `commit`, by path relative to the model's folder."""

    part: Part
    commit: str
    files: dict[str, Listed]


@dataclass(frozen=True)
class Order:
    """What a download will do. `here`: parts that are used where they lie; `size`: bytes still to come."""

    model: Model
    variant: Variant
    folder: Path
    missing: tuple[Missing, ...]
    here: tuple[tuple[Part, Located], ...]
    size: int


def order(model: Model, variant: Variant, hub: Hub, where: Places) -> Order:
    """Ask the hub what the missing parts consist of. Raises DownloadFailed, NotThere."""
    folder = where.target / model.name
    missing, here = [], []
    for part in variant.parts:
        located = store.locate(model, part, where)
        if located is not None:
            here.append((part, located))
            continue
        commit, files = hub.files(part)
        missing.append(Missing(part, commit, {str(part.place(listed.name)): listed for listed in files}))
    shared = sharing.known(where)
    every = {path: listed for one in missing for path, listed in one.files.items()}  # parts share configurations
    size = sum(_to_come(listed, folder, folder / path, shared) for path, listed in every.items())
    return Order(model, variant, folder, tuple(missing), tuple(here), size)


def download(wanted: Order, hub: Hub, where: Places, progress: Progress, wait: Wait | None = None) -> Installed:
    """Carry out an order. Raises OutputError (disk), DownloadFailed, NotThere, Cancelled; what has arrived is kept, and
    the next order goes on from there."""
    if wanted.missing:
        room_for(wanted.size, Host().free(wanted.folder), wanted.folder)
        with only_here(wanted.folder / PARTIAL / "lock"):
            account = _Account(progress, wanted.size)
            for number, one in enumerate(wanted.missing, 1):
                _get(one, number, wanted, hub, where, account, wait or patient(progress))
        _tidy(wanted.folder / PARTIAL)
    progress.advance(1.0)
    found = store.find(wanted.model.name, wanted.variant.name, where)
    if found is None:
        raise RequestError(
            f"{wanted.model.name} ({wanted.variant.name}) was fetched, but is not complete.",
            "Run “layerlift models verify”, then download it again.",
        )
    return found


class _Account:
    """Bytes of the whole order into progress."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self._total, self._arrived = progress, max(1, total), 0

    def hear(self, count: int) -> None:
        """So many more arrived."""
        self._arrived += count
        self.progress.advance(max(0.0, min(1.0, self._arrived / self._total)))


def _get(one: Missing, number: int, wanted: Order, hub: Hub, where: Places, account: _Account, wait: Wait) -> None:
    """All files of one part, then its record."""
    shared = sharing.known(where)
    total = len(wanted.missing)
    for path, listed in sorted(one.files.items()):
        place = wanted.folder / path
        if _size(place) == listed.size:
            continue  # moved there only after its checksum was right
        words = f"{listed.name} (part {number} of {total})" if total > 1 else listed.name
        source = shared.get(listed.sha256)
        if source is not None:
            account.progress.stage(f"Checking {source.name}, which is here already")
            if sharing.take(source, listed, place, lambda count: account.hear(0)):
                continue
        account.progress.stage(f"Downloading {words}")
        fetch(hub, one.part.repo, one.commit, listed, wanted.folder, place, Meter(account.hear), wait)
    manifest.add(wanted.folder, Record(one.part.repo, one.commit, one.part.into, one.files))


def _to_come(listed: Listed, folder: Path, place: Path, shared: dict[str, Path]) -> int:
    """Bytes of a file that are neither in place nor half-way nor to be linked."""
    if _size(place) == listed.size or listed.sha256 in shared:
        return 0
    return max(0, listed.size - max(0, _size(folder / PARTIAL / f"{listed.identity}.part")))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _tidy(partial: Path) -> None:
    """An emptied folder of part files goes; what belongs to other downloads stays."""
    try:
        (partial / "lock").unlink(missing_ok=True)
        partial.rmdir()
    except OSError:
        return
