"""holes, backdrop and belonging: the small rooms around the quick engine's steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from layerlift.engines.quick.backdrop import flatten, solidity
from layerlift.engines.quick.belonging import hand_back
from layerlift.engines.quick.element import Element
from layerlift.engines.quick.holes import hole_of
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Role, Text, TextLine


def element(role: Role, bounds: Bounds, words: str | None = None) -> Element:
    shape = (bounds.height, bounds.width)
    x, y, right, bottom = bounds.x, bounds.y, bounds.right, bounds.bottom
    quad = ((x, y), (right, y), (right, bottom), (x, bottom))
    text = Text((TextLine(words, quad, 0.9),)) if words else None
    solid, black = np.ones(shape, np.float32), np.zeros((*shape, 3), np.float32)
    return Element(role, words or "Thing", bounds, solid, black, 1, text)


def test_a_hole_covers_its_element_and_a_margin() -> None:
    hole = hole_of(np.zeros((40, 40, 3), np.float32), [element(Role.SUBJECT, Bounds(10, 10, 8, 8))])
    assert hole[10:18, 10:18].all()
    assert hole[6, 14]
    assert not hole[5, 14]
    assert not hole[0].any()
    assert not hole_of(np.zeros((4, 4, 3), np.float32), []).any()


def test_an_opaque_picture_stays_as_it_is() -> None:
    image = np.full((5, 6, 4), 255, np.uint8)
    flat, transparent = flatten(image)
    assert flat.shape == (5, 6, 3)
    assert (flat == 1).all()
    assert not transparent.any()


@pytest.mark.parametrize(("edge", "backdrop"), [(20, 1.0), (240, 0.2)])
def test_transparency_becomes_a_backdrop_unlike_the_edge(edge: int, backdrop: float) -> None:
    image = np.zeros((20, 20, 4), np.uint8)
    image[5:15, 5:15] = (edge, edge, edge, 255)
    flat, transparent = flatten(image)
    assert flat[0, 0, 0] == pytest.approx(backdrop)
    assert flat[10, 10, 0] == pytest.approx(edge / 255)
    assert transparent.sum() == 300


def test_a_fully_transparent_picture_has_a_backdrop_too() -> None:
    flat, transparent = flatten(np.zeros((3, 3, 4), np.uint8))
    assert transparent.all()
    assert np.isfinite(flat).all()


def test_a_hole_is_as_solid_as_what_surrounds_it() -> None:
    opaque = np.zeros((20, 40), bool)
    opaque[:, 20:] = True
    hole = np.zeros_like(opaque)
    hole[5:9, 5:9] = hole[5:9, 30:34] = True
    filled = opaque.copy()
    filled[hole] = ~filled[hole]
    assert (solidity(filled, hole) == opaque).all()
    everything = np.ones_like(hole)
    assert solidity(everything, hole).all()
    assert not solidity(opaque, everything).any()


def test_small_text_on_a_subject_goes_back_to_it() -> None:
    image = np.zeros((400, 600, 3), np.float32)
    image[190:198, 200:240] = 0.75
    car = element(Role.SUBJECT, Bounds(100, 100, 300, 200))
    plate = element(Role.TEXT, Bounds(200, 190, 40, 8), "AB 123")
    caption = element(Role.TEXT, Bounds(150, 150, 200, 60), "SALE")
    beside = element(Role.TEXT, Bounds(450, 20, 40, 8), "beside")
    texts, subjects = hand_back(image, [plate, caption, beside], [car])
    assert [text.name for text in texts] == ["SALE", "beside"]
    assert subjects[0].colour[94, 120] == pytest.approx(0.75)
    assert subjects[0].colour[50, 120] == pytest.approx(0)


def test_doubtful_marks_on_a_subject_are_the_subject_s_own() -> None:
    image = np.zeros((400, 600, 3), np.float32)
    suit = element(Role.SUBJECT, Bounds(100, 100, 300, 200))
    buckle = replace(element(Role.TEXT, Bounds(200, 150, 40, 30), "8"), confidence=0.7)
    assert hand_back(image, [buckle], [suit])[0] == []
    assert hand_back(image, [replace(buckle, confidence=0.95)], [suit])[0] != []
