"""Surfaces: segmentation into smooth stretches of colour, their polynomials, and the measures of unrest."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.engines.quick.shapes import drawn
from layerlift.engines.quick.shapes import surface

SIZE = (160, 200)


def test_every_pixel_of_a_flat_design_belongs_to_the_surface_it_is_mostly_made_of() -> None:
    circle = drawn.disc(SIZE, 90, 80, 40)
    surfaces = surface.segment(drawn.over(drawn.flat(SIZE, (250, 250, 250)), circle, (20, 90, 60)))
    assert surfaces.count == 2
    inside = surfaces.labels[80, 90]
    assert ((surfaces.labels == inside) == (circle >= 0.5)).mean() > 0.999


def test_a_blend_is_one_surface_and_fits_its_polynomial() -> None:
    picture = drawn.ramp(SIZE, (20, 40, 200), (220, 120, 30))
    surfaces = surface.segment(picture)
    assert surfaces.count == 1
    ys, xs = np.nonzero(surfaces.labels == 0)
    model = surface.fit(surfaces.levels, ys, xs)
    assert model.residual < 1
    assert np.abs(model.at(ys, xs) - surfaces.levels[ys, xs]).max() < 2


def test_a_polynomial_ignores_outliers() -> None:
    levels = np.full((40, 40, 3), 100, np.float32)
    levels[:6, :6] = 250
    ys, xs = np.nonzero(np.ones((40, 40), bool))
    model = surface.fit(levels, ys, xs)
    assert np.abs(model.at(ys, xs) - 100).max() < 1.5


@pytest.mark.parametrize("count", [1, 5, 30])
def test_few_pixels_get_a_low_degree(count: int) -> None:
    levels = np.full((1, 40, 3), 77, np.float32)
    model = surface.fit(levels, np.zeros(count, np.intp), np.arange(count))
    assert len(model.terms) == (1 if count < 24 else 3)
    assert np.allclose(model.at(np.array([0]), np.array([0])), 77, atol=0.1)


def test_thin_strokes_are_detail() -> None:
    picture = drawn.flat(SIZE, (255, 255, 255))
    picture[50:52, 20:180] = 0
    labels = surface.segment(picture).labels
    assert (labels[50:52, 25:175] == -1).all()
    assert (labels[:45] == 0).all()


def test_texture_measures_grain_not_edges_and_is_smoothed_into_one_surface() -> None:
    rng = np.random.default_rng(1)
    grain = drawn.flat(SIZE, (120, 130, 90)) + rng.normal(0, 4 / 255, (*SIZE, 1)).astype(np.float32)
    edge = drawn.over(drawn.flat(SIZE, (255, 255, 255)), drawn.rect(SIZE, 20, 20, 100, 80), (0, 0, 0))
    assert surface.texture_of(grain * 255) == pytest.approx(4, abs=0.6)
    assert surface.texture_of(edge * 255) == 0
    assert surface.texture_of(edge[:10] * 255) == 0
    labels = surface.segment(np.clip(grain, 0, 1)).labels
    assert np.bincount(labels[labels >= 0]).max() > 0.97 * labels.size


def test_ringing_tells_compressed_from_clean() -> None:
    picture = drawn.over(drawn.flat(SIZE, (255, 250, 240)), drawn.disc(SIZE, 90, 80, 40), (200, 20, 60)) * 255
    code = cv2.imencode(".jpg", np.rint(picture).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    assert surface.ringing_of(picture) == 0
    assert surface.ringing_of(cv2.imdecode(code, cv2.IMREAD_COLOR).astype(np.float32)) > 0.4
    assert surface.ringing_of(np.zeros((30, 30, 3), np.float32)) == 0


def test_reconstructed_pixels_neither_link_nor_count() -> None:
    picture = drawn.flat(SIZE, (0, 0, 0))
    picture[:, 100:] = 1
    picture[:, 90:110] = np.linspace(0, 1, 20, dtype=np.float32)[None, :, None]
    unknown = np.zeros(SIZE, bool)
    unknown[:, 88:112] = True
    labels = surface.segment(picture, unknown).labels
    assert labels.min() >= 0
    assert len(np.unique(labels)) == 2
    assert labels[80, 10] == labels[80, 95] != labels[80, 105] == labels[80, 190]


def test_nearest_of_nothing() -> None:
    labels = np.full((5, 6), -1, np.int32)
    same, _, distance = surface.nearest(labels)
    assert (same == -1).all()
    assert np.isinf(distance).all()
