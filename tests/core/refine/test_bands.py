import os

import cv2
import numpy as np
import pytest

from core.refine.test_quality import SIDE, alpha_error, flattened, rough, scene
from layerlift.errors import Cancelled
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document
from layerlift.progress import Progress
from layerlift.refine import refine, strips
from layerlift.refine.bands import HALO, TILE, Bands
from layerlift.refine.rough import grid_for, read
from layerlift.refine.spans import Lattice
from layerlift.refine.understand import understand


def camouflage():
    """A disc of fine texture, much the same as the ground's."""
    mask = np.zeros((SIDE * 4, SIDE * 4), np.uint8)
    cv2.circle(mask, (SIDE * 2, SIDE * 2), SIDE, 255, -1)
    alpha = cv2.resize(mask, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    whole = np.ones_like(alpha)
    rng = np.random.default_rng(5)
    textures = [np.clip(0.45 + 0.12 * rng.standard_normal((SIDE, SIDE, 3)), 0, 1).astype(np.float32) for _ in range(2)]
    return [(textures[0], whole), (textures[1] * np.float32([1.08, 0.97, 0.94]), alpha)]


@pytest.fixture(scope="module")
def hidden():
    """A camouflaged scene's layers, the document, the rough stack, and what both ways make of it."""
    layers = camouflage()
    document, stack = flattened(layers), rough(layers, drift=0.01)
    return layers, document, stack, refine(document, stack), refine(document, stack, edges="careful")


@pytest.fixture(scope="module")
def bands(hidden):
    _, document, stack, _, _ = hidden
    grid = grid_for(document, stack)
    found = understand(document, grid, read(stack, grid, None)[0], False, "krita", Progress())
    return Bands(document, Lattice.of(grid), found.models, found.cells)


def same(one, other):
    return all(
        a.bounds == b.bounds and (a.pixels == b.pixels).all() for a, b in zip(one.layers, other.layers, strict=True)
    )


def whole(settled, layer, extent):
    """A layer's settled alphas over the whole document."""
    out = np.full((extent.height, extent.width), np.nan, np.float32)
    if layer in settled.planes:
        box, plane = settled.planes[layer]
        out[box.slices] = plane
    return out


def test_camouflage_is_seen_through_better_together(hidden):
    layers, _, _, fast, careful = hidden
    truth = layers[1][1]
    assert alpha_error(careful, truth) < 0.95 * alpha_error(fast, truth)


def even(apart, noise):
    """The disc of `camouflage`: two even colours and a camera's noise."""
    (_, whole), (_, alpha) = camouflage()
    rng = np.random.default_rng(8)
    colours = np.float32([[0.4, 0.45, 0.35], [0.4 + apart, 0.45 - apart, 0.35]])
    grain = noise * rng.standard_normal((2, SIDE, SIDE, 3)).astype(np.float32)
    return [(colours[0] + grain[0], whole), (colours[1] + grain[1], alpha)]


@pytest.mark.parametrize("layers", [scene(), even(0.04, 0.01), even(0.3, 0.01)], ids=["texture", "close", "apart"])
def test_where_colours_tell_layers_apart_nothing_is_lost(layers):
    document, stack = flattened(layers), rough(layers, drift=0.005)
    careful, fast = refine(document, stack, edges="careful"), refine(document, stack)
    assert alpha_error(careful, layers[1][1]) <= alpha_error(fast, layers[1][1])


def test_it_is_exact_and_the_same_every_time(hidden):
    _, document, stack, fast, careful = hidden
    assert (composite(careful, "krita") == document.pixels).all()
    assert same(careful, refine(document, stack, edges="careful"))
    assert same(fast, refine(document, stack, edges="fast"))
    assert not same(fast, careful)


def test_sixteen_bits_are_exact_too(hidden):
    _, document, stack, _, _ = hidden
    deep = Document(document.pixels.astype(np.uint16) * 257)
    assert (composite(refine(deep, stack, edges="careful"), "krita") == deep.pixels).all()


@pytest.mark.parametrize("rows", [40, 250])
def test_strips_do_not_show(bands, rows):
    extent = bands.document.extent
    at_once = whole(bands.settle(Bounds.of(extent)), 1, extent)
    assert 0.005 < (~np.isnan(at_once)).mean() < 0.5  # narrow bands
    pieces = np.full_like(at_once, np.nan)
    for top in range(0, extent.height, rows):
        strip = Bounds(0, top, extent.width, min(rows, extent.height - top))
        pieces[strip.slices] = whole(bands.settle(strip), 1, extent)[strip.slices]
    assert np.array_equal(pieces, at_once, equal_nan=True)


def test_neither_do_painted_strips(hidden, monkeypatch):
    _, document, stack, _, careful = hidden
    monkeypatch.setattr(strips, "STRIP_PIXELS", SIDE)  # rows of tiles one by one
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert same(careful, refine(document, stack, edges="careful"))


def test_tiles_hardly_show(bands):
    """The tolerance that is stated in docs/refine.md."""
    extent = bands.document.extent
    one = whole(bands.settle(Bounds.of(extent), tile=SIDE, halo=0), 1, extent)
    tiled = whole(bands.settle(Bounds.of(extent), tile=TILE, halo=HALO), 1, extent)
    both = ~np.isnan(one)
    assert (both == ~np.isnan(tiled)).all()
    apart = np.abs(one - tiled)[both]
    assert apart.max() < 3 / 255
    assert (apart > 1 / 255).mean() < 3e-3


def test_layers_that_are_right_already_are_left_alone(hidden):
    layers, _, _, _, _ = hidden
    small = [(cv2.resize(c, (96, 96)), cv2.resize(a, (96, 96))) for c, a in layers]
    stack = rough(layers, drift=0)
    levels = small[1][0] * small[1][1][..., None] + small[0][0] * (1 - small[1][1][..., None])
    document = Document(np.rint(np.dstack([levels, np.ones((96, 96))]) * 255).astype(np.uint8))
    trusted = [refine(document, stack, edge_uncertainty=0.5, edges=how) for how in ("fast", "careful")]
    assert same(*trusted)


def test_a_translucent_document_stays_what_it_is(hidden):
    _, document, stack, _, _ = hidden
    pixels = document.pixels.copy()
    pixels[:, :200, 3] = np.linspace(0, 255, 200).astype(np.uint8)
    careful = composite(refine(Document(pixels), stack, edges="careful"), "float").astype(int)
    weight = pixels[..., 3:].astype(int)
    assert np.abs(careful[..., 3:] - weight).max() <= 1
    assert (np.abs(careful[..., :3] - pixels[..., :3].astype(int)) * weight).max() <= 255


def test_a_picture_of_one_pixel_across():
    rng = np.random.default_rng(6)
    pixels = np.full((300, 1, 4), 255, np.uint8)
    pixels[..., :3] = rng.integers(0, 256, (300, 1, 3))
    layers = camouflage()
    careful = refine(Document(pixels), rough(layers), edges="careful")
    assert (composite(careful, "krita") == pixels).all()


def test_a_cancel_is_heard_between_strips(hidden):
    _, document, stack, _, _ = hidden
    tall = Document(np.ascontiguousarray(np.tile(document.pixels, (4, 1, 1))))
    seen = []

    def listen(report):
        seen.append(report.fraction)
        if report.fraction > 0.35:
            progress.cancel()

    progress = Progress(listen)
    with pytest.raises(Cancelled):
        refine(tall, stack, edges="careful", progress=progress)
    assert seen[-1] < 0.9
    assert Extent(SIDE, 4 * SIDE) == tall.extent
