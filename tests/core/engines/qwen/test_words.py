"""The prompt, and which questions are asked at all."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from layerlift.engines.qwen import words

PIPELINE = SimpleNamespace(image_caption_prompt_en="EN", image_caption_prompt_cn="CN")


@pytest.mark.parametrize(
    ("caption", "what", "prompt"),
    [
        (None, None, " "),
        ("A dog. On grass.", None, "A dog. On grass."),
        ("A dog.", "the dog.", "The separate layers are: the dog. A dog."),
        (None, " the dog ", "The separate layers are: the dog."),
        ("一只狗。", "小狗", "分开的图层：小狗。 一只狗。"),
        ("A dog. On grass, nex", None, "A dog."),
        ("no end at all", None, "no end at all"),
        ("It says “Go.” And more wo", None, "It says “Go.”"),
        ("Lines\nand  spaces.", None, "Lines and spaces."),
    ],
)
def test_the_prompt_is_the_wish_and_whole_sentences(caption: str | None, what: str | None, prompt: str) -> None:
    assert words.prompt(caption, what) == prompt


@pytest.mark.parametrize(("what", "text"), [(None, "EN"), ("the dog", "EN"), ("小狗", "CN")])
def test_captions_come_in_the_users_language(what: str | None, text: str) -> None:
    question = words.caption_question(PIPELINE, what)
    assert (question.text, question.whole) == (text, True)
