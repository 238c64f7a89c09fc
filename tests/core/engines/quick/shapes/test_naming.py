from __future__ import annotations

import cv2
import numpy as np
import pytest

from layerlift.engines.quick.element import Element
from layerlift.engines.quick.shapes.naming import name, shape_word
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Role


def drawn(kind: str) -> np.ndarray:
    alpha = np.zeros((120, 200), np.uint8)
    if kind == "panel":
        cv2.rectangle(alpha, (20, 20), (180, 100), 255, -1)
    elif kind == "bar":
        cv2.rectangle(alpha, (10, 50), (190, 64), 255, -1)
    elif kind == "line":
        cv2.rectangle(alpha, (10, 50), (190, 52), 255, -1)
    elif kind == "circle":
        cv2.circle(alpha, (100, 60), 40, 255, -1, cv2.LINE_AA)
    elif kind == "ellipse":
        cv2.ellipse(alpha, (100, 60), (80, 40), 0, 0, 360, 255, -1)
    elif kind == "frame":
        cv2.rectangle(alpha, (20, 20), (180, 100), 255, 3)
    elif kind == "triangle":
        cv2.fillPoly(alpha, [np.array([[20, 110], [180, 110], [100, 10]])], 255)
    elif kind == "marks":
        for x in range(20, 200, 30):
            cv2.circle(alpha, (x, 60), 6, 255, -1)
    return alpha.astype(np.float32) / 255


@pytest.mark.parametrize("kind", ["panel", "bar", "line", "circle", "ellipse", "frame", "triangle", "marks"])
def test_shapes_get_their_word(kind: str) -> None:
    assert shape_word(drawn(kind)) == kind


@pytest.mark.parametrize(
    ("rgb", "word"), [((0.9, 0.1, 0.1), "Red"), ((0.1, 0.3, 0.9), "Blue"), ((1, 1, 1), "White"), ((0, 0, 0), "Black")]
)
def test_names_say_colour_and_shape(rgb: tuple[float, ...], word: str) -> None:
    alpha = drawn("circle")
    colour = np.empty((*alpha.shape, 3), np.float32)
    colour[:] = rgb
    element = Element(Role.GRAPHIC, "", Bounds(0, 0, 200, 120), alpha, colour)
    assert name(element) == f"{word} circle"


def test_an_empty_element_is_still_named() -> None:
    empty = Element(Role.GRAPHIC, "", Bounds(0, 0, 3, 2), np.zeros((2, 3), np.float32), np.zeros((2, 3, 3), np.float32))
    assert name(empty) == "Black shape"


def test_an_element_covers_its_bounds() -> None:
    with pytest.raises(ValueError, match="alpha"):
        Element(Role.GRAPHIC, "x", Bounds(0, 0, 3, 3), np.zeros((2, 3), np.float32), np.zeros((2, 3, 3), np.float32))
