from __future__ import annotations

import cv2
import numpy as np
import pytest

from layerlift.engines.quick.element import Element
from layerlift.engines.quick.shadow import lit, shadow_of
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Role

WIDTH, HEIGHT = 300, 240
BOX = Bounds(100, 80, 90, 70)


def ground(kind: str) -> np.ndarray:
    """(H, W, 3) float32: one even colour, a gradient, or a wall above a floor."""
    rows = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None, None]
    picture = np.broadcast_to(np.float32([0.9, 0.8, 0.7]), (HEIGHT, WIDTH, 3)).copy()
    if kind == "gradient":
        picture *= 0.6 + 0.4 * rows
    elif kind == "wall and floor":
        picture[HEIGHT // 2 :] = (0.5, 0.7, 0.9)
    return picture


def drop_shadow(strength: float) -> np.ndarray:
    """(H, W) darkness of a blurred, shifted copy of the box."""
    dark = np.zeros((HEIGHT, WIDTH), np.float32)
    dark[BOX.shift(5, 8).slices] = strength
    return cv2.GaussianBlur(dark, (0, 0), 7)


def box() -> Element:
    shape = (BOX.height, BOX.width)
    return Element(Role.SUBJECT, "Box", BOX, np.ones(shape, np.float32), np.full((*shape, 3), 0.2, np.float32))


def scene(kind: str, strength: float) -> np.ndarray:
    picture = ground(kind) * (1 - drop_shadow(strength))[..., None]
    picture[BOX.slices] = 0.2
    return np.rint(picture * 255).astype(np.float32) / 255


NOTHING = np.zeros((HEIGHT, WIDTH), bool)


@pytest.mark.parametrize("kind", ["even", "gradient", "wall and floor"])
def test_a_drop_shadow_is_measured_where_one_sees_it(kind: str) -> None:
    found = shadow_of(box(), scene(kind, 0.4), NOTHING)
    assert found is not None
    assert found.role is Role.SHADOW
    assert not found.colour.any()
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[found.bounds.slices] = found.alpha
    seen = np.ones((HEIGHT, WIDTH), bool)
    seen[BOX.grow(3).slices] = False
    assert np.abs(alpha - drop_shadow(0.4))[seen].mean() < 0.004
    assert np.percentile(np.abs(alpha - drop_shadow(0.4))[seen], 99) < 0.05


def test_the_shadow_goes_on_under_its_element() -> None:
    found = shadow_of(box(), scene("even", 0.4), NOTHING)
    assert found is not None
    under = found.alpha[BOX.shift(-found.bounds.x, -found.bounds.y).slices]
    assert under[20:-20, 20:-20].min() > 0.08


@pytest.mark.parametrize(("kind", "strength"), [("even", 0.0), ("gradient", 0.0), ("even", 0.01)])
def test_no_shadow_where_there_is_none(kind: str, strength: float) -> None:
    assert shadow_of(box(), scene(kind, strength), NOTHING) is None


def test_texture_black_ground_and_hard_shapes_cast_no_shadow() -> None:
    noise = np.random.default_rng(1).random((HEIGHT, WIDTH, 3)).astype(np.float32)
    assert shadow_of(box(), noise, NOTHING) is None
    assert shadow_of(box(), np.zeros((HEIGHT, WIDTH, 3), np.float32), NOTHING) is None
    hard = ground("even")
    hard[BOX.shift(12, 12).slices] *= 0.4
    hard[BOX.slices] = 0.2
    assert shadow_of(box(), hard, NOTHING) is None


def test_what_is_blind_is_not_believed() -> None:
    assert shadow_of(box(), scene("even", 0.4), ~NOTHING) is None


def test_an_element_below_is_lit_again_where_the_shadow_falls() -> None:
    picture = scene("even", 0.4)
    shadow = shadow_of(box(), picture, NOTHING)
    assert shadow is not None
    whole = Bounds(0, 0, WIDTH, HEIGHT)
    panel = Element(Role.GRAPHIC, "Panel", whole, np.ones((HEIGHT, WIDTH), np.float32), picture)
    bright = lit(panel, shadow, picture).colour
    below = BOX.shift(0, 80).intersect(whole)
    assert np.abs(bright[below.slices] - ground("even")[below.slices]).mean() < 0.01
    away = Element(Role.GRAPHIC, "Far", Bounds(0, 0, 5, 5), np.ones((5, 5), np.float32), picture[:5, :5])
    assert lit(away, shadow, picture) is away
