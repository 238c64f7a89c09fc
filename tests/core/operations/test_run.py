"""Every operation on any picture: promises that hold whatever the size, depth, transparency and selection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import ImageCms

from core.operations.pictures import on_top
from layerlift.engines.fake import FakeEngine
from layerlift.errors import RequestError
from layerlift.imaging.layer import Document
from layerlift.operations import OPERATIONS, run


class Odd(FakeEngine):
    """A small working size with sides that hardly ever fit."""

    info = replace(FakeEngine.info, working_pixels=300, multiple=8)


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ENGINES = st.sampled_from([FakeEngine(), Odd()])


@st.composite
def documents(draw):
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    dtype = draw(st.sampled_from([np.uint8, np.uint16]))
    top = np.iinfo(dtype).max
    few = st.integers(0, top)
    pixels = draw(hnp.arrays(dtype, (height, width, 4), elements=few, fill=few))
    kind = draw(st.sampled_from(["opaque", "cut", "any"]))
    if kind == "opaque":
        pixels[..., 3] = top
    elif kind == "cut":
        pixels[..., 3] = np.where(pixels[..., 3] > top // 2, top, 0)
    return Document(pixels, "Any", draw(st.sampled_from([None, SRGB])))


@st.composite
def selected(draw):
    document = draw(documents())
    height, width = document.pixels.shape[:2]
    some = st.sampled_from([0, 0, 0, 255, 128])
    mask = draw(hnp.arrays(np.uint8, (height, width), elements=some, fill=st.sampled_from([0, 255])))
    return document, mask


@settings(max_examples=60)
@given(selected(), ENGINES, st.sampled_from([None, "a hat"]), st.integers(0, 5))
def test_filling(given_, engine, prompt, feather):
    document, mask = given_
    params = {"prompt": prompt, "feather": feather}
    if not mask.any() or (prompt is None and (mask == 255).all()):
        with pytest.raises(RequestError):
            run("inpaint", engine, document=document, mask=mask, params=params)
        return
    stack = run("inpaint", engine, document=document, mask=mask, params=params)
    assert (stack.extent, stack.depth, stack.icc) == (document.extent, document.depth, document.icc)
    solid = (mask == 0) & (document.pixels[..., 3] > 0)
    assert (on_top(document, stack)[solid] == document.pixels[solid]).all()
    (layer,) = stack.layers
    assert not layer.on(stack.extent)[..., 3][mask == 0].any()


@settings(max_examples=60)
@given(documents(), ENGINES, st.tuples(*[st.integers(0, 9)] * 4))
def test_extending(document, engine, sides):
    if not any(sides):
        return
    left, top, right, bottom = sides
    params = dict(zip(("left", "top", "right", "bottom"), sides, strict=True))
    stack = run("extend", engine, document=document, params=params)
    width, height = document.extent
    assert stack.extent == (width + left + right, height + top + bottom)
    place = (slice(top, top + height), slice(left, left + width))
    assert not stack.layers[0].on(stack.extent)[..., 3][place].any()
    solid = document.pixels[..., 3] > 0
    assert (on_top(document, stack, (left, top))[place][solid] == document.pixels[solid]).all()


@settings(max_examples=60)
@given(documents(), ENGINES, st.sampled_from(["make it night", "rotate 33°", "scale to 150 %", "recolour it red"]))
def test_editing(document, engine, prompt):
    (layer,) = run("edit", engine, document=document, params={"prompt": prompt}).layers
    assert layer.pixels.dtype == document.pixels.dtype
    if prompt in ("make it night", "recolour it red"):  # the outline stays
        assert (layer.on(document.extent)[..., 3] == document.pixels[..., 3]).all()


@settings(max_examples=60)
@given(selected(), ENGINES, st.booleans())
def test_harmonising(given_, engine, whole):
    document, mask = given_
    if not whole and not mask.any():
        return
    stack = run("harmonise", engine, document=document, mask=None if whole else mask)
    alpha = stack.layers[0].on(stack.extent)[..., 3]
    assert (alpha <= document.pixels[..., 3]).all()
    solid = (alpha == 0) & (document.pixels[..., 3] > 0)
    assert (on_top(document, stack)[solid] == document.pixels[solid]).all()


@settings(max_examples=60)
@given(documents(), ENGINES)
def test_drawing_over(document, engine):
    width, height = document.extent
    if min(width, height) < 16:
        with pytest.raises(RequestError, match="Nothing can be drawn"):
            run("generate", engine, document=document, params={"prompt": "x"})
        return
    stack = run("generate", engine, document=document, params={"prompt": "x"})
    assert (stack.extent, stack.depth, stack.icc) == (document.extent, document.depth, document.icc)


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - {"generate"}))
def test_nothing_to_work_on_is_said(operation):
    with pytest.raises(RequestError) as caught:
        run(operation, "fake", mask=np.full((4, 4), 255, np.uint8), params={"prompt": "x", "left": 3})
    assert caught.value.sentence
    assert caught.value.remedy
