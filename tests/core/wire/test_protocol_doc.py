"""docs/protocol.md is normative, and the code does what it says: its tables, diagrams and examples are the code's."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from core.wire import protocol_tables as tables
from layerlift.wire import frames, limits, params
from layerlift.wire.messages import PROTOCOL, Message
from vectors import generate

DOC = (tables.ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")


def section(title: str, level: int = 3) -> str:
    """The text under a heading, up to the next of its level or above."""
    found = re.search(rf"^#{{{level}}} {re.escape(title)}\n(.*?)(?=^#{{1,{level}}} |\Z)", DOC, re.M | re.S)
    assert found, f"docs/protocol.md has no heading {title!r}"
    return found[1]


def table(text: str) -> list[str]:
    """The lines of a table, without its head."""
    return [line for line in text.splitlines() if line.startswith("|")][2:]


def described() -> list[Any]:
    classes = [cls for group in tables.speakers().values() for cls in group]
    return [pytest.param(cls, id=tables.title(cls)) for cls in [*classes, *tables.VALUES]]


@pytest.mark.parametrize("cls", described())
def test_every_field_is_described_as_it_is(cls: type[Any]) -> None:
    lines, rows = table(section(tables.title(cls))), tables.rows(cls)
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert line.startswith(row.rstrip()), f"expected {row}"
    assert section(tables.title(cls)).strip().split("\n")[0], "it says what it is for"


@pytest.mark.parametrize(("heading", "classes"), tables.speakers().items())
def test_every_message_stands_under_who_says_it(heading: str, classes: list[type[Message]]) -> None:
    titles = re.findall(r"^### (.*)$", section(heading, 2), re.M)
    assert titles == [cls.kind for cls in classes]


def test_every_value_is_described_and_no_other() -> None:
    assert re.findall(r"^### (.*)$", section("Values", 1), re.M) == [tables.title(cls) for cls in tables.VALUES]


@pytest.mark.parametrize("name", ["Drawing", *params.NEEDS])
def test_every_param_is_described_as_it_is(name: str) -> None:
    table_of = params.Drawing if name == "Drawing" else params.NEEDS[name].params  # type: ignore[index]
    lines, rows = table(section(name)), tables.param_rows(table_of)
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert line.startswith(row.rstrip()), f"expected {row}"
        assert line.removeprefix(row).strip(" |"), "it says what it means"


def test_every_operation_is_described_and_no_other() -> None:
    assert re.findall(r"^### (.*)$", section("Operations", 1), re.M) == ["Drawing", *params.OPERATIONS]
    assert table(section("Operations", 1).partition("### ")[0]) == tables.operation_rows()


@pytest.mark.parametrize("name", ["conversation", "transfer"])
def test_the_diagrams_are_the_tables_that_the_code_obeys(name: str) -> None:
    assert "```mermaid\n" + "\n".join(tables.BLOCKS[name]()) + "\n```" in DOC


@pytest.mark.parametrize(
    ("name", "title", "level"),
    [("limits", "Limits", 1), ("close codes", "Close codes", 3), ("problems", "Problems", 3)],
)
def test_the_lists_are_complete(name: str, title: str, level: int) -> None:
    assert table(section(title, level)) == tables.BLOCKS[name]()


def test_the_examples_are_golden_vectors() -> None:
    golden = {
        v["name"]: v["hex"]
        for v in json.loads((generate.HERE / "messages.json").read_text(encoding="utf-8"))["vectors"]
    }
    shown = re.findall(r"^`([^`]+)`:\n\n```hex\n(.*?)```", section("Examples", 1), re.M | re.S)
    assert len(shown) >= 5
    for name, spelled in shown:
        assert "".join(spelled.split()) == golden[name]


def test_the_chunk_that_is_shown_is_the_chunk_that_is_sent() -> None:
    shown = re.search(r"^ +(94 01 .*) data…$", DOC, re.M)
    assert shown
    letters = {"T": "00000007", "O": "0000000000000102", "L": "00000003"}
    spelled = re.sub(r"([TOL])\1+", lambda found: letters[found[1]], shown[1])
    assert bytes.fromhex(spelled) == frames.chunk_prefix(7, 0x102, 3)
    assert f"byte {limits.PREFIX}" in DOC


def test_names_in_capitals_are_limits() -> None:
    names = set(re.findall(r"`([A-Z_]{3,})`", DOC))
    assert names <= {name for name in vars(limits) if name.isupper()}


def test_the_version_is_the_codes() -> None:
    assert DOC.startswith(f"# The protocol, version {PROTOCOL}\n")
