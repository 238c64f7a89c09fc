"""One tiny layered model for all tests of a session, loaded by the product's own code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from layerlift.engines.port import DecomposeRequest, Sampling
from layerlift.engines.qwen import layered
from layerlift.engines.qwen.asking import Memory
from layerlift.engines.qwen.words import Habits, Reader
from layerlift.imaging.layer import LayerStack
from layerlift.models.plans import Plan
from layerlift.progress import Progress, Report
from models import tiny

PLAN = Plan(
    family="layered",
    device="cpu",
    dtype="float32",
    weights="bf16",
    text_encoder="bf16",
    offload="none",
    tabulate=True,
    resolution=640,
    resident=0,
    peak=0,
    ram=0,
    disk=0,
    seconds=None,
    reason="for a test",
    layers=10,
)
LIST = "1. Background\n2. A dog\n3. The title"
"""What the talking model's encoder answers to every question."""

Decompose = Callable[..., LayerStack]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model whose encoder babbles."""
    pytest.importorskip("torch", reason="the model needs torch")
    return tiny.layered(tmp_path_factory.mktemp("models") / "qwen-image-layered")


@pytest.fixture(scope="session")
def _running(folder: Path) -> Iterator[Any]:
    from layerlift.engines.qwen.running import load

    loaded = load("layered", folder, PLAN, Progress())
    yield loaded
    loaded.close()


@pytest.fixture
def running(_running: Any) -> Any:
    """It, loaded, and nothing remembered."""
    _running._embeddings.clear()
    return _running


@pytest.fixture(scope="session")
def _talking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pytest.importorskip("torch", reason="the model needs torch")
    from layerlift.engines.qwen.running import load

    where = tiny.layered(tmp_path_factory.mktemp("models") / "talking", says=LIST)
    loaded = load("layered", where, PLAN, Progress())
    yield loaded
    loaded.close()


@pytest.fixture
def talking(_talking: Any) -> Any:
    """A tiny model whose encoder answers LIST, and nothing remembered."""
    _talking._embeddings.clear()
    return _talking


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="the model needs torch")
    tiny.small_areas(monkeypatch)


def picture(width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """Two things on a gradient, opaque."""
    out = np.full((height, width, 4), 255, np.uint8)
    out[..., 0] = np.linspace(30, 220, width).astype(np.uint8)
    out[height // 4 : height // 2, width // 4 : width // 2, :3] = (200, 30, 40)
    out[height // 2 :, -width // 4 :, :3] = (20, 180, 60)
    return out


def take_apart(
    running: Any,
    image: NDArray[np.uint8] | None = None,
    *,
    layers: int | None = 3,
    what: str | None = None,
    habits: Habits = Habits(captions=False, names=False),  # noqa: B008 (frozen)
    memory: Memory | None = None,
    progress: Progress | None = None,
    **sampling: Any,
) -> LayerStack:
    """One decomposition; three steps and no questions unless asked otherwise."""
    request = DecomposeRequest(
        picture() if image is None else image, layers, what, sampling=Sampling(**{"steps": 3, **sampling})
    )
    return layered.decompose(
        running, request, Reader(running, memory or Memory(), "test"), habits, progress or Progress()
    )


def same(a: LayerStack, b: LayerStack) -> bool:
    """Whether two stacks hold the very same pixels."""
    return len(a.layers) == len(b.layers) and all(
        one.bounds == other.bounds and np.array_equal(one.pixels, other.pixels)
        for one, other in zip(a.layers, b.layers, strict=True)
    )


class Listener:
    """Hears every report; cancels at the first one for which `when` holds."""

    def __init__(self, when: Callable[[Report], bool] = lambda _: False, *, looks: bool = False) -> None:
        self.reports: list[Report] = []
        self.seen: list[Any] = []
        self._when = when
        self.progress = Progress(self._hear, look=self.seen.append if looks else None)

    def _hear(self, report: Report) -> None:
        self.reports.append(report)
        if self._when(report):
            self.progress.cancel()

    @property
    def stages(self) -> list[str]:
        """The stages' names in order, once each."""
        return list(dict.fromkeys(report.stage for report in self.reports))
