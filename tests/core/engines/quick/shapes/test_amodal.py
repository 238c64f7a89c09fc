"""Completion of hidden outlines: primitives, continued edges, hulls, and when to leave a shape alone."""

from __future__ import annotations

import numpy as np
import pytest

from core.engines.quick.shapes import drawn
from layerlift.engines.quick.shapes.amodal import complete

SIZE = (160, 160)
NONE = np.zeros(SIZE, bool)
CORNER = np.zeros(SIZE, bool)
CORNER[85:, 85:] = True


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize(
    ("kind", "whole"),
    [
        ("ellipse", drawn.disc(SIZE, 75, 75, 45) > 0.5),
        ("rectangle", drawn.rect(SIZE, 25, 30, 90, 90) > 0.5),
        ("rectangle", drawn.polygon(SIZE, [(75, 15), (135, 75), (75, 135), (15, 75)]) > 0.5),
        ("edges", drawn.polygon(SIZE, [(20, 20), (130, 60), (100, 130), (20, 110)]) > 0.5),
    ],
)
def test_completes_a_hidden_corner(kind: str, whole: np.ndarray) -> None:
    best = complete(whole & ~CORNER, CORNER, NONE)[0]
    assert best.kind == kind
    assert iou(best.mask, whole) > 0.97
    assert best.added > 0
    assert best.strong == (kind != "edges")


def test_adds_nothing_where_nothing_could_hide_it() -> None:
    bitten = (drawn.disc(SIZE, 75, 75, 45) > 0.5) & ~CORNER
    best = complete(bitten, NONE, NONE)[0]
    assert best.added == 0
    assert (best.mask == bitten).all()


def test_only_primitives_unless_weak() -> None:
    shape = drawn.polygon(SIZE, [(20, 20), (130, 60), (100, 130), (20, 110)]) > 0.5
    assert all(c.strong or c.kind == "seen" for c in complete(shape & ~CORNER, CORNER, NONE, weak=False))


def test_a_veil_may_take_away_too() -> None:
    whole = drawn.disc(SIZE, 75, 75, 45) > 0.5
    veil = np.zeros(SIZE, bool)
    veil[60:100, 90:140] = True
    best = complete(whole | veil, NONE, veil)[0]
    assert best.kind == "ellipse"
    assert iou(best.mask, whole) > 0.97


def test_what_is_not_known_does_not_widen_the_box() -> None:
    """A surface goes on into what was made up as far as nothing is nearer; its box is that of what was seen."""
    whole = drawn.rect(SIZE, 30, 40, 70, 60) > 0.5
    veil = np.zeros(SIZE, bool)
    veil[10:95, 60:150] = True
    spilt = whole | (veil & (drawn.disc(SIZE, 85, 55, 45) > 0.5))
    best = complete(spilt, NONE, veil)[0]
    assert best.kind == "rectangle"
    assert iou(best.mask[95:], whole[95:]) > 0.99
    assert iou(best.mask, whole) > 0.7


@pytest.mark.parametrize("mask", [np.zeros(SIZE, bool), np.eye(160, dtype=bool)[:, :160] & (np.arange(160) < 3)])
def test_specks_are_left_alone(mask: np.ndarray) -> None:
    found = complete(mask, NONE, NONE)
    assert [c.kind for c in found] == ["seen"]
