"""A larger canvas: the document's place and pixels, the new part's edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.operations.pictures import Small, on_top, scene
from layerlift.engines.fake import FakeEngine
from layerlift.errors import RequestError
from layerlift.imaging.layer import Document
from layerlift.operations import run
from layerlift.operations.extending import Margins, extend

SIDES = st.integers(0, 40)


@given(SIDES, SIDES, SIDES, SIDES, st.sampled_from([np.uint8, np.uint16]))
def test_the_document_is_kept_and_everything_else_is_new(left, top, right, bottom, dtype):
    if not left + top + right + bottom:
        return
    document = scene(60, 40, dtype)
    stack = extend(document, Margins(left, top, right, bottom), engine=Small())
    assert stack.extent == (60 + left + right, 40 + top + bottom)
    assert stack.depth == document.depth
    seen = on_top(document, stack, (left, top))
    assert (seen[top : top + 40, left : left + 60] == document.pixels).all()
    alpha = stack.layers[0].on(stack.extent)[..., 3]
    assert not alpha[top : top + 40, left : left + 60].any()
    assert (seen[..., 3] == np.iinfo(dtype).max).all()


def test_a_transparent_edge_is_continued_as_such():
    document = scene()
    pixels = document.pixels.copy()
    pixels[:, :60] = 0
    stack = run("extend", FakeEngine(), document=Document(pixels), params={"left": 20, "right": 20})
    alpha = stack.layers[0].on(stack.extent)[..., 3]
    assert alpha[:, :18].max() < 20
    assert alpha[:, -18:].min() > 235


def test_the_quick_engine_continues_the_ground():
    document = scene()
    seen = on_top(document, run("extend", "quick", document=document, params={"right": 30}), (0, 0))
    y = np.arange(120)
    assert np.abs(seen[:, 180:, 2] - (0.7 - 0.4 * y / 120)[:, None] * 255).mean() < 4


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "extended by nothing"),
        ({"left": -1}, "“left” cannot be -1"),
        ({"left": 99_000, "top": 99_000}, "larger canvas would have"),
    ],
)
def test_what_cannot_be_extended(params, words):
    with pytest.raises(RequestError, match=words):
        run("extend", FakeEngine(), document=scene(), params=params)
