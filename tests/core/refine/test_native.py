"""Layers in their document's own numbers: exact in them, and those very numbers wherever one layer is seen alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from layerlift.imaging.arithmetic import blend, finish
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role
from layerlift.refine import native
from layerlift.refine.native import Native, translated

SIZE, SIDE = (37, 53), 33
KINDS = {8: np.uint8, 16: np.uint16}


def ink(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Some CMYK (n, 4) of RGB (n, 3), all 0–1: not linear in it, so that soft edges differ."""
    black = (1 - rgb.max(1)) ** 1.4
    return np.clip(np.column_stack([(1 - rgb) ** 0.7 * (1 - 0.8 * black[:, None]), black]), 0, 1)


def luminance(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    return (rgb @ [[0.2], [0.7], [0.1]]) ** 0.5


SPACES = {"ink": ink, "gray": luminance}


def table(convert, scale: int, dtype: type) -> NDArray:
    steps = np.linspace(0, 1, SIDE)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    colours = np.rint(convert(np.stack([red.ravel(), green.ravel(), blue.ravel()], 1)) * scale)
    return np.column_stack([colours, np.full(len(colours), scale)]).astype(dtype)


def stack(seed: int, layers: int = 4) -> LayerStack:
    """16-bit layers at random places with every kind of alpha, over a solid one."""
    rng = np.random.default_rng(seed)
    made = []
    for place in range(layers):
        box = Bounds(0, 0, SIZE[1], SIZE[0])
        if place:
            x, y = int(rng.integers(0, 30)), int(rng.integers(0, 20))
            box = Bounds(x, y, int(rng.integers(1, SIZE[1] - x + 1)), int(rng.integers(1, SIZE[0] - y + 1)))
        pixels = rng.integers(0, 65536, (box.height, box.width, 4)).astype(np.uint16)
        solid = rng.random(pixels.shape[:2])
        pixels[..., 3] = np.where(solid < 0.4, 0, np.where(solid > 0.7, 65535, pixels[..., 3]))
        if not place:
            pixels[..., 3] = 65535
        made.append(Layer(f"{place}", Role.GRAPHIC, box, pixels))
    return LayerStack(Extent(SIZE[1], SIZE[0]), tuple(made))


def over_one_another(made: list[NDArray], layers: tuple[Layer, ...], scale: int) -> NDArray:
    """What Krita shows of them."""
    channels = made[0].shape[2]
    state = np.zeros((channels, SIZE[0] * SIZE[1]), np.float32)
    for pixels, layer in zip(made, layers, strict=True):
        sheet = np.zeros((*SIZE, channels), np.float32)
        sheet[layer.bounds.slices] = pixels
        state = blend("krita", state, np.ascontiguousarray(sheet.reshape(-1, channels).T), scale)
    return finish("krita", state, scale).T.reshape(*SIZE, channels)


@pytest.mark.parametrize("depth", KINDS)
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("seed", range(3))
def test_the_host_shows_the_documents_own_numbers(space: str, depth: int, seed: int) -> None:
    convert, scale, dtype = SPACES[space], 2**depth - 1, KINDS[depth]
    made_of = stack(seed)
    channels = convert(np.zeros((1, 3))).shape[1]
    rng = np.random.default_rng(seed + 100)
    own = rng.integers(0, scale + 1, (*SIZE, channels + 1)).astype(dtype)
    own[..., -1] = scale
    made = translated(made_of, Native(own, table(convert, scale, dtype)))
    assert made is not None
    shown = over_one_another(made, made_of.layers, scale)
    np.testing.assert_array_equal(shown[..., -1], scale)
    assert np.abs(shown - own).max() <= (1 if depth == 8 else 257)
    top = made_of.layers[-1]
    solid = top.pixels[..., 3] == 65535
    assert solid.any()
    np.testing.assert_array_equal(made[-1][solid], own[top.bounds.slices][solid])


def test_what_nobody_sees_is_converted_by_the_table() -> None:
    below, above = np.full((*SIZE, 4), 65535, np.uint16), np.full((*SIZE, 4), 65535, np.uint16)
    below[..., :3] = np.random.default_rng(3).integers(0, 65536, (*SIZE, 3))
    layers = tuple(
        Layer(name, Role.GRAPHIC, Bounds(0, 0, SIZE[1], SIZE[0]), pixels)
        for name, pixels in (("below", below), ("above", above))
    )
    own = np.full((*SIZE, 5), 7, np.uint16)
    made = translated(LayerStack(Extent(SIZE[1], SIZE[0]), layers), Native(own, table(ink, 65535, np.uint16)))
    assert made is not None
    wanted = ink(below[..., :3].reshape(-1, 3) / 65535).reshape(*SIZE, 4) * 65535
    assert np.median(np.abs(made[0][..., :4] - wanted)) < 65535 / 1000
    assert (made[0][..., 4] == 65535).all()
    assert (made[1][..., :4] == 7).all()


def test_a_translucent_document_keeps_its_alpha_and_its_numbers() -> None:
    pixels = np.random.default_rng(4).integers(0, 65536, (*SIZE, 4)).astype(np.uint16)
    layer = Layer("glass", Role.GRAPHIC, Bounds(0, 0, SIZE[1], SIZE[0]), pixels)
    own = np.random.default_rng(5).integers(0, 256, (*SIZE, 5)).astype(np.uint8)
    made = translated(LayerStack(Extent(SIZE[1], SIZE[0]), (layer,)), Native(own, table(ink, 255, np.uint8)))
    assert made is not None
    seen = made[0][..., 4] > 0
    np.testing.assert_array_equal(made[0][..., :4][seen], own[..., :4][seen])
    np.testing.assert_array_equal(made[0][..., 4], np.rint(pixels[..., 3] / 257))


def test_strips_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    own = np.random.default_rng(6).integers(0, 256, (*SIZE, 5)).astype(np.uint8)
    beside = Native(own, table(ink, 255, np.uint8))
    whole = translated(stack(1), beside)
    monkeypatch.setattr(native, "_STRIP_PIXELS", 1)
    strips = translated(stack(1), beside)
    assert whole is not None
    assert strips is not None
    for one, other in zip(whole, strips, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_not_painted_as_it_is_has_no_translation() -> None:
    own = Native(np.zeros((*SIZE, 5), np.uint8), table(ink, 255, np.uint8))
    made = stack(1)
    glass = Layer("glass", Role.GRAPHIC, made.layers[1].bounds, made.layers[1].pixels, opacity=0.5)
    assert translated(LayerStack(made.extent, (made.layers[0], glass)), own) is None
    with pytest.raises(ValueError, match="for a document of"):
        translated(made, Native(own.pixels[1:], own.table))
