"""Dataclass ⇄ msgpack map, derived from the dataclass's annotations; compiled at first use and kept.

Law: knows annotations and shapes, no particular message. Unknown keys are ignored, a missing key takes the field's
default, a missing key without default is a Mismatch. Fields are written in their order, defaults included.
"""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from layerlift.wire import limits
from layerlift.wire.fields import Between, Bytes, Count, Like
from layerlift.wire.shapes import (
    Choice,
    Flag,
    Many,
    Maybe,
    Mismatch,
    Octets,
    Real,
    Scalar,
    Shape,
    Table,
    Text,
    Whole,
    at,
)

_UNBOUNDED = (Between(-limits.EXACT, limits.EXACT), Count(0, limits.ITEMS), Bytes(limits.MESSAGE))


class Record(Shape):
    """A map that is one dataclass."""

    def __init__(self, cls: type[Any]) -> None:
        hints = get_type_hints(cls, include_extras=True)
        self.cls = cls
        self.words = cls.__name__
        self.parts = {field.name: shape_of(hints[field.name]) for field in fields(cls)}
        self.needed = {f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING}

    def read(self, value: Any) -> Any:
        """The dataclass that a map describes."""
        if not isinstance(value, dict):
            raise Mismatch("a map")
        found = {}
        for name, shape in self.parts.items():
            if name in value:
                found[name] = at(name, shape.read, value[name])
            elif name in self.needed:
                raise Mismatch(f"a map with the key “{name}”")
        return self.cls(**found)

    def write(self, value: Any) -> dict[str, Any]:
        """The map that describes a dataclass."""
        if type(value) is not self.cls:
            raise Mismatch(self.words)
        return {name: at(name, shape.write, getattr(value, name)) for name, shape in self.parts.items()}


_compiled: dict[type[Any], Record] = {}


def record(cls: type[Any]) -> Record:
    """The shape of the dataclass `cls`."""
    found = _compiled.get(cls)
    if found is None:
        found = _compiled[cls] = Record(cls)
    return found


def shape_of(hint: Any, limit: tuple[Any, ...] = ()) -> Shape:
    """The shape that a resolved annotation describes. Raises TypeError for one that the wire cannot carry."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return shape_of(arguments[0], (*limit, *arguments[1:]))
    if origin is Literal:
        return Choice(arguments)
    if origin in (Union, UnionType):
        return _union(arguments)
    if origin is tuple and arguments[1:] == (...,):
        count = _find(Count, limit)
        return Many(shape_of(arguments[0]), count.low, count.high)
    if origin is dict and arguments[0] is str:
        return Table(shape_of(arguments[1]), _find(Count, limit).high)
    if is_dataclass(hint):
        return record(hint)  # type: ignore[arg-type]
    return _plain(hint, limit)


def _union(arguments: tuple[Any, ...]) -> Shape:
    rest = [argument for argument in arguments if argument is not type(None)]
    if len(rest) == 1 and len(arguments) == 2:
        return Maybe(shape_of(rest[0]))
    if set(arguments) == {bool, int, float, str, type(None)}:
        return Scalar()
    raise TypeError(f"The wire cannot carry a union of {arguments}.")


def _plain(hint: Any, limit: tuple[Any, ...]) -> Shape:
    between = _find(Between, limit)
    if hint is bool:
        return Flag()
    if hint is int:
        return Whole(between.low, between.high)
    if hint is float:
        return Real(between.low, between.high)
    if hint is bytes:
        return Octets(_find(Bytes, limit).most)
    if hint is str:
        like = next((found for found in limit if isinstance(found, Like)), None)
        return Text(_find(Bytes, limit).most, like.pattern, like.words) if like else Text(_find(Bytes, limit).most)
    raise TypeError(f"The wire cannot carry {hint}.")


def _find(kind: type[Any], limit: tuple[Any, ...]) -> Any:
    return next(found for found in (*limit, *_UNBOUNDED) if isinstance(found, kind))
