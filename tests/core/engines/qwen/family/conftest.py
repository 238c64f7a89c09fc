"""The sisters with tiny random weights, loaded by the product's own code, once for all tests beside this file.

Every test finds them as if nothing had been drawn before: no words remembered, so its order does not matter.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from layerlift.models.plans import Plan
from layerlift.progress import Progress

PLAN = Plan(
    family="edit",
    device="cpu",
    dtype="float32",
    weights="bf16",
    text_encoder="bf16",
    offload="none",
    tabulate=False,
    resolution=640,
    resident=10**7,
    peak=10**7,
    ram=10**7,
    disk=10**7,
    seconds=None,
    reason="Tiny weights on the processor.",
)


@pytest.fixture(scope="session")
def _edit_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    yield from _loaded("edit", tmp_path_factory)


@pytest.fixture(scope="session")
def _image_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    yield from _loaded("image", tmp_path_factory)


@pytest.fixture
def edit_model(_edit_model: Any) -> Any:
    _edit_model._embeddings.clear()
    return _edit_model


@pytest.fixture
def image_model(_image_model: Any) -> Any:
    _image_model._embeddings.clear()
    return _image_model


def _loaded(family: str, folders: pytest.TempPathFactory) -> Iterator[Any]:
    pytest.importorskip("diffusers", reason="the model family needs torch and diffusers (the [gpu] extra)")
    from layerlift.engines.qwen.running import load
    from models import tiny

    folder = folders.mktemp(family)
    getattr(tiny, family)(folder)
    running = load(family, folder, replace(PLAN, family=family), Progress())
    yield running
    running.close()


@pytest.fixture(scope="session")
def photo() -> NDArray[np.uint8]:
    """(56, 72, 4): soft colours with structure, opaque."""
    y, x = np.mgrid[:56, :72].astype(np.float32)
    colours = np.dstack([128 + 90 * np.sin(x / 9), 60 + 2.5 * y, 200 - 1.5 * x])
    return np.dstack([colours, np.full_like(x, 255)]).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def layer(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The photo cut to a soft disc."""
    y, x = np.mgrid[:56, :72].astype(np.float32)
    pixels = photo.copy()
    pixels[..., 3] = np.clip((20 - np.hypot(x - 36, y - 28)) * 100, 0, 255)
    return pixels


@pytest.fixture
def passes() -> Callable[[Any, str], AbstractContextManager[list[Any]]]:
    """Everything that a component of a loaded model is called with, positional arguments before named ones."""

    @contextmanager
    def listen(running: Any, component: str) -> Iterator[list[Any]]:
        module = operator.attrgetter(component)(running.pipeline)
        heard: list[Any] = []
        handle = module.register_forward_pre_hook(
            lambda _module, arguments, named: heard.append([*arguments, *named.values()]), with_kwargs=True
        )
        try:
            yield heard
        finally:
            handle.remove()

    return listen
