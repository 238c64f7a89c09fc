"""Which layer is meant: by name, number, text and role, in English and Chinese; or the candidates."""

from __future__ import annotations

import numpy as np
import pytest

from layerlift.errors import RequestError
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role, Text, TextLine
from layerlift.operations import meaning


def line(words: str, height: int) -> Text:
    return Text((TextLine(words, ((0, 0), (50, 0), (50, height), (0, height)), 1.0),))


def layer(name: str, role: Role, text: Text | None = None) -> Layer:
    return Layer(name, role, Bounds(0, 0, 2, 2), np.zeros((2, 2, 4), np.uint8), text=text)


STACK = LayerStack(
    Extent(9, 9),
    (
        layer("Background", Role.BACKGROUND),
        layer("Yellow circle", Role.GRAPHIC),
        layer("White shape", Role.GRAPHIC),
        layer("White shape 2", Role.GRAPHIC),
        layer("Dog", Role.SUBJECT),
        layer("Slow Travel", Role.TEXT, line("Slow Travel", 40)),
        layer("Meet the makers", Role.TEXT, line("Meet the makers", 9)),
        layer("Shadow of Dog", Role.SHADOW),
    ),
)


@pytest.mark.parametrize(
    ("target", "index"),
    [
        ("dog", 4),
        ("DOG", 4),
        ("狗", 4),
        ("yellow circle", 1),
        ("circle", 1),
        ("圆", 1),
        ("background", 0),
        ("背景", 0),
        ("title", 5),
        ("标题", 5),
        ("slow travel", 5),
        ("meet the makers", 6),
        ("makers", 6),
        ("White shape", 2),
        ("white shape 2", 3),
        ("shadow", 7),
        ("阴影", 7),
        ("layer 2", 1),
        ("第3层", 2),
        ("top layer", 7),
        ("底层", 0),
        ("subject", 4),
    ],
)
def test_one_layer_is_meant(target, index):
    assert meaning.named(STACK, target) == (index,)


def test_everything_is_meant():
    assert meaning.named(STACK, "everything") == tuple(range(8))
    assert meaning.named(STACK, "所有图层") == tuple(range(8))


@pytest.mark.parametrize(
    ("target", "words", "candidates"),
    [("white", "2 layers", ("2: “White shape”", "3: “White shape 2”")), ("cat", "No layer is called", ("4: “Dog”",))],
)
def test_what_is_not_clear_lists_the_candidates(target, words, candidates):
    with pytest.raises(RequestError, match=words) as caught:
        meaning.named(STACK, target)
    assert all(candidate in caught.value.remedy for candidate in candidates)


@pytest.mark.parametrize(
    ("prompt", "index"),
    [
        ("give the dog a red hat", 4),
        ("给狗戴一顶红帽子", 4),
        ("make the title look like neon", 5),
        ("让标题像霓虹灯", 5),
        ("replace the background by a beach", 0),
        ("change “Slow Travel” to “Fast Travel”", 5),
        ("the white shape 2 should be fluffier", 3),
        ("turn the circle into a sun", 1),
    ],
)
def test_free_sentences(prompt, index):
    assert meaning.spoken_of(STACK, prompt) == index


@pytest.mark.parametrize("prompt", ["make it warmer", "the dog and the yellow circle swap colours"])
def test_free_sentences_that_are_not_clear(prompt):
    with pytest.raises(RequestError) as caught:
        meaning.spoken_of(STACK, prompt)
    assert "“Dog”" in caught.value.remedy


def test_numbers_and_single_layers():
    assert meaning.by_number(STACK, 7) == 7
    with pytest.raises(RequestError, match="no layer 8"):
        meaning.by_number(STACK, 8)
    alone = LayerStack(Extent(9, 9), STACK.layers[:1])
    assert meaning.spoken_of(alone, "make it warmer") == 0
