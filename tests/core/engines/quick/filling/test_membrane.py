import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from layerlift.engines.quick.filling.membrane import harmonic, stitch


def test_continues_a_harmonic_surface() -> None:
    y, x = np.mgrid[0:120, 0:160].astype(np.float32) / 160
    truth = np.dstack([x, 1 - y, x * x - y * y])
    hole = np.zeros((120, 160), bool)
    hole[30:90, 40:130] = True
    holed = np.where(hole[..., None], np.float32(9), truth)
    assert np.abs(harmonic(holed, hole, cycles=3) - truth).max() < 2e-3


@settings(max_examples=25, deadline=None)
@example(3318, 3, 3)  # one known corner: as slow as a small grid can converge
@given(st.integers(0, 10_000), st.integers(3, 40), st.integers(3, 40))
def test_stays_between_its_anchors(seed: int, height: int, width: int) -> None:
    random = np.random.default_rng(seed)
    image = random.uniform(0, 1, (height, width, 3)).astype(np.float32)
    hole = random.uniform(size=(height, width)) < 0.6
    hole[0, 0] = False
    filled = harmonic(image, hole)
    assert (filled[~hole] == image[~hole]).all()
    assert filled.min() >= image[~hole].min() - 1e-3
    assert filled.max() <= image[~hole].max() + 1e-3


def test_cells_that_are_neither_take_no_part() -> None:
    image = np.zeros((20, 30, 1), np.float32)
    image[:, :10], image[:, 20:] = 0.25, 0.9
    hole = np.zeros((20, 30), bool)
    hole[:, 10:20] = True
    known = np.zeros_like(hole)
    known[:, :10] = True
    assert np.allclose(harmonic(image, hole, known, cycles=4)[hole], 0.25, atol=0.01)


def test_a_hole_without_anchors_is_zero() -> None:
    assert (harmonic(np.ones((8, 8, 3), np.float32), np.ones((8, 8), bool)) == 0).all()


def test_stitch_makes_the_prescribed_step() -> None:
    hole = np.zeros((1, 64), bool)
    hole[0, 1:-1] = True
    load = np.zeros((1, 64, 1), np.float32)
    load[0, 31, 0], load[0, 32, 0] = -0.2, 0.2  # the right half should stand 0.2 above the left
    wires = np.full((1, 64), 2, np.float32)
    u = stitch(load, hole, wires, cycles=12)[0, :, 0]
    assert abs((u[32] - u[31]) - (0.2 - 0.2 / 63)) < 0.01
    assert u[31] < 0 < u[32]
