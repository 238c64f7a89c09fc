"""Documentation that cannot fall behind: what the code offers must stand in the docs, and what they show must run."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from layerlift import engines
from layerlift.cli.arguments import build_parser
from layerlift.formats import FORMATS

ROOT = Path(__file__).parent.parent
DOCS = {path: path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]}


def doc(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def commands() -> dict[str, argparse.ArgumentParser]:
    (choices,) = [a.choices for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(choices)


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_and_option_is_documented(command: str) -> None:
    text = doc("cli.md")
    assert f"layerlift {command}" in text
    for action in commands()[command]._actions:
        for option in action.option_strings:
            if option.startswith("--") and option != "--help":
                assert f"`{option}" in text, f"docs/cli.md does not explain {command} {option}"


def test_every_format_is_documented() -> None:
    for name in FORMATS:
        assert re.search(rf"\b{name}\b", doc("formats.md"), re.IGNORECASE), name


def test_every_environment_variable_is_documented() -> None:
    everything = "\n".join(DOCS.values())
    for path in (ROOT / "core").rglob("*.py"):
        for variable in re.findall(r"LAYERLIFT_[A-Z0-9_]+", path.read_text(encoding="utf-8")):
            assert variable in everything, f"{variable} ({path.name}) stands in no document"


def test_every_engine_is_documented() -> None:
    for name in engines.names():
        assert f"`{name}`" in doc("cli.md") or f"`{name}`" in doc("architecture.md"), name


@pytest.mark.parametrize("path", sorted(DOCS), ids=lambda p: p.name)
def test_local_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", DOCS[path]):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_ci_runs_the_readme_s_test_command() -> None:
    (command,) = re.findall(r"python -m pip install .*-e '\.\[test\]' && python -m pytest", DOCS[ROOT / "README.md"])
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert command.replace(" -e", " --quiet --disable-pip-version-check -e") in script
