"""Detail for an enlarged fill comes from where the document looks alike, as strong as there, and not from elsewhere."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from layerlift.engines.fake import FakeEngine
from layerlift.engines.port import InpaintRequest
from layerlift.errors import Cancelled
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Document
from layerlift.operations.inpainting import inpaint
from layerlift.operations.texture import Examples
from layerlift.progress import Progress

SCALE = 3
BOX = Bounds(150, 90, 180, 120)


def pictures(dtype: type = np.uint8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coarse-grained left, smooth right (split through the hole), at full and at working size; the hole."""
    random = np.random.default_rng(0)
    fine = cv2.GaussianBlur(random.normal(0, 1, (300, 480)), (0, 0), 0.7) * 0.12
    fine[:, 240:] *= 0.02
    base = np.where(np.arange(480) < 240, 0.35, 0.65)[None, :, None] + np.zeros((300, 480, 3))
    top = np.iinfo(dtype).max
    full = np.full((300, 480, 4), top, dtype)
    full[..., :3] = np.clip(np.rint((base + fine[..., None]) * top), 0, top)
    small = cv2.resize(full[..., :3].astype(np.float32) / top, (160, 100), interpolation=cv2.INTER_AREA)
    hole = np.zeros((100, 160), bool)
    hole[30:70, 50:110] = True
    return full, small, hole


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_each_side_gets_its_own_detail(dtype):
    full, small, hole = pictures(dtype)
    found = Examples(full, small, small, hole, np.ones_like(hole)).detail(BOX, Progress())
    assert found is not None
    assert found.add.shape == (120, 180, 3)
    rough, smooth = found.add[20:100, 15:75].std(), found.add[20:100, 105:165].std()
    own = (full[..., 0] / np.iinfo(dtype).max - cv2.resize(small[..., 0], (480, 300), interpolation=cv2.INTER_CUBIC))[
        90:210, 165:225
    ].std()
    assert 0.5 < rough / own < 1.2
    assert smooth < 0.1 * rough
    assert found.covers[20:100, 15:75].mean() > 0.7


def test_what_looks_like_nothing_around_gets_nothing():
    full, small, hole = pictures()
    strange = small.copy()
    strange[hole] = (1.0, 0.0, 1.0)
    found = Examples(full, small, strange, hole, np.ones_like(hole)).detail(BOX, Progress())
    assert found is not None
    assert np.abs(found.add[30:90, 30:150]).max() < 1e-6
    assert found.covers[30:90, 30:150].max() < 1e-6


def test_too_little_to_learn_from_and_a_cancel():
    full, small, hole = pictures()
    assert Examples(full, small, small, hole, np.zeros_like(hole)).detail(BOX, Progress()) is None
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        Examples(full, small, small, hole, np.ones_like(hole)).detail(BOX, progress)


def test_a_fill_that_was_drawn_small_is_as_sharp_as_its_surroundings():
    class Knows(FakeEngine):
        """Draws what was there, at a third of the size."""

        info = FakeEngine.info.__class__(**{**vars(FakeEngine.info), "working_pixels": 160 * 100})

        def inpaint(self, request: InpaintRequest, progress: Progress) -> np.ndarray:
            return request.image.copy()

    full, _, _ = pictures()
    mask = np.zeros((300, 480), np.uint8)
    mask[90:210, 150:330] = 255
    layer = inpaint(Document(full), mask, engine=Knows()).layers[0]
    seen = layer.pixels[..., 0].astype(float)

    def sharpness(plane: np.ndarray) -> float:
        return float(np.abs(cv2.Laplacian(plane, cv2.CV_64F))[20:100, 15:75].mean())

    ratio = sharpness(seen) / sharpness(full[90:210, 150:330, 0].astype(float))
    assert 0.5 < ratio < 1.2
