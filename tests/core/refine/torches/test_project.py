import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="the GPU path needs PyTorch, which is not installed here")


from core.refine.torches.test_arithmetic import parts, pixels
from layerlift.refine.settle import HOSTS, shown
from layerlift.refine.torches.device import Device
from layerlift.refine.torches.project import project
from layerlift.refine.torches.settle import Parts


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    slots=st.integers(1, 7),
    scale=st.sampled_from([255, 65535]),
    host=st.sampled_from(HOSTS),
)
def test_the_host_shows_the_target(seed, slots, scale, host):
    """Judged by the NumPy side, which is judged by hosts."""
    rng, put = np.random.default_rng(seed), Device("cpu").put
    alpha, colour = pixels(rng, slots, 200, scale)
    spread = rng.random((slots, 200)).astype(np.float32) + np.float32(1e-4)
    target = rng.integers(0, scale + 1, (3, 200)).astype(np.float32)
    if host == "photoshop" and scale == 65535:  # what 15 bits can show
        target = np.rint(np.rint(target * (32768 / 65535)) * (65535 / 32768)).astype(np.float32)
    made = Parts(put(alpha), put(colour), put(spread))
    project(made, put(target), host, scale)
    alpha, colour = made.alpha.numpy(), made.colour.numpy()
    assert colour.min() >= 0
    assert colour.max() <= scale
    assert (colour == np.rint(colour)).all()
    assert (alpha == np.rint(alpha)).all()
    tolerance = 1 if scale == 255 else 257
    for other in HOSTS:
        off = np.abs(shown(parts(alpha, colour), 200, other, scale) - target).max()
        assert off <= (tolerance if other != host else (0 if scale == 255 or host != "photoshop" else tolerance)), other


def test_a_pixel_that_is_off_by_two_elsewhere_is_simplified(monkeypatch):
    def off_elsewhere():
        rng, put = np.random.default_rng(1), Device("cpu").put
        alpha, colour = pixels(rng, 6, 20_000, 255)
        alpha[1:] = rng.integers(1, 60, alpha[1:].shape)  # many thin layers: their roundings add up
        target = rng.integers(0, 256, (3, 20_000)).astype(np.float32)
        made = Parts(put(alpha), put(colour), put(np.ones_like(alpha)))
        project(made, put(target), "krita", 255)
        alpha, colour = made.alpha.numpy(), made.colour.numpy()
        return max(np.abs(shown(parts(alpha, colour), 20_000, host, 255) - target).max() for host in HOSTS)

    assert off_elsewhere() == 1
    monkeypatch.setattr("layerlift.refine.torches.project.reconcile", lambda *_: None)
    assert off_elsewhere() > 1


def test_colours_move_as_little_as_possible_and_where_there_is_texture():
    put = Device("cpu").put
    made = Parts(
        put(np.array([[255], [128]], np.float32)),
        put(np.full((2, 3, 1), 100, np.float32)),
        put(np.array([[1e-4], [1e-2]], np.float32)),
    )
    project(made, put(np.full((3, 1), 120, np.float32)), "float", 255)
    assert abs(float(made.colour[0, 0, 0]) - 100) <= 1
    assert float(made.colour[1, 0, 0]) == pytest.approx(140, abs=1)


def test_exact_colours_are_not_touched():
    put = Device("cpu").put
    colour = np.repeat(np.array([[10], [110]], np.float32), 3, 1)[..., None]
    made = Parts(put(np.array([[255], [51]], np.float32)), put(colour.copy()), put(np.ones((2, 1), np.float32)))
    project(made, put(np.full((3, 1), 30, np.float32)), "krita", 255)
    assert (made.colour.numpy() == colour).all()
