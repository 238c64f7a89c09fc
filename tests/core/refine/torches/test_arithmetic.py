"""Bit for bit what the NumPy side says that a host shows: on this the exactness of the device rests."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the GPU path needs PyTorch, which is not installed here")


from layerlift.refine.parts import Part
from layerlift.refine.parts import visible as visible_in_numpy
from layerlift.refine.settle import HOSTS
from layerlift.refine.settle import leaders as leaders_in_numpy
from layerlift.refine.settle import shown as shown_in_numpy
from layerlift.refine.torches.arithmetic import leaders, shown, visible
from layerlift.refine.torches.device import Device


def pixels(rng, slots, count, scale):
    """`alpha` (slots, count) and `colour` (slots, 3, count), whole numbers; the lowest slot is solid."""
    alpha = rng.integers(0, scale + 1, (slots, count)).astype(np.float32)
    alpha[rng.random(alpha.shape) < 0.1] = 1
    alpha[rng.random(alpha.shape) < 0.1] = 0
    alpha[0] = scale
    return alpha, rng.integers(0, scale + 1, (slots, 3, count)).astype(np.float32)


def parts(alpha, colour):
    every = np.arange(alpha.shape[1])
    return [Part(slot, every, a, c, np.ones_like(a)) for slot, (a, c) in enumerate(zip(alpha, colour, strict=True))]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("scale", [255, 65535])
@pytest.mark.parametrize("slots", [1, 2, 5])
def test_a_host_is_imitated_to_the_last_bit(host, scale, slots):
    alpha, colour = pixels(np.random.default_rng(slots), slots, 20_000, scale)
    put = Device("cpu").put
    theirs = shown(put(colour), put(alpha), host, scale).numpy()
    assert (theirs == shown_in_numpy(parts(alpha, colour), alpha.shape[1], host, scale)).all()


@pytest.mark.parametrize("scale", [255, 65535])
def test_every_pair_of_colours_over_every_alpha_is_imitated(scale):
    levels = np.unique(np.linspace(0, scale, 256).round()).astype(np.float32)
    top, bottom = (plane.ravel() for plane in np.meshgrid(levels, levels))
    for share in levels[::15]:
        alpha = np.stack([np.full_like(top, scale), np.full_like(top, share)])
        colour = np.stack([np.tile(bottom, (3, 1)), np.tile(top, (3, 1))])
        put = Device("cpu").put
        for host in HOSTS:
            theirs = shown(put(colour), put(alpha), host, scale).numpy()
            assert (theirs == shown_in_numpy(parts(alpha, colour), top.size, host, scale)).all(), (host, share)


def test_visible_shares_and_leaders_are_those_of_numpy():
    rng = np.random.default_rng(0)
    alpha, colour = pixels(rng, 4, 5000, 255)
    ours = parts(alpha, colour)
    weights = visible_in_numpy(ours, 5000, 255)
    theirs = visible(Device("cpu").put(alpha), 255)
    assert (theirs.numpy() == np.stack(weights)).all()
    for mine, other in zip(leaders_in_numpy(ours, weights, 5000), leaders(theirs), strict=True):
        assert (mine == other.numpy()).all()
