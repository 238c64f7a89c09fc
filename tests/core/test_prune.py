from __future__ import annotations

import numpy as np
from hypothesis import given

from core.stacks import composited, flat, stacks
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role
from layerlift.prune import NAME_LENGTH, prune


@given(stacks())
def test_pruning_changes_nothing_one_sees_and_crops_every_layer(stack: LayerStack) -> None:
    pruned = prune(stack)
    np.testing.assert_array_equal(composited(pruned), composited(stack))
    names = [layer.name.casefold() for layer in pruned.layers]
    assert len(set(names)) == len(names)
    for layer in pruned.layers:
        alpha = layer.pixels[..., 3]
        assert alpha[0].any()
        assert alpha[-1].any()
        assert alpha[:, 0].any()
        assert alpha[:, -1].any()
        assert layer.name.strip()
        assert len(layer.name) <= NAME_LENGTH + 4


def named(*names: str) -> list[str]:
    layer = lambda name: Layer(name, Role.GRAPHIC, Bounds(0, 0, 1, 1), flat(1, 1, (1, 2, 3, 9)))  # noqa: E731
    return [kept.name for kept in prune(LayerStack(Extent(1, 1), tuple(map(layer, names)))).layers]


def test_names_are_one_line_short_and_their_own() -> None:
    assert named("Circle", "circle", "Circle") == ["Circle", "circle 2", "Circle 3"]
    assert named("Circle 2", "Circle", "Circle") == ["Circle 2", "Circle", "Circle 3"]
    assert named("a\n b\t c") == ["a b c"]
    assert named("", "  ") == ["Graphic", "Graphic 2"]
    assert named("x" * 200) == ["x" * (NAME_LENGTH - 1) + "…"]


def test_a_wholly_transparent_stack_keeps_one_layer() -> None:
    empty = Layer("Empty", Role.GRAPHIC, Bounds(0, 0, 5, 5), flat(5, 5, (0, 0, 0, 0)))
    assert len(prune(LayerStack(Extent(5, 5), (empty, empty))).layers) == 1


def test_doubtful_layers_are_told() -> None:
    sure = Layer("Panel", Role.GRAPHIC, Bounds(0, 0, 1, 1), flat(1, 1, (1, 2, 3, 9)))
    doubtful = Layer("Blob", Role.GRAPHIC, Bounds(0, 0, 1, 1), flat(1, 1, (1, 2, 3, 9)), confidence=0.3)
    assert prune(LayerStack(Extent(1, 1), (sure, doubtful))).notes == ("Less sure of “Blob”.",)
    assert prune(LayerStack(Extent(1, 1), (sure,))).notes == ()
