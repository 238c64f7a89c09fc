"""Many bytes that come in order and are read in slices.

One block of 134 MB (a 16-bit layer of 4096²) is zeroed when it is made and given back at once when it goes: the program
stood still for 100 to 200 ms each time. In blocks both happen little by little, the same way on every system.

Law: bytes only.
"""

from __future__ import annotations

BLOCK = 4 << 20
"""Bytes of a block: a few milliseconds to make, whatever the machine."""


class Sheaf:
    """As long as what has been put in."""

    def __init__(self) -> None:
        self._blocks: list[bytearray] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __bytes__(self) -> bytes:
        return b"".join(self._blocks)

    def __getitem__(self, where: slice) -> bytes:
        """A slice without a step."""
        start, stop, step = where.indices(self._length)
        if step != 1:
            raise ValueError("a sheaf is read in one direction, byte by byte")
        found = []
        while start < stop:
            inside = start % BLOCK
            piece = memoryview(self._blocks[start // BLOCK])[inside : inside + stop - start]
            found.append(piece)
            start += len(piece)
        return b"".join(found)

    def put(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Put `data` behind what is there. Raises ValueError when it does not begin there."""
        if offset != self._length:
            raise ValueError(f"bytes at {offset} came where {self._length} were there")
        rest = memoryview(data)
        while rest:
            if self._length % BLOCK == 0:
                self._blocks.append(bytearray())
            room = BLOCK - self._length % BLOCK
            self._blocks[-1] += rest[:room]
            self._length += len(rest[:room])
            rest = rest[room:]

    def clear(self) -> None:
        """Let go of everything."""
        self._blocks.clear()
        self._length = 0
