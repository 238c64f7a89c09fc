"""Text, problems, versions, states, schema: the small parts, each on its own."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerlift.wire import errors, limits, states
from layerlift.wire.fields import Between
from layerlift.wire.messages import FROM_CLIENT, FROM_SERVER, Hello, Ready
from layerlift.wire.problems import PROBLEMS, problem
from layerlift.wire.schema import record, shape_of
from layerlift.wire.shapes import Mismatch, Shape
from layerlift.wire.text import clipped
from layerlift.wire.transfers import Transfer
from layerlift.wire.values import ClientInfo, Problem
from layerlift.wire.versions import agreed


@given(st.text(st.characters(exclude_categories=()), max_size=60), st.integers(0, 80))
def test_clipped_text_fits_and_is_valid(words: str, size: int) -> None:
    cut = clipped(words, size)
    assert len(cut.encode("utf-8")) <= size
    if len(words.encode("utf-8", "replace")) <= size:
        assert cut == words.encode("utf-8", "replace").decode()
    elif size >= 3:
        assert cut.endswith("…")
        assert words.encode("utf-8", "replace").decode().startswith(cut[:-1])


def test_clipping_by_example() -> None:
    assert clipped("Grüße aus Köln", 9) == "Grüß…"
    assert clipped("Grüße aus Köln", 8) == "Grü…"
    assert clipped("one two", 7) == "one two"
    assert clipped("one two!", 7) == "one…"
    assert clipped("\ud800", 5) == "?"
    assert clipped("long", 2) == ""


def test_every_problem_is_a_sentence_with_a_remedy() -> None:
    record(Problem)
    for code, found in PROBLEMS.items():
        assert found.code == code == code.lower()
        assert found.sentence.endswith(".")
        assert not found.remedy or found.remedy.endswith(".")
        record(Problem).write(found)
    assert len(PROBLEMS) == 23


def test_a_problem_can_say_more_and_never_too_much() -> None:
    assert problem("input") == PROBLEMS["input"]
    said = problem("input", "x" * 600, "y" * 600, retryable=True)
    assert (len(said.sentence.encode()), len(said.remedy.encode()), said.retryable) == (500, 500, True)
    assert problem("cancelled", remedy="").remedy == ""
    with pytest.raises(KeyError):
        problem("no-such-code")


def hello(protocol: int, oldest: int) -> Hello:
    return Hello(ClientInfo("x", "1"), protocol=protocol, oldest=oldest)


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        ((1, 1), (1, 1), 1),
        ((3, 1), (1, 1), 1),
        ((1, 1), (4, 1), 1),
        ((5, 2), (4, 3), 4),
        ((2, 1), (4, 3), "version-too-old"),
        ((5, 5), (4, 3), "version-too-new"),
    ],
)
def test_the_newest_version_of_both_is_agreed(theirs: tuple[int, int], ours: tuple[int, int], expected: object) -> None:
    found = agreed(hello(*theirs), newest=ours[0], oldest=ours[1])
    assert (found.code if isinstance(found, Problem) else found) == expected


def test_every_close_code_has_a_name_and_a_meaning() -> None:
    names = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)}
    assert names == set(errors.CLOSE_CODES)


def test_every_limit_states_its_reason() -> None:
    body = ast.parse(inspect.getsource(limits)).body
    for at, node in enumerate(body):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) != "KIB":
            after = body[at + 1] if at + 1 < len(body) else None
            assert isinstance(after, ast.Expr), f"{ast.unparse(node)} has no reason"
            assert isinstance(after.value, ast.Constant)


def test_the_tables_name_only_what_exists() -> None:
    said: dict[str, set[str]] = {"client": {c.kind for c in FROM_CLIENT}, "server": {c.kind for c in FROM_SERVER}}
    for _, speaker, kind in states.CONVERSATION:
        assert kind in said[speaker] | {"*"}
    for _, speaker, kind in states.TRANSFER:
        assert kind in said.get(speaker, said["client"] & said["server"])


def test_the_greeting_is_said_once() -> None:
    assert states.after("open", "client", "hello") is None
    assert states.after("open", "server", "welcome") is None
    assert states.after("open", "client", "jobs") == "open"
    assert states.after("closed", "client", "jobs") is None
    assert states.after("greeting", "client", "jobs") is None


@pytest.mark.parametrize(
    ("leg", "said"), [(leg, said) for leg in ("asked", "flowing", "over") for said in ("ready", "chunk", "ack")]
)
def test_a_transfer_obeys_its_table(leg: Literal["asked", "flowing", "over"], said: str) -> None:
    transfer = Transfer("up", 100, moved=50, acked=10, leg=leg)
    tries = {
        "ready": lambda: transfer.ready(0, 100),
        "chunk": lambda: transfer.move(50, 1, 100),
        "ack": lambda: transfer.ack(20),
    }
    speakers = {"ready": "server", "chunk": "sender", "ack": "receiver"}
    allowed = {(leg, speaker, kind) for leg, speaker, kind in states.TRANSFER}
    assert (tries[said]() == "") == ((leg, speakers[said], said) in allowed)


@dataclass(frozen=True)
class Odd:
    """Something that the wire cannot carry."""

    field: complex


@pytest.mark.parametrize("hint", [complex, int | str, set[int], tuple[int, int], dict[int, int], object])
def test_an_annotation_that_the_wire_cannot_carry_is_a_bug_found_at_once(hint: Any) -> None:
    with pytest.raises(TypeError, match="The wire cannot carry"):
        shape_of(hint)


def test_a_bug_in_a_dataclass_is_found_when_it_is_compiled() -> None:
    with pytest.raises(TypeError, match="complex"):
        record(Odd)


def test_shapes_of_plain_annotations() -> None:
    assert shape_of(int).read(-limits.EXACT) == -limits.EXACT
    assert shape_of(tuple[int, ...]).read([1, 2]) == (1, 2)
    assert shape_of(dict[str, bool]).read({"a": True}) == {"a": True}
    with pytest.raises(Mismatch, match="must be bool"):
        shape_of(bool).read(1)
    with pytest.raises(NotImplementedError):
        Shape().read(1)
    assert Between(1, 2) == Between(1, 2)


def test_a_record_is_compiled_once() -> None:
    assert record(Ready) is record(Ready)
