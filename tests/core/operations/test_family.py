"""Operations through the real pipelines of the model family, with tiny random weights: exact where nothing was asked,
whatever such a network draws."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.operations.pictures import on_top, scene, selection
from layerlift.operations import run

pytest.importorskip("torch", reason="the models need torch")
pytest.importorskip("diffusers", reason="the models need diffusers")

FEW = {"steps": 2, "seed": 1}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from models import tiny

    folder = tmp_path_factory.mktemp("models")
    tiny.edit(folder / "qwen-image-edit-2511")
    tiny.image(folder / "qwen-image-2512")
    return folder


@pytest.fixture(scope="module")
def residence() -> Iterator[object]:
    from layerlift.engines.qwen.residence import Residence

    kept = Residence()
    yield kept
    kept.close()


@pytest.fixture
def engine(weights: Path, residence: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> object:
    from layerlift.engines.qwen.engine import QwenEngine
    from layerlift.engines.qwen.family import canvas
    from models import tiny

    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HF_HOME", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("LAYERLIFT_MODELS", str(weights))
    monkeypatch.setenv("LAYERLIFT_FORCE_CPU", "1")
    tiny.small_areas(monkeypatch)
    monkeypatch.setattr(canvas, "LEAST_PIXELS", 64 * 64)
    return QwenEngine(residence)  # type: ignore[arg-type]


def test_fills_and_extensions_leave_the_picture(engine):
    document = scene(96, 64, np.uint16)
    mask = selection(document)
    stack = run("inpaint", engine, document=document, mask=mask, params={"prompt": "a hat", **FEW})
    assert (on_top(document, stack)[mask == 0] == document.pixels[mask == 0]).all()
    wider = run("extend", engine, document=document, params={"left": 32, **FEW})
    assert (on_top(document, wider, (32, 0))[:, 32:] == document.pixels).all()
    again = run("extend", engine, document=document, params={"left": 32, **FEW})
    assert (again.layers[0].pixels == wider.layers[0].pixels).all()


def test_edits_keep_size_depth_and_alpha(engine):
    document = scene(96, 64, np.uint16)
    document.pixels[:, :30, 3] = 0
    stack = run("edit", engine, document=document, params={"prompt": "make it night", **FEW})
    assert (stack.layers[0].on(stack.extent)[..., 3] == document.pixels[..., 3]).all()
    light = run("harmonise", engine, document=document, params=FEW)
    assert (light.layers[0].on(light.extent)[..., 3] <= document.pixels[..., 3]).all()


def test_new_pictures_have_the_size_that_was_asked_for(engine, monkeypatch):
    from layerlift.engines.qwen import engine as engines_qwen

    monkeypatch.setattr(engines_qwen, "DRAWN", 64 * 64)
    stack = run("generate", engine, params={"prompt": "a fox", "width": 90, "height": 50, **FEW})
    assert stack.layers[0].pixels.shape == (50, 90, 4)
