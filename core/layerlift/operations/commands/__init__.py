"""Language → exact commands: what can be done without a model, and so is done exactly.

Law: stdlib only; knows no layer and no pixel (`transforms` does them, `meaning` finds whom they are about). `parse` is
strict: a sentence of which any part is not understood is None, and an engine is asked instead. The grammar stands in
docs/operations.md; `format` writes sentences of it, and parse(format(commands)) == commands.
"""

from __future__ import annotations

import re
import unicodedata

from layerlift.operations.commands import chinese, english
from layerlift.operations.commands.steps import Command, Move
from layerlift.operations.commands.writing import format

__all__ = ["Command", "format", "parse"]

LONGEST = 400
"""Characters beyond which a sentence is a description, not a command."""
_MOST = 16
"""Clauses at most."""
_HAN = r"\u3400-\u9fff"
_POLITE = re.compile(
    r"^(?:(?:please|now|just|can you|could you|would you|i want to|i'd like to|let's|"
    r"请你?|麻烦|帮我|帮忙|现在|能否|可以)[ ,]*)+",
    re.IGNORECASE,
)
_JOINTS = re.compile(
    r"(?:\s*(?:[;；。,\n]|\band\b|\bthen\b|然后|接着|随后|同时|并且|并|再)\s*)+",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"(\".*?\"|“.*?”|「.*?」)")


def parse(text: str) -> tuple[Command, ...] | None:
    """The commands that `text` (English or Chinese) consists of, in order, or None if it says anything else.

    A target of None means the one before, or, at the beginning, whatever is being worked on.
    """
    plain = _normal(text)
    if not plain or len(plain) > LONGEST:
        return None
    pieces = _pieces(plain)
    if len(pieces) > _MOST:
        return None
    found = _read(pieces)
    return None if found is None else _joined(found)


def _normal(text: str) -> str:
    """One line, half-width, without spaces beside Chinese characters, politeness and a final full stop."""
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    parts = _QUOTED.split(plain)  # the odd ones are quoted, and stay as they are
    parts[::2] = [re.sub(rf"(?<=[{_HAN}]) (?=[{_HAN}\d#])|(?<=[\d%]) (?=[{_HAN}])", "", part) for part in parts[::2]]
    plain = "".join(parts)
    plain = re.sub(r"\s*(?:please|thanks?|谢谢|吧)?[.!。!]*$", "", plain, flags=re.IGNORECASE)
    return _POLITE.sub("", plain).strip()


def _pieces(text: str) -> list[tuple[str, str]]:
    """(joint before it, piece) of the sentence; joints inside quotation marks, brackets and numbers are none."""
    pieces, begin, joint = [], 0, ""
    for found in _JOINTS.finditer(text):
        if _enclosed(text, found.start()) or _in_number(text, found):
            continue
        pieces.append((joint, text[begin : found.start()]))
        begin, joint = found.end(), found[0]
    return [*pieces, (joint, text[begin:])]


def _enclosed(text: str, place: int) -> bool:
    before = text[:place]
    quoted = (
        before.count('"') % 2 == 1 or before.count("“") > before.count("”") or before.count("「") > before.count("」")
    )
    return quoted or before.count("(") > before.count(")")


def _in_number(text: str, found: re.Match[str]) -> bool:
    """1,5 and "by 30, -20" are numbers."""
    before, after = text[: found.start()], text[found.end() :]
    return (
        found[0].strip() == ","
        and bool(re.search(r"\d$", before))
        and bool(re.match(r"[+-]?\d+(\.\d+)?( ?px)?$", after))
    )


def _read(pieces: list[tuple[str, str]]) -> list[Command] | None:
    """The commands of all pieces: each clause as short as can be, so that a joint may also be part of a name."""
    if not pieces:
        return []
    for count in range(1, len(pieces) + 1):
        first = "".join((joint if number else "") + piece for number, (joint, piece) in enumerate(pieces[:count]))
        command = _clause(_POLITE.sub("", first).strip())
        rest = _read(pieces[count:]) if command is not None else None
        if command is not None and rest is not None:
            return [command, *rest]
    return None


def _clause(text: str) -> Command | None:
    if re.search(rf"[{_HAN}]", _QUOTED.sub("", text)):
        found = chinese.clause(text)
        if found is not None:
            return found
    return english.clause(text)


def _joined(found: list[Command]) -> tuple[Command, ...]:
    """ "30 px right and 20 px down" is one move."""
    commands: list[Command] = []
    for command in found:
        before = commands[-1] if commands else None
        step = command.step
        if before is not None and command.target is None and isinstance(step, Move) and isinstance(before.step, Move):
            was = before.step
            if was.unit == step.unit and not (was.dx and step.dx) and not (was.dy and step.dy):
                commands[-1] = Command(before.target, Move(was.dx + step.dx, was.dy + step.dy, step.unit))
                continue
        commands.append(command)
    return tuple(commands)
