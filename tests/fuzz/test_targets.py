"""The fuzz targets on their seeds and on what hypothesis makes up: a short run of what `run.py` does at length."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fuzz import run, seeds, targets


@pytest.mark.parametrize("data", list(seeds.seeds()), ids=lambda data: data[:12].hex())
def test_seeds(data: bytes) -> None:
    before = targets.decodes
    targets.any_target(data)
    assert targets.decodes > before or data[0] in (0x10, 0x1A, 0x22)


@pytest.mark.parametrize("target", targets.TARGETS)
def test_any_bytes(target: Callable[[bytes], None]) -> None:
    @example(b"")
    @given(st.binary(max_size=300))
    def check(data: bytes) -> None:
        target(data)

    check()


def test_the_first_byte_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    spies = [lambda data, n=n: seen.append(n) for n in range(len(targets.TARGETS))]
    monkeypatch.setattr(targets, "TARGETS", spies)
    for number in range(256):
        targets.any_target(bytes([number]))
    assert {number: seen.count(number) for number in range(6)} == {0: 222, 1: 8, 2: 8, 3: 2, 4: 8, 5: 8}


def test_mutated_seeds() -> None:
    chance, pool, words = random.Random(4), list(seeds.seeds()), seeds.words()
    tried = {run.mutated(chance, pool, words) for _ in range(3000)}
    assert len(tried) > 2500
    for data in tried:
        targets.any_target(data)


def test_a_finding_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(data: bytes) -> None:
        raise IndexError(data)

    monkeypatch.setattr(targets.frames, "decode", broken)
    with pytest.raises(IndexError):
        targets.decoder(b"x")


def test_the_conversation_gets_somewhere() -> None:
    """Its scripts reach flowing transfers: an honest put, ready, chunk and ack."""
    seen = []

    class Watched(targets.Connection):
        def decode(self, payload: bytes | bytearray | memoryview) -> targets.Message:
            seen.append(super().decode(payload).kind)
            return targets.Message()

    original, targets.Connection = targets.Connection, Watched  # type: ignore[misc]
    try:
        targets.conversation(bytes.fromhex("c00140 42010b c30100"))
    finally:
        targets.Connection = original  # type: ignore[misc]
    assert seen[:3] == ["hello", "welcome", "put"]
