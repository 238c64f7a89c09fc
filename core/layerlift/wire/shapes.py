"""The shapes of plain values: each reads what came (strictly) and writes what shall go, under the same limits.

Law: values and limits; knows no message. `read` and `write` raise Mismatch, which says where and what was expected but
never repeats what came: it may be large, or a secret.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any

from layerlift.wire import limits


class Mismatch(ValueError):
    """A value does not fit: `path` leads to it, `expected` says what belongs there."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.path: list[str] = []
        self.expected = expected

    def __str__(self) -> str:
        return f"{'.'.join(self.path) or 'the value'} must be {self.expected}."


class Shape:
    """One kind of value. `words` name it, for people and for docs/protocol.md."""

    words = "anything"

    def read(self, value: Any) -> Any:
        """What came off the wire → what a field holds."""
        raise NotImplementedError

    def write(self, value: Any) -> Any:
        """What a field holds → what goes onto the wire."""
        return self.read(value)


class Flag(Shape):
    """bool."""

    words = "bool"

    def read(self, value: Any) -> bool:
        """true or false."""
        if value is not True and value is not False:
            raise Mismatch(self.words)
        return value is True


class Whole(Shape):
    """An integer within a range. A bool is none; on writing, anything with `__index__` (numpy's integers) is one."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.words = f"int {low}…{high}"

    def read(self, value: Any) -> int:
        """The integer, when it is in range."""
        if type(value) is not int or not self.low <= value <= self.high:
            raise Mismatch(self.words)
        return value

    def write(self, value: Any) -> int:
        """The integer, when it is in range."""
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise Mismatch(self.words)
        return self.read(operator.index(value))


class Real(Shape):
    """A finite number within a range; integers are welcome, because JavaScript writes 1.0 as 1."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        self.words = f"float {low}…{high}"

    def read(self, value: Any) -> float:
        """The number as a float."""
        if type(value) not in (int, float) or not self.low <= value <= self.high:  # NaN fails every comparison
            raise Mismatch(self.words)
        return float(value)

    def write(self, value: Any) -> float:
        """The number as a float."""
        if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
            raise Mismatch(self.words)
        return self.read(float(value))


class Text(Shape):
    """A str of limited size, optionally of a pattern."""

    def __init__(self, most: int, pattern: str = "", words: str = "") -> None:
        self.most = most
        self.pattern = re.compile(pattern, re.ASCII) if pattern else None
        self.words = f"str, {words}" if words else f"str ≤ {most} bytes"

    def read(self, value: Any) -> str:
        """The text itself."""
        if not isinstance(value, str):
            raise Mismatch(self.words)
        if (len(value) if value.isascii() else self.size(value)) > self.most:
            raise Mismatch(self.words)
        if self.pattern is not None and not self.pattern.fullmatch(value):
            raise Mismatch(self.words)
        return value

    def size(self, value: str) -> int:
        """Bytes of its UTF-8. Raises Mismatch for lone surrogates."""
        try:
            return len(value.encode("utf-8"))
        except UnicodeEncodeError:
            raise Mismatch(f"{self.words} of valid Unicode") from None


class Octets(Shape):
    """Bytes of limited size."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.words = f"bin ≤ {most} bytes"

    def read(self, value: Any) -> bytes:
        """The bytes."""
        if not isinstance(value, (bytes, bytearray, memoryview)) or memoryview(value).nbytes > self.most:
            raise Mismatch(self.words)
        return bytes(value)


class Choice(Shape):
    """One of a few values."""

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.values = {(type(value), value): value for value in values}
        self.words = " or ".join(repr(value).replace("'", '"') for value in values)

    def read(self, value: Any) -> Any:
        """The one of the choices."""
        try:
            return self.values[type(value), value]
        except (KeyError, TypeError):
            raise Mismatch(self.words) from None


class Maybe(Shape):
    """Another shape, or nil."""

    def __init__(self, inner: Shape) -> None:
        self.inner = inner
        self.words = f"{inner.words} or nil"

    def read(self, value: Any) -> Any:
        """None, or what the inner shape reads."""
        return None if value is None else self.inner.read(value)

    def write(self, value: Any) -> Any:
        """None, or what the inner shape writes."""
        return None if value is None else self.inner.write(value)


class Scalar(Shape):
    """A param: nil, bool, int, float or str."""

    words = f"nil or bool or int or float or str ≤ {limits.PARAM} bytes"
    text = Text(limits.PARAM)

    def read(self, value: Any) -> Any:
        """The param itself."""
        if value is None or type(value) is bool:
            return value
        if type(value) is int and abs(value) <= limits.EXACT:
            return value
        if type(value) is float and math.isfinite(value):
            return value
        if isinstance(value, str):
            return self.text.read(value)
        raise Mismatch(self.words)


class Many(Shape):
    """An array of limited length; a tuple here."""

    def __init__(self, inner: Shape, low: int, high: int) -> None:
        self.inner, self.low, self.high = inner, low, high
        self.words = f"array of {low}…{high} × {inner.words}" if low != high else f"array of {low} × {inner.words}"

    def read(self, value: Any) -> tuple[Any, ...]:
        """A tuple of what the inner shape reads."""
        return tuple(self.each(value, self.inner.read))

    def write(self, value: Any) -> list[Any]:
        """A list of what the inner shape writes."""
        return self.each(value, self.inner.write)

    def each(self, value: Any, translate: Callable[[Any], Any]) -> list[Any]:
        """Every element through `translate`, when their number is allowed."""
        if not isinstance(value, (list, tuple)) or not self.low <= len(value) <= self.high:
            raise Mismatch(self.words)
        return [at(str(index), translate, element) for index, element in enumerate(value)]


class Table(Shape):
    """A map from words to another shape."""

    key = Text(limits.WORD)

    def __init__(self, inner: Shape, most: int) -> None:
        self.inner, self.most = inner, most
        self.words = f"map of ≤ {most} words to {inner.words}"

    def read(self, value: Any) -> dict[str, Any]:
        """A new map of the same entries."""
        if not isinstance(value, dict) or len(value) > self.most:
            raise Mismatch(self.words)
        return {at("its key", self.key.read, key): at("its value", self.inner.read, value[key]) for key in value}


def at(step: str, translate: Callable[[Any], Any], value: Any) -> Any:
    """`translate(value)`, with `step` put before the path of a Mismatch."""
    try:
        return translate(value)
    except Mismatch as mismatch:
        mismatch.path.insert(0, step)
        raise
