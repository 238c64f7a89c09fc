"""The flat params of an order, read with their types and ranges.

Law: pure; whoever comes through a server has been checked there already (`wire.params`), whoever calls from a program
has not. Raises RequestError, one sentence and one remedy each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from layerlift.engines.port import Sampling
from layerlift.errors import RequestError

Param: TypeAlias = bool | int | float | str | None
Params: TypeAlias = Mapping[str, Param]

MOST_STEPS = 200
MOST_GUIDANCE = 20.0
SEEDS = 1 << 32
MOST_WORDS = 4000
"""Most characters of a prompt: more than any text encoder of the family reads."""


def sampling(params: Params) -> Sampling:
    """How to draw: steps, guidance, negative, fast, resolution, seed."""
    return Sampling(
        steps=whole(params, "steps", 1, MOST_STEPS),
        guidance=real(params, "guidance", 0.0, MOST_GUIDANCE),
        negative=_blank(params, "negative"),
        fast=flag(params, "fast"),
        resolution=whole(params, "resolution", 64, 4096),
        seed=whole(params, "seed", 0, SEEDS - 1) or 0,
    )


def whole(params: Params, name: str, low: int, high: int) -> int | None:
    """A whole number, or None where none was given."""
    value = params.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RequestError(f"“{name}” cannot be {_short(value)}.", f"Give a whole number from {low} to {high}.")
    return value


def real(params: Params, name: str, low: float, high: float) -> float | None:
    """A number, or None where none was given."""
    value = params.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RequestError(f"“{name}” cannot be {_short(value)}.", f"Give a number from {low:g} to {high:g}.")
    return float(value)


def words(params: Params, name: str) -> str | None:
    """A text without space around it; an empty one is none."""
    value = params.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MOST_WORDS:
        raise RequestError(f"“{name}” is no text, or too long a one.", f"Say it in at most {MOST_WORDS} characters.")
    return value.strip() or None


def needed_words(params: Params, name: str, operation: str) -> str:
    """A text that must be there."""
    found = words(params, name)
    if found is None:
        raise RequestError(f"“{name}” is missing: {operation} needs it.", "Say what you want in a few words.")
    return found


def flag(params: Params, name: str) -> bool:
    """Yes or no; no where nothing was said."""
    value = params.get(name)
    if value is not None and not isinstance(value, bool):
        raise RequestError(f"“{name}” cannot be {_short(value)}.", "Say true or false.")
    return bool(value)


def choice(params: Params, name: str, options: tuple[str, ...]) -> str:
    """One of `options`, the first where nothing was said."""
    value = params.get(name)
    if value is None:
        return options[0]
    if value not in options:
        raise RequestError(f"“{name}” cannot be {_short(value)}.", f"Say {' or '.join(options)}.")
    return str(value)


def _blank(params: Params, name: str) -> str | None:
    """A negative prompt may well be a single space: that is what model cards ask for."""
    value = params.get(name)
    return value if isinstance(value, str) and value else words(params, name)


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:39]}…"
