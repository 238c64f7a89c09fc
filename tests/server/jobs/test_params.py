from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from layerlift.wire.messages import Submit
from layerlift.wire.params import OPERATIONS, check
from layerlift.wire.values import EngineOffer, Limits, Operation
from layerlift_server.jobs import params
from layerlift_server.jobs.port import Refusal

LIMITS = Limits(1000, 90_000, 400_000, layers=64, jobs=2)
QUICK = EngineOffer("quick", "Quick", ("decompose",), 16, default=True)
ABSENT = EngineOffer("absent", "Absent", ("decompose",), 16, missing="There are no weights.")
OFFERS = (ABSENT, QUICK)
ORDER = Submit("0b0f1c9e-55a6-4f5e-9d0f-3c3b4f1f2a10")


def test_defaults_are_filled_in() -> None:
    assert params.check(ORDER, QUICK, LIMITS) == check("decompose", {})
    given = {"layers": 16, "what": "the cat", "text": "line", "seed": 7}
    assert params.check(replace(ORDER, params=given), QUICK, LIMITS) == check("decompose", given)


@pytest.mark.parametrize(
    ("operation", "given", "code", "words"),
    [
        ("decompose", {"layers": 0}, "bad-params", "from 1 to 1024"),
        ("decompose", {"layers": 17}, "bad-params", "makes 1 to 16"),
        ("decompose", {"colour": "red"}, "bad-params", "Leave it out"),
        ("generate", {"prompt": "x", "width": 9, "height": 9, "layers": 17}, "bad-params", "makes 1 to 16"),
        ("generate", {"prompt": "x", "width": 1001, "height": 1}, "too-large", "smaller"),
        ("generate", {"prompt": "x", "width": 400, "height": 400}, "too-large", "smaller"),
        ("edit", {}, "bad-params", "few words"),
    ],
)
def test_params_out_of_range_are_refused_with_a_remedy(
    operation: Operation, given: dict[str, Any], code: str, words: str
) -> None:
    with pytest.raises(Refusal) as refused:
        params.check(replace(ORDER, operation=operation, params=given), QUICK, LIMITS)
    assert refused.value.problem.code == code
    assert words in refused.value.problem.remedy


def test_what_must_come_with_them_is_asked_for() -> None:
    with pytest.raises(Refusal, match="nothing to decompose"):
        params.check(ORDER, QUICK, LIMITS, upload=False)
    with pytest.raises(Refusal, match="Nothing is selected"):
        params.check(replace(ORDER, operation="inpaint"), QUICK, LIMITS, upload=True, mask=False)


def test_the_server_s_own_limit_of_layers_counts_too() -> None:
    with pytest.raises(Refusal, match="9 layers"):
        params.check(replace(ORDER, params={"layers": 9}), QUICK, replace(LIMITS, layers=8))


def test_choosing_an_engine() -> None:
    assert params.choose(ORDER, OFFERS, True, LIMITS) is QUICK
    assert params.choose(replace(ORDER, engine="quick"), OFFERS, True, LIMITS) is QUICK
    assert params.choose(ORDER, (ABSENT, replace(QUICK, default=False)), True, LIMITS).name == "quick"


def test_an_operation_goes_to_the_default_engine_if_that_can_else_to_the_first_that_can() -> None:
    painter = EngineOffer("painter", "Painter", ("inpaint", "edit"), 4)
    second, away = replace(painter, name="second"), replace(painter, name="away", missing="There are no weights.")
    fill, edit = replace(ORDER, operation="inpaint"), replace(ORDER, operation="edit")
    assert params.choose(fill, (away, QUICK, painter, second), True, LIMITS) is painter
    able = replace(QUICK, operations=("decompose", "inpaint"))
    assert params.choose(fill, (painter, able), True, LIMITS) is able
    assert params.choose(replace(fill, engine="second"), (QUICK, painter, second), True, LIMITS) is second
    assert params.choose(edit, (QUICK, painter), True, LIMITS) is painter


def test_words_go_to_those_that_draw_and_never_to_one_that_only_pretends() -> None:
    quick = replace(QUICK, operations=("decompose", "edit", "inpaint", "extend"))
    fake = EngineOffer("fake", "Fake", OPERATIONS, 16)
    qwen = EngineOffer("qwen", "Qwen", ("decompose", "edit", "harmonise"), 10)
    image = EngineOffer("image", "Image", ("generate", "inpaint", "extend"), 1)
    offers = (quick, fake, qwen, image)

    def chosen(operation: Operation, **given: str) -> str:
        return params.choose(replace(ORDER, operation=operation, params=given), offers, True, LIMITS).name

    assert chosen("decompose") == "quick"
    assert chosen("edit", prompt="at dusk") == "qwen"
    assert (chosen("inpaint"), chosen("inpaint", prompt="a hat")) == ("quick", "image")
    assert (chosen("extend"), chosen("extend", prompt="sand")) == ("quick", "image")
    assert chosen("harmonise") == "qwen"
    offers = (quick, fake)
    assert chosen("edit", prompt="at dusk") == "quick", "it may be a command, and says so where it is none"
    with pytest.raises(Refusal, match="No engine here can generate"):
        chosen("generate", prompt="a boat")
    assert params.choose(replace(ORDER, operation="generate", engine="fake"), offers, True, LIMITS) is fake


def test_commands_in_words_need_no_engine_that_edits() -> None:
    edit = replace(ORDER, operation="edit")
    assert params.choose(edit, OFFERS, True, LIMITS) is QUICK
    assert params.choose(replace(edit, engine="quick"), OFFERS, True, LIMITS) is QUICK


def test_what_nobody_can_is_refused_with_who_could() -> None:
    order = replace(ORDER, operation="generate")
    with pytest.raises(Refusal) as refused:
        params.choose(order, (QUICK, replace(ABSENT, operations=("generate",))), True, LIMITS)
    assert refused.value.problem.sentence == "No engine here can generate."
    assert refused.value.problem.remedy == "Absent could: There are no weights."
    with pytest.raises(Refusal, match="No engine here"):
        params.choose(order, OFFERS, True, LIMITS)


@pytest.mark.parametrize(
    ("order", "offers", "code"),
    [
        (replace(ORDER, engine="absent"), OFFERS, "engine-unavailable"),
        (replace(ORDER, engine="nobody"), OFFERS, "engine-unavailable"),
        (ORDER, (ABSENT,), "engine-unavailable"),
        (replace(ORDER, operation="inpaint"), OFFERS, "unsupported-operation"),
    ],
)
def test_engines_that_cannot_are_refused(order: Submit, offers: tuple[EngineOffer, ...], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        params.choose(order, offers, True, LIMITS)
    assert refused.value.problem.code == code


def test_before_the_worker_has_spoken_any_engine_may_be_asked_for() -> None:
    assert params.choose(replace(ORDER, engine="qwen"), OFFERS, False, LIMITS).name == "qwen"
    assert params.choose(ORDER, OFFERS, False, LIMITS) is QUICK
    assert params.choose(replace(ORDER, operation="inpaint"), OFFERS, False, LIMITS) is QUICK
    assert params.choose(replace(ORDER, operation="inpaint", engine="quick"), OFFERS, False, LIMITS) is QUICK
