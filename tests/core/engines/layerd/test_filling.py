"""What was hidden: LaMa shown one hole at a time at full size, or the quick engine's filling without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from layerlift.engines.layerd.filling import fill
from layerlift.engines.layerd.network import Network, load
from layerlift.engines.quick.filling import inpaint
from layerlift.errors import Cancelled
from layerlift.progress import Progress
from models import networks

Plane = NDArray[np.float32]


@pytest.fixture
def lama(tmp_path: Path) -> Network:
    return load(networks.filler(tmp_path / "l.onnx"))


def picture(height: int, width: int) -> Plane:
    return np.random.default_rng(0).random((height, width, 3)).astype(np.float32)


def hole_of(shape: tuple[int, int], *boxes: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    hole = np.zeros(shape, np.bool_)
    for y, x, height, width in boxes:
        hole[y : y + height, x : x + width] = True
    return hole


@pytest.mark.parametrize("scale", [255.0, 1.0])
@pytest.mark.parametrize("black", [False, True])
def test_either_range_of_output_is_understood(tmp_path: Path, scale: float, black: bool) -> None:
    network = load(networks.filler(tmp_path / f"l{scale}.onnx", scale=scale))
    image = picture(100, 120) * (0 if black else 0.2)
    hole = hole_of((100, 120), (30, 30, 20, 40))
    filled = fill(network, image, hole, Progress())
    assert np.abs(filled[hole] - image[~hole].mean(0)).max() < 0.02
    assert (filled[~hole] == image[~hole]).all()


@pytest.mark.parametrize("side", [512, "size"])
@pytest.mark.parametrize("shape", [(90, 700), (700, 900), (512, 512), (40, 30)])
def test_pictures_of_any_size(tmp_path: Path, shape: tuple[int, int], side: int | str) -> None:
    network = load(networks.filler(tmp_path / f"l{side}.onnx", side))
    image = picture(*shape)
    hole = hole_of(shape, (shape[0] // 3, shape[1] // 3, shape[0] // 4, shape[1] // 4))
    filled = fill(network, image, hole, Progress())
    assert filled.shape == image.shape
    assert (filled[~hole] == image[~hole]).all()
    assert np.abs(filled[hole].mean(0) - 0.5).max() < 0.03


def test_each_hole_is_filled_from_its_own_surroundings(lama: Network) -> None:
    """Left half dark, right half light, a hole in each: the picture is wider than what is shown at once."""
    image = np.full((400, 2000, 3), 0.2, np.float32)
    image[:, 1000:] = 0.8
    hole = hole_of((400, 2000), (150, 150, 60, 60), (150, 1700, 60, 60))
    filled = fill(lama, image, hole, Progress())
    assert np.abs(filled[170, 170] - 0.2).max() < 0.01
    assert np.abs(filled[170, 1730] - 0.8).max() < 0.01


def test_near_holes_are_hidden_from_each_other(lama: Network) -> None:
    image = np.full((300, 300, 3), 0.5, np.float32)
    hole = hole_of((300, 300), (100, 50, 50, 50), (100, 200, 50, 50))
    image[hole] = (1, 0, 0)
    assert np.abs(fill(lama, image, hole, Progress()) - 0.5).max() < 0.01


def test_a_hole_larger_than_what_is_shown_at_once_is_shown_smaller(lama: Network) -> None:
    image = np.full((1200, 1200, 3), 0.25, np.float32)
    hole = hole_of((1200, 1200), (200, 200, 800, 800))
    image[hole] = 1
    assert np.abs(fill(lama, image, hole, Progress()) - 0.25).max() < 0.02


def test_without_lama_it_is_the_quick_engines_filling() -> None:
    image = picture(80, 100) * 0.1 + 0.4
    hole = hole_of((80, 100), (30, 30, 20, 20))
    assert (fill(None, image, hole, Progress()) == inpaint.fill(image, hole)).all()


@pytest.mark.parametrize("network", [False, True])
def test_filling_can_be_cancelled(lama: Network, network: bool) -> None:
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        fill(lama if network else None, picture(80, 100), hole_of((80, 100), (30, 30, 20, 20)), progress)
