"""What docs/protocol.md must say, drawn from the code: its tables and diagrams, line by line.

`python tests/core/wire/protocol_tables.py` prints them all, for pasting after a change.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent.parent
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "core")]

from layerlift.wire import limits, params, states, values  # noqa: E402
from layerlift.wire.errors import CLOSE_CODES  # noqa: E402
from layerlift.wire.frames import KINDS  # noqa: E402
from layerlift.wire.messages import FROM_CLIENT, FROM_SERVER, Message  # noqa: E402
from layerlift.wire.problems import PROBLEMS  # noqa: E402
from layerlift.wire.schema import record  # noqa: E402

VALUES = [found for found in vars(values).values() if inspect.isclass(found) and found.__module__ == values.__name__]


def default(field: Field[Any]) -> str:
    """A field's default as msgpack values are called; "–" when it must be there."""
    value = field.default if field.default_factory is MISSING else field.default_factory()
    if value is MISSING:
        return "–"
    if value is None or isinstance(value, bool):
        return {None: "nil", True: "true", False: "false"}[value]
    if isinstance(value, (tuple, dict)) and not value:
        return "empty"
    return f'"{value}"' if isinstance(value, str) else str(value)


def title(cls: type[Any]) -> str:
    """What a message or value is called."""
    return cls.kind if issubclass(cls, Message) else cls.__name__


def rows(cls: type[Any]) -> list[str]:
    """The beginning of each line of a dataclass's table; the meaning follows."""
    shapes = record(cls).parts
    return [f"| `{field.name}` | {shapes[field.name].words} | {default(field)} | " for field in fields(cls)]


def param_rows(cls: type[Any]) -> list[str]:
    """The beginning of each line of an operation's table; `Drawing` has a table of its own."""
    shapes, mine = record(cls).parts, params.own(cls) or [field.name for field in fields(cls)]
    return [
        f"| `{field.name}` | {shapes[field.name].words} | {default(field)} | "
        for field in fields(cls)
        if field.name in mine
    ]


def operation_rows() -> list[str]:
    """What each operation works on."""
    return [
        f"| `{name}` | {need.document}{', or `source`' if need.source else ''} | {need.selection} |"
        for name, need in params.NEEDS.items()
    ]


def speakers() -> dict[str, list[type[Message]]]:
    """Every message, by the heading under which it is described."""
    both = [cls for cls in KINDS.values() if cls in FROM_CLIENT and cls in FROM_SERVER]
    return {
        "From the client": [cls for cls in KINDS.values() if cls in FROM_CLIENT and cls not in both],
        "From the server": [cls for cls in KINDS.values() if cls in FROM_SERVER and cls not in both],
        "From either side": both,
    }


def conversation_diagram() -> list[str]:
    """`states.CONVERSATION`, for Mermaid."""
    lines = ["stateDiagram-v2", "    [*] --> greeting"]
    for (state, speaker, kind), following in states.CONVERSATION.items():
        what = "anything else" if kind == "*" else kind
        lines.append(f"    {state} --> {following}: {speaker}: {what}")
    return [*lines, "    closed --> [*]"]


def transfer_diagram() -> list[str]:
    """`states.TRANSFER`, for Mermaid."""
    lines = ["stateDiagram-v2", "    [*] --> asked: client: put or get"]
    for (leg, speaker, kind), following in states.TRANSFER.items():
        lines.append(f"    {leg} --> {following}: {speaker}: {kind}")
    lines += ["    asked --> over: ready with offset = size", "    flowing --> over: ack with offset = size"]
    return [*lines, "    over --> [*]"]


def limit_rows() -> list[str]:
    """Every limit with its reason, the reason being the docstring in limits.py."""
    body = ast.parse(inspect.getsource(limits)).body
    found = []
    for at, node in enumerate(body):
        if isinstance(node, ast.Assign) and (name := ast.unparse(node.targets[0])) != "KIB":
            reason = ast.literal_eval(ast.unparse(body[at + 1]))
            found.append(f"| `{name}` | {getattr(limits, name)} | {' '.join(reason.split())} |")
    return found


def close_rows() -> list[str]:
    """Every close code."""
    return [f"| {code} | {meaning} |" for code, meaning in sorted(CLOSE_CODES.items())]


def problem_rows() -> list[str]:
    """Every problem."""
    return [
        f"| `{found.code}` | {found.sentence} | {found.remedy} | {'yes' if found.retryable else 'no'} |"
        for found in PROBLEMS.values()
    ]


BLOCKS: dict[str, Callable[[], list[str]]] = {
    "conversation": conversation_diagram,
    "transfer": transfer_diagram,
    "limits": limit_rows,
    "close codes": close_rows,
    "problems": problem_rows,
    "operations": operation_rows,
}


def everything() -> Iterator[str]:
    """All of it."""
    for name, draw in BLOCKS.items():
        yield from (f"\n# {name}", *draw())
    for heading, classes in (*speakers().items(), ("Values", VALUES)):
        yield f"\n# {heading}"
        for cls in classes:
            yield from (f"\n### {title(cls)}", *rows(cls))
    for name, table in {"Drawing": params.Drawing, **{n: need.params for n, need in params.NEEDS.items()}}.items():
        yield from (f"\n### {name}", *param_rows(table))


if __name__ == "__main__":
    print(*everything(), sep="\n")
