from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerlift.engines.quick.letters.blocks import NAME_LENGTH, InkedLine, blocks, stroke_width, title
from layerlift.imaging.layer import TextLine

BLACK = (0.0, 0.0, 0.0)


def inked(
    x: float, y: float, width: float, height: float = 20, colour: tuple[float, float, float] = BLACK, stroke: float = 3
) -> InkedLine:
    quad = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return InkedLine(TextLine("text", quad, 0.9), colour, stroke)


def test_a_paragraph_is_one_block() -> None:
    assert blocks([inked(10, 0, 200), inked(10, 24, 190), inked(10, 48, 60)]) == [[0, 1, 2]]


@pytest.mark.parametrize(
    "other",
    [
        inked(10, 24, 190, colour=(0.8, 0.1, 0.1)),
        inked(10, 24, 190, stroke=4),
        inked(10, 24, 190, height=30),
        inked(10, 60, 190),
        inked(300, 24, 190),
        inked(120, 24, 300),
    ],
    ids=["colour", "weight", "height", "gap", "column", "alignment"],
)
def test_what_differs_is_a_block_of_its_own(other: InkedLine) -> None:
    assert blocks([inked(10, 0, 200), other]) == [[0], [1]]


def test_centred_and_right_aligned_lines_belong_together() -> None:
    assert blocks([inked(10, 0, 200), inked(60, 24, 100)]) == [[0, 1]]
    assert blocks([inked(10, 0, 200), inked(110, 24, 100)]) == [[0, 1]]


def test_turned_lines_are_compared_along_their_own_direction() -> None:
    turn = np.radians(30)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])

    def turned(line: InkedLine) -> InkedLine:
        corners = tuple((float(x), float(y)) for x, y in (matrix @ np.array(line.line.quad).T).T)
        return InkedLine(TextLine("text", corners, 0.9), line.colour, line.stroke)

    assert blocks([turned(inked(10, 0, 200)), turned(inked(10, 24, 190))]) == [[0, 1]]
    assert blocks([inked(10, 0, 200), turned(inked(10, 24, 190))]) == [[0], [1]]


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300), st.integers(20, 200)), max_size=12))
def test_every_line_is_in_exactly_one_block(places: list[tuple[int, int, int]]) -> None:
    found = blocks([inked(x, y, width) for x, y, width in places])
    assert sorted(index for block in found for index in block) == list(range(len(places)))


def test_stroke_width_of_a_bar_is_its_width() -> None:
    alpha = np.zeros((200, 40), np.float32)
    alpha[10:190, 15:22] = 1
    assert stroke_width(alpha) == pytest.approx(7, rel=0.1)


def test_titles_are_one_short_line() -> None:
    assert title("Summer\nSale  2026") == "Summer Sale 2026"
    assert title(" \n ") == "Text"
    long = title("Our volunteers have restored the old mill")
    assert long == "Our volunteers have restored…"
    assert len(long) <= NAME_LENGTH
    assert title("a" * 50) == "a" * (NAME_LENGTH - 1) + "…"
