"""What a field may hold, stated in its annotation: `width: Annotated[int, Between(1, 10)]`.

Law: constraints and names for common ones; `shapes` checks them, docs/protocol.md prints them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from layerlift.wire import limits


@dataclass(frozen=True)
class Between:
    """A number from `low` to `high`, both included."""

    low: int
    high: int


@dataclass(frozen=True)
class Bytes:
    """At most `most` bytes (of UTF-8, for a text)."""

    most: int


@dataclass(frozen=True)
class Count:
    """An array or map of `low` to `high` elements, both included."""

    low: int
    high: int


@dataclass(frozen=True)
class Like:
    """A text that `pattern` matches as a whole; `words` say what that is."""

    words: str
    pattern: str


Id: TypeAlias = Annotated[str, Like("a UUID in lower case", "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")]
Digest: TypeAlias = Annotated[str, Like("64 lower-case hexadecimal digits", "[0-9a-f]{64}")]
PairingCode: TypeAlias = Annotated[str, Like("six digits", "[0-9]{6}")]
Name: TypeAlias = Annotated[str, Bytes(limits.NAME)]
Word: TypeAlias = Annotated[str, Bytes(limits.WORD)]
Sentence: TypeAlias = Annotated[str, Bytes(limits.SENTENCE)]
Remedy: TypeAlias = Annotated[str, Bytes(limits.REMEDY)]
Token: TypeAlias = Annotated[str, Bytes(limits.TOKEN)]

Whole: TypeAlias = Annotated[int, Between(0, limits.EXACT)]
Version: TypeAlias = Annotated[int, Between(1, 65_535)]
Transfer: TypeAlias = Annotated[int, Between(0, 2**32 - 1)]
Size: TypeAlias = Annotated[int, Between(0, limits.UPLOAD)]
Side: TypeAlias = Annotated[int, Between(0, limits.SIDE)]
FullSide: TypeAlias = Annotated[int, Between(1, limits.SIDE)]
Coordinate: TypeAlias = Annotated[int, Between(-limits.COORDINATE, limits.COORDINATE)]
Profile: TypeAlias = Annotated[int, Between(0, limits.ICC)]
Layers: TypeAlias = Annotated[int, Between(0, limits.LAYERS)]
Position: TypeAlias = Annotated[int, Between(1, limits.EXACT)]

Fraction: TypeAlias = Annotated[float, Between(0, 1)]
Seconds: TypeAlias = Annotated[float, Between(0, limits.EXACT)]
Place: TypeAlias = Annotated[float, Between(-limits.COORDINATE, limits.COORDINATE)]
