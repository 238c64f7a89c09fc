"""What lies beneath: a panel beside a photograph lies on it, not the photograph on the panel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from layerlift.engines.quick.cutouts import subject
from layerlift.engines.quick.shapes import graphics
from layerlift.progress import Progress

HEIGHT, WIDTH = 300, 400


def photograph() -> np.ndarray:
    """(H, W, 3) float32: leaves of many sizes, no wide even surface."""
    rng = np.random.default_rng(4)
    picture = np.full((HEIGHT, WIDTH, 3), 0.4, np.float32)
    for _ in range(900):
        x, y, angle = rng.integers(0, WIDTH), rng.integers(0, HEIGHT), float(rng.uniform(0, 180))
        axes = int(rng.integers(3, 22)), int(rng.integers(2, 9))
        colour = tuple(float(c) for c in rng.uniform(0.1, 0.9, 3))
        cv2.ellipse(picture, (int(x), int(y)), axes, angle, 0, 360, colour, -1, cv2.LINE_AA)
    return np.clip(picture + rng.normal(0, 0.02, picture.shape), 0, 1).astype(np.float32)


@pytest.mark.parametrize("share", [0.4, 0.5])
def test_a_flat_half_is_a_panel_on_the_photograph(share: float) -> None:
    picture = photograph()
    edge = round(HEIGHT * (1 - share))
    picture[edge:] = (0.06, 0.06, 0.08)
    shapes = graphics.find(picture, np.zeros((HEIGHT, WIDTH), bool), Progress())
    covered = np.zeros((HEIGHT, WIDTH), np.float32)
    for shape in shapes:
        covered[shape.bounds.slices] = np.maximum(covered[shape.bounds.slices], shape.alpha)
    assert covered[edge + 2 :].mean() > 0.98
    assert covered[: edge - 2].mean() < 0.05


def test_a_photograph_that_runs_off_two_sides_is_no_subject() -> None:
    picture = photograph()
    picture[HEIGHT // 2 :] = (0.06, 0.06, 0.08)
    assert all(
        element.alpha.mean() * element.bounds.extent.area < 0.2 * HEIGHT * WIDTH
        for element in subject.find(picture, Progress())
    )


@pytest.mark.parametrize("edges", [(0.45, 0.6), (0.6, 0.45), (0.5, 0.5)])
def test_of_two_halves_the_one_that_blends_is_the_ground(edges: tuple[float, float]) -> None:
    """Nothing in the picture says which lies in front; panels are mostly painted in one colour."""
    ys, xs = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    share = ((xs + ys) / (WIDTH + HEIGHT))[..., None]
    ground = (1 - share) * np.float32([0.1, 0.3, 0.6]) + share * np.float32([0.7, 0.4, 0.3])
    half = ys > HEIGHT * (edges[0] + (edges[1] - edges[0]) * xs / WIDTH)
    picture = np.where(half[..., None], np.float32([0.9, 0.85, 0.2]), ground).astype(np.float32)
    (panel,) = graphics.find(picture, np.zeros((HEIGHT, WIDTH), bool), Progress())
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[panel.bounds.slices] = panel.alpha
    assert np.abs(alpha - half).mean() < 0.01
