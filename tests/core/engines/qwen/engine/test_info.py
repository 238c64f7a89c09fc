"""What the engine says of itself, at once and without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from layerlift.engines.port import DecomposeRequest
from layerlift.engines.qwen import engine as module
from layerlift.engines.qwen.asking import Memory
from layerlift.engines.qwen.engine import QwenEngine
from layerlift.engines.qwen.residence import Residence
from layerlift.errors import EngineUnavailable
from layerlift.models import machine
from layerlift.models.machine import Machine
from layerlift.progress import Progress

GIB = 1 << 30


def fresh() -> QwenEngine:
    return QwenEngine(Residence(), Memory())


def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, elsewhere: Path) -> None:
    monkeypatch.setattr(module, "PACKAGES", ("numpy", "no_such_torch", "no_such_diffusers"))
    assert fresh().info.missing == (
        "The packages that it needs are not installed (no_such_torch and no_such_diffusers). "
        "Install them with `pip install 'layerlift[gpu]'`."
    )
    with pytest.raises(EngineUnavailable, match="needs no_such_torch"):
        fresh().decompose(DecomposeRequest(np.zeros((64, 64, 4), np.uint8)), Progress())


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if all were installed."""
    monkeypatch.setattr(module, "PACKAGES", ("numpy",))


def test_without_weights_it_says_how_to_get_them(packages: None, elsewhere: Path) -> None:
    info = fresh().info
    assert info.missing == "Its weights are not here. Get them with `layerlift models download qwen-image-layered`."
    assert info.max_layers == 10
    assert info.multiple == 32
    assert info.resolutions == (640, 1024)
    assert info.area("decompose") == 640 * 640
    assert info.area("decompose", 1024) == 1024 * 1024
    assert info.area("edit") == 1024 * 1024


def test_offers_what_its_weights_can_do(
    packages: None, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = fresh().info
    assert info.missing is None
    assert set(info.operations) == {"decompose", "edit", "harmonise", "generate", "inpaint", "extend"}
    some = tmp_path / "some"
    some.mkdir()
    (some / "qwen-image-edit-2511").symlink_to(here / "qwen-image-edit-2511")
    monkeypatch.setenv("LAYERLIFT_MODELS", str(some))
    assert fresh().info.operations == ("edit", "harmonise")


def test_says_why_this_machine_cannot(packages: None, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAYERLIFT_FORCE_CPU")
    small = Machine("cuda", "A small card", 2 * GIB, 2 * GIB, 8 * GIB, 8 * GIB, 100 * GIB, bf16=True, fp8=False)
    monkeypatch.setattr(machine, "read", lambda **_: small)
    refused = fresh().info.missing
    assert refused is not None
    assert "A small card" in refused


def test_answers_without_loading_torch(here: Path) -> None:
    code = (
        "import sys; from layerlift.engines.qwen.engine import QwenEngine; QwenEngine().info; "
        "print([name for name in ('torch', 'diffusers', 'transformers', 'accelerate') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", done.stderr
