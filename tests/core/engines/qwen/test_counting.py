"""Auto's words: lists that are believed, and lists that are not."""

from __future__ import annotations

import pytest

from layerlift.engines.qwen import counting
from layerlift.engines.qwen.counting import Count


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ("1. Background\n2. A dog\n3. The title", ("Background", "A dog", "The title")),
        ("Here are the layers:\n\n1) sky\n2) sea\n\nThat is all.", ("sky", "sea")),
        ("1. **Ground** - a plain one\n2. “SALE” (red)\n3. Sun: yellow", ("Ground", "SALE", "Sun")),
        ("1、背景\n2、小狗\n3．标题", ("背景", "小狗", "标题")),
        ("- 1. A\n- 2. B", ("A", "B")),
        ("1. Dog\n2. dog\n3. Cat", ("Dog", "Cat")),
        ("2. Late\n3. Later", ()),
        ("1. Only\n3. skips", ("Only",)),
        ("I see a dog and a cat.", ()),
        ("In 2019. a thing", ()),
        ("", ()),
    ],
)
def test_reads_numbered_lists_and_nothing_else(answer: str, names: tuple[str, ...]) -> None:
    assert counting.listed(answer) == names


def test_a_sentence_is_no_name() -> None:
    assert counting.listed("1. Sky\n2. " + "a very long description of a thing " * 3) == ("Sky",)


def test_the_length_of_the_list_is_the_number() -> None:
    assert counting.from_list("1. Sky\n2. Sea\n3. Ship") == Count(3, ("Sky", "Sea", "Ship"))


def test_no_more_than_can_be_done() -> None:
    answer = "\n".join(f"{number}. Thing {number}" for number in range(1, 15))
    assert counting.from_list(answer).layers == counting.MOST
    assert counting.from_list(answer, 5).layers == 5


@pytest.mark.parametrize("answer", ["", "no idea", "1. Everything"])
def test_no_list_means_the_usual_number_and_a_note(answer: str) -> None:
    count = counting.from_list(answer)
    assert (count.layers, count.names) == (counting.USUAL, ())
    assert count.note is not None
    assert "4 were tried" in count.note
    assert counting.from_list(answer, 3).layers == 3


@pytest.mark.parametrize(
    ("what", "layers"),
    [
        ("the dog", 2),
        ("the dog and the title", 3),
        ("Hund, Katze und Maus", 4),
        ("小狗和标题", 3),
        ("  ", 2),
        ("a, b, c, d, e, f, g, h, i, j", 8),
        ("the sandy island", 2),
    ],
)
def test_one_layer_for_each_thing_that_is_named(what: str, layers: int) -> None:
    assert counting.from_wish(what).layers == layers


def test_quotation_marks_do_not_belong_to_names() -> None:
    assert counting.named("“SALE”, the 'dog'") == ("SALE", "the 'dog'")
