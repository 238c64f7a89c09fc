"""What is here already, wherever it came from: Layerlift's own folders, the hub's cache, ComfyUI's folder.

Law: looks at disks only; downloads nothing, changes nothing. Nothing counts as here that is not whole: by its record
where Layerlift fetched it, else by what the files' own headers tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from layerlift.models import catalogue, manifest, soundness
from layerlift.models.model import Installed, Model, Part, Source, Variant
from layerlift.models.places import Places, places


@dataclass(frozen=True)
class Located:
    """A part that is here: `path` is the folder that takes its files (for one-file components: that file)."""

    path: Path
    source: Source


def find(name: str, variant: str | None = None, where: Places | None = None) -> Installed | None:
    """The model `name` if it is here (in `variant`, if given; else the best there is), complete or None."""
    model = catalogue.get(name)
    wanted = model.variants if variant is None else (catalogue.variant(model, variant),)
    where = where or places()
    return next((found for one in wanted if (found := _assembled(model, one, where))), None)


def installed(where: Places | None = None) -> list[Installed]:
    """Every model and variant that is here."""
    where = where or places()
    every = (_assembled(model, one, where) for model in catalogue.MODELS for one in model.variants)
    return [found for found in every if found]


def variants(name: str, where: Places | None = None) -> set[str]:
    """In which variants the model is here (for `plans.plan`)."""
    where = where or places()
    model = catalogue.get(name)
    return {one.name for one in model.variants if _assembled(model, one, where)}


def locate(model: Model, part: Part, where: Places) -> Located | None:
    """Where a part of a model lies, if it is here and whole."""
    for folder in folders(model, where):
        if found := _in_folder(folder, part):
            return Located(found, "ours")
    for snapshot in _snapshots(where.hub, part):
        if found := _in_repository(snapshot, part):
            return Located(found, "hub")
    for folder in where.comfyui:
        for name in part.elsewhere:
            if soundness.whole_file(folder / name):
                return Located(folder / name, "comfyui")
    return None


def folders(model: Model, where: Places) -> Iterator[Path]:
    """Where a model's own folder may be: named as we do, or as its repository is."""
    for root in where.ours:
        yield root / model.name
        yield root / model.repo.rsplit("/", 1)[-1]


def _assembled(model: Model, variant: Variant, where: Places) -> Installed | None:
    """The variant if all of its parts are here. The first part's place is the folder; others are named where they lie
    elsewhere than the folder's own layout has them."""
    folder: Path | None = None
    source: Source = "ours"
    files: dict[str, Path] = {}
    for part in variant.parts:
        located = locate(model, part, where)
        if located is None:
            return None
        if folder is None:
            folder, source = located.path if located.path.is_dir() else located.path.parent, located.source
        if part.component and located.path != folder / part.component:
            files[part.component] = located.path
    return Installed(model, folder, variant.name, files, source) if folder else None


def _in_folder(folder: Path, part: Part) -> Path | None:
    """The part within a model's own folder: recorded, or put there by hand in the same layout."""
    if not folder.is_dir():
        return None
    for record in manifest.read(folder):
        if record.of(part):
            return _entrance(folder / part.into, part) if record.whole(folder) else None
    if found := _by_hand(folder / part.into, part):
        return found
    if not _one_file(part):
        return None
    loose = (_entrance(place, part) for place in (folder / part.component, folder))
    return next((file for file in loose if file and _expected(file, part)), None)


def _expected(file: Path, part: Part) -> bool:
    """Whether a file outside its own folder can be this part: others may have the same name, only not this size."""
    return not part.exact or file.stat().st_size == part.size


def _in_repository(snapshot: Path, part: Part) -> Path | None:
    return _by_hand(snapshot / part.under, part)


def _by_hand(place: Path, part: Part) -> Path | None:
    if not part.component:
        return place if soundness.whole_surroundings(place) else None
    if _one_file(part):
        return _entrance(place, part)
    return place if soundness.whole_component(place) else None


def _entrance(place: Path, part: Part) -> Path | None:
    """What a loader is given: the file of a one-file component, else the folder."""
    if not _one_file(part):
        return place
    pattern = part.files[0].rsplit("/", 1)[-1].lower()
    named = (path for path in sorted(place.glob("*")) if fnmatch(path.name.lower(), pattern))
    return next((path for path in named if soundness.whole_file(path)), None)


def _one_file(part: Part) -> bool:
    return len(part.files) == 1 and part.files[0].endswith((".gguf", ".onnx"))


def _snapshots(hub: Path, part: Part) -> Iterator[Path]:
    """Snapshots of a part's repository in the hub's cache, the asked revision first, then what its branch was last."""
    repository = hub / f"models--{part.repo.replace('/', '--')}"
    revisions = [part.revision]
    for branch in (part.revision, "main"):
        try:
            revisions.append((repository / "refs" / branch).read_text(encoding="utf-8").strip())
        except OSError:
            continue
    for revision in dict.fromkeys(revisions):
        if revision and (snapshot := repository / "snapshots" / revision).is_dir():
            yield snapshot
