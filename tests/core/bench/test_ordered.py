"""LayerD's protocol on stacks whose answer is known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import ordered


def block(x: int, w: int, colour: int, alpha: int = 255) -> np.ndarray:
    rgba = np.zeros((8, 24, 4), np.uint8)
    rgba[:, x : x + w] = (colour, colour, colour, alpha)
    return rgba


GROUND, LEFT, RIGHT, OVER = block(0, 24, 250), block(0, 6, 20), block(12, 6, 90), block(4, 6, 160)


def test_free_layers_share_a_level() -> None:
    got = ordered.levels([GROUND, LEFT, RIGHT, OVER])
    assert len(got) == 3
    assert (got[0] == GROUND).all()
    assert (got[1] == LEFT).all()
    assert (got[2] == np.maximum(RIGHT, OVER)).all()


def test_over_is_porter_duff() -> None:
    mixed = ordered.over(block(0, 24, 200, 128), block(0, 24, 100, 255))
    assert mixed[0, 0].tolist() == [150, 150, 150, 255]
    assert (ordered.over(LEFT, np.zeros_like(LEFT)) == LEFT).all()


def test_the_truth_is_perfect_at_every_merge() -> None:
    stack = [GROUND, LEFT, RIGHT, OVER]
    got = ordered.score(stack, stack)
    assert got[0] == ordered.Level(0, 1)
    assert all(level.iou > 0.999 for level in got)


def test_the_path_is_the_cheapest() -> None:
    costs = np.array([[0.1, 0.9, 0.9], [0.9, 0.2, 0.1], [0.9, 0.9, 0.1]])
    assert ordered.aligned(costs) == [(0, 0), (1, 1), (1, 2), (2, 2)] or ordered.aligned(costs) == [
        (0, 0),
        (1, 1),
        (2, 2),
    ]
    assert ordered.aligned(np.array([[0.5]])) == [(0, 0)]
    assert ordered.aligned(np.zeros((1, 3))) == [(0, 0), (0, 1), (0, 2)]


@given(st.integers(1, 4), st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_path_is_monotone_and_optimal(n: int, m: int, random: object) -> None:
    costs = np.array([[random.random() for _ in range(m)] for _ in range(n)])  # type: ignore[attr-defined]

    def best(i: int, j: int) -> float:
        before = [best(a, b) for a, b in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if a >= 0 and b >= 0]
        return float(costs[i, j]) + (min(before) if before else 0.0)

    path = ordered.aligned(costs)
    assert path[0] == (0, 0)
    assert path[-1] == (n - 1, m - 1)
    assert all((c - a, d - b) in {(0, 1), (1, 0), (1, 1)} for (a, b), (c, d) in pairwise(path))
    assert sum(costs[i, j] for i, j in path) == pytest.approx(best(n - 1, m - 1))


def test_a_merge_mends_a_torn_layer() -> None:
    torn = [GROUND, block(4, 6, 160, 255), block(8, 8, 161, 255)]
    whole = [GROUND, block(4, 12, 160)]
    got = ordered.score(torn, whole)
    assert len(got) >= 2
    assert got[0].iou < 0.8
    assert got[1].iou > 0.99


def test_colour_is_measured_where_the_truth_is() -> None:
    level = ordered.compare(block(0, 12, 100), block(0, 6, 151))
    assert level.iou == pytest.approx(0.5)
    assert level.rgb_l1 == pytest.approx(51 / 255)
    assert ordered.cost(level) == pytest.approx((0.2 + 0.5) / 2)
    empty = np.zeros_like(GROUND)
    assert ordered.compare(empty, empty) == ordered.Level(0, 0)
