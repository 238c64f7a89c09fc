from __future__ import annotations

import numpy as np
import pytest

from layerlift.engines.quick.letters.ground import continued, interpolated, surface
from layerlift.engines.quick.letters.patch import Patch, patch_of
from layerlift.imaging.layer import Plane, TextLine

LINE = TextLine("text", ((20, 20), (120, 20), (120, 50), (20, 50)), 0.9)


def patch(image: Plane) -> Patch:
    found = patch_of(image, LINE, [])
    assert found is not None
    return found


def test_a_slope_is_found_beneath_bars_of_ink() -> None:
    y, x = np.mgrid[:70, :140].astype(np.float32)
    truth = np.stack([0.4 + 0.002 * x, 0.7 - 0.003 * y, 0.5 + 0.00001 * x * x], axis=-1)
    image = truth.copy()
    image[26:44, 30:110:8] = 0
    image[26:44, 31:110:8] = 0
    found = surface(patch(image))
    assert found is not None
    assert found.rim > 0.99
    assert np.abs(found.colour - truth[patch(image).bounds.slices])[10:50, 10:120].max() < 0.01


def test_grain_is_measured_as_noise() -> None:
    image = (0.5 + np.random.default_rng(0).normal(0, 0.01, (70, 140, 3))).astype(np.float32)
    found = surface(patch(image))
    assert found is not None
    assert found.noise == pytest.approx(np.full(3, 0.01), rel=0.2)


def test_a_texture_is_no_surface() -> None:
    assert surface(patch(np.random.default_rng(0).random((70, 140, 3)).astype(np.float32))) is None


def test_a_quad_of_a_few_pixels_is_no_surface() -> None:
    tiny = patch_of(np.zeros((2, 3, 3), np.float32), TextLine("x", ((0, 0), (2, 0), (2, 1), (0, 1)), 0.9), [])
    assert tiny is not None
    assert surface(tiny) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (40, 61)])
def test_holes_are_continued_smoothly(shape: tuple[int, int]) -> None:
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    truth = np.stack([x, y, x + y], axis=-1) * np.float32(0.01)
    hole = np.zeros(shape, bool)
    hole[shape[0] // 2 :: 4, shape[1] // 2] = True
    result = continued(truth, hole)
    assert np.array_equal(result[~hole], truth[~hole]) or np.abs(result - truth)[~hole].max() < 1e-6
    if not hole.all():
        assert np.abs(result - truth).max() < 0.06


def test_a_hole_without_surroundings_takes_the_mean_and_no_hole_changes_nothing() -> None:
    image = np.random.default_rng(0).random((4, 5, 3)).astype(np.float32)
    assert continued(image, np.ones((4, 5), bool)) == pytest.approx(np.broadcast_to(image.mean(axis=(0, 1)), (4, 5, 3)))
    assert continued(image, np.zeros((4, 5), bool)) is image


def test_an_interpolated_ground_carries_the_noise_it_was_given() -> None:
    image = np.full((10, 12, 3), 0.3, np.float32)
    ink = np.zeros((10, 12), bool)
    ink[4:6, 4:8] = True
    found = interpolated(image, ink, 0.04)
    assert found.colour == pytest.approx(image)
    assert found.noise == pytest.approx(np.full(3, 0.04))
