"""Small pictures with known layers: what refinement must not lose. The full bench is tests/bench/refine.py."""

import cv2
import numpy as np
import pytest

from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document, Layer, LayerStack, Role
from layerlift.progress import Progress
from layerlift.refine import refine, strips
from layerlift.refine.rough import grid_for, read
from layerlift.refine.understand import understand

SIDE, ROUGH = 384, 96


def scene():
    """A textured ground, a disc with thin spokes: (colour, alpha) layers, float 0–1."""
    rng = np.random.default_rng(0)
    ground = cv2.GaussianBlur(rng.random((SIDE, SIDE, 3)).astype(np.float32), (0, 0), 4)
    ground = np.clip(0.3 + (ground - 0.5) * 2, 0, 1)
    mask = np.zeros((SIDE * 4, SIDE * 4), np.uint8)
    cv2.circle(mask, (SIDE * 2, SIDE * 2), SIDE, 255, -1)
    for turn in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        end = (int(SIDE * 2 + SIDE * 1.8 * np.cos(turn)), int(SIDE * 2 + SIDE * 1.8 * np.sin(turn)))
        cv2.line(mask, (SIDE * 2, SIDE * 2), end, 255, 12)
    alpha = cv2.resize(mask, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    paint = np.empty((SIDE, SIDE, 3), np.float32)
    paint[:] = (0.95, 0.75, 0.1)
    return [(ground, np.ones((SIDE, SIDE), np.float32)), (paint, alpha)]


def pixels(colour, alpha):
    return np.rint(np.dstack([colour, alpha]) * 255).astype(np.uint8)


def flattened(layers):
    out = layers[0][0]
    for colour, alpha in layers[1:]:
        out = colour * alpha[..., None] + out * (1 - alpha[..., None])
    return Document(pixels(out, np.ones((SIDE, SIDE), np.float32)))


def rough(layers, shift=0, blur=0.6, drift=0.03):
    extent = Extent(ROUGH, ROUGH)
    found = []
    for place, (colour, alpha) in enumerate(layers):
        a = cv2.GaussianBlur(cv2.resize(alpha, extent, interpolation=cv2.INTER_AREA), (0, 0), blur)
        a = np.roll(a, shift * place, 1) if place else np.ones_like(a)
        c = np.clip(cv2.resize(colour, extent, interpolation=cv2.INTER_AREA) + drift * (-1) ** place, 0, 1)
        found.append(Layer(f"{place}", Role.GRAPHIC, Bounds.of(extent), pixels(c, a)))
    return LayerStack(extent, tuple(found))


def alpha_error(stack, truth):
    alpha = stack.layers[1].on(stack.extent)[..., 3].astype(np.float32) / 255
    return float(np.abs(alpha - truth).mean())


def test_edges_follow_the_document_not_the_engine():
    layers = scene()
    stack = refine(flattened(layers), rough(layers))
    enlarged = cv2.resize(rough(layers).layers[1].pixels[..., 3], (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) / 255
    bicubic = float(np.abs(enlarged - layers[1][1]).mean())
    assert alpha_error(stack, layers[1][1]) < bicubic / 6


def test_a_shift_of_two_cells_is_undone():
    layers = scene()
    stack = refine(flattened(layers), rough(layers, shift=2))
    assert alpha_error(stack, layers[1][1]) < 0.01


def test_no_ghosts_and_no_pinholes():
    layers = scene()
    stack = refine(flattened(layers), rough(layers))
    alpha, truth = stack.layers[1].on(stack.extent)[..., 3], layers[1][1]
    assert ((alpha > 0) & (cv2.dilate(truth, np.ones((9, 9))) == 0)).mean() < 1e-4
    assert ((alpha < 250) & (cv2.erode(truth, np.ones((5, 5))) == 1)).sum() == 0


def test_colours_of_thin_strokes_are_the_strokes_own():
    layers = scene()
    stack = refine(flattened(layers), rough(layers))
    top = stack.layers[1].on(stack.extent)
    strokes = (top[..., 3] > 128) & (layers[1][1] > 0.4)
    error = np.abs(top[strokes][:, :3] / 255 - (0.95, 0.75, 0.1)).mean()
    assert error < 0.03


def test_a_sure_engine_at_the_documents_size_keeps_its_alphas():
    layers = scene()
    extent = Extent(SIDE, SIDE)
    given = LayerStack(
        extent, tuple(Layer(f"{k}", Role.GRAPHIC, Bounds.of(extent), pixels(*one)) for k, one in enumerate(layers))
    )
    stack = refine(flattened(layers), given, edge_uncertainty=0.5)
    assert (stack.layers[1].on(extent)[..., 3] == given.layers[1].pixels[..., 3]).all()
    hidden = given.layers[1].pixels[..., 3] == 255
    assert (stack.layers[0].on(extent)[hidden] == given.layers[0].pixels[hidden]).all()


@pytest.mark.parametrize("rows", [1, 17, 1000])
def test_strips_do_not_show(rows):
    layers = scene()
    document, stack = flattened(layers), rough(layers)
    grid = grid_for(document, stack)
    view = understand(document, grid, read(stack, grid, None)[0], False, "krita", Progress())
    usual = strips.paint(view, Progress())
    other = strips.paint(view, Progress(), rows=rows)
    for one, two in zip(usual, other, strict=True):
        assert (one.pixels == two.pixels).all()


def test_it_is_deterministic():
    layers = scene()
    first, second = (refine(flattened(layers), rough(layers)) for _ in range(2))
    for one, two in zip(first.layers, second.layers, strict=True):
        assert one.bounds == two.bounds
        assert (one.pixels == two.pixels).all()


def test_a_cancel_in_the_middle_stops_the_strips():
    layers = scene()
    document, stack = flattened(layers), rough(layers)
    grid = grid_for(document, stack)
    view = understand(document, grid, read(stack, grid, None)[0], False, "krita", Progress())
    seen = []
    progress = Progress(lambda report: (seen.append(report.fraction), progress.cancel()))
    with pytest.raises(Exception, match="Cancelled"):
        strips.paint(view, progress, rows=8)
    assert len(seen) == 1


def test_grain_is_continued_below_what_hides_it():
    layers = scene()
    noise = np.random.default_rng(1).normal(0, 0.02, (SIDE, SIDE, 1)).astype(np.float32)
    layers[0] = (np.clip(np.float32(0.5) + noise, 0, 1).repeat(3, 2), layers[0][1])
    stack = refine(flattened(layers), rough(layers, drift=0.0))
    middle = (slice(SIDE // 2 - 30, SIDE // 2 + 30),) * 2
    assert stack.layers[0].pixels[middle][..., 0].std() / 255 == pytest.approx(0.02, rel=0.4)
