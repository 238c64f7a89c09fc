from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.stacks import composited, flat, stacks
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role, Text, TextLine
from layerlift.merge import merge_to, merge_unseen, visibility

GREY = (128, 128, 128, 255)


def box(name: str, role: Role, bounds: Bounds, alpha: int = 255, **more: object) -> Layer:
    return replace(Layer(name, role, bounds, flat(bounds.width, bounds.height, (200, 40, 10, alpha))), **more)


def canvas(*layers: Layer) -> LayerStack:
    extent = Extent(40, 30)
    return LayerStack(extent, (Layer("Background", Role.BACKGROUND, Bounds.of(extent), flat(40, 30, GREY)), *layers))


@settings(max_examples=60, deadline=None)
@given(stacks(), st.integers(1, 5))
def test_merging_leaves_the_composite_within_rounding(stack: LayerStack, count: int) -> None:
    merged = merge_to(stack, count)
    assert len(merged.layers) <= max(count, 1)
    allowed = 0.51 / 255 * (len(stack.layers) - len(merged.layers)) + 1e-5
    assert np.abs(composited(merged) - composited(stack)).max() <= allowed


def test_the_least_important_neighbour_goes_first_and_is_named() -> None:
    big = box("Panel", Role.GRAPHIC, Bounds(0, 0, 20, 20))
    dot = box("Dot", Role.GRAPHIC, Bounds(5, 5, 3, 3))
    title = box("Title", Role.TEXT, Bounds(22, 2, 10, 5))
    merged = merge_to(canvas(big, dot, title), 3)
    assert [layer.name for layer in merged.layers] == ["Background", "Panel", "Title"]
    assert merged.notes == ("Merged to 3 layers: Dot.",)


def test_layers_that_something_between_touches_are_not_reordered() -> None:
    low = box("Low", Role.GRAPHIC, Bounds(0, 0, 10, 10))
    between = box("Between", Role.SUBJECT, Bounds(5, 5, 10, 10), alpha=128)
    high = box("High", Role.GRAPHIC, Bounds(8, 8, 10, 10))
    stack = canvas(low, between, high)
    merged = merge_to(stack, 3)
    assert np.abs(composited(merged) - composited(stack)).max() < 0.01


def test_merged_text_keeps_all_lines_from_top_to_bottom() -> None:
    line = lambda words, y: Text((TextLine(words, ((0, y), (9, y), (9, y + 3), (0, y + 3)), 1.0),))  # noqa: E731
    lower = box("B", Role.TEXT, Bounds(0, 10, 10, 4), text=line("below", 10))
    upper = box("A", Role.TEXT, Bounds(0, 0, 10, 4), text=line("above", 0))
    merged = merge_to(canvas(lower, upper), 2)
    assert merged.layers[1].text is not None
    assert merged.layers[1].text.content == "above\nbelow"


def test_opacity_is_baked_in() -> None:
    stack = canvas(box("A", Role.GRAPHIC, Bounds(0, 0, 5, 5), opacity=0.5), box("B", Role.GRAPHIC, Bounds(3, 3, 5, 5)))
    merged = merge_to(stack, 2)
    assert merged.layers[1].opacity == 1.0
    assert np.abs(composited(merged) - composited(stack)).max() < 0.005


def test_layers_nobody_sees_are_left_out_but_never_all() -> None:
    covered = box("Covered", Role.GRAPHIC, Bounds(2, 2, 5, 5))
    cover = box("Cover", Role.GRAPHIC, Bounds(0, 0, 20, 20))
    empty = box("Empty", Role.SUBJECT, Bounds(0, 0, 9, 9), alpha=0)
    speck = box("Speck", Role.GRAPHIC, Bounds(30, 20, 2, 2))
    kept = merge_unseen(canvas(covered, cover, empty, speck))
    assert [layer.name for layer in kept.layers] == ["Background", "Cover"]
    only = LayerStack(Extent(2, 2), (box("Tiny", Role.BACKGROUND, Bounds(0, 0, 2, 2)),))
    assert merge_unseen(only).layers == only.layers


@given(stacks())
def test_visibilities_of_an_opaque_stack_sum_to_one(stack: LayerStack) -> None:
    total = np.zeros((stack.extent.height, stack.extent.width), np.float32)
    for layer, weight in zip(stack.layers, visibility(list(stack.layers)), strict=True):
        total[layer.bounds.slices] += weight
    assert total == pytest.approx(1, abs=1e-5)
