"""Stacks and pictures for tests: hypothesis strategies and small deterministic samples."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from layerlift.imaging.alpha import over, premultiply, to_float
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role

ROLES = list(Role)


@st.composite
def layers(draw: st.DrawFn, extent: Extent, dtype: type = np.uint8) -> Layer:
    """One random layer somewhere inside `extent`; alpha is often 0 or full, as in real layers."""
    x, y = draw(st.integers(0, extent.width - 1)), draw(st.integers(0, extent.height - 1))
    width, height = draw(st.integers(1, extent.width - x)), draw(st.integers(1, extent.height - y))
    top = np.iinfo(dtype).max
    pixels = draw(hnp.arrays(dtype, (height, width, 4)))
    solid = draw(hnp.arrays(np.uint8, (height, width), elements=st.sampled_from([0, 1, 2])))
    pixels[..., 3] = np.where(solid == 0, 0, np.where(solid == 1, top, pixels[..., 3]))
    name = draw(st.text(min_size=0, max_size=8))
    return Layer(name, draw(st.sampled_from(ROLES[1:])), Bounds(x, y, width, height), pixels)


@st.composite
def stacks(draw: st.DrawFn, most: int = 5, dtype: type = np.uint8) -> LayerStack:
    """A random stack of 1 to `most` layers above an opaque background."""
    extent = Extent(draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    background = draw(hnp.arrays(dtype, (extent.height, extent.width, 4)))
    background[..., 3] = np.iinfo(dtype).max
    bottom = Layer("Background", Role.BACKGROUND, Bounds.of(extent), background)
    others = draw(st.lists(layers(extent, dtype), max_size=most - 1))
    return LayerStack(extent, (bottom, *others))


def composited(stack: LayerStack) -> np.ndarray:
    """The definition, in float64-free plain code: each layer over what is below, premultiplied."""
    canvas = np.zeros((stack.extent.height, stack.extent.width, 4), np.float32)
    for layer in stack.layers:
        straight = to_float(layer.on(stack.extent))
        straight[..., 3] *= layer.opacity
        canvas = over(premultiply(straight), canvas)
    return canvas


def flat(width: int, height: int, colour: tuple[int, ...], dtype: type = np.uint8) -> np.ndarray:
    """(height, width, 4) of one straight RGBA colour."""
    pixels = np.empty((height, width, 4), dtype)
    pixels[:] = colour
    return pixels
