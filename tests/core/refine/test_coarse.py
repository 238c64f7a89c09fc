"""The stages over the grid: reading, cleaning, classifying, filling, grain, drift."""

import numpy as np
import pytest
from PIL import ImageCms

from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document, Layer, LayerStack, Role
from layerlift.imaging.resample import Grid
from layerlift.refine.cells import classify
from layerlift.refine.clean import ceiling, clean, edge
from layerlift.refine.drift import measure
from layerlift.refine.fill import push_pull
from layerlift.refine.grain import LIMIT, grain, roughness
from layerlift.refine.models import as_given
from layerlift.refine.moments import moments
from layerlift.refine.rough import RoughLayer, grid_for, read


def solid(name, extent, rgba, bounds=None):
    bounds = bounds or Bounds.of(extent)
    return Layer(name, Role.GRAPHIC, bounds, np.full((bounds.height, bounds.width, 4), rgba, np.uint8))


EXTENT = Extent(40, 30)
WHITE = solid("paper", EXTENT, (255, 255, 255, 255))
RED = solid("red", EXTENT, (255, 0, 0, 255), Bounds(10, 5, 12, 9))


def document(extent, rgba=(255, 255, 255, 255)):
    return Document(np.full((extent.height, extent.width, 4), rgba, np.uint8))


def test_the_grid_is_never_finer_than_the_document_nor_too_long():
    assert grid_for(document(Extent(20, 90)), LayerStack(EXTENT, ())).cells == Extent(20, 30)
    long = Document(np.zeros((1, 40_000, 4), np.uint8))
    assert grid_for(long, LayerStack(Extent(40_000, 1), ())).cells.width == 30_000


def test_layers_are_read_in_boxes_around_their_alpha():
    layers, notes = read(LayerStack(EXTENT, (WHITE, RED)), Grid(EXTENT, EXTENT), None)
    assert [layer.box for layer in layers] == [Bounds(0, 0, 40, 30), Bounds(0, 0, 32, 24)]
    assert layers[1].alpha[5:14, 10:22].min() == 1
    assert layers[1].alpha.sum() == 12 * 9
    assert notes == ()


def test_layers_outside_the_canvas_are_cut_and_a_coarser_grid_is_averaged():
    half = solid("half", EXTENT, (0, 0, 255, 255), Bounds(-10, -10, 20, 20))
    layers, _ = read(LayerStack(EXTENT, (WHITE, half)), Grid(EXTENT, Extent(20, 15)), None)
    assert layers[1].alpha[:5, :5].min() == 1
    assert layers[1].alpha[6:, :].max() == 0


def test_empty_and_repeated_layers_are_left_out_and_reported():
    empty = solid("nothing", EXTENT, (9, 9, 9, 0))
    stack = LayerStack(EXTENT, (WHITE, RED, RED, empty))
    layers, notes = read(stack, Grid(EXTENT, EXTENT), None)
    assert [layer.source.name for layer in layers] == ["paper", "red"]
    assert len(notes) == 2


def test_opacity_counts():
    faded = Layer("faded", Role.GRAPHIC, RED.bounds, RED.pixels, opacity=0.5)
    layers, _ = read(LayerStack(EXTENT, (WHITE, faded)), Grid(EXTENT, EXTENT), None)
    assert layers[1].alpha.max() == pytest.approx(0.5)


def test_colours_are_brought_into_the_documents_profile():
    # A made-up profile is not needed: any RGB profile other than sRGB moves a saturated colour.
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    layers, _ = read(LayerStack(EXTENT, (WHITE, RED)), Grid(EXTENT, EXTENT), profile)
    assert np.abs(layers[1].colour[7, 12] - (1, 0, 0)).max() < 0.02


def test_haze_and_pinholes_go_but_the_thing_stays():
    alpha = np.zeros((40, 40), np.float32)
    alpha[10:30, 10:30] = 1
    alpha[2, 2], alpha[35:, 35:] = 0.04, 0.06
    alpha[20, 20] = 0.97
    out = clean(alpha)
    assert out[2, 2] == 0
    assert out[37, 37] < 0.02
    assert out[20, 20] > 0.99
    assert out[15, 15] == 1


def test_the_tail_of_a_shadow_is_no_haze():
    slope = np.linspace(0.6, 0, 61, dtype=np.float32)
    alpha = np.tile(slope, (30, 1))
    alpha = np.concatenate([alpha, np.zeros((30, 20), np.float32), np.full((30, 10), 0.045, np.float32)], 1)
    out = clean(alpha)
    tail = (alpha > 0.031) & (np.arange(alpha.shape[1]) < 61)
    assert np.allclose(out[tail], alpha[tail], atol=1e-6)
    assert (out[:, 81:] < 0.02).all()  # as faint, and far from anything: haze


def test_a_dense_veil_is_no_thing_with_pinholes():
    alpha = np.zeros((40, 60), np.float32)
    alpha[5:35, 5:55] = 0.92
    assert np.allclose(clean(alpha)[5:35, 5:55], 0.92)


@pytest.mark.parametrize("level", [0.06, 0.94])
def test_an_uneven_veil_is_neither_haze_nor_full_of_pinholes(level):
    rows, columns = np.mgrid[0:80, 0:100].astype(np.float32)
    alpha = (level + 0.025 * np.sin(rows / 9) * np.cos(columns / 11)).astype(np.float32)
    assert np.allclose(clean(alpha), alpha, atol=1e-6)


def test_patches_of_haze_and_pinholes_are_no_veils():
    rows, columns = np.mgrid[0:80, 0:100].astype(np.float32)
    patch = 0.035 * np.maximum(np.sin(rows / 9) * np.cos(columns / 11), 0).astype(np.float32)
    assert (clean(patch) == 0).all()
    assert (clean(1 - patch) == 1).all()


def test_edges_and_veils_are_told_apart():
    alpha = np.zeros((60, 60), np.float32)
    alpha[20:40, 20:40] = 0.4
    assert edge(alpha)[30, 30] == 0
    assert edge(alpha)[20, 30] > 0.5
    assert ceiling(alpha)[30, 30] == pytest.approx(0.4, abs=0.02)
    assert ceiling(np.ones((20, 20), np.float32)).min() == 1


def test_cells_know_the_topmost_solid_layer_and_the_mixed_ones_above():
    alpha = np.zeros((6, 6), np.float32)
    alpha[1:4, 1:4] = 1
    alpha[5, 5] = 0.5
    full = Bounds(0, 0, 6, 6)
    cells = classify(Extent(6, 6), [(full, np.ones((6, 6), np.float32)), (full, alpha)], stencil=True)
    assert cells.base[2, 2] == 1
    assert cells.mixed[2, 2] == 0
    assert cells.base[3, 3] == 0
    assert cells.mixed[3, 3] == 2
    assert cells.mixed[4, 0] == 0
    plain = classify(Extent(6, 6), [(full, np.ones((6, 6), np.float32)), (full, alpha)], stencil=False)
    assert plain.base[3, 3] == 1
    assert plain.mixed[5, 5] == 2


def test_nothing_reaches_out_of_a_box():
    ones = np.ones((3, 3), np.float32)
    cells = classify(
        Extent(8, 8), [(Bounds(0, 0, 8, 8), np.ones((8, 8), np.float32)), (Bounds(2, 2, 3, 3), ones)], stencil=True
    )
    assert cells.base[2:4, 2:4].min() == 1
    assert cells.base[4, 4] == 0
    assert cells.mixed[4, 4] == 0


def test_push_pull_keeps_what_is_known_and_continues_it():
    weight = np.zeros((64, 64), np.float32)
    weight[:, :16] = 1
    values = np.zeros((64, 64, 2), np.float32)
    values[:, :16] = (0.25, 0.75)
    out = push_pull(values * weight[..., None], weight, 1.0, 0.02)
    assert np.abs(out - (0.25, 0.75)).max() < 1e-3
    one = push_pull(values[..., :1] * weight[..., None], weight, 1.0, 0.02)
    assert one.shape == (64, 64, 1)


def test_moments_of_cells():
    rng = np.random.default_rng(0)
    pixels = np.full((60, 80, 4), 255, np.uint8)
    pixels[..., :3] = rng.integers(100, 140, (60, 80, 3))
    seen = moments(Document(pixels), Grid(Extent(80, 60), Extent(10, 6)))
    expected = pixels[..., :3].reshape(6, 10, 10, 8, 3).astype(np.float64) / 255
    assert np.abs(seen.mean - expected.mean((1, 3))).max() < 0.003
    assert seen.inner[0].mean() == pytest.approx(expected[..., 0].var((1, 3)).mean(), rel=0.15)
    assert np.abs(seen.inner[1]).mean() < seen.inner[0].mean() / 3


def test_grain_is_noise_of_the_measured_strength_and_always_the_same():
    row, column = (plane.ravel() for plane in np.mgrid[0:200, 0:200])
    noise = grain(row, column, 3)
    assert (noise == grain(row, column, 3)).all()
    assert (noise != grain(row, column, 4)).mean() > 0.99
    assert noise.std() == pytest.approx(1, abs=0.02)
    assert abs(noise.mean()) < 0.02
    square = (noise * np.float32(0.02)).reshape(200, 200)
    assert abs(float(np.corrcoef(square[:, 1:].ravel(), square[:, :-1].ravel())[0, 1])) < 0.02
    assert roughness(square).mean() == pytest.approx(0.02, rel=0.1)
    assert LIMIT > 0.02


def test_drift_is_zero_for_the_truth_and_says_who_is_wrong():
    stack = LayerStack(EXTENT, (WHITE, RED))
    truth = document(EXTENT)
    truth.pixels[RED.bounds.slices] = (255, 0, 0, 255)
    drift, notes = measure(truth, stack)
    assert drift.mean == 0
    assert drift.per_layer == (0, 0)
    assert notes == ()
    drift, notes = measure(truth, LayerStack(EXTENT, (WHITE,)))
    assert drift.mean == pytest.approx(12 * 9 * 2 / 3 / 1200, rel=0.01)
    assert any("none of the engine" in note for note in notes)
    drift, notes = measure(truth, LayerStack(EXTENT, (WHITE, solid("blue", EXTENT, (0, 0, 255, 255), RED.bounds))))
    assert drift.per_layer[1] == pytest.approx(2 / 3, rel=0.01)
    assert any("blue" in note for note in notes)


def test_translucent_documents_do_not_drift_from_opaque_layers():
    drift, _ = measure(document(EXTENT, (255, 255, 255, 80)), LayerStack(EXTENT, (WHITE,)))
    assert drift.mean < 0.01


def test_a_bottom_with_holes_is_continued_when_taken_as_given():
    alpha = np.ones((20, 20), np.float32)
    alpha[5:12, 5:12] = 0
    colour = np.full((20, 20, 3), 0.5, np.float32)
    colour[5:12, 5:12] = 0
    bottom = as_given([RoughLayer(WHITE, Bounds(0, 0, 20, 20), alpha, colour)])[0]
    assert (bottom.alpha == 1).all()
    assert np.abs(bottom.fill - 0.5).max() < 0.02
