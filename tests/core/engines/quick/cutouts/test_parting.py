"""Parting: touching things of different colours come apart, one thing stays one."""

from __future__ import annotations

import numpy as np

from core.engines.quick.cutouts.test_terrain import busy, disc, ground, laid, overlap
from layerlift.engines.quick.cutouts.parting import parted
from layerlift.imaging.layer import Mask, Plane

RED, BLUE = np.float32((1, 0.2, 0.1)), np.float32((0.1, 0.3, 1))


def painted(*things: tuple[Mask, Plane]) -> Plane:
    image = ground()
    for where, colours in things:
        image = laid(image, where, colours)
    return image


def test_two_things_that_touch_are_two() -> None:
    left, right = disc(150, 130, 60), disc(150, 245, 60)
    image = painted((left, busy(0) * RED), (right, busy(1) * BLUE))
    found = parted(left | right, image)
    assert len(found) == 2
    for truth in (left & ~right, right):
        assert max(overlap(truth, mask) for mask in found) > 0.93
    assert not (found[0] & found[1]).any()


def test_a_neck_between_like_colours_is_a_neck() -> None:
    left, right = disc(150, 130, 60), disc(150, 245, 60)
    assert len(parted(left | right, painted((left | right, busy(0) * RED)))) == 1


def test_two_colours_without_a_neck_are_one_thing() -> None:
    whole = disc(150, 200, 90)
    upper = whole.copy()
    upper[150:] = False
    assert len(parted(whole, painted((whole, busy(0) * RED), (upper, busy(1) * BLUE)))) == 1


def test_a_limb_stays_with_its_body() -> None:
    body, hand = disc(150, 180, 80), disc(150, 275, 18)
    image = painted((body, busy(0) * RED), (hand, busy(1) * BLUE))
    assert len(parted(body | hand, image)) == 1


def test_a_row_of_three_comes_apart_and_like_ends_are_one() -> None:
    things = [disc(150, x, 40) for x in (80, 158, 236)]
    union = things[0] | things[1] | things[2]
    green = np.float32((0.2, 1, 0.2))
    apart = painted((things[0], busy(0) * RED), (things[1], busy(1) * BLUE), (things[2], busy(2) * green))
    assert len(parted(union, apart)) == 3
    ends = painted((things[0], busy(0) * RED), (things[1], busy(1) * BLUE), (things[2], busy(2) * RED))
    assert len(parted(union, ends)) == 2


def test_little_masks_are_left_alone() -> None:
    speck = disc(150, 200, 3)
    (found,) = parted(speck, ground())
    assert np.array_equal(found, speck)
