from __future__ import annotations

import numpy as np
import pytest

from layerlift_server.worker.selection import polygon


def test_a_rectangle_selects_exactly_its_pixels() -> None:
    mask = polygon(((2, 1), (7, 1), (7, 4), (2, 4)), 10, 8)
    expected = np.zeros((8, 10), np.uint8)
    expected[1:4, 2:7] = 255
    np.testing.assert_array_equal(mask, expected)


def test_the_direction_and_the_first_corner_do_not_matter() -> None:
    corners = ((1, 0), (9, 3), (5, 7), (0, 5))
    once = polygon(corners, 10, 8)
    np.testing.assert_array_equal(polygon(corners[::-1], 10, 8), once)
    np.testing.assert_array_equal(polygon((*corners[2:], *corners[:2]), 10, 8), once)


@pytest.mark.parametrize("seed", range(5))
def test_a_pixel_is_selected_when_its_middle_lies_inside(seed: int) -> None:
    corners = [(int(x), int(y)) for x, y in np.random.default_rng(seed).integers(0, 40, (7, 2))]
    mask = polygon(corners, 40, 40)
    for y in range(40):
        for x in range(40):
            inside = False
            for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
                if (y0 > y + 0.5) != (y1 > y + 0.5):
                    inside ^= x + 0.5 < x0 + (y + 0.5 - y0) * (x1 - x0) / (y1 - y0)
            assert (mask[y, x] == 255) == inside, (x, y)


def test_corners_may_lie_outside() -> None:
    assert (polygon(((0, 0), (100, 0), (100, 100), (0, 100)), 10, 8) == 255).all()
    assert not polygon(((20, 20), (100, 20), (100, 100)), 10, 8).any()
    assert not polygon(((3, 3), (3, 3), (3, 3)), 10, 8).any()
