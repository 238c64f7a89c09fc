"""Networks whose answers can be foretold, put by hand where `layerlift models` would put the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerlift.models import store
from models import networks


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for models; nothing else on this machine is looked at."""
    monkeypatch.setenv("LAYERLIFT_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("LAYERLIFT_COMFYUI", str(tmp_path / "comfyui"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "data"))
    return tmp_path / "models"


@pytest.fixture
def matter(home: Path) -> Path:
    path = networks.matter(home / "birefnet" / "lite" / "model.onnx", 512)
    assert store.find("birefnet") is not None
    return path


@pytest.fixture
def filler(home: Path) -> Path:
    path = networks.filler(home / "lama" / "fp32" / "lama_fp32.onnx")
    assert store.find("lama") is not None
    return path
