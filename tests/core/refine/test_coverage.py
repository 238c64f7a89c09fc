"""Pictures with an alpha of their own: whose alpha is whose, and that nothing lies where nothing is."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerlift.imaging.arithmetic import composite
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document, Layer, LayerStack, Role
from layerlift.imaging.resample import Grid, reduce
from layerlift.refine import refine
from layerlift.refine.coverage import continued, show
from layerlift.refine.parts import Part
from layerlift.refine.settle import HOSTS, flattened

SIDE, CELLS = 160, 40
GROUND = (0, 255, 0)


def disc(radius, x=80, y=80, soft=1.0):
    row, column = np.mgrid[:SIDE, :SIDE] + 0.5
    return np.clip((radius - np.hypot(column - x, row - y)) / soft + 0.5, 0, 1)


def layer(colour, alpha):
    out = np.empty((SIDE, SIDE, 4), np.uint8)
    out[..., :3], out[..., 3] = colour, np.rint(alpha * 255)
    return out


def stack(layers):
    extent = Extent(layers[0].shape[1], layers[0].shape[0])
    return LayerStack(extent, tuple(Layer(f"{k}", Role.GRAPHIC, Bounds.of(extent), p) for k, p in enumerate(layers)))


def flat(layers, arithmetic="float"):
    return composite(stack(layers), arithmetic)


def small(pixels, blur=0.7):
    """A layer as an engine returns it: reduced, its alpha blurred, its colours going on below alpha 0."""
    out = np.array(reduce(pixels, Extent(CELLS, CELLS)))
    out[..., 3] = cv2.GaussianBlur(out[..., 3], (0, 0), blur)
    if out[..., 3].any():
        out[out[..., 3] == 0, :3] = np.median(pixels[pixels[..., 3] > 0], axis=0)[:3].astype(np.uint8)
    return out


def taken_apart(truth, rough):
    document = Document(flat(truth))
    made = refine(document, stack(rough))
    found = {one.name: one.on(document.extent) for one in made.layers}
    return document, [found[str(k)] for k in range(len(rough))]


def solid(colour):
    return np.full((CELLS, CELLS, 4), (*colour, 255), np.uint8)


def test_a_thing_over_nothing_keeps_the_documents_alpha_and_has_nothing_below_it():
    thing = layer((200, 40, 30), disc(50))
    document, (ground, ours) = taken_apart([thing], [solid(GROUND), small(thing)])
    assert not ground.any()
    assert (ours == document.pixels).all()


def test_nothing_is_hidden_below_what_is_translucent():
    card = layer((200, 40, 30), np.full((SIDE, SIDE), 0.6))
    document, (ground, ours) = taken_apart([card], [solid((20, 120, 60)), solid((200, 40, 30))])
    assert (ours == document.pixels).all()
    assert not ground.any()


def test_a_soft_shadow_over_nothing_is_the_shadows():
    shadow, thing = layer((10, 5, 20), disc(55, 88, 92, 24) * 0.5), layer((220, 180, 40), disc(45, 76, 72))
    document, (ground, ours, top) = taken_apart([shadow, thing], [solid(GROUND), small(shadow), small(thing)])
    alone = thing[..., 3] == 0
    assert not ground.any()
    assert (ours[alone] == document.pixels[alone]).all()
    assert np.abs(top[..., 3].astype(int) - thing[..., 3]).mean() < 0.5


def test_what_hides_is_taken_away_and_what_is_below_has_its_own_alpha():
    picture = layer((60, 110, 200), disc(70) * 0.6)
    letter = layer((250, 240, 60), disc(14, 60, 70) + disc(9, 110, 90))
    opaque = small(layer(np.rint(0.6 * np.array((60, 110, 200)) + 0.4 * np.array(GROUND)), disc(70)))
    opaque[opaque[..., 3] < 128] = (*GROUND, 255)
    opaque[..., 3] = 255
    _, (below, top) = taken_apart([picture, letter], [opaque, small(letter)])
    inside = disc(66) == 1
    assert np.abs(below[inside][:, 3].astype(int) - 153).mean() < 1
    assert np.abs(below[inside][:, :3].astype(int) - (60, 110, 200)).mean() < 3  # no ground shines through
    assert np.abs(top[..., 3].astype(int) - letter[..., 3]).mean() < 0.5


def test_a_stray_layer_over_solid_and_nothing_alike_is_cut_where_the_document_ends():
    body, band = layer((120, 60, 60), disc(60)), layer((40, 60, 160), (disc(60) > 0.5) * 1.0)
    band[:60], band[100:] = 0, 0
    document, (_, ours, top) = taken_apart([body, band], [solid(GROUND), small(body), small(band)])
    for one in (ours, top):
        assert (one[..., 3] <= document.pixels[..., 3]).all()


@pytest.mark.parametrize("uncertainty", [0.5, 1.0])
def test_colours_of_what_is_transparent_mean_nothing(uncertainty):
    shadow, thing = layer((10, 5, 20), disc(55, 88, 92, 24) * 0.5), layer((220, 180, 40), disc(45, 76, 72))
    rough = stack([solid((250, 250, 250)), small(shadow), small(thing)])
    one, other = flat([shadow, thing]), flat([shadow, thing])
    other[other[..., 3] == 0, :3] = np.random.default_rng(1).integers(0, 256, ((other[..., 3] == 0).sum(), 3))
    layers = [refine(Document(pixels), rough, edge_uncertainty=uncertainty).layers for pixels in (one, other)]
    for mine, theirs in zip(*layers, strict=True):
        assert mine.bounds == theirs.bounds
        assert (mine.pixels == theirs.pixels).all()


def test_an_engine_that_is_taken_at_its_word_keeps_its_alphas_where_the_picture_is_solid():
    body, letter = layer((120, 60, 60), disc(60)), layer((240, 240, 250), disc(20) * 0.7)
    document = Document(flat([body, letter]))
    ground = layer((255, 255, 255), np.ones((SIDE, SIDE)))
    made = refine(document, stack([ground, body, letter]), edge_uncertainty=0.5)
    ours = {one.name: one.on(document.extent) for one in made.layers}
    assert (ours["2"][..., 3] == letter[..., 3]).all()
    assert (ours["1"][..., 3] == body[..., 3]).all()
    assert not ours["0"].any()


def test_a_document_goes_on_where_it_is_transparent():
    pixels = layer((200, 40, 30), disc(50))
    pixels[pixels[..., 3] == 0, :3] = (1, 2, 3)
    grid = Grid(Extent(SIDE, SIDE), Extent(CELLS, CELLS))
    whole = continued(Document(pixels), grid, reduce(pixels, grid.cells)).pixels
    assert (whole[..., 3] == 255).all()
    assert np.abs(whole[..., :3].astype(int) - (200, 40, 30)).max() <= 2
    assert (pixels[0, 0] == (1, 2, 3, 0)).all()  # and itself it stays what it was


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    layers=st.integers(2, 8),
    scale=st.sampled_from([255, 65535]),
    host=st.sampled_from(HOSTS),
)
def test_every_host_shows_the_documents_colour_and_alpha(seed, layers, scale, host):
    rng, count = np.random.default_rng(seed), 150
    parts = [part(rng, 0, np.arange(count), np.full(count, scale), scale)]
    for place in range(1, layers):
        at = np.flatnonzero(rng.random(count) < 0.7)
        share = rng.integers(0, scale + 1, at.size)
        share[rng.random(at.size) < 0.2] = 1
        parts.append(part(rng, place, at, share, scale))
    below = [rng.random((2, one.at.size)).astype(np.float32) for one in parts]
    cover = rng.integers(1, scale, count).astype(np.float32)
    target = rng.integers(0, scale + 1, (3, count)).astype(np.float32)
    show(parts, below, target, cover, host, scale)
    for one in parts:
        for plane in (one.alpha, one.colour):
            assert plane.min() >= 0
            assert plane.max() <= scale
            assert (plane == np.rint(plane)).all()
    exact = flattened(parts, count, host, scale)
    if host != "photoshop":  # whose 15 bits cannot say every colour over every alpha
        assert (exact[-1] == cover).all()
        assert (exact[:-1] == target).all()
    level = scale / 255 + 1e-3
    for other in HOSTS if scale == 255 else (host,):
        shown = flattened(parts, count, other, scale)
        assert np.abs(shown[-1] - cover).max() <= level, other
        assert np.abs(shown[:-1] * shown[-1] - target * cover).max() <= level * scale, other


def part(rng, place, at, share, scale):
    colour = rng.integers(0, scale + 1, (3, at.size)).astype(np.float32)
    spread = rng.random(at.size).astype(np.float32) + np.float32(1e-4)
    return Part(place, at, share.astype(np.float32), colour, spread)
