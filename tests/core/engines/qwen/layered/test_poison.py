"""Results that nobody can use are caught where they arise, and explained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from layerlift.errors import EngineError

from .conftest import Listener, same, take_apart


@pytest.fixture
def weights(running: Any) -> Iterator[Any]:
    """The model's weights to damage; whole again afterwards."""
    modules = (running.transformer.proj_out, running.pipeline.vae.decoder.conv_out)
    kept = [{name: value.clone() for name, value in module.state_dict().items()} for module in modules]
    yield modules
    for module, values in zip(modules, kept, strict=True):
        module.load_state_dict(values)


def test_numbers_that_break_down_in_the_transformer(running: Any, weights: Any) -> None:
    weights[0].bias.data[0] = float("nan")
    listener = Listener()
    with pytest.raises(EngineError, match="broke down at step 1 of 3"):
        take_apart(running, progress=listener.progress)
    assert listener.stages[-1] == "Separating, step 1 of 3"  # no further step is made


def test_numbers_that_break_down_in_the_vae(running: Any, weights: Any) -> None:
    weights[1].bias.data[0] = float("nan")
    with pytest.raises(EngineError, match="pixels that are no numbers"):
        take_apart(running)


def test_all_layers_blank(running: Any, weights: Any) -> None:
    weights[1].weight.data[3] = 0
    weights[1].bias.data[3] = -1
    with pytest.raises(EngineError, match="All 3 layers came back blank"):
        take_apart(running)


def test_all_layers_the_same(running: Any, weights: Any) -> None:
    weights[1].weight.data[:] = 0
    weights[1].bias.data[:] = 1
    stack = take_apart(running, layers=4)
    assert len(stack.layers) == 1
    assert "3 of 4 layers repeated another one and were left out." in stack.notes
    assert any("took nothing out" in note for note in stack.notes)


def test_the_model_is_as_good_as_before(running: Any, weights: Any) -> None:
    usual = take_apart(running)
    whole = weights[0].bias.data.clone()
    weights[0].bias.data[0] = float("nan")
    with pytest.raises(EngineError):
        take_apart(running)
    weights[0].bias.data[:] = whole
    assert same(take_apart(running), usual)
