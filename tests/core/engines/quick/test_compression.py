from __future__ import annotations

import cv2
import numpy as np
import pytest

from layerlift.engines.quick.compression import compressed


def scene() -> np.ndarray:
    """Gradients, a disc and grain, float32 0–1."""
    rng = np.random.default_rng(5)
    rows, columns = np.mgrid[0:200, 0:240].astype(np.float32)
    picture = np.dstack([rows / 250, columns / 300, (rows + columns) / 600])
    cv2.circle(picture, (120, 100), 50, (0.8, 0.3, 0.2), -1, cv2.LINE_AA)
    return np.clip(picture + rng.normal(0, 0.006, picture.shape), 0, 1).astype(np.float32)


def through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    _, data = cv2.imencode(".jpg", np.rint(image * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR).astype(np.float32) / 255


@pytest.mark.parametrize("quality", [60, 75, 90])
def test_the_block_grid_is_seen(quality: int) -> None:
    assert compressed(through_jpeg(scene(), quality))


def test_what_never_was_compressed_or_was_reduced_since_shows_no_grid() -> None:
    assert not compressed(scene())
    reduced = cv2.resize(through_jpeg(scene(), 75), None, fx=0.61, fy=0.61, interpolation=cv2.INTER_AREA)
    assert not compressed(reduced)


def test_flat_or_tiny_pictures_are_not_called_compressed() -> None:
    assert not compressed(np.full((64, 64, 3), 0.5, np.float32))
    assert not compressed(through_jpeg(scene(), 60)[:20, :20])
