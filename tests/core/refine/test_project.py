import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerlift.refine.project import HOSTS, Part, project, subset, visible
from layerlift.refine.settle import shown


def random_parts(rng, count, layers, scale):
    parts = [part(0, np.arange(count), np.full(count, scale), rng, scale)]
    for place in range(1, layers):
        at = np.flatnonzero(rng.random(count) < 0.7)
        alpha = rng.integers(0, scale + 1, at.size)
        alpha[rng.random(at.size) < 0.2] = 1
        parts.append(part(place, at, alpha, rng, scale))
    return parts


def part(place, at, alpha, rng, scale):
    colour = rng.integers(0, scale + 1, (3, at.size)).astype(np.float32)
    return Part(place, at, alpha.astype(np.float32), colour, rng.random(at.size).astype(np.float32) + np.float32(1e-4))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    layers=st.integers(1, 10),
    scale=st.sampled_from([255, 65535]),
    host=st.sampled_from(HOSTS),
)
def test_the_host_shows_the_target(seed, layers, scale, host):
    rng = np.random.default_rng(seed)
    parts = random_parts(rng, 200, layers, scale)
    target = rng.integers(0, scale + 1, (3, 200)).astype(np.float32)
    if host == "photoshop" and scale == 65535:
        target = np.rint(np.rint(target * (32768 / 65535)) * (65535 / 32768)).astype(
            np.float32
        )  # what 15 bits can show
    project(parts, target, host, scale)
    tolerance = 1 if scale == 255 else 257
    for one in parts:
        assert one.colour.min() >= 0
        assert one.colour.max() <= scale
        assert (one.colour == np.rint(one.colour)).all()
        assert (one.alpha == np.rint(one.alpha)).all()
    for other in HOSTS:
        off = np.abs(shown(parts, 200, other, scale) - target).max()
        assert off <= (tolerance if other != host else (0 if scale == 255 or host != "photoshop" else tolerance)), other


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("together", [1, 3, 40])
def test_what_becomes_of_a_point_does_not_depend_on_its_neighbours(host, together):
    rng = np.random.default_rng(8)
    count = 240
    whole = random_parts(rng, count, 5, 255)
    target = rng.choice([0.0, 3.0, 128.0, 252.0, 255.0], (3, count)).astype(np.float32)  # some hard to reach
    wanted = {}
    for first in range(0, count, together):
        here = np.arange(first, min(first + together, count))
        few, _ = subset(whole, here)
        few = [one for one in few if one.at.size]
        project(few, target[:, here], host, 255)
        for one in few:
            for own, point in enumerate(here[one.at]):
                wanted[one.layer, point] = np.append(one.colour[:, own], one.alpha[own])
    project(whole, target, host, 255)
    for one in whole:
        for own, point in enumerate(one.at):
            assert (np.append(one.colour[:, own], one.alpha[own]) == wanted[one.layer, point]).all()


def test_colours_move_as_little_as_possible_and_where_there_is_texture():
    at = np.arange(1)
    half = np.full(1, 128, np.float32)
    plain = Part(0, at, np.full(1, 255, np.float32), np.full((3, 1), 100, np.float32), np.full(1, 1e-4, np.float32))
    busy = Part(1, at, half, np.full((3, 1), 100, np.float32), np.full(1, 1e-2, np.float32))
    project([plain, busy], np.full((3, 1), 120, np.float32), "float", 255)
    assert abs(plain.colour[0, 0] - 100) <= 1
    assert busy.colour[0, 0] == pytest.approx(140, abs=1)


def test_exact_colours_are_not_touched():
    at = np.arange(1)
    back = Part(0, at, np.full(1, 255, np.float32), np.full((3, 1), 10, np.float32), np.ones(1, np.float32))
    front = Part(1, at, np.full(1, 51, np.float32), np.full((3, 1), 110, np.float32), np.ones(1, np.float32))
    project([back, front], np.full((3, 1), 30, np.float32), "krita", 255)
    assert back.colour[0, 0] == 10
    assert front.colour[0, 0] == 110


def test_visible_shares_add_up_to_one():
    rng = np.random.default_rng(4)
    parts = random_parts(rng, 100, 5, 255)
    total = np.zeros(100)
    for one, weight in zip(parts, visible(parts, 100, 255), strict=True):
        total[one.at] += weight
    assert np.abs(total - 1).max() < 1e-5
