"""Downloads against a hub on loopback, through the real huggingface_hub: what arrives is right, whatever goes wrong."""

from __future__ import annotations

import errno
import io
import os
import shutil
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub", reason="comes with layerlift[gpu]")

from hub.fake import COMMIT, FakeHub
from hub.weights import gguf_repo, noise, pipeline
from layerlift.cli.main import main
from layerlift.errors import Cancelled, OutputError, RequestError
from layerlift.models import catalogue, downloading, fetching, manifest, store, upkeep
from layerlift.models.failures import DownloadFailed, NotThere
from layerlift.models.hub import Hub
from layerlift.models.locking import only_here
from layerlift.models.model import Installed
from layerlift.models.places import Places
from layerlift.progress import Progress, Report

LAYERED = catalogue.LAYERED
BF16 = catalogue.variant(LAYERED, "bf16")
SHARD = "transformer/diffusion_pytorch_model-00001-of-00002.safetensors"


def no_wait(seconds: float) -> None:
    """Trying again at once."""


def get(hub: FakeHub, where: Places, variant=BF16, model=LAYERED, progress: Progress | None = None) -> Installed:
    library = Hub(hub.address)
    wanted = downloading.order(model, variant, library, where)
    return downloading.download(wanted, library, where, progress or Progress(), no_wait)


def holds(folder: Path, files: dict[str, bytes]) -> bool:
    return all((folder / name).read_bytes() == data for name, data in files.items())


def wanted_files(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if name != "README.md"}


def test_a_download_is_whole_checked_recorded_and_found(hub: FakeHub, where: Places) -> None:
    reports: list[Report] = []
    found = get(hub, where, progress=Progress(reports.append))
    assert found.folder == where.target / "qwen-image-layered"
    assert holds(found.folder, wanted_files(pipeline()))
    assert not (found.folder / "README.md").exists()
    assert not (found.folder / ".partial").exists()
    records = manifest.read(found.folder)
    assert {record.into for record in records} == {"", "text_encoder", "transformer"}
    assert all(record.revision == LAYERED.revision for record in records)
    assert reports[-1].fraction == 1.0
    assert any(SHARD in report.stage for report in reports)
    assert store.find("layered", where=where) == found


def test_nothing_is_asked_for_twice(hub: FakeHub, where: Places) -> None:
    get(hub, where)
    hub.seen.clear()
    get(hub, where)
    assert not hub.seen


def test_the_token_never_reaches_the_storage_server(
    hub: FakeHub, where: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    get(hub, where)
    assert any(one.token == "Bearer hf_secret" for one in hub.gets("/api/"))
    assert not any(one.token for one in hub.gets("/cdn/"))


def test_a_cut_connection_goes_on_where_it_was(hub: FakeHub, where: Places) -> None:
    hub.fault(SHARD, "cut", after=128 * 1024, times=2)
    assert holds(get(hub, where).folder, wanted_files(pipeline()))


def test_a_cut_download_is_resumed_by_the_next_one(
    hub: FakeHub, where: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_chunks(monkeypatch)
    hub.fault(SHARD, "cut", after=128 * 1024, times=1)

    def cancelled(seconds: float) -> None:
        raise Cancelled

    library = Hub(hub.address)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", cancelled)
    with pytest.raises(Cancelled):
        downloading.download(downloading.order(LAYERED, BF16, library, where), library, where, Progress(), no_wait)
    monkeypatch.undo()
    (part,) = (where.target / LAYERED.name / ".partial").glob("*.part")
    arrived = part.stat().st_size
    assert 0 < arrived <= 128 * 1024 + 65_536
    assert store.find("layered", where=where) is None
    hub.seen.clear()
    found = get(hub, where)
    assert holds(found.folder, wanted_files(pipeline()))
    (again,) = hub.gets(f"/cdn/{part.stem}")
    assert again.range == f"bytes={arrived}-"


def test_changed_bytes_are_noticed_and_fetched_again(hub: FakeHub, where: Places) -> None:
    hub.fault(SHARD, "corrupt", times=1)
    assert holds(get(hub, where).folder, wanted_files(pipeline()))


def test_bytes_that_stay_changed_are_refused(hub: FakeHub, where: Places) -> None:
    hub.fault(SHARD, "corrupt", times=99)
    with pytest.raises(DownloadFailed, match="twice with a wrong checksum"):
        get(hub, where)
    assert store.find("layered", where=where) is None
    assert not (where.target / LAYERED.name / SHARD).exists()


def test_a_damaged_part_file_does_not_survive(hub: FakeHub, where: Places) -> None:
    """Bytes that a dying disk left half-way: the checksum notices, the second try begins at nothing."""
    library = Hub(hub.address)
    wanted = downloading.order(LAYERED, BF16, library, where)
    (listed,) = (one for missing in wanted.missing for one in missing.files.values() if one.name == SHARD)
    part = where.target / LAYERED.name / ".partial" / f"{listed.sha256}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(noise(70_000, 77))
    found = downloading.download(wanted, library, where, Progress(), no_wait)
    assert holds(found.folder, wanted_files(pipeline()))


def test_a_server_without_positions_sends_everything_again(
    hub: FakeHub, where: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_chunks(monkeypatch)
    hub.faults[SHARD] = fault = hub_fault("cut", after=128 * 1024)
    original = hub._fault_of

    def then_no_ranges(name: str, *kinds: str):
        found = original(name, *kinds)
        if found is fault:
            hub.fault(SHARD, "no ranges", times=9)
        return found

    monkeypatch.setattr(hub, "_fault_of", then_no_ranges)
    assert holds(get(hub, where).folder, wanted_files(pipeline()))


def hub_fault(kind: str, **about: int):
    from hub.fake import Fault

    return Fault(kind, **about)


def test_a_busy_hub_is_waited_for(hub: FakeHub, where: Places) -> None:
    hub.fault(SHARD, "status", status=503, times=3)
    waits: list[float] = []
    library = Hub(hub.address)
    wanted = downloading.order(LAYERED, BF16, library, where)
    found = downloading.download(wanted, library, where, Progress(), waits.append)
    assert holds(found.folder, wanted_files(pipeline()))
    assert waits == [1.0, 2.0, 4.0]


def test_a_hub_that_stays_busy_is_explained(hub: FakeHub, where: Places) -> None:
    hub.fault(SHARD, "status", status=503, times=99)
    with pytest.raises(DownloadFailed, match=r"not able to answer now \(503\)") as caught:
        get(hub, where)
    assert caught.value.retryable


def test_what_the_hub_does_not_have_is_explained(hub: FakeHub, where: Places) -> None:
    del hub.repos[LAYERED.repo]
    with pytest.raises(NotThere, match="does not give Qwen/Qwen-Image-Layered"):
        get(hub, where)
    hub.add(LAYERED.repo, {"README.md": b"empty"})
    with pytest.raises(NotThere, match="has no file like"):
        get(hub, where)
    hub.lost.add(LAYERED.revision)
    with pytest.raises(NotThere, match="no such file or revision"):
        get(hub, where)


def test_a_file_that_vanished_between_list_and_transfer(hub: FakeHub, where: Places) -> None:
    library = Hub(hub.address)
    wanted = downloading.order(LAYERED, BF16, library, where)
    del hub.repos[LAYERED.repo][SHARD]
    with pytest.raises(NotThere, match="no such file"):
        downloading.download(wanted, library, where, Progress(), no_wait)


def test_a_gated_model_asks_for_a_token(hub: FakeHub, where: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.gated.add(LAYERED.repo)
    with pytest.raises(NotThere, match="accepted its conditions") as caught:
        get(hub, where)
    assert "HF_TOKEN" in caught.value.remedy
    monkeypatch.setenv("HF_TOKEN", "hf_member")
    assert holds(get(hub, where).folder, wanted_files(pipeline()))


def test_offline_is_said_so(hub: FakeHub, where: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.stop()
    with pytest.raises(DownloadFailed, match=r"connection to 127\.0\.0\.1") as caught:
        get(hub, where)
    assert "what has arrived is kept" in caught.value.remedy
    hub.start()  # the fixture stops it once more
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    from huggingface_hub import close_session

    close_session()
    with pytest.raises(NotThere, match="HF_HUB_OFFLINE is set"):
        get(hub, where)


def test_a_disk_without_room_is_noticed_before(hub: FakeHub, where: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.disk_usage
    monkeypatch.setattr("layerlift.models.host.shutil.disk_usage", lambda path: real(path)._replace(free=100_000))
    with pytest.raises(OutputError, match="to come, and the disk of") as caught:
        get(hub, where)
    assert "LAYERLIFT_MODELS" in caught.value.remedy
    assert not hub.gets("/cdn/")


def test_a_disk_that_fills_up_meanwhile(hub: FakeHub, where: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operating system refuses the write; what is there stays, and the next download goes on."""
    small_chunks(monkeypatch)
    sinks: list[fetching._Sink] = []
    real = fetching._Sink.write

    def write(self: fetching._Sink, data: bytes) -> int:
        sinks.append(self)
        if self.size >= 100_000:
            self._file.close()
            self._file = full_disk()
        return real(self, data)

    monkeypatch.setattr(fetching._Sink, "write", write)
    with pytest.raises(OutputError, match="is full") as caught:
        get(hub, where)
    assert "what arrived is kept" in caught.value.remedy
    monkeypatch.undo()
    assert sinks[-1]._path.stat().st_size >= 100_000
    assert holds(get(hub, where).folder, wanted_files(pipeline()))


def full_disk() -> io.FileIO:
    """A file whose disk is full: Linux has one that refuses as a real one does; elsewhere the refusal is made."""
    if Path("/dev/full").exists():
        return io.FileIO("/dev/full", "w")

    class Full(io.FileIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    return Full(os.devnull, "w")


def test_a_folder_that_may_not_be_written(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    where = Places((tmp_path / "file",), tmp_path / "hub", ())
    with pytest.raises(OutputError, match="cannot be written") as caught:
        get(hub, where)
    assert "LAYERLIFT_MODELS" in caught.value.remedy


def test_cancelled_in_the_middle(hub: FakeHub, where: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    small_chunks(monkeypatch)
    progress = Progress(lambda report: progress.cancel() if report.fraction > 0.4 else None)
    with pytest.raises(Cancelled):
        get(hub, where, progress=progress)
    assert list((where.target / LAYERED.name / ".partial").glob("*.part"))
    assert store.find("layered", where=where) is None
    assert holds(get(hub, where).folder, wanted_files(pipeline()))


def test_two_at_once_are_one_too_many(hub: FakeHub, where: Places) -> None:
    with (
        only_here(where.target / LAYERED.name / ".partial" / "lock"),
        pytest.raises(RequestError, match="Another Layerlift"),
    ):
        get(hub, where)


def test_a_gguf_form_takes_only_what_it_needs(hub: FakeHub, where: Places) -> None:
    repo, files = gguf_repo()
    hub.add(repo, files)
    found = get(hub, where, catalogue.variant(LAYERED, "gguf-q4"))
    assert found.variant == "gguf-q4"
    file = found.component("transformer")
    assert file == found.folder / "transformer-gguf-q4" / "qwen-image-layered-Q4_K_M.gguf"
    assert file.read_bytes() == files[file.name]
    assert not (found.folder / SHARD).exists()
    assert (found.folder / "transformer" / "config.json").exists()  # from_single_file needs it
    (record,) = (one for one in manifest.read(found.folder) if one.repo == repo)
    assert record.revision == COMMIT  # "main" became what it was then
    hub.seen.clear()
    assert get(hub, where).variant == "bf16"
    assert not hub.gets("/cdn/" + file.name)
    assert len(hub.gets("/cdn/")) == 2  # the two shards of the transformer and nothing that was here


def test_a_text_encoder_that_is_here_is_linked_not_fetched(hub: FakeHub, where: Places) -> None:
    get(hub, where)
    hub.seen.clear()
    reports: list[Report] = []
    found = get(hub, where, catalogue.variant(catalogue.IMAGE, "bf16"), catalogue.IMAGE, Progress(reports.append))
    encoder = found.folder / "text_encoder" / "model.safetensors"
    assert encoder.samefile(where.target / LAYERED.name / "text_encoder" / "model.safetensors")
    assert not hub.gets("text_encoder/model.safetensors")
    assert any("here already" in report.stage for report in reports)


def test_a_damaged_twin_is_not_linked(hub: FakeHub, where: Places) -> None:
    first = get(hub, where)
    twin = first.folder / "text_encoder" / "model.safetensors"
    data = bytearray(twin.read_bytes())
    data[-1] ^= 1
    twin.write_bytes(data)
    found = get(hub, where, catalogue.variant(catalogue.IMAGE, "bf16"), catalogue.IMAGE)
    assert holds(found.folder, wanted_files(pipeline("QwenImagePipeline")))


@pytest.mark.parametrize(
    "name", ["transformer/../../../evil", "transformer/..\\\\evil", "transformer//etc/x", "transformer/C:x"]
)
def test_a_hub_does_not_choose_where_files_go(hub: FakeHub, where: Places, name: str) -> None:
    hub.add(LAYERED.repo, {name: noise(2000)})
    with pytest.raises(NotThere, match="names that lead elsewhere"):
        get(hub, where)
    assert not where.target.exists()


def test_known_weights_cannot_be_replaced(hub: FakeHub, where: Places) -> None:
    """A mirror that lists other bytes under a name whose SHA-256 is known in public."""
    lama = catalogue.LAMA
    hub.add(lama.repo, {"lama_fp32.onnx": noise(2000)})
    with pytest.raises(NotThere, match=r"another lama_fp32\.onnx"):
        get(hub, where, lama.variants[0], lama)


@pytest.mark.parametrize("how", ["changed", "cut short", "gone"])
def test_a_repair_brings_back_what_is_not_whole(
    hub: FakeHub, where: Places, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    shard = get(hub, where).folder / SHARD
    data = shard.read_bytes()
    shard.unlink()
    if how != "gone":
        shard.write_bytes(data[:-5] if how == "cut short" else bytes([data[0] ^ 1]) + data[1:])
    monkeypatch.setenv("LAYERLIFT_MODELS", str(where.target))
    monkeypatch.setenv("HF_HUB_CACHE", str(where.hub))
    assert main(["models", "verify", "--quiet"]) == 1
    hub.seen.clear()
    assert main(["models", "verify", "--quiet", "--repair", "--endpoint", hub.address]) == 0
    assert shard.read_bytes() == data
    assert len(hub.gets("/cdn/")) == 1
    assert main(["models", "verify", "--quiet"]) == 0


def test_what_the_library_itself_fetched_is_found_checked_and_linked(hub: FakeHub, where: Places) -> None:
    """Another program's downloads, by the real library into its own cache."""
    from huggingface_hub import snapshot_download

    snapshot = snapshot_download(
        LAYERED.repo, revision=LAYERED.revision, endpoint=hub.address, cache_dir=where.hub, token=False
    )
    found = store.find("layered", where=where)
    assert found is not None
    assert (found.folder, found.source) == (Path(snapshot), "hub")
    checked = upkeep.verify(LAYERED, where, Progress())
    assert (len(checked.good), checked.damaged, checked.unlisted) == (len(pipeline()), [], [])
    hub.seen.clear()
    assert get(hub, where) == found  # nothing to fetch
    assert not hub.seen
    other = get(hub, where, catalogue.variant(catalogue.IMAGE, "bf16"), catalogue.IMAGE)
    assert (other.folder / "text_encoder" / "model.safetensors").samefile(
        found.component("text_encoder") / "model.safetensors"
    )
    assert not hub.gets("text_encoder/model.safetensors")
    freed, foreign = upkeep.remove(LAYERED, [BF16], where)
    assert freed == 0
    assert foreign
    assert store.find("layered", where=where) == found


def test_an_estimate_is_of_what_is_still_to_come(hub: FakeHub, where: Places) -> None:
    library = Hub(hub.address)
    whole = downloading.order(LAYERED, BF16, library, where)
    assert whole.size == sum(len(data) for data in wanted_files(pipeline()).values())
    get(hub, where)
    shutil.rmtree(where.target / LAYERED.name / "transformer")
    rest = downloading.order(LAYERED, BF16, library, where)
    expected = sum(len(data) for name, data in pipeline().items() if name.startswith("transformer/"))
    assert rest.size == expected
    assert [missing.part.component for missing in rest.missing if missing.part.component] == ["transformer"]


def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """These files are smaller than what is handed over at a time."""
    monkeypatch.setattr("layerlift.models.hub.CHUNK", 32 * 1024)
