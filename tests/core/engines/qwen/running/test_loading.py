"""Loading, keeping, resting, closing: what is read when, and what is left behind."""

from __future__ import annotations

import gc
import json
import shutil
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the family needs torch")

from layerlift.engines.qwen.running import load, parts  # noqa: E402
from layerlift.engines.qwen.running.shards import Shards  # noqa: E402
from layerlift.errors import Cancelled, EngineError, EngineUnavailable  # noqa: E402
from layerlift.models.model import Installed  # noqa: E402
from layerlift.progress import Progress, Report  # noqa: E402

from .conftest import Loaded, by_us, plan  # noqa: E402

FAMILIES = ("layered", "edit", "image")


@pytest.fixture
def copied(folders: dict[str, Path], tmp_path: Path) -> Path:
    """A layered model of one's own, to be damaged."""
    shutil.copytree(folders["layered"], tmp_path / "model")
    return tmp_path / "model"


def weights(folder: Path) -> Path:
    return next((folder / "transformer").glob("*.safetensors"))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_second_job_loads_nothing(family: str, loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    running = loaded(family)
    first = by_us(running)
    opened: list[Path] = []
    monkeypatch.setattr(Shards, "__init__", lambda self, where: opened.append(where))
    monkeypatch.setattr(Shards, "read", lambda self, name: pytest.fail(f"{name} was read"))
    assert np.array_equal(by_us(running), first)
    assert not opened


def test_progress_goes_forward_and_says_what_happens(folders: dict[str, Path]) -> None:
    heard: list[Report] = []
    load("layered", folders["layered"], plan(), Progress(heard.append)).close()
    fractions = [report.fraction for report in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert len(set(fractions)) > 30, "tensor by tensor"
    assert {"Loading the model", "Loading the picture decoder"} <= {report.stage for report in heard}


@pytest.mark.parametrize("at", [0.0, 0.3, 0.9, 0.95])
def test_loading_can_be_cancelled(at: float, folders: dict[str, Path]) -> None:
    def listen(report: Report) -> None:
        if report.fraction >= at:
            progress.cancel()

    progress = Progress(listen)
    with pytest.raises(Cancelled):
        load("layered", folders["layered"], plan(), progress)
    assert not _alive("QwenImageTransformer2DModel")


def test_loading_the_encoder_can_be_cancelled(loaded: Loaded) -> None:
    running = loaded("layered")
    read: list[float] = []

    def listen(report: Report) -> None:
        read.append(report.fraction)
        if len(read) == 10:
            progress.cancel()

    progress = Progress(listen)
    with pytest.raises(Cancelled), running.encoder(progress):
        pytest.fail("it came all the same")
    with running.encoder(Progress()) as pipeline:
        assert pipeline.text_encoder.dtype == torch.float32


def test_closing_frees_everything(folders: dict[str, Path]) -> None:
    running = load("layered", folders["layered"], plan(), Progress())
    by_us(running, fast=True)
    with running.encoder(Progress()) as pipeline:
        held = [pipeline, pipeline.transformer, pipeline.vae, pipeline.text_encoder, running._loaded.denoiser]
        held.append(next(pipeline.transformer.parameters()))
    gone = [weakref.ref(one) for one in held]
    del held, pipeline
    running.close()
    running.close()  # twice is once
    gc.collect()
    assert [ref() for ref in gone] == [None] * len(gone)
    with pytest.raises(EngineError, match="closed"):
        running.run(lambda pipeline: None, Progress())


@pytest.mark.parametrize("offload", ["none", "model", "stream"])
def test_it_rests_and_wakes(offload: str, loaded: Loaded) -> None:
    running = loaded("layered", offload=offload)
    before = by_us(running)
    running.rest()
    assert not running._loaded.placing.here
    running.wake()
    assert np.array_equal(by_us(running), before)
    running.rest()
    assert np.array_equal(by_us(running), before), "a job wakes it by itself"
    running.rest()
    moved: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(running.pipeline.vae), "to", lambda self, device: moved.append(str(device)) or self)
        with running.encoder(Progress()):
            assert moved == ["cpu"], "a pipeline's device is its picture decoder's: it wakes to encode, too"


def test_where_memory_is_shared_the_transformer_is_read_again(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metal: main memory is the device's, so that nothing is gained by moving."""
    original = parts.Placing
    monkeypatch.setattr(parts, "Placing", lambda *args, **more: original(*args, **more, shared=True))
    running = loaded("layered", offload="model", weights="int8")
    before = by_us(running)
    by_us(running, prompt="another prompt, for which the encoder must come")
    running.rest()
    assert all(parameter.numel() == 0 for parameter in running.transformer.parameters())
    assert np.array_equal(by_us(running), before)


def test_installed_may_keep_components_elsewhere(folders: dict[str, Path], tmp_path: Path) -> None:
    elsewhere = tmp_path / "single.safetensors"
    _with_prefix(weights(folders["layered"]), elsewhere)
    one = Installed(None, folders["layered"], "bf16", {"transformer": elsewhere})  # type: ignore[arg-type]
    running, expected = (load("layered", where, plan(), Progress()) for where in (one, folders["layered"]))
    assert np.abs(by_us(running) - by_us(expected)).max() < 1e-5
    running.close()
    expected.close()


def test_weights_in_several_files_are_one(copied: Path, loaded: Loaded) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(weights(copied))
    names = sorted(tensors)
    weights(copied).unlink()
    index: dict[str, str] = {}
    for number, chosen in enumerate((names[::2], names[1::2])):
        file = f"part-{number}.safetensors"
        save_file({name: tensors[name] for name in chosen}, copied / "transformer" / file)
        index |= dict.fromkeys(chosen, file)
    (copied / "transformer" / "x.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    running = load("layered", copied, plan(), Progress())
    # other files are mapped to other addresses, whose alignment decides how a processor adds up
    assert np.abs(by_us(running) - by_us(loaded("layered"))).max() < 1e-5
    running.close()


def _cut(folder: Path) -> None:
    weights(folder).write_bytes(weights(folder).read_bytes()[:-1000])


def _lose(folder: Path) -> None:
    weights(folder).unlink()


def _lack(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(weights(folder))
    del tensors["proj_out.weight"]
    save_file(tensors, weights(folder))


def _reshape(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(weights(folder))
    tensors["proj_out.bias"] = tensors["proj_out.bias"][:-1].clone()
    save_file(tensors, weights(folder))


def _no_index(folder: Path) -> None:
    (folder / "model_index.json").write_text("{")


@pytest.mark.parametrize("damage", [_cut, _lose, _lack, _reshape, _no_index])
def test_damage_is_explained_with_a_remedy(damage: Any, copied: Path) -> None:
    damage(copied)
    with pytest.raises(EngineUnavailable) as caught:
        load("layered", copied, plan(), Progress())
    assert "layerlift models verify" in caught.value.remedy


def test_a_pipeline_that_diffusers_does_not_know_is_named(copied: Path) -> None:
    (copied / "model_index.json").write_text('{"_class_name": "QwenImage99Pipeline"}')
    with pytest.raises(EngineUnavailable, match="QwenImage99Pipeline"):
        load("layered", copied, plan(), Progress())


def _with_prefix(source: Path, target: Path) -> None:
    """As ComfyUI keeps them."""
    from safetensors.torch import load_file, save_file

    save_file({f"model.diffusion_model.{name}": tensor for name, tensor in load_file(source).items()}, target)


def _alive(name: str) -> list[Any]:
    gc.collect()
    return [one for one in gc.get_objects() if type(one).__name__ == name and not _plain(one)]


def _plain(one: Any) -> bool:
    """The session's own, for comparison."""
    return "forward" not in vars(one) and not any(parameter.is_meta for parameter in one.parameters())
