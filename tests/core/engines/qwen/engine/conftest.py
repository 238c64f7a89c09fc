"""The whole engine over tiny models that lie where the store looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from layerlift.engines.qwen.asking import Memory
from layerlift.engines.qwen.engine import QwenEngine
from layerlift.engines.qwen.family import canvas
from layerlift.engines.qwen.residence import Residence
from models import tiny

LIST = "1. Background\n2. A dog\n3. The title"


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models as a user would give one in LAYERLIFT_MODELS."""
    pytest.importorskip("torch", reason="the models need torch")
    folder = tmp_path_factory.mktemp("models")
    tiny.layered(folder / "qwen-image-layered", says=LIST)
    tiny.edit(folder / "qwen-image-edit-2511")
    tiny.image(folder / "qwen-image-2512")
    return folder


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A user without any models."""
    for name in ("LAYERLIFT_MODELS", "LAYERLIFT_FORCE_CPU", "LAYERLIFT_CAPTIONS", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HF_HOME", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


@pytest.fixture
def here(weights: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with all of the family, who insists on the processor."""
    monkeypatch.setenv("LAYERLIFT_MODELS", str(weights))
    monkeypatch.setenv("LAYERLIFT_FORCE_CPU", "1")
    tiny.small_areas(monkeypatch)
    monkeypatch.setattr(canvas, "LEAST_PIXELS", 64 * 64)
    return weights


@pytest.fixture
def engine(here: Path) -> Iterator[QwenEngine]:
    """The engine, cold: no test leans on what an earlier one loaded or remembered."""
    residence = Residence()
    yield QwenEngine(residence, Memory())
    residence.close()
