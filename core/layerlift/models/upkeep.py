"""Looking after what is here: checking it byte by byte, and removing it.

Law: changes only Layerlift's own folders; what lies in the hub's cache, in ComfyUI or was put there by hand is checked
as far as it can be and never removed.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from layerlift.models import checksums, manifest, store
from layerlift.models.manifest import Listed
from layerlift.models.model import Model, Part, Variant
from layerlift.models.places import Places
from layerlift.progress import Progress


@dataclass
class Checked:
    """`good` and `damaged` files, compared with their checksums; `unlisted`: parts for which nobody knows any."""

    good: list[Path] = field(default_factory=list)
    damaged: list[Path] = field(default_factory=list)
    unlisted: list[Path] = field(default_factory=list)


def verify(model: Model, where: Places, progress: Progress) -> Checked:
    """Read every byte of what is here of a model. Raises Cancelled; changes nothing."""
    found = Checked()
    listed = dict(_listed(model, where, found))
    total = max(1, sum(_size(path) for path in listed))
    done = 0

    def read(count: int) -> None:
        nonlocal done
        done += count
        progress.advance(done / total)

    for path, wanted in listed.items():
        progress.stage(f"Checking {path.name}")
        (found.good if checksums.fits(path, wanted, read) else found.damaged).append(path)
    progress.advance(1.0)
    return found


def forget(model: Model, damaged: Iterable[Path], where: Places) -> None:
    """Drop damaged files of ours and the records that name them, so that a download fetches them again."""
    bad = set(damaged)
    for folder in store.folders(model, where):
        records = manifest.read(folder)
        kept = [record for record in records if not bad & {folder / path for path in record.files}]
        for path in bad:
            if folder in path.parents:
                path.unlink(missing_ok=True)
        if len(kept) != len(records):
            manifest.write(folder, kept)


def remove(model: Model, variants: Iterable[Variant], where: Places) -> tuple[int, list[Path]]:
    """Remove variants from Layerlift's own folders, except what the model's other variants use. (bytes freed, what
    stays because it is not ours to remove)."""
    doomed = tuple(variants)
    stays = [one for one in model.variants if one not in doomed and store.find(model.name, one.name, where)]
    needed = {part for one in stays for part in one.parts}
    parts = [part for part in dict.fromkeys(part for one in doomed for part in one.parts) if part not in needed]
    foreign = [
        located.path for part in parts if (located := store.locate(model, part, where)) and located.source != "ours"
    ]
    freed = sum(_remove_parts(folder, parts) for folder in store.folders(model, where) if folder.is_dir())
    return freed, foreign


def fetched(model: Model, where: Places) -> set[str]:
    """The variants that were fetched or are here, whole or not: what a repair brings back."""
    records = [record for folder in store.folders(model, where) for record in manifest.read(folder)]

    def known(part: Part) -> bool:
        return any(record.of(part) for record in records) or store.locate(model, part, where) is not None

    return {variant.name for variant in model.variants if all(map(known, variant.parts))}


def traces(model: Model, where: Places) -> bool:
    """Whether anything lies here that Layerlift fetched of a model, half of a file included."""
    return any(manifest.read(folder) or any(folder.glob(".partial/*")) for folder in store.folders(model, where))


def _remove_parts(folder: Path, parts: list[Part]) -> int:
    records = manifest.read(folder)
    gone = [record for record in records if any(record.of(part) for part in parts)]
    kept = [record for record in records if record not in gone]
    used = {path for record in kept for path in record.files}
    files = [folder / path for record in gone for path in record.files if path not in used]
    freed = 0
    manifest.write(folder, kept)  # first: what is half removed must not count as here
    for path in files:
        freed += max(0, _size(path)) if not path.is_symlink() else 0
        path.unlink(missing_ok=True)
    if not kept:
        freed += sum(max(0, _size(path)) for path in folder.glob(".partial/*"))
        shutil.rmtree(folder / ".partial", ignore_errors=True)
    _prune(folder)
    return freed


def _prune(folder: Path) -> None:
    """Empty folders go, the model's own last."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    if not any(folder.iterdir()):
        folder.rmdir()


def _listed(model: Model, where: Places, found: Checked) -> Iterator[tuple[Path, Listed]]:
    """Every file of the model that is here, with what it should be."""
    for part in dict.fromkeys(part for variant in model.variants for part in variant.parts):
        recorded = False
        for folder in store.folders(model, where):
            for record in manifest.read(folder):
                if record.of(part):
                    recorded = True
                    yield from ((folder / path, listed) for path, listed in record.files.items())
        if recorded or (located := store.locate(model, part, where)) is None:
            continue
        files = list(_of_cache(located.path)) if located.source == "hub" else []
        yield from files
        if not files:
            found.unlisted.append(located.path)


def _of_cache(path: Path) -> Iterator[tuple[Path, Listed]]:
    """The hub's cache names a file's content by what its snapshots link to: SHA-256, or Git's identifier."""
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        blob = file.resolve()
        if not file.is_file():
            continue
        if re.fullmatch(r"[0-9a-f]{64}", blob.name):
            yield file, Listed(file.name, _size(blob), sha256=blob.name)
        elif re.fullmatch(r"[0-9a-f]{40}", blob.name):
            yield file, Listed(file.name, _size(blob), git=blob.name)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
