"""The Python dataclasses of the protocol in the notation of the page's tables (protocol/messages.js)."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

from layerlift.wire import values
from layerlift.wire.messages import FROM_CLIENT, FROM_SERVER, OLDEST, PROTOCOL, Message

SCALARS = {str: "str", int: "int", float: "float", bool: "bool", bytes: "bytes"}


def notation(annotation: Any) -> str:
    """`annotation` as the page writes it: "int", "str?" (may be null), "[Layer]" (a list), "{param}" (a map), a|b."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation == values.Param:
        return "param"
    if annotation in SCALARS:
        return SCALARS[annotation]
    if annotation == bytes | bytearray | memoryview:
        return "bytes"
    if origin is typing.Literal:
        return "|".join(f"'{choice}'" if isinstance(choice, str) else str(choice) for choice in arguments)
    if origin in {typing.Union, types.UnionType}:
        (inner,) = [argument for argument in arguments if argument is not type(None)]
        return f"{notation(inner)}?"
    if origin is tuple:
        assert arguments[1] is Ellipsis
        return f"[{notation(arguments[0])}]"
    if origin is dict:
        return f"{{{notation(arguments[1])}}}"
    assert dataclasses.is_dataclass(annotation), annotation
    return str(annotation.__name__)


def fields(described: type) -> list[list[Any]]:
    """[name, notation] or [name, notation, default] of each field, in order."""
    hints = typing.get_type_hints(described)
    rows: list[list[Any]] = []
    for field in dataclasses.fields(described):
        row: list[Any] = [field.name, notation(hints[field.name])]
        if field.default is not dataclasses.MISSING:
            row.append(list(field.default) if isinstance(field.default, tuple) else field.default)
        elif field.default_factory is not dataclasses.MISSING:
            row.append(field.default_factory())
        rows.append(row)
    return rows


def tables() -> dict[str, Any]:
    """Everything that messages.js has to say."""
    nouns = {
        name: fields(made)
        for name, made in vars(values).items()
        if isinstance(made, type) and dataclasses.is_dataclass(made)
    }
    return {
        "protocol": PROTOCOL,
        "oldest": OLDEST,
        "values": nouns,
        "client": _side(FROM_CLIENT),
        "server": _side(FROM_SERVER),
    }


def _side(said: tuple[type[Message], ...]) -> dict[str, Any]:
    return {message.kind: fields(message) for message in said}
