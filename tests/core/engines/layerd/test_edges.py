"""Edges of flat things: exact whatever the matte was; mattes of everything else are left alone."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerlift.engines.layerd.edges import sharpen

Plane = NDArray[np.float32]
CREAM, RUST = (0.95, 0.9, 0.8), (0.8, 0.3, 0.15)


def sheet(colour: tuple[float, float, float], size: tuple[int, int] = (120, 160)) -> Plane:
    return np.broadcast_to(np.array(colour, np.float32), (*size, 3)).copy()


def disc(radius: int = 30, size: tuple[int, int] = (120, 160)) -> Plane:
    """(h, w) coverage of a disc, smooth at its edge."""
    big = np.zeros((size[0] * 8, size[1] * 8), np.uint8)
    cv2.circle(big, (size[1] * 4, size[0] * 4), radius * 8, 255, -1)
    return cv2.resize(big, (size[1], size[0]), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


@pytest.mark.parametrize("wrong", [cv2.erode, cv2.dilate])
def test_a_flat_thing_gets_its_exact_edge(wrong: Callable[..., Plane]) -> None:
    """A matte three pixels too small or too large, and blurred, over a known ground: α comes from the colours."""
    coverage = disc()
    ground = sheet(CREAM)
    image = coverage[..., None] * np.array(RUST, np.float32) + (1 - coverage[..., None]) * ground
    rough = cv2.GaussianBlur(wrong(coverage, np.ones((7, 7), np.uint8)), (0, 0), 2)
    alpha, colours, flat = sharpen(image, ground, rough, 12)
    assert flat
    assert np.abs(rough - coverage).max() > 0.9
    assert np.abs(alpha - coverage).max() < 0.02
    assert np.abs(colours[coverage > 0.1] - RUST).max() < 1 / 255


def test_a_photograph_in_front_keeps_its_matte() -> None:
    coverage = disc()
    y, x = np.mgrid[:120, :160].astype(np.float32)
    inside = np.dstack([0.5 + 0.4 * np.sin(x / 5), 0.4 + 0.3 * np.cos(y / 4), 0.2 + x / 400]).astype(np.float32)
    ground = sheet(CREAM)
    image = coverage[..., None] * inside + (1 - coverage[..., None]) * ground
    alpha, colours, flat = sharpen(image, ground, coverage, 6)
    assert not flat
    assert (alpha == coverage).all()
    assert (colours == image).all()


def test_a_thing_of_the_grounds_own_colour_cannot_be_told_and_is_left() -> None:
    coverage = disc()
    alpha, _, _ = sharpen(sheet(CREAM), sheet(CREAM), coverage, 6)
    assert (alpha == coverage).all()


def test_the_strokes_of_letters_are_flat_along_themselves() -> None:
    """Three pixels wide, soft at both sides: only the middle is of the pure colour, all of it comes back."""
    coverage = np.zeros((120, 160), np.float32)
    for x in (30, 60, 90, 120):
        coverage[20:100, x : x + 3] = (0.4, 1, 0.7)
    coverage[58:61, 33:60] = np.array((0.3, 1, 0.6), np.float32)[:, None]
    ground = sheet(CREAM)
    image = coverage[..., None] * np.array(RUST, np.float32) + (1 - coverage[..., None]) * ground
    alpha, colours, flat = sharpen(image, ground, cv2.GaussianBlur(coverage, (0, 0), 0.7), 4)
    assert flat
    assert np.abs(alpha - coverage).max() < 0.02
    assert np.abs(colours[coverage > 0] - RUST).max() < 1 / 255


def test_a_letter_too_thin_to_show_its_colour_takes_that_of_the_others() -> None:
    """A slanted stroke beside a straight one of three pixels: it is nowhere pure, and nowhere plain."""
    coverage = np.zeros((60, 80), np.float32)
    coverage[10:50, 20:23] = 1
    coverage[10:50:2, 40:42], coverage[11:50:2, 40:42] = (0.55, 0.75), (0.8, 0.4)
    ground = sheet(CREAM, (60, 80))
    image = coverage[..., None] * np.array(RUST, np.float32) + (1 - coverage[..., None]) * ground
    rough = np.where(coverage > 0, np.float32(0.8), np.float32(0))
    alpha, colours, _ = sharpen(image, ground, rough, 4)
    assert np.abs(alpha - coverage).max() < 0.02
    assert np.abs(colours[coverage > 0] - RUST).max() < 1 / 255


def test_a_jpeg_keeps_its_edges() -> None:
    """Red on cream with halved colour: at the edge, pixels leave the line between the two by up to 50 levels. Little of
    the thing is left in the ground, and little of the ground in the thing."""
    coverage = disc()
    truth = coverage[..., None] * np.array((0.88, 0.14, 0.12), np.float32) + (1 - coverage[..., None]) * sheet(CREAM)
    encoded = cv2.imencode(".jpg", np.rint(truth[..., ::-1] * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    image = cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1].astype(np.float32) / 255
    rough = cv2.GaussianBlur(coverage, (0, 0), 2)
    alpha, colours, flat = sharpen(image, sheet(CREAM), rough, 6)
    assert flat
    assert np.abs(alpha - coverage).mean() < np.abs(rough - coverage).mean() / 4
    again = alpha[..., None] * colours + (1 - alpha[..., None]) * sheet(CREAM)
    assert np.abs(again - image).mean() < 2 / 255
