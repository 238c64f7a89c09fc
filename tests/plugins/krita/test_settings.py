"""Options and their spelling."""

from __future__ import annotations

import json

import pytest

from layerlift_krita.settings import Choice, Settings


def kept(**values: str) -> Settings:
    return Settings(lambda name, default: values.get(name, default), values.__setitem__)


def test_options_come_back_as_they_were_left() -> None:
    settings = kept()
    assert settings.choice == Choice()
    choice = Choice("selection", "quick", 7, "the red car", "line")
    settings.choice = choice
    assert settings.choice == choice
    wish = choice.wish()
    assert (wish.operation, wish.scope, wish.engine) == ("decompose", "selection", "quick")
    assert wish.params == {"layers": 7, "what": "the red car", "text": "line"}
    assert choice.wish(scope="layer").scope == "layer"
    assert Choice().wish().params == {"text": "block"}


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "7", '{"scope": "moon"}', '{"layers": "many"}', '{"text": 3}', '{"unknown": 1}'],
)
def test_spoiled_settings_are_the_defaults(text: str) -> None:
    assert kept(choice=text).choice == Choice()
    assert kept(tasks=text).tasks == []


def test_layers_stay_in_range() -> None:
    assert kept(choice=json.dumps({"layers": 99})).choice.layers == 10
    assert kept(choice=json.dumps({"layers": -3})).choice.layers == 0
