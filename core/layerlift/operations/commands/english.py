"""Exact commands in English, one clause at a time.

Law: a table of patterns; stdlib only. What no pattern fits whole is not understood: an engine is asked then. The
grammar for people is in docs/operations.md; `writing` writes sentences of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from re import Match

from layerlift.operations.commands import colours, numbers
from layerlift.operations.commands.steps import (
    Axis,
    Centre,
    Command,
    Delete,
    Flip,
    Move,
    Opacity,
    Order,
    Place,
    Recolour,
    Resize,
    Rotate,
    Scale,
    Show,
    Step,
    Unit,
)
from layerlift.operations.commands.targets import english as target

_N = numbers.ENGLISH
_SIGNED = r"[+-]?\d+(?:\.\d+)?"
_PX = r"(?:px|pixels?)"
_LENGTH = rf"(?P<{{0}}>{_N}) ?(?P<{{0}}_unit>px|pixels?|%|percent|per cent)?"
_WAY = r"(?:to the |towards the )?(?P<{0}>left|right|up|down|upwards?|downwards?|higher|lower|top|bottom)"
_T = r"(?P<t>.+?)"
_PERCENT = rf"(?P<n>{_N}) ?(?:%|percent|per cent)"
_TIMES = rf"(?P<k>{_N}) ?(?:x|times|×)|(?P<word>twice|double|half|a half|a third|a quarter)"
_SIGN = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1), "higher": (0, -1), "lower": (0, 1)}
_SIGN |= {
    "upward": (0, -1),
    "upwards": (0, -1),
    "downward": (0, 1),
    "downwards": (0, 1),
    "top": (0, -1),
    "bottom": (0, 1),
}
_TIMES_WORDS = {"twice": 2.0, "double": 2.0, "half": 0.5, "a half": 0.5, "a third": 1 / 3, "a quarter": 0.25}
_BIGGER = {"bigger": 1, "larger": 1, "smaller": -1, "wider": 1, "narrower": -1, "taller": 1, "higher": 1, "shorter": -1}
_GROW = {"enlarge": 1, "grow": 1, "magnify": 1, "increase": 1, "expand": 1, "shrink": -1, "reduce": -1, "decrease": -1}

Make = Callable[[Match[str]], "Step | Command | None"]


def clause(text: str) -> Command | None:
    """The command that one clause is; None where it is none. "20 px down" alone is a Move of whatever was before."""
    for pattern, make in _PATTERNS:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        named = found.groupdict().get("t")
        meant = target(named) if named is not None else None
        if named is not None and meant is False:
            continue
        step = make(found)
        if isinstance(step, Command):
            return step
        if step is not None:
            return Command(meant or None, step)
    return None


def _number(found: Match[str], name: str = "n") -> float:
    value = numbers.read(found[name])
    assert value is not None  # the pattern lets nothing else through
    return value


def _share(found: Match[str], name: str = "n") -> float:
    return round(_number(found, name) / 100, 12)


def _unit(found: Match[str], name: str) -> Unit:
    return (
        "px" if (found[f"{name}_unit"] or "px").startswith("p") and "per" not in (found[f"{name}_unit"] or "") else "%"
    )


def _move(found: Match[str]) -> Step | None:
    name = "a" if found["a"] else "b"
    x, y = _SIGN[found[f"way_{name}"]]
    value = _number(found, name)
    return Move(x * value + 0.0, y * value + 0.0, _unit(found, name))


def _move_by(found: Match[str]) -> Step:
    return Move(_number(found, "x"), _number(found, "y"))


def _factor(found: Match[str]) -> float:
    groups = found.groupdict()
    if groups.get("word"):
        return _TIMES_WORDS[found["word"]]
    return _number(found, "k") if groups.get("k") else _share(found)


def _scaled(factor: float, axis: Axis = "both") -> Step | None:
    if factor <= 0:
        return None
    return Scale(1.0 if axis == "vertical" else factor, 1.0 if axis == "horizontal" else factor)


def _scale(found: Match[str]) -> Step | None:
    return _scaled(_factor(found))


def _scale_sides(found: Match[str]) -> Step | None:
    x, y = _share(found, "x"), _share(found, "y")
    return Scale(x, y) if x > 0 and y > 0 else None


def _grow(found: Match[str]) -> Step | None:
    if found["to"] == "to" or found["n"] is None:  # to 80 %, to half, twofold
        return _scaled(_factor(found)) if found["to"] == "to" or found["k"] is None else _scaled(_grown(found))
    return _scaled(round(1 + _GROW[found["verb"]] * _share(found), 12))


def _grown(found: Match[str]) -> float:
    """Shrink 2 times: to a half."""
    factor = _factor(found)
    return factor if _GROW[found["verb"]] > 0 else 1 / factor


def _bigger(found: Match[str]) -> Step | None:
    word = found["how"]
    axis: Axis = "both"
    if word in ("wider", "narrower"):
        axis = "horizontal"
    elif word in ("taller", "higher", "shorter"):
        axis = "vertical"
    return _scaled(round(1 + _BIGGER[word] * _share(found), 12), axis)


def _resize(found: Match[str]) -> Step | None:
    groups = found.groupdict()
    width, height = (round(_number(found, name)) if groups.get(name) else None for name in ("w", "h"))
    return None if 0 in (width, height) else Resize(width, height)


def _rotate(found: Match[str]) -> Step:
    groups = found.groupdict()
    degrees = 180.0 if groups.get("n") is None else _number(found)
    against = (groups.get("way") or "").startswith(("counter", "anti", "ccw", "left", "to the left"))
    return Rotate(-degrees if against else degrees)


def _flip(found: Match[str]) -> Step:
    way = found["way"] or "h"
    return Flip("vertical" if way.startswith(("v", "up", "top")) else "horizontal")


def _recolour(found: Match[str]) -> Step | None:
    colour = colours.read(found["c"])
    return None if colour is None else Recolour(colour)


def _recolour_some(found: Match[str]) -> Command | None:
    """ "the star dark red": the longest end that is a colour, and a thing before it."""
    words = found["all"].split()
    for place in range(len(words)):
        joint = words[place].lower() in ("to", "in", "as", "with", "into")
        colour = colours.read(" ".join(words[place + joint :]))
        meant = target(" ".join(words[:place])) if place else None
        if colour is not None and meant is not False:
            return Command(meant, Recolour(colour))
    return None


def _opacity(found: Match[str]) -> Step | None:
    value = _share(found) if found.groupdict().get("n") else 0.5
    if found.groupdict().get("clear"):
        value = round(1 - value, 12)
    return Opacity(value) if 0 <= value <= 1 else None


def _order(found: Match[str]) -> Step:
    places: dict[str, Place] = {"fr": "front", "ba": "back", "fo": "forward", "up": "forward", "do": "backward"}
    word = found["place"]
    return Order("backward" if word.startswith("backward") else places[word[:2]])


def _centre(found: Match[str]) -> Step:
    axis = found.groupdict().get("axis") or ""
    return Centre("horizontal" if axis.startswith("h") else "vertical" if axis.startswith("v") else "both")


def _compiled(table: list[tuple[str, Make]]) -> list[tuple[re.Pattern[str], Make]]:
    return [(re.compile(pattern, re.IGNORECASE), make) for pattern, make in table]


_DISPLACED = (
    rf"(?:(?:by )?{_LENGTH.format('a')} {_WAY.format('way_a')}|{_WAY.format('way_b')} (?:by )?{_LENGTH.format('b')})"
)
_CLOCK = r"(?P<way>clockwise|cw|counter-?clockwise|anti-?clockwise|ccw|(?:to the )?(?:left|right))"
_FLIP_WAY = r"(?P<way>horizontal(?:ly)?|vertical(?:ly)?|left to right|left-right|upside down|top to bottom)"
_MIDDLE = r"(?:to |in |into )?the (?:cent(?:er|re)|middle)(?: of the (?:canvas|picture|image|page))?"
_PATTERNS = _compiled(
    [
        (rf"{_DISPLACED}", _move),
        (rf"(?:move|shift|nudge|push|drag|slide|pull)(?: {_T})?? {_DISPLACED}", _move),
        (
            rf"(?:move|shift|nudge)(?: {_T})?? by \(?(?P<x>{_SIGNED}) ?, ?(?P<y>{_SIGNED})\)?(?: ?{_PX})?",
            _move_by,
        ),
        (rf"(?:move|put|place) {_T} {_MIDDLE}", _centre),
        (rf"cent(?:er|re)(?: {_T})??(?: (?P<axis>horizontally|vertically))?", _centre),
        (
            rf"(?:scale|resize)(?: {_T})?? (?:to |by )?(?:a factor of )?(?:{_PERCENT}|{_TIMES})(?: of its size)?",
            _scale,
        ),
        (rf"scale(?: {_T})?? by (?:a factor of )?(?P<k>\d+(?:\.\d+)?)", lambda f: _scaled(_number(f, "k"))),
        (
            rf"scale(?: {_T})?? to (?P<x>{_N}) ?% (?:width|horizontally) and (?P<y>{_N}) ?% (?:height|vertically)",
            _scale_sides,
        ),
        (
            rf"(?P<verb>{'|'.join(_GROW)})(?: {_T})??(?: (?P<to>to|by))?(?: a factor of)? (?:{_PERCENT}|{_TIMES})"
            r"(?: (?:of )?its size)?",
            _grow,
        ),
        (rf"(?:make|scale) {_T} {_PERCENT} (?P<how>{'|'.join(_BIGGER)})", _bigger),
        (rf"make {_T} (?:{_TIMES}) (?:as (?:big|large)|the size|its size)", _scale),
        (rf"double(?: the size of)? {_T}", lambda f: Scale(2.0, 2.0)),
        (rf"(?:halve|half)(?: the size of)? {_T}", lambda f: Scale(0.5, 0.5)),
        (rf"(?:resize|scale|make)(?: {_T})?? (?:to )?(?P<w>\d+) ?(?:x|×|by) ?(?P<h>\d+)(?: ?{_PX})?", _resize),
        (rf"(?:resize|scale|make)(?: {_T})?? (?:to )?(?P<w>\d+) ?{_PX} (?:wide|in width)", _resize),
        (rf"(?:resize|scale|make)(?: {_T})?? (?:to )?(?P<h>\d+) ?{_PX} (?:high|tall|in height)", _resize),
        (rf"(?:rotate|turn|spin|tilt)(?: {_T})?? {_CLOCK} (?:by )?(?P<n>{_N}) ?(?:°|degrees?|deg)", _rotate),
        (rf"(?:rotate|turn|spin|tilt)(?: {_T})?? (?:by )?(?P<n>{_N}) ?(?:°|degrees?|deg)(?: {_CLOCK})?", _rotate),
        (rf"(?:rotate|turn) {_T} upside down", _rotate),
        (rf"(?:flip|mirror|reflect)(?: {_T})??(?: {_FLIP_WAY})?", _flip),
        (rf"change the colou?r of {_T} (?:to|into) (?P<c>.+)", _recolour),
        (rf"change {_T}(?:'s|’s) colou?r (?:to|into) (?P<c>.+)", _recolour),
        (rf"(?:set (?:the )?)?opacity(?: of {_T})?(?: to| =|:)? ?{_PERCENT}", _opacity),
        (rf"(?:set|change|reduce|lower|raise) (?:the )?opacity of {_T} to {_PERCENT}", _opacity),
        (rf"set {_T} to {_PERCENT} opacity", _opacity),
        (rf"make {_T} {_PERCENT} (?:opaque|(?P<clear>transparent|translucent))", _opacity),
        (rf"make {_T} (?:half|semi)[- ]?(?:transparent|translucent|opaque)", _opacity),
        (rf"(?:bring|send|put|move)(?: {_T})?? to (?:the )?(?:very )?(?P<place>front|back)", _order),
        (rf"(?:bring|send|move)(?: {_T})?? (?:one (?:step|layer) )?(?P<place>forwards?|backwards?)", _order),
        (rf"move(?: {_T})?? (?P<place>up|down) one layer", _order),
        (rf"hide(?: {_T})??", lambda f: Show(False)),
        (rf"(?:show|unhide)(?: {_T})??", lambda f: Show(True)),
        (rf"(?:delete|remove|erase|get rid of|take away|take out)(?: {_T})??", lambda f: Delete()),
        (r"(?:recolou?r|colou?r|tint|paint|dye|make|turn|change) (?P<all>.+)", _recolour_some),
    ]
)
