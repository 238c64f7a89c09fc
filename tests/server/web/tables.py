"""The Python dataclasses of the protocol in the notation of the page's tables (protocol/tables.js).

`python tests/server/web/tables.py` writes them into that file.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from pathlib import Path
from typing import Annotated, Any

from layerlift.wire import fields as wire_fields
from layerlift.wire import limits, params, values
from layerlift.wire.fields import Between, Bytes, Count, Like
from layerlift.wire.messages import FROM_CLIENT, FROM_SERVER, OLDEST, PROTOCOL, Chunk, Message

FILE = Path(__file__).parents[3] / "server" / "layerlift_server" / "web" / "static" / "protocol" / "tables.js"
BEGIN, END = "/* JSON begins */", "/* JSON ends */"
WIDTH = 118
PATTERNS = {
    name: typing.get_args(kind)[1].pattern
    for name, kind in (
        ("uuid", wire_fields.Id),
        ("digest", wire_fields.Digest),
        ("code", wire_fields.PairingCode),
        ("polygon", Annotated[str, params.POLYGON]),
    )
}


def notation(annotation: Any, *limit: Any) -> str:
    """`annotation` as the page writes it; its limits, where it has any, behind it (see the law of tables.js)."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return notation(arguments[0], *limit, *arguments[1:])
    if set(arguments) == {bool, int, float, str, type(None)}:
        return "param"
    if origin is typing.Literal:
        return "|".join(f"'{choice}'" if isinstance(choice, str) else str(choice) for choice in arguments)
    if origin in {typing.Union, types.UnionType}:
        (inner,) = [argument for argument in arguments if argument is not type(None)]
        return f"{notation(inner, *limit)}?"
    if origin is tuple:
        count = found(Count, limit) or Count(0, limits.ITEMS)
        return f"[{notation(arguments[0])}] {count.low}..{count.high}"
    if origin is dict:
        return f"{{{notation(arguments[1])}}} 0..{(found(Count, limit) or Count(0, limits.ITEMS)).high}"
    if dataclasses.is_dataclass(annotation):
        return str(annotation.__name__)  # type: ignore[union-attr]
    return plain(annotation, limit)


def plain(annotation: type, limit: tuple[Any, ...]) -> str:
    """A text, bytes, a number or a boolean, with its limits."""
    if annotation is bool:
        return "bool"
    if annotation in {str, bytes}:
        like = found(Like, limit)
        size = found(Bytes, limit) or Bytes(limits.MESSAGE)
        if like:
            return next(f"~{name}" for name, pattern in PATTERNS.items() if pattern == like.pattern)
        return f"{annotation.__name__} 0..{size.most}"
    assert annotation in {int, float}, annotation
    between = found(Between, limit) or Between(-limits.EXACT, limits.EXACT)
    return f"{annotation.__name__} {between.low}..{between.high}"


def found(kind: type, limit: tuple[Any, ...]) -> Any:
    """The constraint of this kind, or None."""
    return next((one for one in limit if isinstance(one, kind)), None)


def fields(described: type) -> list[list[Any]]:
    """[name, notation] or [name, notation, default] of each field, in order."""
    hints = typing.get_type_hints(described, include_extras=True)
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
    """Everything that tables.js has to say. A chunk has no table: its form is fixed."""
    nouns = {
        name: fields(made)
        for name, made in vars(values).items()
        if isinstance(made, type) and made.__module__ == values.__name__
    }
    sides = {"client": _side(FROM_CLIENT), "server": _side(FROM_SERVER)}
    numbers = {name.lower(): getattr(limits, name) for name in ("CHUNK", "MESSAGE", "UPLOAD", "WORD")}
    orders = {"params": {name: fields(need.params) for name, need in params.NEEDS.items()}}
    return {
        "protocol": PROTOCOL,
        "oldest": OLDEST,
        "limits": numbers,
        "patterns": PATTERNS,
        "values": nouns,
        **sides,
    } | orders


def _side(said: tuple[type[Message], ...]) -> dict[str, Any]:
    return {message.kind: fields(message) for message in said if message is not Chunk}


def written() -> dict[str, Any]:
    """What tables.js says."""
    _, _, rest = FILE.read_text(encoding="utf-8").partition(BEGIN)
    said: dict[str, Any] = json.loads(rest.partition(END)[0])
    return said


def spelled(made: dict[str, Any]) -> str:
    """The tables as JSON that a person can read."""
    lines = ["{"]
    for key, value in made.items():
        if key not in {"values", "client", "server", "params"}:
            lines.append(f'  "{key}": {json.dumps(value)},')
            continue
        lines.append(f'  "{key}": {{')
        for name, rows in value.items():
            lines += _table(name, rows)
        lines[-1] = lines[-1].removesuffix(",")
        lines.append("  },")
    lines[-1] = lines[-1].removesuffix(",")
    return "\n".join([*lines, "}"])


def _table(name: str, rows: list[list[Any]]) -> list[str]:
    whole = f'    "{name}": {json.dumps(rows)},'
    if len(whole) <= WIDTH:
        return [whole]
    lines = [f'    "{name}": [', "     "]
    for row in rows:
        piece = f" {json.dumps(row)},"
        if len(lines[-1]) + len(piece) > WIDTH:
            lines.append("     ")
        lines[-1] += piece
    lines[-1] = lines[-1].removesuffix(",")
    return [*lines, "    ],"]


if __name__ == "__main__":
    head, _, rest = FILE.read_text(encoding="utf-8").partition(BEGIN)
    FILE.write_text(f"{head}{BEGIN}\n{spelled(tables())}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
