"""Auto: how many layers to ask the model for.

Law: words and numbers; knows no model. The model must be told a number. Users who guess get blank layers (too many) or
several things in one (too few); four is what practice falls back on. So the encoder that comes with the model is shown
the picture and asked for a list of its layers, back to front; its length, within limits, is the number. An answer that
is no such list is not believed. What came back blank or twice is removed afterwards by measurement (`tidy`), which is
why a list that is one too long costs time and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from layerlift.engines.qwen.asking import PICTURE, Question

USUAL = 4
"""When nothing else is known: what users of the model found best."""
FEWEST, MOST = 2, 8
"""Auto's range. The model can do ten; more than eight cost minutes and mostly come back blank."""
_LONGEST_NAME = 40

LAYERS = Question(
    PICTURE
    + "\nThis picture shall become a layered document. List its layers from the very back to the very front, one per "
    "line, in the form “number. name”: the background first, then every object, figure, group or block of text that a "
    f"designer would move on its own. Name each in at most five words. At most {MOST} lines. Nothing but the list.",
    limit=120,
)

_LINE = re.compile(r"^\s*(?:[-*•]\s*)?(\d{1,2})\s*[.):：、．]\s*(.+?)\s*$")
_TAIL = re.compile(r"\s*(?:[:：–—]|\s-\s|\().*$")
_MARKS = "*_` .,;，。；"
_QUOTES = ("“”", '""', "''", "‘’", "「」", "《》")


@dataclass(frozen=True)
class Count:
    """`layers` to ask for, the `names` they were listed under (back to front; empty where nobody listed any), and a
    sentence for the user where the number is a guess."""

    layers: int
    names: tuple[str, ...] = ()
    note: str | None = None


def listed(answer: str) -> tuple[str, ...]:
    """The names in a numbered list (1, 2, 3 …), in order, without repetitions; empty when `answer` is no such list."""
    names: list[str] = []
    expected = 1
    for line in answer.splitlines():
        match = _LINE.match(line)
        if match is None or int(match[1]) != expected:
            continue
        expected += 1
        name = unquoted(_TAIL.sub("", match[2].strip(_MARKS)).strip(_MARKS))
        if name and len(name) <= _LONGEST_NAME and name.casefold() not in {known.casefold() for known in names}:
            names.append(name)
    return tuple(names)


def unquoted(name: str) -> str:
    """`name` without the quotation marks around all of it."""
    pair = name[:1] + name[-1:]
    return name[1:-1].strip() if len(name) > 2 and pair in _QUOTES else name


def from_list(answer: str, most: int = MOST) -> Count:
    """The number that the encoder's `answer` amounts to, at most `most`."""
    names = listed(answer)
    if len(names) < FEWEST:
        layers = min(USUAL, most)
        return Count(layers, (), f"How many layers the picture has was not clear: {layers} were tried.")
    return Count(min(len(names), most), names)


def from_wish(what: str, most: int = MOST) -> Count:
    """The number for what the user wants taken out: one layer for each thing named, one for all that is behind them."""
    things = named(what)
    return Count(max(FEWEST, min(len(things) + 1, most)), ())


def named(what: str) -> tuple[str, ...]:
    """The things that `what` names: "the dog, the title and the sun" are three."""
    parts = re.split(r"[,;，；、\n+&]|\band\b|\bund\b|\bet\b|\by\b|和|与|及", what, flags=re.IGNORECASE)
    return tuple(unquoted(part.strip(_MARKS)) for part in parts if part.strip(_MARKS))
