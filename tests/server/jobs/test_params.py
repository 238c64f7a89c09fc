from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from layerlift.wire.messages import Submit
from layerlift.wire.values import EngineOffer, Limits
from layerlift_server.jobs import params
from layerlift_server.jobs.port import Refusal

LIMITS = Limits(1000, 90_000, 400_000, layers=64, jobs=2)
QUICK = EngineOffer("quick", "Quick", ("decompose",), 16, default=True)
ABSENT = EngineOffer("absent", "Absent", ("decompose",), 16, missing="There are no weights.")
OFFERS = (ABSENT, QUICK)
ORDER = Submit("0b0f1c9e-55a6-4f5e-9d0f-3c3b4f1f2a10")


def test_defaults_are_filled_in() -> None:
    assert params.check(ORDER, QUICK, LIMITS) == {"layers": None, "what": None, "text": "block", "seed": 0}
    given = {"layers": 16, "what": "the cat", "text": "line", "seed": 7}
    assert params.check(replace(ORDER, params=given), QUICK, LIMITS) == given


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"layers": 0}, "makes 1 to 16"),
        ({"layers": 17}, "makes 1 to 16"),
        ({"layers": True}, "makes 1 to 16"),
        ({"layers": 4.0}, "makes 1 to 16"),
        ({"layers": "many"}, "makes 1 to 16"),
        ({"what": 5}, "at most 1000"),
        ({"what": "x" * 1001}, "at most 1000"),
        ({"text": "word"}, "“block” or “line”"),
        ({"text": None}, "“block” or “line”"),
        ({"seed": -1}, "4294967295"),
        ({"seed": 1 << 32}, "4294967295"),
        ({"seed": False}, "4294967295"),
        ({"colour": "red"}, "Leave it out"),
    ],
)
def test_params_out_of_range_are_refused_with_a_remedy(given: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal) as refused:
        params.check(replace(ORDER, params=given), QUICK, LIMITS)
    assert refused.value.problem.code == "bad-params"
    assert words in refused.value.problem.remedy


def test_the_server_s_own_limit_of_layers_counts_too() -> None:
    with pytest.raises(Refusal, match="9 layers"):
        params.check(replace(ORDER, params={"layers": 9}), QUICK, replace(LIMITS, layers=8))


def test_choosing_an_engine() -> None:
    assert params.choose(ORDER, OFFERS, True, LIMITS) is QUICK
    assert params.choose(replace(ORDER, engine="quick"), OFFERS, True, LIMITS) is QUICK
    assert params.choose(ORDER, (ABSENT, replace(QUICK, default=False)), True, LIMITS).name == "quick"


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


def test_an_operation_that_some_engine_claims_but_nobody_knows_is_refused() -> None:
    painter = replace(QUICK, operations=("inpaint",))
    order = replace(ORDER, operation="inpaint")
    assert params.choose(order, (painter,), True, LIMITS) is painter
    with pytest.raises(Refusal, match="cannot inpaint"):
        params.check(order, painter, LIMITS)
