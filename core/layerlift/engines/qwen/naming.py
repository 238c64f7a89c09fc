"""What the layers are called: the encoder is shown them and says what it sees; without it they are numbered.

Law: words and roles; knows no pipeline. Names that were guessed from a layer's place in a list would be wrong as soon
as the model put things in another order, so nothing but a look at the layer itself names it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.qwen.asking import PICTURE, Question
from layerlift.engines.qwen.counting import listed
from layerlift.engines.qwen.family.canvas import over_plain
from layerlift.imaging.layer import Role

_SIDE = 224
"""Pixels along the longer side of what the encoder is shown of each layer: 64 of its tokens."""
_LEAST = 28
"""Pixels along the shorter one: one token."""
_MARGIN = 0.1
_GREY = (128, 128, 128)
_WORDS_EACH = 12

_ROLES: tuple[tuple[Role, str], ...] = (
    (Role.SHADOW, r"\bshadows?\b|阴影|影子|投影"),
    (
        Role.TEXT,
        r"\b(?:text|title|headline|heading|caption|subtitle|slogan|lettering|words?|label)s?\b|文字|标题|文本|字样|标语",
    ),
    (
        Role.SUBJECT,
        r"\b(?:man|men|wom[ae]n|person|people|girl|boy|child|children|figure|character|portrait|face|dog|cat|horse|bird|"
        r"animal|couple|player|singer|model)s?\b|人物|男人|女人|女孩|男孩|孩子|狗|猫|马|鸟|动物",
    ),
)


@dataclass(frozen=True)
class Name:
    """What a layer is called, and what it is."""

    name: str
    role: Role


def question(count: int, wanted: Sequence[str] = ()) -> Question:
    """What `count` pictures of layers show; names from `wanted` (the user's own words) shall be used where they fit."""
    shown = "\n".join(f"Layer {number}: {PICTURE}" for number in range(1, count + 1))
    prefer = f" Where one of these fits, use it: {', '.join(wanted)}." if wanted else ""
    return Question(
        f"{shown}\nThese are the {count} layers of one picture, from back to front, each on plain grey. Say what each "
        f"shows, one per line, in the form “number. name”, in at most four words each.{prefer} Exactly {count} lines.",
        limit=_WORDS_EACH * count,
    )


def pictures(layers: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """What the encoder is shown: of each (h, w, 4) layer what is on it, with a margin, small, on grey, (h', w', 3)."""
    shown = []
    for layer in layers:
        part = over_plain(layer[_around(layer[..., 3])], _GREY)
        scale = _SIDE / max(part.shape[:2])
        size = max(_LEAST, round(part.shape[1] * scale)), max(_LEAST, round(part.shape[0] * scale))
        small = cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        shown.append(small.astype(np.uint8, copy=False))
    return shown


def _around(alpha: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Where there is anything, and a margin."""
    places = []
    for axis in (1, 0):
        there = np.flatnonzero(alpha.any(axis))
        first, last = (int(there[0]), int(there[-1]) + 1) if there.size else (0, alpha.shape[1 - axis])
        margin = round((last - first) * _MARGIN)
        places.append(slice(max(0, first - margin), last + margin))
    return places[0], places[1]


def numbered(count: int, *, ground: bool = True) -> list[Name]:
    """Honest names where nobody looked. `ground`: the bottom one is the picture's background."""
    first = Name("Background", Role.BACKGROUND) if ground else Name("Base", Role.GRAPHIC)
    return [first, *(Name(f"Layer {number}", Role.GRAPHIC) for number in range(2, count + 1))][:count]


def said(answer: str, count: int, *, ground: bool = True) -> list[Name]:
    """The names in the encoder's `answer`; numbers where it is not a list of exactly `count` different names."""
    names, plain = listed(answer), numbered(count, ground=ground)
    if len(names) != count:
        return plain
    named = [Name(name[:1].upper() + name[1:], role_of(name)) for name in names]
    return [plain[0] if ground else named[0], *named[1:]]


def role_of(name: str) -> Role:
    """What a thing of this name is, as far as its words say; a graphic otherwise."""
    return next((role for role, words in _ROLES if re.search(words, name, re.IGNORECASE)), Role.GRAPHIC)
