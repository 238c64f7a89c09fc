import cv2
import numpy as np
import pytest

from layerlift.engines.quick.filling import ground


def _plane(noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:90, 0:140].astype(np.float32)
    truth = np.dstack([0.2 + x / 400, 0.5 + y / 300, 0.4 + 0 * x]).astype(np.float32)
    return truth, np.clip(truth + np.random.default_rng(1).normal(0, noise, truth.shape), 0, 1).astype(np.float32)


def _hole() -> np.ndarray:
    hole = np.zeros((90, 140), bool)
    hole[30:60, 40:100] = True
    return hole


def test_a_gradient_is_exact() -> None:
    truth, _ = _plane()
    eight = (np.rint(truth * 255) / 255).astype(np.float32)
    found = ground.fit(eight, ~_hole(), 2)
    assert found is not None
    assert found.explains
    assert np.abs(ground.extend(eight, _hole(), ~_hole(), found) - truth).max() < 1 / 255


def test_outliers_do_not_bend_it() -> None:
    truth, image = _plane()
    image[20:28, 40:60] = 1.0
    found = ground.fit(image, ~_hole(), 1)
    assert found is not None
    assert np.abs(found.values - truth).max() < 0.5 / 255


@pytest.mark.parametrize("sigma", [2 / 255, 4 / 255])
def test_noise_is_continued(sigma: float) -> None:
    truth, image = _plane(sigma)
    found = ground.fit(image, ~_hole(), 1)
    assert found is not None
    assert found.explains
    filled = ground.extend(image, _hole(), ~_hole(), found)
    assert 0.7 * sigma < (filled - truth)[_hole()].std() < 1.3 * sigma


def test_white_noise_where_no_clean_block_exists() -> None:
    _, image = _plane(4 / 255)
    known = ~_hole()
    known[::5] = False
    found = ground.fit(image, known, 1)
    assert found is not None
    filled = ground.extend(image, _hole(), known, found)
    assert 2 / 255 < (filled - found.values)[_hole()].std() < 6 / 255


def test_texture_and_edges_are_not_explained() -> None:
    random = np.random.default_rng(2)
    texture = cv2.GaussianBlur(random.uniform(0, 1, (90, 140, 3)).astype(np.float32), (0, 0), 2)
    edge = np.full((90, 140, 3), 0.2, np.float32)
    edge[45:] = 0.8
    for image in (texture, edge):
        found = ground.fit(image, ~_hole(), 2)
        assert found is not None
        assert not found.explains
        assert not ground.smooth(image, ~_hole())


def test_too_little_to_fit() -> None:
    few = np.zeros((90, 140), bool)
    few[0, :11] = True
    assert ground.fit(_plane()[1], few, 1) is None
    assert not ground.smooth(_plane()[1], few)
    assert ground.measure_noise(_plane()[1], np.eye(90, 140, dtype=bool)) == 0


def test_nothing_near_the_surface_is_no_inlier() -> None:
    image = np.zeros((20, 20, 3), np.float32)
    image[::2] = 1
    found = ground.fit(image, np.ones((20, 20), bool), 0)
    assert found is not None
    assert not found.explains


def test_smooth_but_not_polynomial() -> None:
    y, x = np.mgrid[0:90, 0:140].astype(np.float32)
    image = np.dstack([0.5 + 0.3 * np.sin(x / 60) * np.cos(y / 50)] * 3).astype(np.float32)
    assert ground.smooth(image, ~_hole())
    assert (ground.grain(image, _hole(), ~_hole()) == 0).all()
    noisy = (image + np.random.default_rng(3).normal(0, 2 / 255, image.shape)).astype(np.float32)
    assert 1 / 255 < ground.grain(noisy, _hole(), ~_hole())[_hole()].std() < 3 / 255


def test_no_context_no_noise() -> None:
    nothing = np.zeros((90, 140), bool)
    assert (ground.grain(_plane(0.02)[1], _hole(), nothing) == 0).all()


def test_what_the_hole_cuts_is_no_ground_but_a_halo_is() -> None:
    truth, _ = _plane()
    hole = _hole()
    halo, bar = truth.copy(), truth.copy()
    halo[29:61, 39:101] += 0.3
    bar[40:48, 101:120] += 0.3
    for image, cut in ((truth, False), (halo, False), (bar, True)):
        found = ground.fit(image, ~hole, 1)
        assert found is not None
        assert found.explains
        assert ground.cuts(image, hole, ~hole, found) is cut
