"""What the doctor says of graphics cards and of the models that are here."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import pytest

from layerlift.models import catalogue, places, store
from layerlift.models import machine as machines
from layerlift.models.model import Installed
from layerlift_server.doctor import models
from layerlift_server.doctor.finding import Finding
from layerlift_server.settings import Settings

GIB = 1 << 30
NONE = machines.Machine("cpu", "the processor", 0, 0, 32 * GIB, 24 * GIB, 200 * GIB, False, False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HF_HOME", "HF_HUB_CACHE", "XDG_DATA_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    monkeypatch.setenv("LAYERLIFT_MODELS", str(tmp_path))
    monkeypatch.delenv(machines.FORCE_CPU, raising=False)
    return tmp_path


def said(found: Iterable[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in found}


def on(machine: machines.Machine, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(machines, "read", lambda *_a, **_k: machine)
    return Settings.from_environment()


def test_without_a_card_nothing_is_wrong(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = said(models.machine(on(NONE, monkeypatch)))
    assert found["graphics card"].ok is None
    assert str(places.places().target) in found["graphics card"].sentence


def test_what_keeps_a_card_from_being_used_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = "PyTorch was built without CUDA."
    found = list(models.machine(on(dataclasses.replace(NONE, note=note), monkeypatch)))
    assert note in [finding.sentence for finding in found]


def test_a_model_that_is_here_is_planned_or_refused_with_a_remedy(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = [Installed(catalogue.get(name), folder, "bf16", {}, "ours") for name in ("qwen-image-layered", "lama")]
    monkeypatch.setattr(store, "installed", lambda: here)
    monkeypatch.setattr(store, "variants", lambda _name: {"bf16"})
    settings = on(NONE, monkeypatch)
    refused = said(models.plans(settings))["model qwen-image-layered"]
    assert refused.ok is None
    assert refused.remedy
    assert said(models.plans(settings))["model lama"].ok is True
    monkeypatch.setenv(machines.FORCE_CPU, "1")
    assert said(models.plans(settings))["model qwen-image-layered"].ok is True


def test_without_models_nothing_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(models.plans(on(NONE, monkeypatch))) == []
