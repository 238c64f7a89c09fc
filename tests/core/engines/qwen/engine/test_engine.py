"""The engine through the heart, and who lives on the device."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the models need torch")

import layerlift
from layerlift.engines.port import DecomposeRequest, EditRequest, GenerateRequest, InpaintRequest, Sampling
from layerlift.engines.qwen.asking import Memory
from layerlift.engines.qwen.engine import QwenEngine, habits_from
from layerlift.engines.qwen.residence import Residence
from layerlift.errors import Cancelled, EngineError, EngineUnavailable
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.geometry import Extent
from layerlift.progress import Progress, Report

SHORT = Sampling(steps=2)


def photograph(width: int, height: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Smooth colours with noise and hard edges, opaque."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    out = np.full((height, width, 4), 255, np.uint8)
    for channel, (a, b) in enumerate(((3, 1), (1, 2), (2, 5))):
        wave = 128 + 90 * np.sin(a * x / width * 3 + b * y / height * 2)
        out[..., channel] = np.clip(wave + random.normal(0, 6, (height, width)), 0, 255)
    out[height // 5 : height // 2, width // 3 : width // 2, :3] = (250, 240, 20)
    return out


def off(stack: layerlift.LayerStack, pixels: np.ndarray[Any, Any]) -> int:
    """Largest difference between the stack's composite and the document, in levels, premultiplied."""
    shown = composite(stack).astype(np.int32)
    wanted = pixels.astype(np.int32)
    for image in (shown, wanted):
        image[..., :3] = np.rint(image[..., :3] * (image[..., 3:] / 255))
    return int(np.abs(shown - wanted).max())


def test_a_large_document_comes_back_exact(engine: QwenEngine) -> None:
    pixels = photograph(509, 380)
    stages: list[str] = []
    stack = layerlift.decompose(
        pixels,
        engine=engine,
        layers=3,
        sampling=SHORT,
        progress=Progress(lambda report: stages.append(report.stage)),
    )
    assert stack.extent == Extent(509, 380)
    assert off(stack, pixels) <= 1
    assert [layer.name for layer in stack.layers] == ["Background", "A dog", "The title"]
    assert any(note.startswith("Self-check") for note in stack.notes)
    assert {"Loading the model", "Looking at the picture", "Separating, step 2 of 2", "Refining edges"} <= set(stages)


def test_a_layer_split_further_comes_back_exact(engine: QwenEngine) -> None:
    pixels = photograph(300, 200)
    y, x = np.mgrid[:200, :300]
    distance = np.hypot((x - 150) / 150, (y - 100) / 100)
    pixels[..., 3] = np.clip((0.95 - distance) * 600, 0, 255)
    pixels[pixels[..., 3] == 0] = 0
    stack = layerlift.decompose(pixels, engine=engine, layers=4, sampling=SHORT)
    assert off(stack, pixels) <= 1
    assert len(stack.layers) > 1


def test_auto_with_text_and_seed_is_the_same_every_time(engine: QwenEngine) -> None:
    pixels = photograph(160, 128)
    first, again = (
        layerlift.decompose(pixels, engine=engine, what="the dog", sampling=Sampling(steps=2, seed=5)) for _ in range(2)
    )
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(first.layers, again.layers, strict=True))
    assert first.notes == again.notes


def test_captions_can_be_switched_off(engine: QwenEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAYERLIFT_CAPTIONS", "off")
    stages: list[str] = []
    progress = Progress(lambda report: stages.append(report.stage))
    stack = layerlift.decompose(photograph(96, 96, 9), engine=engine, layers=3, sampling=SHORT, progress=progress)
    assert "Looking at the picture" not in stages
    assert [layer.name for layer in stack.layers] == ["Background", "Layer 2", "Layer 3"]


@pytest.mark.parametrize(("value", "on"), [("off", False), ("0", False), ("No", False), ("on", True), ("", True)])
def test_the_switch_is_read_as_people_write_it(value: str, on: bool) -> None:
    habits = habits_from({"LAYERLIFT_CAPTIONS": value})
    assert (habits.captions, habits.names) == (on, on)
    assert habits_from({}).captions


def test_the_family_answers_behind_the_same_engine(engine: QwenEngine) -> None:
    image = photograph(64, 64)
    edited = engine.edit(EditRequest((image,), "make it red", Sampling(steps=2, resolution=640)), Progress())
    assert edited.shape == image.shape
    drawn = engine.generate(GenerateRequest("a dog", Extent(64, 64), sampling=SHORT), Progress())
    assert drawn.shape == (64, 64, 4)
    mask = np.zeros((64, 64), np.uint8)
    mask[16:48, 16:48] = 255
    filled = engine.inpaint(InpaintRequest(image, mask, sampling=SHORT), Progress())
    assert filled.shape == image.shape


class Counted:
    """Loads models for real and counts; they say what was done with them."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.closed: list[str] = []

    def __call__(self, family: str, installed: Any, plan: Any, progress: Progress) -> Any:
        from layerlift.engines.qwen.running import load

        running = load(family, installed, plan, progress)
        self.loaded.append(family)
        closing = running.close

        def close() -> None:
            self.closed.append(family)
            closing()

        running.close = close  # type: ignore[method-assign]
        return running


def decompose(engine: QwenEngine, progress: Progress | None = None, **settings: Any) -> Any:
    request = DecomposeRequest(photograph(64, 64), 2, sampling=Sampling(**{"steps": 2, **settings}))
    return engine.decompose(request, progress or Progress())


def test_one_model_at_a_time_stays_from_job_to_job(here: Path) -> None:
    load = Counted()
    residence = Residence(load)
    engine, second = QwenEngine(residence, Memory()), QwenEngine(residence, Memory())
    decompose(engine)
    decompose(second)
    assert (load.loaded, load.closed) == (["layered"], [])
    engine.generate(GenerateRequest("a dog", Extent(64, 64), sampling=SHORT), Progress())
    assert (load.loaded, load.closed) == (["layered", "image"], ["layered"])
    decompose(engine)
    engine.close()
    engine.close()
    assert (load.loaded, load.closed) == (["layered", "image", "layered"], ["layered", "image", "layered"])


def test_a_small_job_leaves_room_for_a_larger_one(here: Path) -> None:
    """What a model is loaded for first must not limit how many layers Auto finds afterwards."""
    load = Counted()
    residence = Residence(load)
    fresh = QwenEngine(Residence(Counted()), Memory()).decompose(
        DecomposeRequest(photograph(64, 64), None, sampling=SHORT), Progress()
    )
    engine = QwenEngine(residence, Memory())
    decompose(engine)
    again = engine.decompose(DecomposeRequest(photograph(64, 64), None, sampling=SHORT), Progress())
    assert [layer.name for layer in again.layers] == [layer.name for layer in fresh.layers]
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(fresh.layers, again.layers, strict=True))
    with residence.occupied("layered", Progress(), resolution=640, layers=(2,)) as running:
        assert running.plan.layers == 8
    assert load.loaded == ["layered"]
    engine.close()


def test_one_layer_needs_no_model(here: Path) -> None:
    load = Counted()
    image = photograph(64, 64)
    stack = QwenEngine(Residence(load), Memory()).decompose(DecomposeRequest(image, 1), Progress())
    assert load.loaded == []
    (layer,) = stack.layers
    assert np.array_equal(layer.pixels, image)


def test_lack_of_memory_is_explained_and_anything_else_is_not_hidden(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    load = Counted()
    residence = Residence(load)
    engine = QwenEngine(residence, Memory())
    with residence.occupied("layered", Progress(), resolution=640, layers=(10,)) as running:
        pass

    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(running, "encoder", full)
    with pytest.raises(EngineError, match="not enough graphics memory") as caught:
        decompose(engine)
    assert "layerlift models plan" in caught.value.remedy
    assert load.closed == []

    def broken(*_: Any) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(running, "encoder", broken)
    with pytest.raises(RuntimeError, match="something else"):
        decompose(engine)
    assert load.closed == ["layered"]


def test_rests_and_wakes(here: Path) -> None:
    load = Counted()
    engine = QwenEngine(Residence(load), Memory())
    engine.rest()
    first = decompose(engine)
    engine.rest()
    engine.rest()
    again = decompose(engine)
    assert load.loaded == ["layered"]
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(first.layers, again.layers, strict=True))
    engine.close()


def test_a_model_that_broke_is_not_kept(here: Path) -> None:
    load = Counted()
    residence = Residence(load)
    with pytest.raises(ZeroDivisionError), residence.occupied("layered", Progress(), resolution=640, layers=(2,)):
        raise ZeroDivisionError
    assert load.closed == ["layered"]
    with pytest.raises(Cancelled), residence.occupied("layered", Progress(), resolution=640, layers=(2,)):
        raise Cancelled
    assert load.closed == ["layered"]
    residence.close()


def test_loading_can_be_cancelled(here: Path) -> None:
    progress = Progress(lambda report: progress.cancel() if report.stage == "Loading the model" else None)
    load = Counted()
    engine = QwenEngine(Residence(load), Memory())
    with pytest.raises(Cancelled):
        decompose(engine, progress)
    assert load.loaded == []
    decompose(engine)
    engine.close()


def test_who_waits_for_the_device_can_leave(here: Path) -> None:
    residence = Residence(Counted())
    inside, leave = threading.Event(), threading.Event()

    def occupy() -> None:
        with residence.occupied("layered", Progress(), resolution=640):
            inside.set()
            leave.wait(60)

    worker = threading.Thread(target=occupy)
    worker.start()
    try:
        assert inside.wait(60)
        waiting = Progress()
        threading.Timer(0.05, waiting.cancel).start()
        with pytest.raises(Cancelled), residence.occupied("layered", waiting, resolution=640):
            pass
        residence.rest()  # somebody works: nothing happens
    finally:
        leave.set()
        worker.join(60)
    residence.close()


def test_a_family_without_weights_says_how_to_get_them(
    engine: QwenEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAYERLIFT_MODELS", str(tmp_path))
    with pytest.raises(EngineUnavailable, match="not here") as caught:
        engine.generate(GenerateRequest("a dog", Extent(64, 64)), Progress())
    assert "layerlift models download qwen-image-2512" in caught.value.remedy


def test_fractions_never_go_back(here: Path) -> None:
    reports: list[Report] = []
    engine = QwenEngine(Residence(Counted()), Memory())
    for _ in range(2):
        reports.clear()
        decompose(engine, Progress(reports.append))
        fractions = [report.fraction for report in reports]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0
    assert reports[0].fraction < 0.1  # warm: nothing is spent on loading
    engine.close()
