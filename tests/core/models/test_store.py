"""What counts as here, wherever it lies."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hub.weights import gguf, in_cache, pipeline, put, safetensors
from layerlift.errors import RequestError
from layerlift.models import catalogue, manifest, soundness, store
from layerlift.models.manifest import Listed, Record
from layerlift.models.places import Places, places

LAYERED, LAMA = catalogue.LAYERED, catalogue.LAMA
Q4 = catalogue.variant(LAYERED, "gguf-q4").parts[-1]


def test_nothing(where: Places) -> None:
    assert store.find("layered", where=where) is None
    assert store.installed(where) == []
    with pytest.raises(RequestError):
        store.find("dall-e", where=where)


@pytest.mark.parametrize("name", ["qwen-image-layered", "Qwen-Image-Layered"])
def test_a_pipeline_put_there_by_hand(where: Places, name: str) -> None:
    folder = put(where.target / name, pipeline())
    found = store.find("layered", where=where)
    assert found is not None
    assert (found.folder, found.variant, found.files, found.source) == (folder, "bf16", {}, "ours")
    assert found.component("transformer") == folder / "transformer"
    assert store.variants("layered", where) == {"bf16"}  # not nf4, whose folders have other names


@pytest.mark.parametrize(
    "lost",
    [
        "model_index.json",
        "vae/diffusion_pytorch_model.safetensors",
        "transformer/config.json",
        "transformer/diffusion_pytorch_model-00002-of-00002.safetensors",
        "text_encoder/model.safetensors",
    ],
)
def test_what_lacks_a_file_is_not_here(where: Places, lost: str) -> None:
    folder = put(where.target / LAYERED.name, pipeline())
    (folder / lost).unlink()
    assert store.find("layered", where=where) is None


def test_what_is_cut_short_is_not_here(where: Places) -> None:
    folder = put(where.target / LAYERED.name, pipeline())
    shard = folder / "transformer/diffusion_pytorch_model-00002-of-00002.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])
    assert store.find("layered", where=where) is None


def test_recorded_files_count_by_their_sizes(where: Places) -> None:
    folder = where.target / "lama"
    put(folder, {"fp32/lama_fp32.onnx": b"weights"})
    (part,) = LAMA.variants[0].parts
    listed = Listed("lama_fp32.onnx", 7, sha256=hashlib.sha256(b"weights").hexdigest())
    manifest.add(folder, Record(part.repo, part.revision, part.into, {"fp32/lama_fp32.onnx": listed}))
    found = store.find("lama", where=where)
    assert found is not None
    assert found.component("onnx") == folder / "fp32" / "lama_fp32.onnx"
    (folder / "fp32" / "lama_fp32.onnx").write_bytes(b"weight")
    assert store.find("lama", where=where) is None


def test_the_hub_s_cache_is_used_where_it_lies(where: Places) -> None:
    snapshot = in_cache(where.hub, LAYERED.repo, LAYERED.revision, pipeline())
    found = store.find("layered", where=where)
    assert found is not None
    assert (found.folder, found.source, found.files) == (snapshot, "hub", {})


def test_another_revision_in_the_cache_will_do(where: Places) -> None:
    assert store.find("layered", where=where) is None
    in_cache(where.hub, LAYERED.repo, "f" * 40, pipeline())
    assert store.find("layered", where=where) is not None


def test_an_unfinished_snapshot_will_not(where: Places) -> None:
    snapshot = in_cache(where.hub, LAYERED.repo, LAYERED.revision, pipeline())
    (snapshot / "text_encoder" / "model.safetensors").unlink()
    assert store.find("layered", where=where) is None


def test_weights_in_comfyui_with_the_rest_elsewhere(where: Places) -> None:
    """A pipeline without its transformer in the cache, the transformer as ComfyUI's users have it."""
    rest = {name: data for name, data in pipeline().items() if not name.startswith("transformer/diffusion")}
    snapshot = in_cache(where.hub, LAYERED.repo, LAYERED.revision, rest)
    (comfy,) = where.comfyui
    put(comfy, {"qwen-image-layered-Q4_K_M.gguf": gguf(5000)})
    found = store.find("layered", where=where)
    assert found is not None
    assert (found.variant, found.folder) == ("gguf-q4", snapshot)
    assert found.component("transformer") == comfy / "qwen-image-layered-Q4_K_M.gguf"
    put(comfy, {"qwen_image_layered_bf16.safetensors": safetensors(5000)})
    found = store.find("layered", where=where)
    assert found is not None
    assert (found.variant, found.component("transformer").name) == ("bf16", "qwen_image_layered_bf16.safetensors")


def test_a_gguf_must_be_one(where: Places) -> None:
    folder = put(where.target / LAYERED.name, pipeline())
    put(folder, {f"{Q4.into}/{Q4.files[0]}": b"<html>Not Found</html>"})
    assert store.find("layered", "gguf-q4", where) is None
    put(folder, {f"{Q4.into}/{Q4.files[0]}": gguf(5000)})
    assert store.find("layered", "gguf-q4", where) is not None
    assert store.variants("layered", where) == {"bf16", "gguf-q4"}


def test_nf4_lies_in_folders_of_its_own(where: Places) -> None:
    folder = put(where.target / LAYERED.name, pipeline())
    for name in ("transformer", "text_encoder"):
        put(folder / f"{name}-nf4", {"config.json": b"{}", "model.safetensors": safetensors(100)})
    found = store.find("layered", "nf4", where)
    assert found is not None
    assert found.component("transformer") == folder / "transformer-nf4"
    assert found.component("text_encoder") == folder / "text_encoder-nf4"


@pytest.mark.parametrize("content", [b"", b"\xff" * 8, b"\x05\0\0\0\0\0\0\0{}", b"\x02\0\0\0\0\0\0\0[]"])
def test_headers_of_nonsense(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.safetensors"
    file.write_bytes(content)
    assert not soundness.whole_file(file)


def test_places() -> None:
    home = Path("/home/x")
    found = places({}, "linux", home)
    assert found.target == home / ".local/share/layerlift/models"
    assert found.hub == home / ".cache/huggingface/hub"
    assert home / "ComfyUI/models/unet" in found.comfyui
    given = {"LAYERLIFT_MODELS": "/big", "HF_HOME": "/hf", "LAYERLIFT_COMFYUI": "/comfy", "XDG_DATA_HOME": "/d"}
    found = places(given, "linux", home)
    assert found.ours == (Path("/big"), Path("/d/layerlift/models"))
    assert found.hub == Path("/hf/hub")
    assert found.comfyui == (Path("/comfy/models/diffusion_models"), Path("/comfy/models/unet"))
    assert places({"HF_HUB_CACHE": "/c", "HF_HOME": "/hf"}, "linux", home).hub == Path("/c")
    assert places({}, "darwin", home).target == home / "Library/Application Support/layerlift/models"
    assert places({"LOCALAPPDATA": "/w"}, "win32", home).target == Path("/w/layerlift/models")


def test_a_record_does_not_lead_out_of_its_folder(tmp_path: Path) -> None:
    for path, sha in (("../x", ""), ("a/../../x", ""), ("/x", ""), ("C:\\x", ""), ("x", "../y"), ("", "")):
        manifest.write(tmp_path, [Record("r", "main", "", {path: Listed("x", 1, sha256=sha)})])
        assert manifest.read(tmp_path) == []
    manifest.write(tmp_path, [Record("r", "main", "", {"a/b.json": Listed("a/b.json", 1, sha256="a" * 64)})])
    assert len(manifest.read(tmp_path)) == 1


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"format": 2, "parts": []}', '{"format": 1, "parts": [{"repo": 1}]}']
)
def test_a_broken_record_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / manifest.NAME).write_text(content)
    assert manifest.read(tmp_path) == []
