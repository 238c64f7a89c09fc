"""Checking, removing and bringing along, without a hub."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hub.weights import gguf, in_cache, pipeline, put
from layerlift.errors import Cancelled, InputError, OutputError
from layerlift.models import catalogue, importing, manifest, store, upkeep
from layerlift.models.failures import DownloadFailed
from layerlift.models.manifest import Listed, Record
from layerlift.models.places import Places
from layerlift.progress import Progress

LAYERED = catalogue.LAYERED
BF16, Q4 = (catalogue.variant(LAYERED, name) for name in ("bf16", "gguf-q4"))


def fetched(folder: Path) -> Path:
    """The layered model in both forms, with records, as downloads leave it."""
    files = {name: data for name, data in pipeline().items() if name != "README.md"}
    ours = {path: data for path, data in files.items() if not path.startswith(("transformer/", "text_encoder/"))}
    parts = {
        BF16.parts[0]: {**ours, "transformer/config.json": files["transformer/config.json"]},
        BF16.parts[1]: {path: data for path, data in files.items() if path.startswith("text_encoder/")},
        BF16.parts[2]: {path: data for path, data in files.items() if path.startswith("transformer/")},
        Q4.parts[2]: {f"{Q4.parts[2].into}/{Q4.parts[2].files[0]}": gguf(4000)},
    }
    for part, contents in parts.items():
        put(folder, contents)
        listed = {
            path: Listed(path, len(data), sha256=hashlib.sha256(data).hexdigest()) for path, data in contents.items()
        }
        manifest.add(folder, Record(part.repo, part.revision, part.into, listed))
    return folder


def test_every_byte_is_compared(where: Places) -> None:
    folder = fetched(where.target / LAYERED.name)
    seen: list[float] = []
    checked = upkeep.verify(LAYERED, where, Progress(lambda report: seen.append(report.fraction)))
    assert not checked.damaged
    assert len(checked.good) == len(pipeline())  # README aside, the GGUF besides
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    bad = folder / "vae" / "diffusion_pytorch_model.safetensors"
    data = bytearray(bad.read_bytes())
    data[-1] ^= 1
    bad.write_bytes(data)
    checked = upkeep.verify(LAYERED, where, Progress())
    assert checked.damaged == [bad]
    assert store.variants("layered", where) == {"bf16", "gguf-q4"}  # sizes are right: only reading it all shows it
    upkeep.forget(LAYERED, checked.damaged, where)
    assert not bad.exists()
    assert store.variants("layered", where) == set()


def test_checking_can_be_cancelled(where: Places) -> None:
    fetched(where.target / LAYERED.name)
    progress = Progress(lambda report: progress.cancel() if report.fraction > 0.3 else None)
    with pytest.raises(Cancelled):
        upkeep.verify(LAYERED, where, progress)


def test_what_nobody_listed_is_said_so(where: Places) -> None:
    folder = put(where.target / LAYERED.name, pipeline())
    checked = upkeep.verify(LAYERED, where, Progress())
    assert (checked.good, checked.damaged) == ([], [])
    assert folder / "transformer" in checked.unlisted


def test_the_cache_names_its_contents(where: Places) -> None:
    snapshot = in_cache(where.hub, LAYERED.repo, LAYERED.revision, pipeline())
    checked = upkeep.verify(LAYERED, where, Progress())
    assert len(checked.good) == len(pipeline())
    blob = (snapshot / "model_index.json").resolve()
    blob.write_bytes(b"x" * blob.stat().st_size)
    assert upkeep.verify(LAYERED, where, Progress()).damaged == [snapshot / "model_index.json"]


def test_removing_one_form_leaves_the_other(where: Places) -> None:
    folder = fetched(where.target / LAYERED.name)
    freed, foreign = upkeep.remove(LAYERED, [BF16], where)
    assert foreign == []
    assert freed == sum(len(data) for name, data in pipeline().items() if name.startswith("transformer/")) - len(
        pipeline()["transformer/config.json"]
    )
    assert store.variants("layered", where) == {"gguf-q4"}
    assert (folder / "transformer" / "config.json").exists()  # the other form reads it
    upkeep.remove(LAYERED, LAYERED.variants, where)
    assert not folder.exists()


def test_what_is_not_ours_stays(where: Places) -> None:
    folder = put(where.target / LAYERED.name, pipeline())
    freed, _ = upkeep.remove(LAYERED, LAYERED.variants, where)
    assert freed == 0
    assert (folder / "model_index.json").exists()


def test_bringing_along_what_layerlift_keeps(where: Places, tmp_path: Path) -> None:
    stick = fetched(tmp_path / "stick" / LAYERED.name)
    (brought,) = importing.recognise(tmp_path / "stick")
    assert brought.model is LAYERED
    importing.take(brought, where, Progress())
    assert store.variants("layered", where) == {"bf16", "gguf-q4"}
    assert not upkeep.verify(LAYERED, where, Progress()).damaged
    assert stick.exists()


def test_a_damaged_stick_is_noticed(where: Places, tmp_path: Path) -> None:
    stick = fetched(tmp_path / "stick" / LAYERED.name)
    bad = stick / "text_encoder" / "model.safetensors"
    data = bytearray(bad.read_bytes())
    data[-1] ^= 1
    bad.write_bytes(data)
    (brought,) = importing.recognise(stick)
    with pytest.raises(DownloadFailed, match="is damaged"):
        importing.take(brought, where, Progress())
    assert store.find("layered", where=where) is None


def test_bringing_along_a_diffusers_folder(where: Places, tmp_path: Path) -> None:
    (brought,) = importing.recognise(put(tmp_path / "anything", pipeline("QwenImageEditPlusPipeline")))
    assert brought.model is catalogue.EDIT
    importing.take(brought, where, Progress())
    found = store.find("edit", where=where)
    assert found is not None
    assert found.variant == "bf16"


def test_bringing_along_single_files(where: Places, tmp_path: Path) -> None:
    put(tmp_path / "stick", {"Qwen_Image_Layered-Q3_K_M.gguf": gguf(3000), "notes.txt": b"x"})
    (brought,) = importing.recognise(tmp_path / "stick")
    assert (brought.model, brought.what) == (LAYERED, "gguf-q3 weights")
    importing.take(brought, where, Progress())
    assert (where.target / LAYERED.name / "transformer-gguf-q3" / "Qwen_Image_Layered-Q3_K_M.gguf").exists()
    assert store.find("layered", where=where) is None  # the rest of the pipeline is not here
    put(where.target / LAYERED.name, pipeline())
    assert store.find("layered", "gguf-q3", where) is not None


def test_files_that_are_nothing(where: Places, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        importing.recognise(tmp_path / "nowhere")
    put(tmp_path / "stick", {"my-own-model.gguf": gguf(3000), "deep/er/model_index.json": b"{}"})
    with pytest.raises(InputError, match="holds no model that Layerlift knows") as caught:
        importing.recognise(tmp_path / "stick")
    assert "qwen-image-layered" in caught.value.remedy


def test_a_full_disk_is_noticed_before_copying(where: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (brought,) = importing.recognise(put(tmp_path / "p", pipeline()))
    monkeypatch.setattr(importing, "_one_disk", lambda brought, target: False)
    monkeypatch.setattr(importing, "Host", lambda: type("H", (), {"free": staticmethod(lambda folder: 10)})())
    with pytest.raises(OutputError, match="are to come, and the disk"):
        importing.take(brought, where, Progress())


def test_a_copy_between_disks_is_whole_or_nothing(
    where: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(source, target) -> None:
        raise OSError("another disk")

    monkeypatch.setattr("layerlift.models.importing.os.link", no_link)
    (brought,) = importing.recognise(put(tmp_path / "p", pipeline()))
    progress = Progress(lambda report: progress.cancel() if report.fraction > 0.5 else None)
    with pytest.raises(Cancelled):
        importing.take(brought, where, progress)
    assert not list(where.target.rglob("*.copy"))
    importing.take(brought, where, Progress())
    assert store.find("layered", where=where) is not None
