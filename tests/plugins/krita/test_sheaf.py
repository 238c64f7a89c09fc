"""Bytes in blocks are the bytes that were put in, whatever the pieces."""

from __future__ import annotations

import random

import pytest

from layerlift_krita.action import sheaf
from layerlift_krita.action.sheaf import Sheaf


def test_what_was_put_in_comes_out_in_any_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheaf, "BLOCK", 64)
    dice = random.Random(1)
    whole = dice.randbytes(1000)
    filled, offset = Sheaf(), 0
    while offset < len(whole):
        piece = whole[offset : offset + dice.choice((1, 63, 64, 65, 200))]
        filled.put(offset, memoryview(piece))
        offset += len(piece)
    assert (len(filled), bytes(filled)) == (1000, whole)
    for _ in range(300):
        start, stop = dice.randrange(1100), dice.randrange(1100)
        assert filled[start:stop] == whole[start:stop]
    assert filled[-70:-1] == whole[-70:-1]
    with pytest.raises(ValueError, match="came where 1000"):
        filled.put(999, b"x")
    with pytest.raises(ValueError, match="one direction"):
        filled[::2]
    filled.clear()
    assert (len(filled), bytes(filled)) == (0, b"")
