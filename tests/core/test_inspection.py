from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.stacks import stacks
from layerlift.errors import InputError
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document, Layer, LayerStack, Role, Text, TextLine
from layerlift.inspection import compare, facts


def solid(value: int, dtype: type = np.uint8, bounds: Bounds = Bounds(0, 0, 10, 10), **more: object) -> Layer:  # noqa: B008
    return Layer("Layer", Role.GRAPHIC, bounds, np.full((bounds.height, bounds.width, 4), value, dtype), **more)


def test_coverage_counts_alpha_opacity_and_the_canvas():
    layers = (
        solid(255),
        solid(255, opacity=0.5),
        solid(51),
        solid(255, bounds=Bounds(5, 5, 10, 10)),
        solid(255, bounds=Bounds(20, 0, 3, 3)),
    )
    found = facts(LayerStack(Extent(10, 10), layers))
    assert [round(each.coverage, 9) for each in found] == [1.0, 0.5, 0.2, 0.25, 0.0]


def test_facts_carry_what_the_layer_says():
    line = TextLine("SALE", ((0, 0), (9, 0), (9, 4), (0, 4)), 0.9)
    layer = solid(9, text=Text((line, line)), group=("Page",), confidence=0.7)
    (found,) = facts(LayerStack(Extent(10, 10), (layer,)))
    assert (found.text, found.group, found.confidence) == ("SALE\nSALE", ("Page",), 0.7)
    assert (found.name, found.role, found.bounds) == ("Layer", Role.GRAPHIC, Bounds(0, 0, 10, 10))


@given(st.sampled_from([np.uint8, np.uint16]).flatmap(lambda dtype: stacks(dtype=dtype)))
@settings(max_examples=40, deadline=None)
def test_a_stack_is_its_own_composite(stack):
    found = compare(stack, Document(composite(stack)))
    assert (found.maximum, found.mean, found.share_off, found.depth) == (0, 0.0, 0.0, stack.depth)


def test_differences_are_counted(monkeypatch):
    monkeypatch.setattr("layerlift.inspection._STRIP_PIXELS", 30)  # several strips
    stack = LayerStack(Extent(10, 10), (solid(255),))
    pixels = np.full((10, 10, 4), 255, np.uint8)
    pixels[7, 3, 1] = 250
    pixels[1, 1, 2] = 254  # one level: not off
    found = compare(stack, Document(pixels))
    assert (found.maximum, found.share_off) == (5, 0.01)
    assert found.mean == pytest.approx(6 / 400)


@pytest.mark.parametrize(("ours", "theirs"), [(np.uint8, np.uint16), (np.uint16, np.uint8), (np.uint16, np.uint16)])
def test_depths_meet_at_the_deeper(ours, theirs):
    stack = LayerStack(Extent(10, 10), (solid(np.iinfo(ours).max, ours),))
    pixels = np.full((10, 10, 4), np.iinfo(theirs).max, theirs)
    assert compare(stack, Document(pixels)).maximum == 0
    pixels[0, 0, 0] -= 1
    found = compare(stack, Document(pixels))
    assert found.depth == 16
    assert found.maximum == (1 if theirs == np.uint16 else 257)
    assert found.share_off == 0


def test_colour_under_full_transparency_is_nobodys():
    empty = LayerStack(Extent(10, 10), ())
    pixels = np.zeros((10, 10, 4), np.uint8)
    pixels[..., 0] = 200
    assert compare(empty, Document(pixels)).maximum == 0
    pixels[0, 0, 3] = 1
    assert compare(empty, Document(pixels)).share_off == 0.01


def test_sizes_must_agree():
    with pytest.raises(InputError, match="The stack is 10 × 10 pixels, the original 4 × 3"):
        compare(LayerStack(Extent(10, 10), (solid(1),)), Document(np.zeros((3, 4, 4), np.uint8)))
