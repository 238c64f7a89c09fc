import cv2
import numpy as np
import pytest
from skimage import data

from layerlift.engines.quick.filling.align import align
from layerlift.engines.quick.filling.patches import Patches
from layerlift.engines.quick.filling.patchfill import Completion, complete
from layerlift.engines.quick.filling.replay import replay
from layerlift.progress import Progress


def _stripes(height: int, width: int, period: int = 16) -> np.ndarray:
    x = np.arange(width, dtype=np.float32)
    line = 0.5 + 0.4 * np.sin(x * 2 * np.pi / period)
    return np.repeat(np.dstack([line, 1 - line, 0.5 * line])[0][None], height, 0).astype(np.float32)


def _hole(height: int, width: int, size: int) -> np.ndarray:
    hole = np.zeros((height, width), bool)
    hole[(height - size) // 2 : (height + size) // 2, (width - size) // 2 : (width + size) // 2] = True
    return hole


def test_offsets_point_at_known_pixels_and_keep_the_period() -> None:
    image, hole = _stripes(96, 128), _hole(96, 128, 40)
    found = complete(image, hole, ~hole, Progress())
    assert found is not None
    ys, xs = np.nonzero(hole)
    sy, sx = ys + found.offset[ys, xs, 0], xs + found.offset[ys, xs, 1]
    assert (~hole)[sy, sx].all()
    assert np.abs(image[sy, sx] - image[ys, xs]).mean() < 0.03


def test_too_little_known() -> None:
    known = np.zeros((40, 40), bool)
    known[:9, :9] = True
    assert complete(np.zeros((40, 40, 3), np.float32), ~known, known, Progress()) is None


def test_patchmatch_comes_near_the_exact_search() -> None:
    image = data.brick()[:160, :160].astype(np.float32)[..., None].repeat(3, 2) / 255
    hole = _hole(160, 160, 40)
    patches = Patches(image, cv2.erode((~hole).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0, hole)
    wanted = patches.describe(patches.targets)
    exact = patches.distance(wanted, patches.exact(wanted))
    random = np.random.default_rng(0)
    start = patches.sources[random.integers(0, len(patches.sources), len(patches.targets))]
    found, cost = patches.improve(wanted, start, 4, random)
    assert (patches.row[found] >= 0).all()
    assert np.allclose(cost, patches.distance(wanted, found), atol=1e-5)
    assert (cost >= exact - 1e-5).all()
    assert np.median(cost) < 1.5 * np.median(exact)


def test_vote_of_perfect_matches_is_the_picture() -> None:
    image, hole = _stripes(60, 96), _hole(60, 96, 12)
    patches = Patches(image, cv2.erode((~hole).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0, hole)
    voted = patches.vote(patches.targets + 32, np.ones(len(patches.targets), np.float32))  # two periods to the right
    assert np.abs(voted[hole] - image[hole]).max() < 1e-3


def test_align_finds_the_period_again() -> None:
    image, hole = _stripes(80, 160), _hole(80, 160, 30)
    offset = np.zeros((80, 160, 2), np.int32)
    offset[hole] = (0, 46)  # two short of three periods
    nudged = align(image, hole, ~hole, offset)
    assert (nudged[hole][:, 1] == 48).all()
    assert (nudged[~hole] == 0).all()


def test_replay_at_four_times_the_size_is_exact_on_stripes() -> None:
    image, hole = _stripes(240, 320), _hole(240, 320, 80)
    offset = np.zeros((60, 80, 2), np.int32)
    offset[_hole(60, 80, 20)] = (0, 24)
    holed = np.where(hole[..., None], np.float32(0), image)
    filled = replay(holed, hole, ~hole, Completion(np.zeros((60, 80, 3), np.float32), offset))
    assert np.abs(filled - image).max() < 0.02


@pytest.mark.parametrize("shift", [0, 30])
def test_sources_that_are_no_good_are_replaced(shift: int) -> None:
    image, hole = _stripes(64, 128), _hole(64, 128, 24)
    offset = np.zeros((64, 128, 2), np.int32)
    offset[hole, 1] = shift  # 0: from itself, which is unknown
    offset[:32][hole[:32]] = (0, 2 * shift)
    soft = np.full((64, 128, 3), 0.5, np.float32)
    filled = replay(np.where(hole[..., None], np.float32(9), image), hole, ~hole, Completion(soft, offset))
    assert filled[hole].max() <= 1
    if shift == 0:
        assert np.abs(filled[hole] - 0.5).mean() < 0.25


def test_a_brightness_step_between_copies_is_blended() -> None:
    image = np.full((60, 180, 3), 0.4, np.float32)
    image[:, 120:] = 0.46
    hole = np.zeros((60, 180), bool)
    hole[15:45, 40:80] = True
    offset = np.zeros((60, 180, 2), np.int32)
    offset[hole, 1] = 90  # from the lighter part
    filled = replay(image, hole, ~hole, Completion(image, offset))
    assert np.abs(filled[hole] - 0.4).max() < 0.03
