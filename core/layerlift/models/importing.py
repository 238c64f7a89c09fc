"""Models brought along on a disk, for machines without the net: recognised, copied, checked as far as can be.

Law: reads where it is pointed, writes into Layerlift's first folder. A copy is a hard link where both lie on one disk.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from layerlift.errors import InputError
from layerlift.models import catalogue, manifest, soundness
from layerlift.models.checksums import fits
from layerlift.models.failures import DownloadFailed
from layerlift.models.fetching import disk_trouble, room_for
from layerlift.models.host import Host
from layerlift.models.manifest import Listed, Record
from layerlift.models.model import Model, Part
from layerlift.models.places import Places
from layerlift.progress import Progress

_PIPELINES: Final = {
    "QwenImageLayeredPipeline": catalogue.LAYERED,
    "QwenImageEditPlusPipeline": catalogue.EDIT,
    "QwenImagePipeline": catalogue.IMAGE,
}
_COPY: Final = 8 * 1024 * 1024


@dataclass(frozen=True)
class Brought:
    """What was recognised: `files` (source → path relative to the model's folder), `records` that came with them."""

    model: Model
    what: str
    files: dict[Path, str]
    records: tuple[Record, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.files)


def recognise(place: Path, model: Model | None = None) -> list[Brought]:
    """What lies there: folders as Layerlift keeps them, folders in diffusers layout, single GGUF and ONNX files; or a
    folder of those. `model`: what it is, where it cannot be told. Raises InputError when nothing is recognised."""
    if not place.exists():
        raise InputError(f"{place} does not exist.", "Name the folder or file that holds the models.")
    found = list(_recognised(place, model))
    if not found and place.is_dir():
        found = [one for child in sorted(place.iterdir()) for one in _recognised(child, model)]
    if not found:
        known = ", ".join(one.name for one in catalogue.MODELS)
        raise InputError(
            f"{place} holds no model that Layerlift knows, or not all of it.",
            f"It knows {known}: as Layerlift or diffusers keep them, or as the GGUF and ONNX files of its list.",
        )
    return found


def take(brought: Brought, where: Places, progress: Progress) -> None:
    """Copy it into Layerlift's folder. Recorded files are compared with their checksums. Raises OutputError,
    DownloadFailed for a damaged one (nothing of it is kept), Cancelled."""
    folder = where.target / brought.model.name
    total, done = max(1, brought.size), 0
    room_for(0 if _one_disk(brought, where.target) else total, Host().free(folder), folder)
    listed = {path: one for record in brought.records for path, one in record.files.items()}

    def read(count: int) -> None:
        nonlocal done
        done += count
        progress.advance(min(1.0, done / total))

    for source, path in brought.files.items():
        progress.stage(f"Copying {source.name}")
        if path in listed and not fits(source, listed[path], lambda count: read(0)):
            raise DownloadFailed(
                f"{source} is damaged: its checksum is wrong.", "Copy it again from where it was whole."
            )
        _copy(source, folder / path, read)
    for record in brought.records:
        manifest.add(folder, record)
    progress.advance(1.0)


def _recognised(place: Path, model: Model | None) -> Iterator[Brought]:
    if place.is_dir() and (records := manifest.read(place)):
        yield from _ours(place, records)
    elif (place / "model_index.json").is_file():
        yield from _diffusers(place, model)
    elif place.is_file() and place.suffix in (".gguf", ".onnx") and soundness.whole_file(place):
        yield from _single(place, model)


def _ours(folder: Path, records: list[Record]) -> Iterator[Brought]:
    for model in catalogue.MODELS:
        parts = {part for variant in model.variants for part in variant.parts}
        mine = tuple(one for one in records if any(one.of(part) for part in parts) and one.whole(folder))
        # the models share an encoder's repository: the folder is the model's whose own pipeline it holds
        if mine and (folder.name == model.name or any(one.repo == model.repo for one in mine)):
            files = {folder / path: path for record in mine for path in record.files}
            yield Brought(model, f"{len(files)} files with checksums", files, mine)
            return


def _diffusers(folder: Path, model: Model | None) -> Iterator[Brought]:
    try:
        kind = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))["_class_name"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    model = model or _PIPELINES.get(kind)
    if model is None or not soundness.whole_surroundings(folder):
        return
    inside = ["model_index.json", "scheduler", "tokenizer", "processor", "vae"]
    whole = [name for name in ("transformer", "text_encoder") if soundness.whole_component(folder / name)]
    sources = [path for name in (*inside, *whole) for path in _below(folder / name)]
    files = {path: path.relative_to(folder).as_posix() for path in sources}
    yield Brought(model, f"a pipeline with {' and '.join(whole) or 'configurations only'}", files)


def _single(file: Path, model: Model | None) -> Iterator[Brought]:
    """By its size where that is known to the byte, else by its name."""
    size = file.stat().st_size
    every = [
        (one, variant.name, part)
        for one in ([model] if model else catalogue.MODELS)
        for variant in one.variants
        for part in variant.parts
        if part.files[0].endswith(file.suffix)
    ]
    exact = [entry for entry in every if entry[2].exact and entry[2].size == size]
    named = [entry for entry in every if not entry[2].exact and _named(file, entry[2], entry[0], model)]
    for one, variant, part in (exact or named)[:1]:
        path = f"{part.into}/{_file_name(file, part)}"
        listed = Listed(part.files[0], size, sha256=part.sha256)
        records = (Record(part.repo, part.revision, part.into, {path: listed}),) if part.sha256 else ()
        yield Brought(one, f"{variant} weights", {file: path}, records)


def _named(file: Path, part: Part, one: Model, model: Model | None) -> bool:
    """Whether the name fits a pattern. "*Q3_K_M.gguf" alone says nothing of the model: its name must be in it, too."""
    if not fnmatch(file.name.lower(), part.files[0].rsplit("/", 1)[-1].lower()):
        return False
    told = file.name.lower().replace("_", "-")
    return one is model or part.files[0][0] != "*" or one.name.removeprefix("qwen-image-") in told


def _file_name(file: Path, part: Part) -> str:
    wanted = part.files[0].rsplit("/", 1)[-1]
    return file.name if "*" in wanted else wanted


def _below(path: Path) -> list[Path]:
    return sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path] * path.is_file()


def _one_disk(brought: Brought, target: Path) -> bool:
    existing = next(place for place in (target, *target.parents) if place.exists())
    device = existing.stat().st_dev
    return all(path.stat().st_dev == device for path in brought.files)


def _copy(source: Path, place: Path, read: Callable[[int], None]) -> None:
    """A hard link, else a copy that appears whole or not at all."""
    draft = place.with_name(f"{place.name}.copy")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        try:
            os.link(source.resolve(), draft)
            read(source.stat().st_size)
        except OSError:
            with source.open("rb") as giving, draft.open("wb") as taking:
                while chunk := giving.read(_COPY):
                    taking.write(chunk)
                    read(len(chunk))
            shutil.copystat(source, draft)
        draft.replace(place)
    except OSError as failure:
        raise disk_trouble(failure, place) from failure
    finally:
        draft.unlink(missing_ok=True)
