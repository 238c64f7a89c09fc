"""The layered model on tiny weights: options, determinism, progress, poison."""

from __future__ import annotations

from typing import Any

import pytest

from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Role

from .conftest import same, take_apart


@pytest.mark.parametrize("layers", [1, 2, 5, 10])
def test_makes_as_many_layers_as_it_is_asked_for(running: Any, layers: int) -> None:
    stack = take_apart(running, layers=layers)
    assert len(stack.layers) == layers
    assert stack.extent == Extent(96, 64)
    assert stack.depth == 8
    assert stack.layers[0].role is Role.BACKGROUND
    assert (stack.layers[0].pixels[..., 3] == 255).all()
    assert stack.layers[0].bounds.extent == stack.extent


def test_same_request_same_layers_and_another_seed_others(running: Any) -> None:
    first, again, other = (take_apart(running, seed=seed) for seed in (7, 7, 8))
    assert same(first, again)
    assert not same(first, other)
    assert first.notes == again.notes


@pytest.mark.parametrize(
    "change", [{"steps": 4}, {"guidance": 7.0}, {"guidance": 1.0}, {"negative": "blur"}, {"what": "the dog"}]
)
def test_every_setting_reaches_the_model(running: Any, change: dict[str, Any]) -> None:
    usual = {"what": "a cat", "guidance": 4.0}
    assert not same(take_apart(running, **usual), take_apart(running, **{**usual, **change}))
