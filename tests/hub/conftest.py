from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.fake import FakeHub
from hub.weights import pipeline
from layerlift.models import catalogue
from layerlift.models.places import Places


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """A hub that has the three pipelines."""
    made = FakeHub()
    made.add(catalogue.LAYERED.repo, pipeline())
    made.add(catalogue.IMAGE.repo, pipeline("QwenImagePipeline"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def where(tmp_path: Path) -> Places:
    return Places((tmp_path / "models",), tmp_path / "hub", (tmp_path / "comfy",))


@pytest.fixture(autouse=True)
def nobody_s_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_ENDPOINT", "HF_HUB_OFFLINE", "LAYERLIFT_MODELS", "LAYERLIFT_COMFYUI", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
