from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from layerlift.cli.main import main


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in; tracebacks off."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAYERLIFT_DEBUG", raising=False)
    return tmp_path


@pytest.fixture
def picture(work: Path) -> Callable[..., Path]:
    """Makes a small picture with something to see in it."""

    def make(name: str = "photo.png", width: int = 60, height: int = 40) -> Path:
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        y, x = np.indices((height, width))
        array = np.stack([x * 4 % 256, y * 6 % 256, (x + y) * 2 % 256], axis=2).astype(np.uint8)
        Image.fromarray(array).save(path)
        return path

    return make


@pytest.fixture
def layerlift(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs the command line in this process: exit code, standard output, standard error."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
