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
    choice = Choice("selection", "quick", 7, "the red car", "line", "careful")
    settings.choice = choice
    assert settings.choice == choice
    wish = choice.wish()
    assert (wish.operation, wish.scope, wish.engine) == ("decompose", "selection", "quick")
    assert wish.params == {"layers": 7, "what": "the red car", "text": "line", "edges": "careful"}
    assert choice.wish(scope="layer").scope == "layer"
    assert Choice().wish().params == {"text": "block"}


def test_the_usual_edges_are_not_spoken_of() -> None:
    """Servers from before careful edges refuse words that they do not know."""
    assert Choice().wish() == Choice(edges="fast").wish()
    assert "edges" not in Choice(edges="fast").wish().params
    assert Choice(edges="careful").wish(scope="layer").params["edges"] == "careful"


def test_options_kept_before_there_were_careful_edges_are_all_there() -> None:
    assert kept(choice=json.dumps({"layers": 5, "text": "line"})).choice == Choice(layers=5, text="line", edges="fast")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        '{"scope": "moon"}',
        '{"layers": "many"}',
        '{"text": 3}',
        '{"edges": "wild"}',
        '{"edges": true}',
        '{"unknown": 1}',
    ],
)
def test_spoiled_settings_are_the_defaults(text: str) -> None:
    assert kept(choice=text).choice == Choice()
    assert kept(tasks=text).tasks == []


def test_layers_stay_in_range() -> None:
    assert kept(choice=json.dumps({"layers": 99})).choice.layers == 10
    assert kept(choice=json.dumps({"layers": -3})).choice.layers == 0
