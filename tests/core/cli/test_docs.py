"""docs/cli.md knows every command, option, format, exit code and limit that there is."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from layerlift.cli.arguments import build_parser
from layerlift.formats import FORMATS
from layerlift.limits import MAX_PIXELS, MAX_SIDE

DOCS = Path(__file__).parents[3] / "docs" / "cli.md"


def commands() -> dict[str, argparse.ArgumentParser]:
    (choices,) = (a.choices for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return choices


@pytest.mark.parametrize("command", commands())
def test_every_option_is_documented(command):
    text = DOCS.read_text(encoding="utf-8")
    assert f"layerlift {command}" in text
    options = [name for action in commands()[command]._actions for name in action.option_strings]
    assert all(f"{name}" in text for name in options if name != "-h"), options


def test_formats_codes_and_limits_are_documented():
    text = DOCS.read_text(encoding="utf-8")
    assert "\\|".join(FORMATS) in text
    assert all(f"\n| {code} |" in text for code in (0, 1, 2, 130))
    assert f"{MAX_PIXELS // 1_000_000} megapixels" in text
    assert f"{MAX_SIDE:,} pixels per side".replace(",", " ") in text
