"""The params of every operation: complete, in range, and explained where they are not."""

from __future__ import annotations

from typing import Any

import pytest

from layerlift.wire import limits
from layerlift.wire.params import NEEDS, OPERATIONS, Drawing, Unfit, check, corners, own
from layerlift.wire.shapes import Mismatch

JOB = "0b51c1c0-5e1f-4b6e-9c0a-7a1b2c3d4e5f"
DRAWN = {"steps": None, "guidance": None, "negative": None, "fast": False, "resolution": None, "seed": 0}
LEAST: dict[str, dict[str, Any]] = {
    "decompose": {},
    "edit": {"prompt": "make it blue"},
    "generate": {"prompt": "a boat", "width": 64, "height": 48},
    "inpaint": {},
    "extend": {"left": 1},
    "harmonise": {},
}


def refusal(operation: str, params: dict[str, Any], **come: bool) -> Unfit:
    with pytest.raises(Unfit) as caught:
        check(operation, params, **come)
    assert isinstance(caught.value, Mismatch)
    assert caught.value.sentence
    assert caught.value.remedy
    return caught.value


def test_every_operation_has_a_table() -> None:
    assert tuple(NEEDS) == OPERATIONS == tuple(LEAST)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_defaults_are_filled_in_and_stand_for_what_was_not_said(operation: str) -> None:
    whole = check(operation, LEAST[operation])
    assert {name: whole[name] for name in DRAWN} == DRAWN
    assert set(whole) == {*DRAWN, *own(NEEDS[operation].params)}  # type: ignore[index]
    assert check(operation, whole) == whole


def test_what_is_given_stays() -> None:
    given: dict[str, Any] = {
        "layers": 16,
        "what": "the cat",
        "text": "line",
        "edges": "careful",
        "source": JOB,
        "layer": 3,
    }
    drawn: dict[str, Any] = {
        "steps": 8,
        "guidance": 2.5,
        "negative": "noise",
        "fast": True,
        "resolution": 1024,
        "seed": 2**32 - 1,
    }
    assert check("decompose", {**given, **drawn}) == {**given, **drawn}
    assert check("edit", {"prompt": "标题", "guidance": 4})["guidance"] == 4.0


def test_an_empty_text_is_none() -> None:
    assert check("inpaint", {"prompt": " ", "negative": ""}) == check("inpaint", {})
    assert "prompt" in refusal("edit", {"prompt": ""}).sentence


@pytest.mark.parametrize(
    ("operation", "given", "words"),
    [
        ("decompose", {"layers": 0}, "from 1 to 1024"),
        ("decompose", {"layers": True}, "from 1 to 1024"),
        ("decompose", {"layers": 4.0}, "from 1 to 1024"),
        ("decompose", {"layers": "many"}, "from 1 to 1024"),
        ("decompose", {"what": 5}, "at most 3000 bytes"),
        ("decompose", {"what": "ß" * 1501}, "at most 3000 bytes"),
        ("decompose", {"text": "word"}, "“block” or “line”"),
        ("decompose", {"edges": "wild"}, "“fast” or “careful”"),
        ("decompose", {"text": None}, "“block” or “line”"),
        ("decompose", {"seed": -1}, "4294967295"),
        ("decompose", {"seed": 1 << 32}, "4294967295"),
        ("decompose", {"source": "../etc"}, "UUID"),
        ("decompose", {"layer": 1}, "“source”"),
        ("decompose", {"prompt": "x"}, "Leave it out"),
        ("edit", {}, "in a few words"),
        ("edit", {"prompt": None}, "at most 3000 bytes"),
        ("edit", {"prompt": "x", "alpha": "new"}, "“keep” or “matte”"),
        ("edit", {"prompt": "x", "steps": 0}, "from 1 to 200"),
        ("edit", {"prompt": "x", "steps": 201}, "from 1 to 200"),
        ("edit", {"prompt": "x", "guidance": 20.5}, "from 0 to 20"),
        ("edit", {"prompt": "x", "guidance": float("nan")}, "from 0 to 20"),
        ("edit", {"prompt": "x", "fast": 1}, "true or false"),
        ("edit", {"prompt": "x", "resolution": 512}, "“640” or “1024”"),
        ("edit", {"prompt": "x", "layer": 0}, "“source”"),
        ("generate", {"prompt": "x", "width": 8}, "both"),
        ("generate", {"prompt": "x", "height": 8}, "both"),
        ("generate", {"prompt": "x", "width": 0, "height": 8}, "from 1 to"),
        ("generate", {"prompt": "x", "strength": 1.5}, "from 0 to 1"),
        ("generate", {"prompt": "x", "source": JOB}, "Leave it out"),
        ("inpaint", {"feather": -1}, "from 0 to 4096"),
        ("inpaint", {"selection": "0,0 9,9"}, "corners"),
        ("inpaint", {"selection": "0,0 9,9 -1,4"}, "corners"),
        ("inpaint", {"selection": "0,0 9,9 1,4" + " 1,1" * 1000}, "corners"),
        ("extend", {}, "at least one"),
        ("extend", {"left": 0, "bottom": 0}, "at least one"),
        ("extend", {"left": -4}, "from 0 to"),
        ("harmonise", {"feather": 1}, "Leave it out"),
        ("shrink", {}, "decompose, edit"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_remedy(operation: str, given: dict[str, Any], words: str) -> None:
    assert words in refusal(operation, given).remedy


def test_a_refusal_repeats_little_of_what_came() -> None:
    assert len(refusal("decompose", {"text": "x" * 3000}).sentence) < 80
    assert len(refusal("decompose", {"y" * 90: 1}).sentence) < 100


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "generate"])
def test_there_must_be_something_to_work_on(operation: str) -> None:
    params = LEAST[operation]
    assert refusal(operation, params, upload=False).remedy == "Send a document and name it."
    assert check(operation, params, upload=True)
    assert check(operation, {**params, "source": JOB}, upload=False)["source"] == JOB
    assert "one of the two" in refusal(operation, {**params, "source": JOB}, upload=True).remedy


def test_a_new_picture_has_a_size_from_one_place() -> None:
    words = {"prompt": "a boat"}
    assert "width and height" in refusal("generate", words, upload=False).remedy
    assert "Leave out" in refusal("generate", {**words, "width": 4, "height": 4}, upload=True).remedy
    assert check("generate", {**words, "strength": 0.5}, upload=True)["strength"] == 0.5
    assert "strength" in refusal("generate", {**LEAST["generate"], "strength": 0.5}, upload=False).sentence
    assert check("generate", LEAST["generate"], upload=False)["width"] == 64


def test_what_is_filled_must_be_selected() -> None:
    assert refusal("inpaint", {}, upload=True, mask=False).sentence == "Nothing is selected."
    assert check("inpaint", {}, upload=True, mask=True)
    assert check("inpaint", {"selection": "0,0 9,0 9,9"}, upload=True, mask=False)
    assert check("harmonise", {}, upload=True, mask=False)


def test_corners() -> None:
    assert corners("0,0 640,0 320,480") == ((0, 0), (640, 0), (320, 480))


def test_all_params_of_one_operation_fit_into_a_message() -> None:
    assert max(len(check(operation, LEAST[operation])) for operation in OPERATIONS) <= limits.PARAMS
    assert set(own(Drawing)) == set()
