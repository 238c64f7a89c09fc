"""docs/client.md: its examples run, its table knows every verb."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from core.client.conftest import drawn
from core.client.real import running
from layerlift.client import AsyncClient, Client
from layerlift.client.timeouts import BACKOFF

pytest.importorskip("aiohttp")
TEXT = (Path(__file__).parents[3] / "docs" / "client.md").read_text(encoding="utf-8")


def test_its_examples_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("poster.png", "photo.png"):
        Image.fromarray(drawn(90, 60, opaque=True).pixels).save(name)
    examples = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(examples) == 2
    with running(tmp_path):
        for example in examples:
            exec(compile(example, "client.md", "exec"), {"__name__": "example"})
    assert (tmp_path / "poster.psd").stat().st_size > 1000
    assert capsys.readouterr().out.startswith("[4, 4]\n")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_it_knows_every_verb(kind):
    verbs = {name for name in dir(kind) if not name.startswith("_")} - {"open", "close"}
    assert {verb for verb in verbs if f"`{verb}" not in TEXT and f" `{verb}(" not in TEXT} == set()
    assert verbs == {name for name in dir(Client) if not name.startswith("_")} - {"open", "close"}


def test_its_numbers_are_true():
    assert len(BACKOFF) == 9
    assert "nine attempts in 12 s" in TEXT
    assert round(sum(BACKOFF)) == 12
