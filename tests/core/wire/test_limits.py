"""The limits hold together: no message that the fields' limits allow is longer than messages may be."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from layerlift.wire import frames, limits
from layerlift.wire.messages import FROM_CLIENT, Chunk, JobList, Message
from layerlift.wire.schema import Record, record
from layerlift.wire.shapes import Choice, Flag, Many, Maybe, Octets, Real, Scalar, Shape, Table, Text, Whole
from layerlift.wire.values import JobInfo, Problem
from vectors.examples import JOB

try:
    parser: Any = import_module("re._parser")
except ImportError:  # Python 3.10
    parser = import_module("sre_parse")

NUMBER, LENGTH = 9, 5  # a 64-bit number with its code; the longest code of a text, array or map


def longest(shape: Shape) -> int:
    """Most bytes that a value of this shape takes on the wire."""
    if isinstance(shape, (Flag, Whole, Real)):
        return NUMBER
    if isinstance(shape, Text):
        return LENGTH + (
            min(shape.most, parser.parse(shape.pattern.pattern).getwidth()[1]) if shape.pattern else shape.most
        )
    if isinstance(shape, Octets):
        return LENGTH + shape.most
    if isinstance(shape, Choice):
        return max(LENGTH + len(str(value)) for value in shape.values.values())
    if isinstance(shape, Maybe):
        return longest(shape.inner)
    if isinstance(shape, Scalar):
        return longest(shape.text)
    if isinstance(shape, Many):
        return LENGTH + shape.high * longest(shape.inner)
    if isinstance(shape, Table):
        return LENGTH + shape.most * (longest(shape.key) + longest(shape.inner))
    assert isinstance(shape, Record)
    return LENGTH + sum(1 + len(name) + longest(part) for name, part in shape.parts.items())


@pytest.mark.parametrize("cls", frames.KINDS.values())
def test_the_longest_message_of_each_kind_is_short_enough(cls: type[Message]) -> None:
    most = limits.CONTROL if cls in FROM_CLIENT else limits.MESSAGE
    assert longest(record(cls)) + len(f"_type_{cls.kind}") <= most


def test_the_longest_list_of_jobs_is_what_was_added_up() -> None:
    problem = Problem("x" * limits.WORD, "x" * limits.SENTENCE, "x" * limits.REMEDY)
    far, word, name = limits.EXACT, "w" * limits.WORD, "n" * limits.NAME
    times: dict[str, Any] = {"created": far, "finished": far, "eta": far, "position": far}
    sizes: dict[str, Any] = {"layers": limits.LAYERS, "width": limits.SIDE, "height": limits.SIDE, "depth": 16}
    words = {"job": JOB, "name": name, "client": name, "operation": word, "engine": word, "stage": word}
    job = JobInfo(**words, **times, **sizes, state="interrupted", mine=True, kept=True, problem=problem)  # type: ignore[arg-type]
    length = len(frames.encode(JobList((job,) * limits.JOBS)))
    assert 0.9 * longest(record(JobList)) < length <= limits.MESSAGE


def test_a_chunk_fits_into_a_message_and_a_window_holds_many() -> None:
    payload = frames.encode(Chunk(2**32 - 1, limits.UPLOAD, bytes(limits.CHUNK)))
    assert len(payload) == limits.CHUNK + limits.PREFIX <= limits.MESSAGE
    assert limits.WINDOW % limits.CHUNK == limits.ACK_EVERY % limits.CHUNK == 0
    assert limits.ACK_EVERY * 4 == limits.WINDOW


def test_the_deepest_message_and_the_fullest_fit() -> None:
    def depth(shape: Shape) -> int:
        if isinstance(shape, Record):
            return 1 + max(map(depth, shape.parts.values()), default=0)
        inner = getattr(shape, "inner", None)
        return (not isinstance(shape, Maybe)) + depth(inner) if inner else 0

    def items(shape: Shape) -> int:
        if isinstance(shape, Record):
            return 1 + sum(1 + items(part) for part in shape.parts.values())
        if isinstance(shape, Many):
            return 1 + shape.high * items(shape.inner)
        if isinstance(shape, Table):
            return 1 + 2 * shape.most
        return items(shape.inner) if isinstance(shape, Maybe) else 1

    assert max(depth(record(cls)) for cls in frames.KINDS.values()) <= limits.DEPTH
    assert max(items(record(cls)) + 2 for cls in frames.KINDS.values()) <= limits.ITEMS
