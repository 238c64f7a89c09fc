"""Closed-form matting and foreground colours against composites whose truth is known, and against the dense matrix."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from layerlift.engines.quick.cutouts import matting
from layerlift.engines.quick.cutouts.foreground import foreground
from layerlift.engines.quick.cutouts.laplacian import MattingLaplacian
from layerlift.imaging.layer import Plane


def ramp(height: int, width: int, left: tuple[float, ...], right: tuple[float, ...]) -> Plane:
    along = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    row = (1 - along) * np.array(left, np.float32) + along * np.array(right, np.float32)
    return np.repeat(row, height, axis=0).astype(np.float32)


def soft_disc(side: int, radius: float, softness: float) -> Plane:
    y, x = np.mgrid[:side, :side].astype(np.float32)
    distance = np.hypot(y - side / 2, x - side / 2)
    return np.clip((radius - distance) / softness + 0.5, 0, 1).astype(np.float32)


def scene(side: int = 96, softness: float = 10) -> tuple[Plane, Plane, Plane, Plane]:
    """image, alpha, foreground, trimap: a soft disc in a warm ramp over a cold ramp."""
    truth = soft_disc(side, side * 0.3, softness)
    front = ramp(side, side, (0.9, 0.2, 0.1), (0.95, 0.7, 0.2))
    back = ramp(side, side, (0.1, 0.2, 0.6), (0.1, 0.5, 0.8))
    image = (truth[..., None] * front + (1 - truth[..., None]) * back).astype(np.float32)
    inside = cv2.erode((truth >= 1).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    outside = cv2.erode((truth <= 0).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return image, truth, front, np.where(inside, 1, np.where(outside, 0, 0.5)).astype(np.float32)


def dense_laplacian(image: Plane, epsilon: float) -> np.ndarray:
    """Levin's eq. 12, window by window, for images small enough."""
    height, width = image.shape[:2]
    index = np.arange(height * width).reshape(height, width)
    matrix = np.zeros((height * width, height * width))
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            at = index[y - 1 : y + 2, x - 1 : x + 2].ravel()
            colours = image[y - 1 : y + 2, x - 1 : x + 2].reshape(9, 3).astype(np.float64)
            away = colours - colours.mean(axis=0)
            inverse = np.linalg.inv(away.T @ away / 9 + epsilon / 9 * np.eye(3))
            matrix[np.ix_(at, at)] += np.eye(9) - (1 + away @ inverse @ away.T) / 9
    return matrix


def test_the_operator_is_levins_matrix() -> None:
    rng = np.random.default_rng(3)
    image, vector = rng.random((8, 11, 3), np.float32), rng.random((8, 11), np.float32)
    matrix = dense_laplacian(image, 1e-3)
    laplacian = MattingLaplacian(image, 1e-3)
    np.testing.assert_allclose(laplacian(vector).ravel(), matrix @ vector.ravel(), atol=2e-4)
    np.testing.assert_allclose(laplacian.diagonal().ravel(), np.maximum(matrix.diagonal(), 1e-6), rtol=1e-3, atol=1e-4)


def test_the_operator_knows_nothing_of_constants() -> None:
    image = np.random.default_rng(1).random((20, 30, 3), np.float32)
    assert np.abs(MattingLaplacian(image, 1e-5)(np.full((20, 30), 0.7, np.float32))).max() < 1e-3


@pytest.mark.parametrize("side", [40, 96, 200])
def test_a_soft_edge_is_found_again(side: int) -> None:
    image, truth, _, trimap = scene(side)
    found = matting.alpha(image, trimap)
    assert found.shape == truth.shape
    assert found.dtype == np.float32
    assert np.abs(found - truth).mean() < 0.01
    unknown = trimap == 0.5
    assert np.abs(found - truth)[unknown].mean() < 0.3 * np.abs(trimap - truth)[unknown].mean()


def test_above_the_solving_size_the_guided_way_up_keeps_the_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    image, truth, _, trimap = scene(240, 6)
    monkeypatch.setattr(matting, "SOLVE_SIDE", 120)
    assert np.abs(matting.alpha(image, trimap) - truth).mean() < 0.01


def test_known_pixels_keep_their_value() -> None:
    image, _, _, trimap = scene()
    found = matting.alpha(image, trimap)
    assert (found[trimap == 1] == 1).all()
    assert (found[trimap == 0] == 0).all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_a_trimap_without_one_side_is_answered_by_the_other() -> None:
    image = scene()[0]
    half = np.full(image.shape[:2], 0.5, np.float32)
    assert (matting.alpha(image, half) == 0).all()
    half[:9, :9] = 1
    assert (matting.alpha(image, half) == 1).all()
    half[:] = 0.5
    half[:9, :9] = 0
    assert (matting.alpha(image, half) == 0).all()


def test_a_trimap_without_doubt_is_the_answer() -> None:
    image = scene()[0]
    trimap = np.zeros(image.shape[:2], np.float32)
    trimap[20:50, 20:50] = 1
    np.testing.assert_array_equal(matting.alpha(image, trimap), trimap)


@pytest.mark.parametrize("shape", [(1, 16), (16, 1), (2, 2), (3, 5)])
def test_small_pictures_are_answered(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    trimap = np.full(shape, 0.5, np.float32)
    trimap.flat[0], trimap.flat[-1] = 0, 1
    found = matting.alpha(rng.random((*shape, 3), np.float32), trimap)
    assert found.shape == shape
    assert np.isfinite(found).all()
    assert foreground(rng.random((*shape, 3), np.float32), found).shape == (*shape, 3)


def test_flat_black_is_no_reason_to_divide_by_zero() -> None:
    trimap = scene(64)[3]
    found = matting.alpha(np.zeros((64, 64, 3), np.float32), trimap)
    assert np.isfinite(found).all()


def test_foreground_colours_do_not_bleed() -> None:
    image, truth, front, _ = scene(96, 14)
    found = foreground(image, truth)
    edge = (truth > 0.1) & (truth < 0.95)
    assert np.abs(found - front)[edge].mean() < 0.3 * np.abs(image - front)[edge].mean()
    solid = truth == 1
    assert np.abs(found - image)[solid].max() < 0.02


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_foreground_of_nothing_and_of_everything(value: float) -> None:
    image = scene(40)[0]
    found = foreground(image, np.full((40, 40), value, np.float32))
    assert np.isfinite(found).all()
    if value == 1:
        np.testing.assert_allclose(found, image, atol=2e-3)
