"""What layers are called."""

from __future__ import annotations

import numpy as np
import pytest

from layerlift.engines.qwen import naming
from layerlift.engines.qwen.asking import PICTURE
from layerlift.engines.qwen.naming import Name
from layerlift.imaging.layer import Role


def test_asks_for_as_many_names_as_it_shows_pictures() -> None:
    question = naming.question(3, ("the dog",))
    assert question.text.count(PICTURE) == 3
    assert "the dog" in question.text
    assert question.limit >= 3 * 8


def test_layers_are_shown_small_and_on_grey() -> None:
    layer = np.zeros((400, 1000, 4), np.uint8)
    layer[:, :200] = (255, 0, 0, 255)
    (shown,) = naming.pictures([layer])
    assert shown.shape == (224, round(220 * 224 / 400), 3)
    assert tuple(shown[100, 10]) == (255, 0, 0)
    assert tuple(shown[100, -3]) == (128, 128, 128)


@pytest.mark.parametrize("box", [(50, 60, 3, 3), (0, 0, 400, 1), (399, 299, 1, 1)])
def test_small_things_are_shown_large(box: tuple[int, int, int, int]) -> None:
    x, y, width, height = box
    layer = np.zeros((300, 400, 4), np.uint8)
    layer[y : y + height, x : x + width] = (0, 0, 255, 255)
    (shown,) = naming.pictures([layer])
    assert max(shown.shape[:2]) == 224
    assert min(shown.shape[:2]) >= 28
    assert (shown[..., 2] > 200).mean() > 0.4


def test_an_empty_layer_is_grey() -> None:
    (shown,) = naming.pictures([np.zeros((50, 100, 4), np.uint8)])
    assert shown.shape == (112, 224, 3)
    assert (shown == 128).all()


def test_what_it_says_is_what_they_are_called() -> None:
    names = naming.said("1. sunset\n2. a dog\n3. shop title", 3)
    assert names == [
        Name("Background", Role.BACKGROUND),
        Name("A dog", Role.SUBJECT),
        Name("Shop title", Role.TEXT),
    ]


@pytest.mark.parametrize("answer", ["", "1. dog", "1. dog\n2. dog\n3. dog", "1. a\n2. b\n3. c\n4. d"])
def test_any_other_answer_leaves_numbers(answer: str) -> None:
    names = naming.said(answer, 3)
    assert [name.name for name in names] == ["Background", "Layer 2", "Layer 3"]
    assert [name.role for name in names] == [Role.BACKGROUND, Role.GRAPHIC, Role.GRAPHIC]


def test_the_lowest_part_of_a_layer_is_no_background() -> None:
    assert naming.numbered(2, ground=False)[0] == Name("Base", Role.GRAPHIC)
    assert naming.said("1. red hat\n2. a face", 2, ground=False)[0].name == "Red hat"


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Headline text", Role.TEXT),
        ("Drop shadow of the man", Role.SHADOW),
        ("Two women", Role.SUBJECT),
        ("标题文字", Role.TEXT),
        ("小狗", Role.SUBJECT),
        ("Textile pattern", Role.GRAPHIC),
        ("Manhattan skyline", Role.GRAPHIC),
    ],
)
def test_roles_come_from_whole_words(name: str, role: Role) -> None:
    assert naming.role_of(name) is role
