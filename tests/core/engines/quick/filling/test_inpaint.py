import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

from layerlift.engines.quick.filling import inpaint
from layerlift.errors import Cancelled
from layerlift.progress import Progress

MAGENTA = np.float32([1, 0, 1])


def _holed(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    return np.where(hole[..., None], MAGENTA, image).astype(np.float32)


def _disc(height: int, width: int, radius: int) -> np.ndarray:
    hole = np.zeros((height, width), np.uint8)
    return cv2.circle(hole, (width // 2, height // 2), radius, 1, -1) > 0


def _photo(name: str, side: int) -> np.ndarray:
    picture = getattr(data, name)()
    picture = np.dstack([picture] * 3) if picture.ndim == 2 else picture
    scale = side / max(picture.shape[:2])
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def test_flat_is_exact() -> None:
    image = np.full((200, 300, 3), np.float32([51, 102, 204]) / 255, np.float32)
    hole = _disc(200, 300, 70)
    assert np.abs(inpaint.fill(_holed(image, hole), hole) - image).max() < 1e-5


def test_what_stands_a_little_off_on_the_same_ground_is_not_copied() -> None:
    """A picture taken out of a gallery: its neighbours begin within the ring that is looked at, but do not touch it."""
    image = np.full((400, 600, 3), np.float32([40, 80, 70]) / 255, np.float32)
    image[60:220, 20:190], image[60:220, 410:580] = (0.9, 0.8, 0.2), (0.8, 0.3, 0.2)
    hole = np.zeros((400, 600), bool)
    hole[60:220, 208:392] = True
    assert np.abs(inpaint.fill(_holed(image, hole), hole) - image).max() < 1e-5


@pytest.mark.parametrize("quality", [75, 90])
def test_flat_jpeg_within_its_noise(quality: int) -> None:
    image = np.full((200, 300, 3), np.float32([60, 120, 200]) / 255, np.float32)
    hole = np.zeros((200, 300), np.uint8)
    cv2.putText(hole, "Hello", (20, 130), cv2.FONT_HERSHEY_DUPLEX, 4, 1, 9)
    eight = np.rint(_holed(image, hole > 0) * 255).astype(np.uint8)
    noisy = cv2.imdecode(cv2.imencode(".jpg", eight, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)
    grown = cv2.dilate(hole, np.ones((7, 7), np.uint8)) > 0
    filled = inpaint.fill(noisy.astype(np.float32) / 255, grown)
    assert np.abs(filled - image)[grown].mean() < 3 / 255


def test_edge_continues_through_the_hole() -> None:
    image = np.full((240, 320, 3), np.float32([0.9, 0.9, 0.8]), np.float32)
    image[130:] = [0.1, 0.3, 0.2]
    hole = _disc(240, 320, 60)
    assert np.abs(inpaint.fill(_holed(image, hole), hole) - image)[hole].mean() < 0.01


def test_texture_is_not_blurred_and_nothing_removed_comes_back() -> None:
    image = _photo("gravel", 512)
    hole = _disc(512, 512, 90)
    filled = inpaint.fill(_holed(image, hole), hole)
    inner = cv2.erode(hole.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    sharpness = [np.abs(np.diff(p[..., 0], axis=0, prepend=0))[inner].mean() for p in (filled, image)]
    assert 0.75 < sharpness[0] / sharpness[1] < 1.3
    assert (filled[hole].max(1) - filled[hole].min(1)).max() < 0.2  # gravel is grey, magenta is not


def test_sharper_than_telea_on_a_photo() -> None:
    image = _photo("chelsea", 400)
    hole = _disc(*image.shape[:2], 50)
    eight = np.rint(_holed(image, hole) * 255).astype(np.uint8)
    telea = cv2.inpaint(eight, hole.astype(np.uint8), 5, cv2.INPAINT_TELEA).astype(np.float32) / 255
    slope = lambda p: np.abs(np.diff(p.mean(2), axis=1, prepend=0))[hole].mean()  # noqa: E731
    ours = inpaint.fill(_holed(image, hole), hole)
    assert abs(np.log(slope(ours) / slope(image))) < 0.5 * abs(np.log(slope(telea) / slope(image)))


def test_avoid_is_never_copied() -> None:
    image = _photo("grass", 300)
    image[20:120, 20:120] = [1, 0, 0]
    avoid = np.zeros((300, 300), bool)
    avoid[15:125, 15:125] = True
    hole = _disc(300, 300, 55)
    filled = inpaint.fill(_holed(image, hole), hole, avoid=avoid)
    assert (filled[hole][:, 0] - filled[hole][:, 1]).max() < 0.2
    assert (filled[~hole] == image[~hole]).all()


def test_known_restricts_what_is_learned_from() -> None:
    image = np.full((120, 160, 3), 0.1, np.float32)
    image[30:90, 30:130] = [0.2, 0.6, 0.9]
    own = np.zeros((120, 160), bool)
    own[30:90, 30:130] = True
    hole = np.zeros_like(own)
    hole[50:120, 60:100] = True  # what hides the element, and reaches beyond it
    filled = inpaint.fill(image, hole, known=own & ~hole)
    assert np.abs(filled[hole] - np.float32([0.2, 0.6, 0.9])).max() < 0.01


def test_known_texture_of_a_small_element() -> None:
    image = _photo("brick", 400)
    own = _disc(400, 400, 110)
    hole = np.zeros_like(own)
    hole[150:250, 170:400] = True
    image[~own] = [0, 1, 0]
    filled = inpaint.fill(image, hole & own, known=own & ~hole)
    assert (filled[hole & own][:, 1] - filled[hole & own][:, 0]).max() < 0.25


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 70), st.integers(1, 70), st.floats(0, 1))
def test_never_raises_and_keeps_what_is_known(seed: int, height: int, width: int, share: float) -> None:
    random = np.random.default_rng(seed)
    image = random.uniform(0, 1, (height, width, 3)).astype(np.float32)
    hole = cv2.resize(random.uniform(size=(6, 6)), (width, height), interpolation=cv2.INTER_NEAREST) < share
    avoid = random.uniform(size=(height, width)) < 0.1
    before = image.copy()
    filled = inpaint.fill(image, hole, avoid=avoid)
    assert (image == before).all()
    assert (filled[~hole] == image[~hole]).all()
    assert filled.dtype == np.float32
    assert filled.min() >= 0
    assert filled.max() <= 1


def test_deterministic() -> None:
    image = _photo("coffee", 300)
    hole = _disc(*image.shape[:2], 40)
    assert (inpaint.fill(image, hole) == inpaint.fill(image, hole)).all()


def test_everything_a_hole() -> None:
    hole = np.ones((9, 9), bool)
    assert (inpaint.fill(np.zeros((9, 9, 3), np.float32), hole) == 0.5).all()


def test_nothing_to_learn_from() -> None:
    image = np.zeros((8, 8, 3), np.float32)
    image[:, 4:] = 0.8
    hole = np.zeros((8, 8), bool)
    hole[:, :4] = True
    assert np.allclose(inpaint.fill(image, hole, known=np.zeros_like(hole))[hole], 0.8)
    assert np.allclose(inpaint.fill(image, hole, avoid=~hole)[hole], 0.8, atol=0.01)


def test_no_hole_is_a_copy() -> None:
    image = np.zeros((5, 5, 3), np.float32)
    filled = inpaint.fill(image, np.zeros((5, 5), bool))
    assert (filled == image).all()
    assert filled is not image


def test_thin_lines_and_borders_on_texture() -> None:
    image = _photo("grass", 200)
    hole = np.zeros((200, 200), bool)
    hole[:3], hole[100], hole[:, 50:52], hole[150:154, 150:154] = True, True, True, True
    filled = inpaint.fill(_holed(image, hole), hole)
    assert np.abs(filled - image)[hole].mean() < 0.15


def test_almost_everything_hidden() -> None:
    image = _photo("grass", 200)
    hole = np.ones((200, 200), bool)
    hole[:, :5] = False
    filled = inpaint.fill(_holed(image, hole), hole)
    assert (filled.max(2) - filled.min(2)).max() < 0.2


def test_many_hard_holes_are_done_together() -> None:
    image = _photo("gravel", 400)
    hole = np.zeros((400, 400), bool)
    for y in range(30, 400, 90):
        for x in range(30, 400, 90):
            hole[y : y + 18, x : x + 18] = True
    filled = inpaint.fill(_holed(image, hole), hole)
    assert (filled.max(2) - filled.min(2)).max() < 0.2


def test_cancel_stops_it() -> None:
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        inpaint.fill(_photo("grass", 100), _disc(100, 100, 20), progress)


def test_reports_how_far_it_is() -> None:
    seen: list[float] = []
    inpaint.fill(_photo("grass", 300), _disc(300, 300, 60), Progress(lambda report: seen.append(report.fraction)))
    assert seen == sorted(seen)
    assert seen[-1] > 0.3


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="do not belong together"):
        inpaint.fill(np.zeros((4, 4, 3), np.float32), np.zeros((4, 5), bool))
    with pytest.raises(ValueError, match="do not belong together"):
        inpaint.fill(np.zeros((4, 4, 3), np.float32), np.ones((4, 4), bool), avoid=np.ones((5, 4), bool))
