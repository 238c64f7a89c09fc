import numpy as np
import pytest

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Layer, Role
from layerlift.refine.models import LayerModel
from layerlift.refine.symmetric import add_to_diagonal, determinant, dot, factor, outer, quadratic, solve, times
from layerlift.refine.unmix import Points, expected, given, sharpened, unmix

SIZE = 8
SOURCE = Layer("x", Role.GRAPHIC, Bounds(0, 0, 1, 1), np.zeros((1, 1, 4), np.uint8))


def model(colour, alpha, edge=1.0, ceiling=1.0, variance=1e-3):
    lead = np.zeros((SIZE, SIZE, 4), np.float32)
    lead[..., :3], lead[..., 3] = colour, alpha
    nature = np.zeros((SIZE, SIZE, 2), np.float32)
    nature[..., 0], nature[..., 1] = edge, ceiling
    spread = np.zeros((2, 2, 2, 3), np.float32)
    spread[0, ..., 0] = spread[1, ..., 0] = spread[1, ..., 2] = variance
    fill = np.ascontiguousarray(lead[..., :3].transpose(2, 0, 1))
    return LayerModel(SOURCE, Bounds(0, 0, SIZE, SIZE), lead[..., 3].copy(), lead, nature, (spread[0], spread[1]), fill)


def points(*colours, mixed):
    count = len(colours)
    middle = np.full(count, 3.0, np.float32)
    bits = np.full(count, mixed, np.uint64)
    return Points(np.array(colours, np.float32).T.copy(), middle, middle, np.zeros(count, np.uint8), bits)


def test_pure_colours_are_wholly_one_layer_or_the_other_despite_a_grey_prior():
    dark, bright = model((0.1, 0.1, 0.1), 1.0, edge=0), model((0.9, 0.8, 0.7), 0.5)
    base, top = unmix(points((0.1, 0.1, 0.1), (0.9, 0.8, 0.7), mixed=0b10), [dark, bright])
    assert (base.alpha == 1).all()
    assert top.alpha[0] < 0.02
    assert top.alpha[1] > 0.98


def test_mixtures_are_measured():
    dark, bright = model((0.1, 0.1, 0.1), 1.0, edge=0, variance=1e-4), model((0.9, 0.8, 0.7), 0.5, variance=1e-4)
    share = np.array([0.25, 0.5, 0.75])
    mixes = [tuple(0.1 + a * (np.array([0.9, 0.8, 0.7]) - 0.1)) for a in share]
    _, top = unmix(points(*mixes, mixed=0b10), [dark, bright])
    assert np.abs(top.alpha - share).max() < 0.06


def test_an_even_veil_keeps_its_density():
    back, veil = model((0.2, 0.3, 0.4), 1.0, edge=0), model((0.9, 0.9, 0.9), 0.4, edge=0, ceiling=0.4)
    _, top = unmix(points((0.5, 0.5, 0.5), mixed=0b10), [back, veil])
    assert top.alpha[0] == pytest.approx(0.4, abs=0.01)


def test_like_colours_fall_back_to_the_prior():
    back, front = model((0.5, 0.5, 0.5), 1.0, edge=0), model((0.5, 0.5, 0.5), 0.7)
    _, top = unmix(points((0.5, 0.5, 0.5), mixed=0b10), [back, front])
    assert top.alpha[0] == pytest.approx(0.7, abs=0.1)


def test_three_layers_are_taken_apart_from_the_top():
    stack = [model((0.1, 0.1, 0.9), 1.0, edge=0), model((0.1, 0.9, 0.1), 0.5), model((0.9, 0.1, 0.1), 0.5)]
    shares = unmix(points((0.9, 0.1, 0.1), (0.1, 0.9, 0.1), (0.1, 0.1, 0.9), mixed=0b110), stack)
    green, red = shares[1].alpha, shares[2].alpha
    assert red[0] > 0.98
    assert red[1] < 0.02
    assert green[1] > 0.98
    assert red[2] < 0.02
    assert green[2] < 0.02


def test_what_is_hidden_keeps_its_expected_alpha_sharpened():
    stack = [model((0, 0, 1), 1.0, edge=0), model((0, 1, 0), 0.7), model((1, 0, 0), 1.0)]
    shares = unmix(points((1, 0, 0), mixed=0b110), stack)
    assert shares[2].alpha[0] == 1
    assert shares[1].alpha[0] == pytest.approx(0.9)
    assert expected(stack[1], shares[1].alpha, shares[1].alpha)[0] == pytest.approx(0.9)
    assert sharpened(np.float32([0.7]), np.float32([0.0]))[0] == pytest.approx(0.7)


def test_given_asks_no_pixel():
    stack = [model((0, 0, 1), 1.0, edge=0), model((0, 1, 0), 0.3)]
    shares = given(points((1, 0, 0), (0, 1, 0), mixed=0b10), stack)
    assert shares[1].alpha.tolist() == pytest.approx([0.3, 0.3])


def test_a_point_does_not_depend_on_its_neighbours():
    rng = np.random.default_rng(0)
    stack = [model((0.2, 0.3, 0.4), 1.0, edge=0), model((0.8, 0.7, 0.2), 0.4), model((0.6, 0.1, 0.3), 0.5)]
    colours = [tuple(c) for c in rng.random((301, 3))]
    whole = unmix(points(*colours, mixed=0b110), stack)
    some = unmix(points(*colours[100:137], mixed=0b110), stack)
    for one, other in zip(whole, some, strict=True):
        assert (one.alpha[100:137] == other.alpha).all()


def test_points_alike_and_points_unlike_are_answered_alike():
    rng = np.random.default_rng(6)
    stack = [model((0.2, 0.3, 0.4), 1.0, edge=0), model((0.8, 0.7, 0.2), 0.4), model((0.6, 0.1, 0.3), 0.5)]
    colours = [tuple(c) for c in rng.random((400, 3))]
    every = points(*colours, mixed=0b110)
    bits = rng.choice(np.array([0b010, 0b100, 0b110], np.uint64), 400)
    unlike = unmix(Points(every.colour, every.x, every.y, every.base, bits), stack)
    assert [share.layer for share in unlike] == [0, 1, 2]
    for one in (0b010, 0b100, 0b110):
        here = np.flatnonzero(bits == one)
        alike = unmix(points(*(colours[k] for k in here), mixed=one), stack)
        assert [share.layer for share in alike] == [0] + [k for k in (1, 2) if one >> k & 1]
        for share in alike:
            other = unlike[share.layer]
            assert share.at.tolist() == list(range(here.size))
            for mine, theirs in ((share.alpha, other.alpha), (share.spread, other.spread)):
                assert (mine == theirs[np.searchsorted(other.at, here)]).all()


def test_symmetric_matrices_against_numpy():
    rng = np.random.default_rng(1)
    root = rng.random((50, 3, 3)).astype(np.float32)
    full = root @ root.transpose(0, 2, 1) + 0.05 * np.eye(3, dtype=np.float32)
    six = np.ascontiguousarray(full[:, [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]].T)
    v = rng.random((3, 50)).astype(np.float32)
    factors = factor(six)
    assert np.allclose(determinant(factors), np.linalg.det(full), rtol=1e-3)
    assert np.allclose(solve(factors, v), np.linalg.solve(full, v.T[..., None])[..., 0].T, rtol=1e-2, atol=1e-3)
    assert np.allclose(quadratic(factors, v), dot(v, solve(factors, v)), rtol=1e-3)
    assert np.allclose(times(six, v), (full @ v.T[..., None])[..., 0].T, rtol=1e-4)
    assert np.allclose(outer(v)[1], v[0] * v[1])
    assert np.allclose(add_to_diagonal(six.copy(), 2.0) - six, np.array([2, 0, 0, 2, 0, 2])[:, None], atol=1e-5)


def test_grey_covariances_of_rank_one_stay_positive():
    six = np.full((6, 4), 0.3, np.float32)
    factors = factor(add_to_diagonal(six, 2e-5))
    assert (quadratic(factors, np.float32([[0.1] * 4, [-0.1] * 4, [0.2] * 4])) > 0).all()
    assert (determinant(factors) > 0).all()
