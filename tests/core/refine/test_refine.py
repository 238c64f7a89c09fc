import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerlift.errors import Cancelled
from layerlift.imaging.arithmetic import Arithmetic, composite
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document, Layer, LayerStack, Role
from layerlift.progress import Progress
from layerlift.refine import refine

HOSTS: tuple[Arithmetic, ...] = ("float", "krita", "gimp", "photoshop")


def blobs(rng, height, width, coarse, hard):
    """A random alpha 0–1 with solid, empty and soft parts."""
    noise = rng.standard_normal((max(2, height // coarse + 1), max(2, width // coarse + 1))).astype(np.float32)
    big = cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.clip(big * hard + 0.5, 0, 1)


def random_document(rng, extent, dtype, translucent):
    scale = 255 if dtype == np.uint8 else 65535
    pixels = rng.integers(0, scale + 1, (extent.height, extent.width, 4)).astype(dtype)
    if rng.random() < 0.5:  # a smooth picture instead of noise
        ramp = np.linspace(0, scale, extent.width)[None, :, None]
        pixels[..., :3] = (ramp + pixels[..., :3] * 0.05).clip(0, scale).astype(dtype)
    alpha = blobs(rng, extent.height, extent.width, 3, 2.0) if translucent else np.ones((extent.height, extent.width))
    pixels[..., 3] = np.rint(alpha * scale)
    return Document(pixels, "Random")


def random_rough(rng, extent, count):
    layers = []
    for place in range(count):
        full = place == 0 and rng.random() < 0.8
        w = extent.width if full else int(rng.integers(1, extent.width + 1))
        h = extent.height if full else int(rng.integers(1, extent.height + 1))
        x, y = int(rng.integers(0, extent.width - w + 1)), int(rng.integers(0, extent.height - h + 1))
        pixels = rng.integers(0, 256, (h, w, 4)).astype(np.uint8)
        alpha = np.ones((h, w)) if full else blobs(rng, h, w, int(rng.integers(1, 6)), float(rng.choice([0.3, 1, 5])))
        pixels[..., 3] = np.rint(alpha * 255)
        opacity = float(rng.choice([1.0, 1.0, 0.6]))
        layers.append(Layer(f"layer {place}", Role.GRAPHIC, Bounds(x, y, w, h), pixels, opacity=opacity))
    return LayerStack(extent, tuple(layers))


def error(document, stack, host):
    """Largest difference in 8-bit levels: premultiplied colour, and alpha."""
    scale = np.float64(255 if document.depth == 8 else 65535)
    ours, theirs = composite(stack, host) / scale, document.pixels / scale
    alpha = np.abs(ours[..., 3] - theirs[..., 3]).max()
    colour = np.abs(ours[..., :3] * ours[..., 3:] - theirs[..., :3] * theirs[..., 3:]).max()
    return max(alpha, colour) * 255


def check_is_the_document(document, stack):
    assert stack.extent == document.extent
    assert stack.depth == document.depth
    for layer in stack.layers:
        assert layer.opacity == 1
        assert layer.blend_mode == "normal"
        assert layer.bounds == layer.cropped().bounds
    for host in HOSTS:
        assert error(document, stack, host) <= 1.001, host
    if (document.pixels[..., 3] == (255 if document.depth == 8 else 65535)).all():
        assert (composite(stack, "krita") == document.pixels).all()


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    ratio=st.sampled_from([0.5, 1.0, 1.0, 1.5, 2.0, 3.7, 8.0]),
    count=st.integers(1, 10),
    dtype=st.sampled_from([np.uint8, np.uint16]),
    translucent=st.booleans(),
    uncertainty=st.sampled_from([0.5, 1.0]),
)
def test_the_composite_is_the_document(seed, size, ratio, count, dtype, translucent, uncertainty):
    rng = np.random.default_rng(seed)
    extent = Extent(*size)
    document = random_document(rng, extent, dtype, translucent)
    small = Extent(max(1, round(size[0] / ratio)), max(1, round(size[1] / ratio)))
    stack = refine(document, random_rough(rng, small, count), edge_uncertainty=uncertainty)
    check_is_the_document(document, stack)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (400, 3), (2, 511), (257, 31)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_extreme_aspects(size, dtype):
    rng = np.random.default_rng(5)
    document = random_document(rng, Extent(*size), dtype, False)
    small = Extent(max(1, size[0] // 3), max(1, size[1] // 3))
    check_is_the_document(document, refine(document, random_rough(rng, small, 4)))


@pytest.mark.parametrize("arithmetic", HOSTS)
def test_every_arithmetic_can_be_aimed_at(arithmetic):
    rng = np.random.default_rng(3)
    document = random_document(rng, Extent(61, 47), np.uint8, False)
    stack = refine(document, random_rough(rng, Extent(20, 15), 6), arithmetic=arithmetic)
    assert (composite(stack, arithmetic) == document.pixels).all()
    check_hosts = [error(document, stack, host) for host in HOSTS]
    assert max(check_hosts) <= 1.001


def test_an_empty_rough_stack_gives_the_document_as_one_layer():
    document = random_document(np.random.default_rng(0), Extent(9, 7), np.uint16, True)
    stack = refine(document, LayerStack(Extent(4, 3), ()))
    assert len(stack.layers) == 1
    check_is_the_document(document, stack)


def test_more_layers_than_a_panel_holds_are_refused_and_that_many_are_not():
    rng = np.random.default_rng(7)
    document = random_document(rng, Extent(24, 20), np.uint8, False)
    check_is_the_document(document, refine(document, random_rough(rng, Extent(12, 10), 64)))
    with pytest.raises(ValueError, match="65"):
        refine(document, random_rough(rng, Extent(12, 10), 65))


def test_a_cancel_stops_it():
    document = random_document(np.random.default_rng(0), Extent(30, 30), np.uint8, False)
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        refine(document, random_rough(np.random.default_rng(1), Extent(10, 10), 2), progress=progress)
