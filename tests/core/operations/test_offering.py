"""Who does it: chosen, refused, recommended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from layerlift import engines
from layerlift.engines.fake import FakeEngine
from layerlift.errors import EngineUnavailable, RequestError
from layerlift.operations.offering import others, pick, require

QUICK = replace(FakeEngine.info, name="quick", operations=("decompose", "edit", "inpaint", "extend"))
CONTINUES = replace(FakeEngine.info, name="continues", operations=("decompose", "inpaint"))
DRAWS = replace(FakeEngine.info, name="draws", operations=("edit", "generate", "inpaint"))
BROKEN = replace(DRAWS, name="broken", missing="it needs a moon. Wait for one.")


@pytest.fixture
def here(monkeypatch):
    def are(*infos):
        monkeypatch.setattr(engines, "available", lambda: [*infos, FakeEngine.info])

    return are


def test_the_default_continues_and_another_draws(here):
    here(QUICK, CONTINUES, BROKEN, DRAWS)
    assert pick("inpaint", draws=False) == "quick"
    assert pick("inpaint", draws=True) == "draws"
    assert pick("generate", draws=True) == "draws"
    here(QUICK, CONTINUES, BROKEN)
    assert pick("inpaint", draws=True) == "quick"  # it says why not


def test_nobody_says_what_would_help(here):
    here(QUICK, BROKEN)
    with pytest.raises(RequestError, match="No engine here can draw new pictures") as caught:
        pick("generate", draws=True)
    assert "layerlift models" in caught.value.remedy
    assert "“broken”: it needs a moon" in caught.value.remedy
    assert "fake" not in caught.value.remedy


def test_what_is_recommended(here):
    here(QUICK, DRAWS)
    assert others("inpaint", "quick") == "Choose the engine “draws”."
    with pytest.raises(EngineUnavailable, match="it needs a moon"):
        require(type("E", (), {"info": BROKEN})(), "edit")
    with pytest.raises(RequestError, match="cannot harmonise pictures"):
        require(type("E", (), {"info": DRAWS})(), "harmonise")
